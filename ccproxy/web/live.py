"""`GET /exchanges`: what runs and what ended lately; `GET /exchanges/live`: the same, as it happens.

It speaks in server-sent events. The first, `snapshot`, has all that `/exchanges` shows; each `look` after it has what
changed. A reader that is slower than the exchanges misses looks and gets a new snapshot when it can read again, so
nothing ever waits for it.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from ccproxy.access.principals import Keyring
from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.feed import Feed, Look
from ccproxy.web.answers import page, peer_address, request_headers, tell
from ccproxy.web.site import NewId
from ccproxy.wire import jsontext

READERS_LIMIT = 50
"""Readers at a time. A page has one; whoever comes beyond is told to come back."""

PING_EVERY = 15.0
"""Seconds of silence after which a reader gets a sign of life."""


class Guarded(Resource):
    """A page about ourselves, for whoever administers us and for this machine."""

    isLeaf = True

    def __init__(self, keyring: Keyring, dialect: Dialect, new_id: NewId) -> None:
        super().__init__()
        self._keyring = keyring
        self._dialect = dialect
        self._new_id = new_id

    def render_GET(self, request: Request) -> bytes | int:
        headers, peer = request_headers(request), peer_address(request)
        try:
            if not self._keyring.may_see_details(headers, peer):
                self._keyring.trusted(headers, peer)
            return self.show(request)
        except ApiError as error:
            return tell(request, self._dialect, error, self._new_id())

    def show(self, request: Request) -> bytes | int:
        """The page; raises `ApiError`."""
        raise NotImplementedError


class Exchanges(Guarded):
    """`GET /exchanges`."""

    def __init__(self, keyring: Keyring, dialect: Dialect, new_id: NewId, feed: Feed) -> None:
        super().__init__(keyring, dialect, new_id)
        self._feed = feed

    def show(self, request: Request) -> bytes:
        return page(request, {"running": self._feed.running(), "recent": self._feed.recent()})


class Live(Guarded):
    """`GET /exchanges/live`."""

    def __init__(self, keyring: Keyring, dialect: Dialect, new_id: NewId, feed: Feed, clock: IReactorTime) -> None:
        super().__init__(keyring, dialect, new_id)
        self._feed = feed
        self._clock = clock
        self._readers: set[_Reader] = set()
        self._stop: Callable[[], None] | None = None

    def show(self, request: Request) -> int:
        if len(self._readers) >= READERS_LIMIT:
            raise ApiError(Kind.BUSY, f"{READERS_LIMIT} readers follow the exchanges already", retry_after=10)
        request.setHeader("content-type", "text/event-stream; charset=utf-8")
        request.setHeader("cache-control", "no-cache")
        request.setHeader("x-accel-buffering", "no")
        reader = _Reader(request, self._clock, self._snapshot)
        self._readers.add(reader)
        request.notifyFinish().addBoth(self._leave, reader)
        if self._stop is None:
            self._stop = self._feed.watch(self._tell)
        reader.begin()
        return NOT_DONE_YET

    def _snapshot(self) -> bytes:
        return _frame("snapshot", {"running": self._feed.running(), "recent": self._feed.recent()})

    def _tell(self, look: Look) -> None:
        """One look, written once for all."""
        frame = _frame(
            "look",
            {
                "running": look.running,
                "began": look.began,
                "changed": look.changed,
                "ended": look.ended,
                "missed": look.missed,
            },
        )
        for reader in self._readers:
            reader.say(frame)

    def _leave(self, _result: Failure | None, reader: "_Reader") -> None:
        reader.stopProducing()
        self._readers.discard(reader)
        if not self._readers and self._stop is not None:
            self._stop()
            self._stop = None


@implementer(IPushProducer)
class _Reader:
    """One reader. While its connection is full it is told nothing."""

    def __init__(self, request: Request, clock: IReactorTime, snapshot: Callable[[], bytes]) -> None:
        self._request = request
        self._clock = clock
        self._snapshot = snapshot
        self._paused = False
        self._missed = False
        self._ping: IDelayedCall | None = None

    def begin(self) -> None:
        self._request.registerProducer(self, True)
        self._ping = self._clock.callLater(PING_EVERY, self._live)
        self.say(self._snapshot())

    def say(self, frame: bytes) -> None:
        if self._paused:
            self._missed = True
        else:
            self._request.write(frame)

    def _live(self) -> None:
        self._ping = self._clock.callLater(PING_EVERY, self._live)
        if not self._paused:
            self._request.write(b": here\n\n")

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        if self._missed:
            self._missed = False
            self.say(self._snapshot())

    def stopProducing(self) -> None:
        if self._ping is not None and self._ping.active():
            self._ping.cancel()


def _frame(name: str, value: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), jsontext.dumps(value))
