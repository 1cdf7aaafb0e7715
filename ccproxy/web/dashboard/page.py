"""The pages below `/dashboard`, who may see them, and the frame that all have.

Nothing in them comes from elsewhere or stands inline, and the browser is told to hold them to that. They read what is
known already; the ledger is asked in its thread, once in a while for all readers together.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.template import Element, Tag, TagLoader, XMLString, flattenString, renderer, tags

import ccproxy
from ccproxy.access.principals import Keyring
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.feed import Feed
from ccproxy.ledger.database import LedgerError
from ccproxy.ledger.ledger import Ledger
from ccproxy.ledger.queries import exchange, usage
from ccproxy.web.answers import peer_address, request_headers
from ccproxy.web.dashboard import tables
from ccproxy.web.dashboard.visits import PATH, Visits
from ccproxy.web.door import Door
from ccproxy.web.site import BoundedRequest

log = Logger()

POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{what}-src 'self'" for what in ("script", "style", "img", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
"""What a browser lets these pages do: ask us, and nobody else; run our script, and no other."""

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with it the form to sign in would come from the origin `null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

TYPES = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

DAYS = 14
"""Days whose cost is shown."""

ASK_EVERY = 5.0
"""Seconds for which the ledger's answer is good."""

FORM_LIMIT = 4096

SIGN_IN = "sign-in"

_FILES = files("ccproxy.web.dashboard") / "files"
_FRAME = XMLString((_FILES / "page.xml").read_text(encoding="utf-8"))
_STATIC = {name: (_FILES / name).read_bytes() for name in TYPES}
_STAMP = sha256(b"".join(_STATIC.values())).hexdigest()[:12]
"""In the addresses of our files, so that a browser keeps them for as long as they are the same."""


@frozen
class Shown:
    """What the page reads; nothing of it is kept."""

    feed: Feed
    ledger: Ledger
    status: Callable[[], Mapping[str, Any]]
    """What `GET /status` shows to whoever may see it."""
    trends: Callable[[], Mapping[str, Any]]
    settings: Callable[[], Mapping[str, Any]]
    """The configuration in force, with keys masked."""
    findings: Callable[[], Sequence[str]]
    clock: IReactorTime
    kept: "Kept" = field(factory=lambda: Kept())


class Kept:
    """What the ledger said of the last days: asked once for all who look, and not again within `ASK_EVERY`."""

    def __init__(self) -> None:
        self._at = float("-inf")
        self._waiting: list[Deferred[None]] = []
        self.days: list[str] = []
        self.usage: list[dict[str, Any]] | None = None
        self.today: list[dict[str, Any]] | None = None
        self.rendered = float("-inf"), b""
        """What scripts are given to refresh their pages, and when it was made."""

    async def refresh(self, ledger: Ledger, now: float) -> None:
        """Not older than that. Where the ledger cannot tell, there is nothing."""
        if now - self._at < ASK_EVERY:
            return
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            # On its own: a reader that leaves takes nothing from the others.
            Deferred.fromCoroutine(self._ask(ledger, now)).addErrback(_fault)
        await waiting

    async def _ask(self, ledger: Ledger, now: float) -> None:
        today = time.localtime(now)
        starts = [time.mktime((*today[:2], today.tm_mday - back, 0, 0, 0, 0, 0, -1)) for back in range(DAYS)]
        self.days = [time.strftime("%Y-%m-%d", time.localtime(start)) for start in reversed(starts)]
        try:
            self.usage = await ledger.ask(usage, ("day", "model"), starts[-1])
            self.today = await ledger.ask(usage, (), starts[0])
        except LedgerError:
            self.usage = self.today = None
        finally:
            self._at = now
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                if not one.called:
                    one.callback(None)


def _fault(failure: Failure) -> None:
    log.failure("asking the ledger failed: a fault of ours", failure)


class Frame(Element):
    """What all pages have around their content."""

    loader = _FRAME

    def __init__(self, title: str, content: Any, here: str = "", signed_in: bool = False) -> None:
        super().__init__()
        self._title = title
        self._content = content
        self._here = here
        self._signed_in = signed_in

    @renderer
    def title(self, _request: Request, _tag: Tag) -> str:
        return self._title

    @renderer
    def version(self, _request: Request, _tag: Tag) -> str:
        return ccproxy.__version__

    @renderer
    def icon(self, _request: Request, tag: Tag) -> Tag:
        return tag(href=_address("icon.svg"))

    @renderer
    def style(self, _request: Request, tag: Tag) -> Tag:
        return tag(href=_address("page.css"))

    @renderer
    def script(self, _request: Request, tag: Tag) -> Tag:
        return tag(src=_address("page.js"))

    @renderer
    def pages(self, _request: Request, tag: Tag) -> Tag:
        if not self._here:
            return tag
        links = ((PATH, "Overview"), (f"{PATH}/configuration", "Configuration"))
        return tag(
            [
                tags.a(name, href=path, **({"aria-current": "page"} if path == self._here else {}))
                for path, name in links
            ]
        )

    @renderer
    def leave(self, _request: Request, _tag: Tag) -> Any:
        if not self._signed_in:
            return ""
        return tags.form(tags.button("Sign out"), method="post", action=f"{PATH}/sign-out")

    @renderer
    def content(self, _request: Request, _tag: Tag) -> Any:
        return self._content


def _address(name: str) -> str:
    return f"{PATH}/{_STAMP}/{name}"


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
            return _file(request, name)
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
                    await _html(request, Frame("Sign in", _form())) if path == SIGN_IN else _see_other(request, SIGN_IN)
                )
            return await self._refused(request, error)
        if path == SIGN_IN:
            return _see_other(request)
        signed_in = self._visits.knows(request)
        match path.split("/"):
            case [""]:
                return await _html(request, Frame("Dashboard", await self._overview(), PATH, signed_in))
            case ["overview"]:
                return await self._refreshed(request)
            case ["configuration"]:
                shown = self._shown
                file = str(shown.status()["configuration"].get("file", ""))
                content = tables.configuration(shown.settings(), file, shown.findings())
                return await _html(request, Frame("Configuration", content, f"{PATH}/configuration", signed_in))
            case ["exchanges", wanted]:
                return await self._trace(request, wanted, signed_in)
        missing = tags.p(f"There is nothing at {request.path.decode('latin-1')[:200]}.")
        return await _html(request, Frame("Nothing here", missing, PATH, signed_in), 404)

    async def _overview(self) -> Tag:
        feed = self._shown.feed
        day, standing = await self._slow_parts()
        return tags.div(class_="page")(day, tables.running(feed.running()), tables.recent(feed.recent()), standing)

    async def _refreshed(self, request: Request) -> bytes:
        """Rendered once for all who watch."""
        kept, now = self._shown.kept, self._shown.clock.seconds()
        at, parts = kept.rendered
        if now - at >= ASK_EVERY:
            parts = await _rendered(request, tags.transparent(*await self._slow_parts()))
            kept.rendered = now, parts
        _head(request)
        return parts

    async def _slow_parts(self) -> tuple[Tag, Tag]:
        """What is rendered here alone; the script asks for it once in a while, and puts it in the place of the same
        names."""
        shown = self._shown
        await shown.kept.refresh(shown.ledger, shown.clock.seconds())
        status, kept = shown.status(), shown.kept
        spent: Any = tags.p("No ledger is kept, so nobody knows what yesterday cost.", class_="empty")
        if kept.usage is not None:
            spent = tables.spending(kept.days, kept.usage)
        uptime, served = status["uptime_seconds"], status["exchanges"]["served"]
        return (
            tags.div(tables.tiles(kept.today, served, uptime, len(shown.findings())), id="day"),
            tags.div(id="standing")(
                tables.targets(status["latencies"], shown.trends(), status["failover"], status["providers"]),
                tags.section(tags.h2(f"Cost of {DAYS} days"), spent),
                tables.budgets(status["budgets"]) if status["budgets"] else "",
            ),
        )

    async def _trace(self, request: Request, wanted: str, signed_in: bool) -> bytes:
        found = await self._find(wanted)
        if found is None:
            found = tags.p(f"No exchange {wanted[:100]} is known. Perhaps it is too old.", id="exchange")
        # The script wants no more than the content.
        if _is_part(request):
            return await _html(request, found)
        return await _html(request, Frame("Exchange", found, f"{PATH}/exchanges", signed_in))

    async def _find(self, wanted: str) -> Tag | None:
        feed = self._shown.feed
        for one in feed.recent():
            if one["id"] == wanted:
                return tables.trace(one)
        for one in feed.running():
            if one["id"] == wanted:
                return tables.glimpsed(one)
        try:
            kept = await self._shown.ledger.ask(exchange, wanted)
        except LedgerError:
            return None
        return next((tables.trace(one) for one in kept if one["id"] == wanted), None)

    async def _form(self, request: BoundedRequest, path: str) -> bytes:
        headers, address = request_headers(request), peer_address(request)
        try:
            _refuse_foreign_forms(headers)
            if path == "sign-out":
                self._visits.end(request)
                return _see_other(request)
            if path != SIGN_IN:
                raise ApiError(Kind.NO_ROUTE, "there is no such form", status=404)
            key = _field(request, "key").strip()
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
            content = _form("That key is not it." if tried else "")
        return await _html(request, Frame("Sign in", content), error.status)


def _form(wrong: str = "") -> Tag:
    attributes = {"autocomplete": "current-password", "required": "required", "autofocus": "autofocus"}
    return tags.form(method="post", action=f"{PATH}/{SIGN_IN}", class_="sign-in")(
        tags.h2("Sign in"),
        tags.p("With the key that clients of this ccproxy send. This browser then stays signed in for a week."),
        tags.p(wrong, role="alert", class_="wrong") if wrong else "",
        tags.label("Key", for_="key"),
        tags.input(type="password", name="key", id="key", **attributes),
        tags.button("Sign in"),
    )


def _is_part(request: Request) -> bool:
    """Whether the script asks, which wants the content without its frame."""
    return b"part" in (request.args or {})


def _below(request: Request) -> str:
    return request.path.decode("latin-1").removeprefix(PATH).strip("/")


def _file(request: Request, name: str) -> bytes:
    request.setHeader("content-type", TYPES[name])
    request.setHeader("x-content-type-options", "nosniff")
    request.setHeader("cache-control", "public, max-age=31536000, immutable")
    return _STATIC[name]


def _field(request: BoundedRequest, name: str) -> str:
    if len(request.body) > FORM_LIMIT:
        raise ApiError(Kind.TOO_LARGE, "that is no key")
    return parse_qs(request.body.decode("utf-8", "replace")).get(name, [""])[0]


def _refuse_foreign_forms(headers: Mapping[str, str]) -> None:
    """A form of another site may not sign anybody in or out."""
    origin = headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ApiError(Kind.FORBIDDEN, "this form was sent by a page of another site")


def _see_other(request: Request, name: str = "") -> bytes:
    request.setResponseCode(303)
    request.setHeader("location", f"{PATH}/{name}" if name else PATH)
    request.setHeader("cache-control", "no-store")
    return b""


async def _html(request: Request, content: Any, status: int = 200) -> bytes:
    _head(request, status)
    if isinstance(content, Element):
        return b"<!DOCTYPE html>\n" + await flattenString(request, content)
    return await _rendered(request, content)


def _head(request: Request, status: int = 200) -> None:
    request.setResponseCode(status)
    for name, value in HEADERS.items():
        request.setHeader(name, value)


async def _rendered(request: Request, content: Any) -> bytes:
    return await flattenString(request, Element(TagLoader(tags.transparent(content))))


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
