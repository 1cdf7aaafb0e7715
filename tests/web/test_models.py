"""`GET /v1/models` and `/v1/models/{id}`, in the shapes of two vendors."""

from datetime import datetime
from typing import Any

from anthropic.types import ModelInfo
from openai.types import Model
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.principals import Keyring
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.openai_chat.dialect import OPENAI_CHAT
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Secret
from ccproxy.routing.route import Choice, Route
from ccproxy.routing.routes import Routes
from ccproxy.web.models import Models
from ccproxy.web.site import BoundedSite
from tests.support.wire import ClientAnswer, Wire

VERSION = {"anthropic-version": "2023-06-01"}


def wire(models: int = 3, apikey: str = "") -> Wire:
    """The resource alone on the site, with a provider of so many models."""
    names = [f"model-{n}" for n in range(models)]
    quirks = {"window": 200_000, "max_output_tokens": 32_000}
    provider = Provider.of("p", base_url="http://p.test/v1", dialect="openai_chat", models=names, quirks=quirks)
    routes = Routes({"p": provider}, [Route("default", (Choice(provider, "model-0"),))])
    made = Wire()

    def new_id() -> str:
        return "req_1"

    resource = Models(Keyring(Secret(apikey)), {"p": provider}, routes, ANTHROPIC, OPENAI_CHAT, new_id)
    made.site = BoundedSite(resource, made.clock, 1000, new_id)
    made.site.timeOut = None
    return made


def get(path: str, headers: dict[str, str] | None = None, **how: Any) -> ClientAnswer:
    """One answer."""
    return wire(**how).request("GET", path, headers=headers).answer


class Anthropic(SynchronousTestCase):
    """For clients that send `anthropic-version`."""

    def test_model(self) -> None:
        """A model has all that the official SDK's type wants, with window and output cap."""
        answer = get("/v1/models/model-1", VERSION)
        model = ModelInfo.model_validate(answer.json, strict=False)
        self.assertEqual((model.type, model.id, model.display_name), ("model", "model-1", "model-1 (p)"))
        self.assertEqual((model.max_input_tokens, model.max_tokens), (200_000, 32_000))
        self.assertEqual(model.lifecycle, "active")
        self.assertIsNotNone(datetime.fromisoformat(answer.json["created_at"]).tzinfo)

    def test_list(self) -> None:
        """Claude Code asks once for a thousand: all fit, and some can be shown."""
        answer = get("/v1/models?limit=1000", VERSION).json
        ids = [model["id"] for model in answer["data"]]
        self.assertEqual(ids[:4], ["default", "claude-via-default", "model-0", "claude-via-p/model-0"])
        self.assertEqual(len(ids), 8)
        self.assertEqual((answer["first_id"], answer["last_id"]), (ids[0], ids[-1]))
        self.assertFalse(answer["has_more"])

    def walk(self, parameter: str, start: str) -> list[list[str]]:
        """All pages of three, from one end."""
        pages, cursor = [], start
        while True:
            answer = get(f"/v1/models?limit=3{cursor}", VERSION).json
            pages.append([model["id"] for model in answer["data"]])
            if not answer["has_more"]:
                return pages
            at = answer["last_id"] if parameter == "after_id" else answer["first_id"]
            cursor = f"&{parameter}={at}"

    def test_pages_forwards(self) -> None:
        """Each page goes on where the last one ended, and none is missed."""
        pages = self.walk("after_id", "")
        self.assertEqual([len(page) for page in pages], [3, 3, 2])
        self.assertEqual(len({name for page in pages for name in page}), 8)

    def test_pages_backwards(self) -> None:
        """The same from the end."""
        forwards = [name for page in self.walk("after_id", "") for name in page]
        backwards = self.walk("before_id", f"&before_id={forwards[-1]}")
        self.assertEqual([name for page in reversed(backwards) for name in page], forwards[:-1])

    def test_page_size(self) -> None:
        """A client that names no size gets twenty."""
        answer = get("/v1/models", VERSION, models=50).json
        self.assertEqual(len(answer["data"]), 20)
        self.assertTrue(answer["has_more"])

    def test_none(self) -> None:
        """The page behind the last model is empty, which is no error."""
        last = get("/v1/models?limit=1000", VERSION).json["last_id"]
        answer = get(f"/v1/models?after_id={last}", VERSION).json
        self.assertEqual(answer, {"data": [], "has_more": False, "first_id": None, "last_id": None})

    def test_bad_parameters(self) -> None:
        """A size or a cursor that cannot be is refused, by its name."""
        for query in (
            "limit=0",
            "limit=1001",
            "limit=x",
            "limit=-1",
            "limit=%C2%B2",
            "after_id=nope",
            "before_id=nope",
        ):
            answer = get(f"/v1/models?{query}", VERSION)
            self.assertEqual(answer.status, 400, query)
            self.assertIn(query.partition("=")[0], answer.json["error"]["message"])


class OpenAi(SynchronousTestCase):
    """For everyone else."""

    def test_list(self) -> None:
        """All models at once, each of the shape that the official SDK wants."""
        answer = get("/v1/models?limit=2", models=50).json
        self.assertEqual(answer["object"], "list")
        self.assertEqual(len(answer["data"]), 102)
        for entry in answer["data"]:
            model = Model.model_validate(entry)
            self.assertEqual((model.object, model.owned_by), ("model", "p"))

    def test_model(self) -> None:
        """One model, by a name with slashes, escaped or not, behind whatever a base URL has."""
        for path in ("claude-via-p/model-1", "claude-via-p%2Fmodel-1", "claude-via-p/model-1/"):
            for base in ("/v1", "/v1/v1", "", "/openai/v1"):
                answer = get(f"{base}/models/{path}")
                self.assertEqual(answer.json["id"], "claude-via-p/model-1", path)

    def test_slash_at_the_end(self) -> None:
        """A slash at the end of the list's path asks for the list."""
        self.assertEqual(get("/v1/models/").json["object"], "list")


class Refusals(SynchronousTestCase):
    """Told in the envelope of whoever asks."""

    def test_unknown(self) -> None:
        """A model that is not there is a 404 with its name."""
        for headers, kind in ((VERSION, "not_found_error"), ({}, None)):
            answer = get("/v1/models/no-such", headers)
            self.assertEqual(answer.status, 404)
            self.assertIn("no-such", answer.json["error"]["message"])
            if kind:
                self.assertEqual(answer.json["error"]["type"], kind)
            else:
                self.assertNotIn("request_id", answer.json)

    def test_key(self) -> None:
        """Who may not ask may not look."""
        self.assertEqual(get("/v1/models", apikey="ours").status, 401)
        self.assertEqual(get("/v1/models", {"authorization": "Bearer ours"}, apikey="ours").status, 200)

    def test_head(self) -> None:
        """A HEAD is answered as the GET would be, without the body."""
        client = wire().request("HEAD", "/v1/models")
        self.assertTrue(client.received.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertTrue(client.received.endswith(b"\r\n\r\n"))
