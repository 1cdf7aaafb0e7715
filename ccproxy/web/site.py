"""Requests within limits.

Four settings make twisted.web twice as fast for us (measured): bodies stay in memory instead of a temporary file, forms
are not parsed, no access log is formatted for nobody, and the listening queue is long (see `service`).
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.http import Request as HttpRequest
from twisted.web.http_headers import Headers
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from ccproxy.dialects.anthropic.errors import render_error
from ccproxy.upstream import eager
from ccproxy.wire.compression import too_large

_PHRASES = {**{status.value: status.phrase.encode() for status in HTTPStatus}, 529: b"Overloaded"}

NewId = Callable[[], str]
"""Makes the name of an exchange."""

IDLE_SECONDS = 300
"""How long a connection may be idle, or a request may pause: longer than the clients and balancers in front of us."""

GRACE_SECONDS = 1.0
"""How long a client may ask once more when we are about to stop: it may have connected a moment ago, or have had an
answer that did not say yet that it was the last."""

SWALLOW_SECONDS = 10.0
"""How long the rest of a refused body is read and thrown away. Closing at once would reset the connection, and the
client would see that instead of our answer."""


_NOT_SAID = object()


class BoundedRequest(Request):
    """A request whose body is limited at the byte that exceeds, and whose repr shows no query (it may hold a key)."""

    def __init__(self, channel: Any, queued: object = False) -> None:
        super().__init__(channel, queued)
        self._limit: int = channel.site.body_limit
        self._new_id: NewId = channel.site.new_id
        self._received = 0
        self._came_from: object = _NOT_SAID
        self._refused: IDelayedCall | None = None
        self._body = BytesIO()

    def gotLength(self, length: int | None) -> None:
        self.content = self._body = BytesIO()
        if length is not None and length > self._limit:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self._received += len(data)
        if self._refused is not None:
            return
        if self._received > self._limit:
            self._refuse()
        else:
            self._body.write(data)

    @property
    def came_from(self) -> str | None:
        """The client's address: of the other end of the connection, unless the door knows better. None for a unix
        socket, whose other end is on this machine."""
        if self._came_from is _NOT_SAID:
            return getattr(self.getClientAddress(), "host", None)
        return cast(str | None, self._came_from)

    @came_from.setter
    def came_from(self, address: str | None) -> None:
        self._came_from = address

    @property
    def body(self) -> bytes:
        """All of the body, without a copy."""
        return self._body.getvalue()

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """With the words of newer statuses too, which Twisted does not know: it would write `429 Unknown Status`."""
        super().setResponseCode(code, message or _PHRASES.get(code))

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if self._refused is None:
            super().requestReceived(command, path, version)
        else:
            self.channel.loseConnection()

    def connectionLost(self, reason: Failure) -> None:
        if self._refused is not None and self._refused.active():
            self._refused.cancel()
        super().connectionLost(reason)

    def _refuse(self) -> None:
        """Answer now, before the body is in. Both OpenAI's and Anthropic's clients read this envelope."""
        answer = render_error(too_large(self._limit), self._new_id())
        self.channel.write(
            b"HTTP/1.1 413 Request Entity Too Large\r\n"
            b"content-type: application/json\r\nx-should-retry: false\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(answer.body), answer.body)
        )
        self._refused = self.channel.callLater(SWALLOW_SECONDS, self.channel.forceAbortClient)

    def __repr__(self) -> str:
        method, path = getattr(self, "method", b"-"), getattr(self, "path", b"-")
        return f"<request {method.decode('latin-1')} {path.decode('latin-1')}>"


class Channel(HTTPChannel):
    """A client's connection. Its site knows it for as long as it is open.

    The head of an answer waits for the first bytes of the body, and they are sent together and at once."""

    site: "BoundedSite"
    _head = b""
    _host: IAddress | None = None
    _retired = False

    @property
    def owes(self) -> bool:
        """Whether a request has come, or begun to come, whose answer has not begun."""
        return bool(self.requests) and not self.requests[0].startedWriting

    def retire(self) -> None:
        """The next request is the last one, and its answer says so."""
        self._retired = True

    def dismiss(self) -> None:
        """Take no further request. What came already is answered, and then it is closed."""
        # Twisted then leaves unread what comes behind. Over TLS a client is heard even after its connection was closed.
        self.persistent = 0
        if not self.requests:
            self.loseConnection()

    def connectionMade(self) -> None:
        super().connectionMade()
        self.site.made(self)

    def checkPersistence(self, request: HttpRequest, version: bytes) -> bool:
        return bool(super().checkPersistence(request, version)) and not self._retired

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.site.lost(self)

    def getHost(self) -> IAddress:
        """Our end of the connection. Every request asks, and the kernel is asked once."""
        if self._host is None:
            self._host = super().getHost()
        return self._host

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        if self._retired:
            headers.setRawHeaders(b"connection", [b"close"])
        lines = [b"%b: %b\r\n" % (name, value) for name, values in headers.getAllRawHeaders() for value in values]
        self._head = b"%b %b %b\r\n%b\r\n" % (version, code, reason, b"".join(lines))
        self.site.answers()

    def write(self, data: bytes) -> None:
        head, self._head = self._head, b""
        eager.write(self.transport, head + data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        self.write(b"".join(iovec))

    def requestDone(self, request: HttpRequest) -> None:
        if self._head:  # There was no body.
            self.write(b"")
        super().requestDone(request)


class BoundedSite(Site):
    """The site: one root resource, a limit for bodies, and ids for exchanges."""

    protocol = Channel  # type: ignore[assignment]  # (without the one in between that could speak HTTP/2)
    displayTracebacks = False
    noisy = False

    def __init__(self, root: IResource, reactor: IReactorTime, body_limit: int, new_id: NewId) -> None:
        super().__init__(
            root, requestFactory=BoundedRequest, timeout=IDLE_SECONDS, parsePOSTFormSubmission=False, reactor=reactor
        )
        self.body_limit = body_limit
        self.new_id = new_id
        self.connections: set[Channel] = set()
        self._clock = reactor
        self._retired = False
        self._grace: IDelayedCall | None = None
        self._settled: Deferred[None] | None = None
        self._hung_up: Deferred[None] | None = None

    def retire(self) -> Deferred[None]:
        """Each connection may ask once more, for a short while: its client may be about to, and hears in the answer
        that it was the last. Then those without a request are closed, the others when they have their answer. Fires
        when all answers have begun. Cancelling gives up the waiting."""
        self._retired = True
        for connection in self.connections:
            connection.retire()
        if not self.connections:
            return succeed(None)
        self._grace = self._clock.callLater(GRACE_SECONDS, self._dismiss)
        settled = self._settled = Deferred(self._wait_no_longer)
        return settled

    def _dismiss(self) -> None:
        self._grace = None
        for connection in tuple(self.connections):
            connection.dismiss()
        self._settle()

    def _settle(self) -> None:
        """Whoever waits for all answers to begin hears of it."""
        if self._settled is None or (self._grace is not None and self.connections):
            return
        if not any(connection.owes for connection in self.connections):
            settled, self._settled = self._settled, None
            settled.callback(None)

    def hang_up(self) -> Deferred[None]:
        """Closes every connection, once all is sent that was said to its client; fires when the last is closed.
        Cancelling gives up the waiting."""
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        if not self.connections:
            return succeed(None)
        hung_up = self._hung_up = Deferred(self._wait_no_longer)
        for connection in tuple(self.connections):
            connection.loseConnection()
        return hung_up

    def made(self, connection: Channel) -> None:
        """A connection is open."""
        self.connections.add(connection)
        if self._retired:
            connection.retire()
            if self._grace is None:
                connection.dismiss()

    def answers(self) -> None:
        """An answer begins."""
        if self._settled is not None:
            self._settle()

    def lost(self, connection: Channel) -> None:
        """A connection is closed."""
        self.connections.discard(connection)
        self._settle()
        if self._hung_up is not None and not self.connections:
            hung_up, self._hung_up = self._hung_up, None
            hung_up.callback(None)

    def _wait_no_longer(self, _waiting: Deferred[None]) -> None:
        self._settled = self._hung_up = None

    def answer_from(self, root: IResource, body_limit: int) -> None:
        """Answer requests from this root from now on. Those that have come already are answered from theirs."""
        self.resource = root
        self.body_limit = body_limit

    def log(self, request: HttpRequest) -> None:
        """Exchanges are logged where they are known, by `service`."""

    def startFactory(self) -> None:
        """There is no access log whose clock would have to tick."""

    def stopFactory(self) -> None:
        """See `startFactory`."""
