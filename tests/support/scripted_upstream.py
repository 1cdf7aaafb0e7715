"""An upstream that says what a test tells it to, over a real socket on loopback, and keeps what it was asked.

It is strict: a request beyond the script is refused and remembered, and `check` fails for that as well as for answers
that nobody fetched.
"""

import enum
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from tests.support.connections import Tallied

REFUSAL = b'{"error": {"message": "the script of this test has no answer left", "type": "script", "code": "script"}}'


class Ending(enum.Enum):
    """What comes after the last chunk."""

    WELL = "well"
    """The formal end of the body."""
    CUT = "cut"
    """The connection breaks."""
    SILENCE = "silence"
    """Nothing, until the other side leaves."""


@frozen
class Received:
    """A request as it came. Header names are lower case; `path` has no query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=lambda body: f"{len(body)} bytes ending in {body[-300:]!r}")

    def json(self) -> Any:
        return json.loads(self.body)


@frozen
class Answer:
    """What is sent: the chunks one after the other, `gap` seconds apart, then the ending."""

    chunks: Sequence[bytes]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(factory=dict)
    ending: Ending = Ending.WELL
    gap: float = 0.0


Entry = Answer | Callable[[Received], Answer]
"""One entry of a script; a function sees the request first (a streamed or a whole reply is its choice)."""


class ScriptedUpstream:
    """The server. `received` has every request in the order of arrival; `left` those whose client went early."""

    def __init__(self, reactor: ReactorBase) -> None:
        self.received: list[Received] = []
        self.left: list[Received] = []
        self._reactor = reactor
        self._script: list[Entry] = []
        self._unscripted: list[Received] = []
        self._when_left: list[Deferred[Received]] = []
        self._connections = Tallied(Site(_Everything(self)))
        self._port: IListeningPort = reactor.listenTCP(0, self._connections, interface="127.0.0.1")

    @property
    def port(self) -> int:
        return self._port.getHost().port

    def script(self, *entries: Entry) -> None:
        """Adds answers to the script; each serves one request."""
        self._script += entries

    def check(self) -> None:
        """Fails if the script and the requests were not equally many."""
        if self._unscripted:
            raise AssertionError(f"{len(self._unscripted)} requests more than the script has: {self._unscripted}")
        if self._script:
            raise AssertionError(f"{len(self._script)} answers of the script were never asked for")

    def when_left(self) -> Deferred[Received]:
        """Fires with the next request whose client goes before the answer ends."""
        deferred: Deferred[Received] = Deferred()
        self._when_left.append(deferred)
        return deferred

    def stop(self) -> Deferred[None]:
        """Closes the port and every connection; fires when all are gone."""
        return self._connections.close(self._port)

    def answer(self, request: Request) -> None:
        """Serves one request from the script."""
        received = Received(
            request.method.decode("ascii"),
            request.path.decode("ascii"),
            {
                name.decode().lower(): b", ".join(values).decode()
                for name, values in request.requestHeaders.getAllRawHeaders()
            },
            request.content.read(),
        )
        self.received.append(received)
        if self._script:
            entry = self._script.pop(0)
            answer = entry(received) if callable(entry) else entry
        else:
            self._unscripted.append(received)
            answer = Answer([REFUSAL], 403, "application/json")
        _Telling(self._reactor, request, answer, lambda: self._leaves(received)).start()

    def _leaves(self, received: Received) -> None:
        self.left.append(received)
        waiting, self._when_left = self._when_left, []
        for deferred in waiting:
            deferred.callback(received)


class _Everything(Resource):
    """Every path and every method."""

    isLeaf = True

    def __init__(self, upstream: ScriptedUpstream) -> None:
        super().__init__()
        self._upstream = upstream

    def render(self, request: Request) -> int:
        self._upstream.answer(request)
        return NOT_DONE_YET


class _Telling:
    """One answer on its way."""

    def __init__(self, reactor: ReactorBase, request: Request, answer: Answer, on_left: Callable[[], None]) -> None:
        self._reactor = reactor
        self._request = request
        self._answer = answer
        self._rest = list(answer.chunks)
        self._on_left = on_left
        self._next: Any = None

    def start(self) -> None:
        self._request.notifyFinish().addErrback(self._gone)
        self._request.setResponseCode(self._answer.status)
        for name, value in {"content-type": self._answer.content_type, **self._answer.headers}.items():
            self._request.setHeader(name.encode(), value.encode())
        self._go_on()

    def _go_on(self) -> None:
        self._next = None
        while self._rest:
            self._request.write(self._rest.pop(0))
            if self._rest and self._answer.gap:
                self._next = self._reactor.callLater(self._answer.gap, self._go_on)
                return
        match self._answer.ending:
            case Ending.WELL:
                self._request.finish()
            case Ending.CUT:
                self._request.loseConnection()
            case Ending.SILENCE:
                pass

    def _gone(self, _: object) -> None:
        if self._next is not None:
            self._next.cancel()
        if self._answer.ending is not Ending.CUT or self._rest:
            self._on_left()
