"""The pages below `/dashboard`, and who may see them.

They read what is known already; the ledger is asked in its thread, once in a while for all readers together.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.template import Tag, tags

from ccproxy.access.principals import Keyring
from ccproxy.errors import ApiError, Kind
from ccproxy.web.answers import peer_address, request_headers
from ccproxy.web.dashboard import standing
from ccproxy.web.dashboard.captures import seen_of
from ccproxy.web.dashboard.configuration import configuration
from ccproxy.web.dashboard.exchanges import recent, running
from ccproxy.web.dashboard.frame import TYPES, Frame, head, html, rendered, static
from ccproxy.web.dashboard.kept import ASK_EVERY, DAYS, Kept
from ccproxy.web.dashboard.signing import SIGN_IN, form, key_of, refuse_foreign
from ccproxy.web.dashboard.trace import glimpsed, trace, unrecorded
from ccproxy.web.dashboard.visits import PATH, Visits
from ccproxy.web.door import Door
from ccproxy.web.exchange import Known
from ccproxy.web.site import BoundedRequest

log = Logger()


@frozen
class Shown:
    """What the page reads; nothing of it is kept."""

    known: Known
    status: Callable[[], Mapping[str, Any]]
    """What `GET /status` shows to whoever may see it."""
    trends: Callable[[], Mapping[str, Any]]
    settings: Callable[[], Mapping[str, Any]]
    """The configuration in force, with keys masked."""
    findings: Callable[[], Sequence[str]]
    clock: IReactorTime
    kept: Kept = field(factory=Kept)


class Dashboard(Resource):
    """All that is at `/dashboard` and below, but for the live stream."""

    isLeaf = True

    def __init__(self, keyring: Keyring, door: Door, visits: Visits, shown: Shown) -> None:
        super().__init__()
        self._keyring = keyring
        self._door = door
        self._visits = visits
        self._shown = shown

    def render_GET(self, request: Request) -> bytes | int:
        """A file for anybody; a page for whoever may see it."""
        path = _below(request)
        start, _, name = path.partition("/")
        if name in TYPES and start:
            return static(request, name)
        return _later(request, self._page(request, path))

    def render_POST(self, request: BoundedRequest) -> bytes | int:
        """Sign in, sign out."""
        return _later(request, self._form(request, _below(request)))

    async def _page(self, request: Request, path: str) -> bytes:
        try:
            self._keyring.trusted(request_headers(request), peer_address(request))
        except ApiError as error:
            if error.kind is Kind.AUTH and path != "overview" and not _is_part(request):
                return (
                    await html(request, Frame("Sign in", form())) if path == SIGN_IN else _see_other(request, SIGN_IN)
                )
            return await self._refused(request, error)
        if path == SIGN_IN:
            return _see_other(request)
        signed_in = self._visits.knows(request)
        match path.split("/"):
            case [""]:
                return await html(request, Frame("Dashboard", await self._overview(), PATH, signed_in))
            case ["overview"]:
                return await self._refreshed(request)
            case ["configuration"]:
                shown = self._shown
                file = str(shown.status()["configuration"].get("file", ""))
                content = configuration(shown.settings(), file, shown.findings())
                return await html(request, Frame("Configuration", content, f"{PATH}/configuration", signed_in))
            case ["exchanges", wanted]:
                return await self._trace(request, wanted, signed_in)
        missing = tags.p(f"There is nothing at {request.path.decode('latin-1')[:200]}.")
        return await html(request, Frame("Nothing here", missing, PATH, signed_in), 404)

    async def _overview(self) -> Tag:
        feed = self._shown.known.feed
        day, rest = await self._slow_parts()
        return tags.div(class_="page")(day, running(feed.running()), recent(feed.recent()), rest)

    async def _refreshed(self, request: Request) -> bytes:
        """Rendered once for all who watch."""
        kept, now = self._shown.kept, self._shown.clock.seconds()
        at, parts = kept.rendered
        if now - at >= ASK_EVERY:
            parts = await rendered(request, tags.transparent(*await self._slow_parts()))
            kept.rendered = now, parts
        head(request)
        return parts

    async def _slow_parts(self) -> tuple[Tag, Tag]:
        """What is rendered here alone; the script asks for it once in a while, and puts it in the place of the same
        names."""
        shown = self._shown
        await shown.kept.refresh(shown.known.ledger, shown.clock.seconds())
        status, kept = shown.status(), shown.kept
        spent: Any = tags.p("No ledger is kept, so nobody knows what yesterday cost.", class_="empty")
        if kept.usage is not None:
            spent = standing.spending(kept.days, kept.usage)
        uptime, served = status["uptime_seconds"], status["exchanges"]["served"]
        return (
            tags.div(standing.tiles(kept.today, served, uptime, len(shown.findings())), id="day"),
            tags.div(id="standing")(
                standing.targets(status["latencies"], shown.trends(), status["failover"], status["providers"]),
                tags.section(tags.h2(f"Cost of {DAYS} days"), spent),
                standing.budgets(status["budgets"]) if status["budgets"] else "",
            ),
        )

    async def _trace(self, request: Request, wanted: str, signed_in: bool) -> bytes:
        found = await self._find(request, wanted)
        if found is None:
            found = tags.p(f"No exchange {wanted[:100]} is known. Perhaps it is too old.", id="exchange")
        # The script wants no more than the content.
        if _is_part(request):
            return await html(request, found)
        return await html(request, Frame("Exchange", found, f"{PATH}/exchanges", signed_in))

    async def _find(self, request: Request, wanted: str) -> Tag | None:
        known = self._shown.known
        over = await known.over(wanted)
        if over is None and (runs := known.running(wanted)) is not None:
            return glimpsed(runs)
        seen = await seen_of(request, known.spool, wanted)
        if over is None:
            return None if seen is None else unrecorded(wanted, seen)
        return trace(over, seen)

    async def _form(self, request: BoundedRequest, path: str) -> bytes:
        headers, address = request_headers(request), peer_address(request)
        try:
            refuse_foreign(headers)
            if path == "sign-out":
                self._visits.end(request)
                return _see_other(request)
            if path != SIGN_IN:
                raise ApiError(Kind.NO_ROUTE, "there is no such form", status=404)
            key = key_of(request)
            headers = {**headers, "authorization": f"Bearer {key}"}
            headers.pop("x-api-key", None)
            await self._door.prove(self._keyring.proofs(headers), address)
            self._keyring.trusted(headers, address)
        except ApiError as error:
            return await self._refused(request, error, tried=True)
        self._visits.begin(request, key)
        return _see_other(request)

    async def _refused(self, request: Request, error: ApiError, tried: bool = False) -> bytes:
        """A form where a key would help, and the reason where none does."""
        content: Any = tags.div(tags.h2("Not for you"), tags.p(error.message), class_="sign-in")
        if error.kind is Kind.AUTH:
            content = form("That key is not it." if tried else "")
        return await html(request, Frame("Sign in", content), error.status)


def _is_part(request: Request) -> bool:
    """Whether the script asks, which wants the content without its frame."""
    return b"part" in (request.args or {})


def _below(request: Request) -> str:
    return request.path.decode("latin-1").removeprefix(PATH).strip("/")


def _see_other(request: Request, name: str = "") -> bytes:
    request.setResponseCode(303)
    request.setHeader("location", f"{PATH}/{name}" if name else PATH)
    request.setHeader("cache-control", "no-store")
    return b""


def _later(request: Request, making: Any) -> int:
    """Answer when the page is made, unless its reader has left by then."""
    made = Deferred.fromCoroutine(making)
    gone = request.notifyFinish()
    gone.addErrback(lambda _: made.cancel())

    def write(page: bytes) -> None:
        if page:
            request.setHeader("content-length", str(len(page)))
        if request.method != b"HEAD":
            request.write(page)
        request.finish()

    def fault(failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        log.failure("showing {path} failed: a fault of ours", failure, path=request.path.decode("latin-1"))
        request.setResponseCode(500)
        request.setHeader("content-type", "text/plain")
        request.write(b"ccproxy failed; its log has the details\n")
        request.finish()

    made.addCallback(write).addErrback(fault)
    return NOT_DONE_YET
