"""Every URL we answer, on one screen."""

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

import ccproxy
from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.web.answers import page, tell
from ccproxy.web.door import Door
from ccproxy.web.origins import Origins
from ccproxy.web.site import BoundedRequest, NewId

log = Logger()


FRONTS = {
    "anthropic": "/v1/messages",
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
}
"""Where the clients of each dialect ask."""

GATEWAYS = ("/anthropic", "/openai", "/api")
"""What the base URLs of other gateways have before `/v1`."""

_DEPLOYMENT = re.compile(r"/deployments/[^/]+(?=/)")
"""Where clients of Azure's OpenAI name the model, which their requests name as well."""


@frozen
class ForClients:
    """What clients ask: the endpoint of each dialect by its name, counting in Anthropic's and in OpenAI's words, and
    the list of models. Web pages of known origins may ask for it as well."""

    fronts: Mapping[str, IResource]
    counting: IResource
    counting_input: IResource
    models: IResource

    @property
    def pages(self) -> dict[str, IResource]:
        """By their paths."""
        return {
            **{FRONTS[name]: front for name, front in self.fronts.items()},
            "/v1/messages/count_tokens": self.counting,
            "/v1/responses/input_tokens": self.counting_input,
            "/v1/models": self.models,
            "/v1/models/": self.models,
        }


def make_root(
    for_clients: ForClients,
    own: Mapping[str, IResource],
    fallback: Dialect,
    new_id: NewId,
    door: Door | None = None,
    origins: Origins | None = None,
) -> IResource:
    """The resource of all resources. `own` has the pages about ourselves, by their paths: one that ends in a slash
    answers for all below it. `fallback` is the dialect of errors on paths that belong to none; `door` is what a request
    passes first; `origins` are of the web pages that may ask for what clients ask for."""
    pages = {
        "/": About(),
        **for_clients.pages,
        # What Claude Code says besides; it wants no more than a quick answer.
        "/api/hello": Acknowledged(),
        "/api/event_logging/batch": Acknowledged(),
        "/api/event_logging/v2/batch": Acknowledged(),
        **own,
    }
    return Root(pages, fallback, new_id, door, origins, frozenset(for_clients.pages.values()))


class Root(Resource):
    """Finds the page of a path, or of its beginning, if that ends in a slash. What base URLs bring along does no harm:
    slashes too many, a doubled `/v1` or none at all, the prefix of another gateway. There is no redirect anywhere: it
    would lose the body."""

    isLeaf = True

    def __init__(
        self,
        pages: Mapping[str, IResource],
        fallback: Dialect,
        new_id: NewId,
        door: Door | None = None,
        origins: Origins | None = None,
        for_clients: frozenset[IResource] = frozenset(),
    ) -> None:
        super().__init__()
        self._pages = pages
        self._below = {path: page for path, page in pages.items() if path.endswith("/") and path != "/"}
        self._fallback = fallback
        self._new_id = new_id
        self._door = door
        self._origins = origins or Origins()
        self._for_clients = for_clients

    def render(self, request: BoundedRequest) -> Any:
        """Answers now, or when the door has settled who asks."""
        waiting = self._door.settle(request) if self._door else None
        if waiting is None:
            answer = self._answer(request)
            if request.method == b"HEAD" and isinstance(answer, bytes):
                # Twisted leaves the body out as well, and warns of it in the log each time; Claude Code asks so often.
                request.setHeader(b"content-length", b"%d" % len(answer))
                return b""
            return answer
        Deferred.fromCoroutine(self._answer_later(request, waiting)).addErrback(_fault)
        return NOT_DONE_YET

    async def _answer_later(self, request: BoundedRequest, waiting: Deferred[None]) -> None:
        gone = request.notifyFinish()
        gone.addErrback(lambda _: waiting.cancel())
        try:
            await waiting
        except CancelledError:
            return
        except ApiError as error:
            self._tell(request, error)
            return
        answer = self._answer(request)
        if answer is not NOT_DONE_YET:
            request.write(answer)
            request.finish()

    def _answer(self, request: BoundedRequest) -> Any:
        """Never HTML: even our own fault is told in the client's envelope."""
        path = request.path.decode("latin-1")
        resource = self._pages.get(path) or self._find(_plain(path))
        method = request.method.decode("latin-1")
        if resource is None:
            served = ", ".join(FRONTS.values())
            told = f"there is nothing at {path[:200]}; ccproxy answers at {served} and /v1/models"
            return self._tell(request, ApiError(Kind.NO_ROUTE, told))
        if resource in self._for_clients and self._origins.greet(request):
            return b""
        if getattr(resource, f"render_{method}", None) is None:
            return self._tell(request, ApiError(Kind.INVALID, f"{method} is not answered at {path[:200]}", status=405))
        try:
            return resource.render(request)
        except Exception:
            log.failure("answering {method} {path} failed: a fault of ours", method=method, path=path)
            return self._tell(request, ApiError(Kind.BROKEN, "ccproxy failed; its log has the details", status=500))

    def _find(self, path: str) -> IResource | None:
        for each in (path, f"/v1{path}"):
            page = self._pages.get(each)
            page = page or next((page for start, page in self._below.items() if each.startswith(start)), None)
            if page is not None:
                return page
        return None

    def _tell(self, request: Request, error: ApiError) -> int:
        return tell(request, self._fallback, error, self._new_id())


def _fault(failure: Failure) -> None:
    log.failure("answering a request failed: a fault of ours", failure)


def _plain(path: str) -> str:
    """The path without what its base URL brought along."""
    path = "/" + path.strip("/")
    for prefix in GATEWAYS:
        if path.startswith(f"{prefix}/"):
            path = path.removeprefix(prefix)
    path = _DEPLOYMENT.sub("", path, count=1) if path.startswith("/deployments/") else path
    while path.startswith("/v1/v1/"):
        path = path.removeprefix("/v1")
    return path


class About(Resource):
    """`GET /`: who answers here."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        links = {**FRONTS, "models": "/v1/models", "health": "/health", "status": "/status"}
        links["dashboard"] = "/dashboard"
        return page(request, {"name": "ccproxy", "version": ccproxy.__version__, "links": links})


class Acknowledged(Resource):
    """Heard, and not kept."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        return page(request, {})

    def render_POST(self, request: Request) -> bytes:
        return page(request, {})
