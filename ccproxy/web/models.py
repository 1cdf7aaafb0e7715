"""`GET /v1/models` and `/v1/models/{id}`: what can be asked for.

One URL serves the clients of two vendors. Anthropic's tell themselves by their `anthropic-version` header; everyone
else gets OpenAI's list.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from twisted.web.resource import Resource
from twisted.web.server import Request

from ccproxy.access.clients import Client
from ccproxy.access.principals import Keyring
from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.providers.provider import Provider
from ccproxy.routing.listing import Listed, find, listing
from ccproxy.routing.names import plain
from ccproxy.routing.routes import Routes
from ccproxy.web.answers import page, peer_address, request_headers, tell
from ccproxy.web.site import NewId

PATH = "/v1/models"

CREATED_AT = "1970-01-01T00:00:00Z"
"""When a model was released we do not know; for that Anthropic's API has this value."""

PAGE_SIZE, LARGEST_PAGE = 20, 1000
"""Of Anthropic's list: where the client names none, and at most."""


class Models(Resource):
    """Serves `/v1/models` and everything below: the rest of the path is an id, slashes and all."""

    isLeaf = True

    def __init__(
        self,
        keyring: Keyring,
        providers: Mapping[str, Provider],
        routes: Routes,
        anthropic: Dialect,
        openai: Dialect,
        new_id: NewId,
    ) -> None:
        super().__init__()
        self._keyring = keyring
        self._providers = providers
        self._routes = routes
        self._anthropic = anthropic
        self._openai = openai
        self._new_id = new_id

    def render_GET(self, request: Request) -> bytes | int:
        headers = request_headers(request)
        for_anthropic = "anthropic-version" in headers
        try:
            client = self._keyring.identify(headers, peer_address(request)).client
            return page(request, self._content(request, client, for_anthropic))
        except ApiError as error:
            return tell(request, self._anthropic if for_anthropic else self._openai, error, self._new_id())

    def _content(self, request: Request, client: Client, for_anthropic: bool) -> Mapping[str, Any]:
        shown = _anthropic_model if for_anthropic else _openai_model
        asked = _id(request)
        if asked:
            return shown(self._one(asked, client))
        models = [one for one in self._listing if client.may_ask(plain(one.id))]
        if not for_anthropic:
            return {"object": "list", "data": [shown(model) for model in models]}
        chosen, more = _page_of(models, _argument(request))
        return {
            "data": [shown(model) for model in chosen],
            "has_more": more,
            "first_id": chosen[0].id if chosen else None,
            "last_id": chosen[-1].id if chosen else None,
        }

    @cached_property
    def _listing(self) -> tuple[Listed, ...]:
        """It follows from the configuration, and takes a tenth of a second for a thousand models."""
        return listing(self._providers, self._routes)

    def _one(self, asked: str, client: Client) -> Listed:
        found = find(self._providers, self._routes, asked) if client.may_ask(plain(asked)) else None
        if found is None:
            raise ApiError(Kind.NO_ROUTE, f"model: {asked[:200]!r} is not in the list that GET {PATH} gives")
        return found


def _id(request: Request) -> str:
    """What follows `/models/`, whatever is before that."""
    path = request.path.decode("latin-1").partition("/models")[2]
    return unquote(path.strip("/"))


def _argument(request: Request) -> Callable[[str], str]:
    def named(name: str) -> str:
        values: list[bytes] = (request.args or {}).get(name.encode(), [b""])
        return values[-1].decode("utf-8", "replace")

    return named


def _page_of(models: Sequence[Listed], argument: Callable[[str], str]) -> tuple[Sequence[Listed], bool]:
    """The page that `limit`, `after_id` and `before_id` choose, and whether there are more in that direction."""
    size = _limit(argument("limit"))
    if before := argument("before_id"):
        end = _place(models, before, "before_id")
        start = max(0, end - size)
        return models[start:end], start > 0
    after = argument("after_id")
    start = _place(models, after, "after_id") + 1 if after else 0
    return models[start : start + size], start + size < len(models)


def _limit(text: str) -> int:
    if not text:
        return PAGE_SIZE
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= LARGEST_PAGE:
        raise ApiError(Kind.INVALID, f"limit: expected a number from 1 to {LARGEST_PAGE}, found {text[:40]!r}")
    return int(text)


def _place(models: Sequence[Listed], wanted: str, name: str) -> int:
    for at, model in enumerate(models):
        if model.id == wanted:
            return at
    raise ApiError(Kind.INVALID, f"{name}: {wanted[:200]!r} is not in the list that GET {PATH} gives")


def _anthropic_model(model: Listed) -> Mapping[str, Any]:
    quirks = model.target.quirks
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.title,
        "created_at": CREATED_AT,
        "lifecycle": "active",
        "max_input_tokens": quirks.window,
        "max_tokens": quirks.max_output_tokens,
    }


def _openai_model(model: Listed) -> Mapping[str, Any]:
    """OpenAI's four fields. Claude Code reads this list too, and shows the name."""
    return {
        "id": model.id,
        "object": "model",
        "created": 0,
        "owned_by": model.target.provider,
        "display_name": model.title,
    }
