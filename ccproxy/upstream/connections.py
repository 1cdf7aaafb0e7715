"""HTTP/1.1 towards upstreams: one connection, one request at a time, and the body of its answer as it comes.

Twisted's own client passes each chunk of a body through six layers by itself; most upstreams send each event as a
chunk, and a read of the socket brings dozens. Here the chunks of one read are joined and handed on once. For small
requests that is half of the CPU time, and for bursts of events more (measured, against Twisted's Agent).

    IDLE     connected, nothing asked
    WAITING  a request is out; the head of its answer is not complete
    BODY     the head is told; the body comes
    CLOSED   nothing more can be asked

A body is held back, by pausing the transport, until somebody takes it.
"""

import enum
import re
from collections.abc import Callable
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IResponse
from zope.interface import implementer

from ccproxy.upstream import eager
from ccproxy.upstream.framing import HEAD_LIMIT, Framing, UntilClose, framing_of

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_END_OF_LINE = re.compile(rb"\r?\n")
"""A bare LF ends a line of a head too (RFC 9112, section 2.2): some home-made servers know no better."""

_FOLD = re.compile(rb"\r?\n[ \t]+")
"""A header that goes on in the next line: obsolete, and to be read as a space (RFC 9112, section 5.2)."""


class NotHttp(Exception):
    """The upstream's words are not HTTP/1.1."""


class State(enum.Enum):
    """Where a connection is; see the module's docstring."""

    IDLE = "idle"
    WAITING = "waiting"
    BODY = "body"
    CLOSED = "closed"


class Connection(Protocol):
    """One connection. `idle` is called each time it can be asked again, `lost` once, as soon as it never can."""

    def __init__(self, idle: Callable[["Connection"], None], lost: Callable[["Connection"], None]) -> None:
        self._idle = idle
        self._lost = lost
        self._state = State.IDLE
        self._buffer = b""
        self._heard = False
        """Whether the upstream said anything to the present request: it has begun to work on it then."""
        self._answer: Deferred[IResponse] | None = None
        self._response: Response | None = None
        self._framing: Framing | None = None
        self._reusable = True

    def ask(self, request: bytes) -> Deferred[IResponse]:
        """Send a whole request. Fires when the head of its answer is in. Fails with `ResponseNeverReceived` if there is
        no answer or it is not HTTP, with `ResponseFailed` if the connection ends within the head. Cancelling closes
        the connection."""
        self._state = State.WAITING
        self._heard = False
        self._answer = Deferred(lambda _: self.abort())
        eager.write(self.transport, request)
        return self._answer

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._leave()
        self._wire.abortConnection()

    def close(self) -> None:
        """Close in good order; nothing is under way."""
        self._leave()
        self._wire.loseConnection()

    def _leave(self) -> None:
        """Told before the transport says that it ended: until then somebody could ask."""
        if self._state is not State.CLOSED:
            self._state = State.CLOSED
            self._lost(self)

    @property
    def _wire(self) -> Any:
        """The transport: zope's interfaces have no name for one that can be written to, paused and aborted."""
        return self.transport

    # What Twisted tells.

    def dataReceived(self, data: bytes) -> None:
        if self._state is State.WAITING:
            self._read_head(data)
        elif self._state is State.BODY:
            self._read_body(data)
        elif self._state is State.IDLE:
            self.abort()  # Nobody asked: whatever it says would be taken for the next answer.

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        state = self._state
        self._leave()
        answer, self._answer = self._answer, None
        response, self._response = self._response, None
        if answer is not None and not answer.called:
            answer.errback(Failure(ResponseFailed([reason]) if self._heard else ResponseNeverReceived([reason])))
        elif response is not None:
            clean = state is State.BODY and isinstance(self._framing, UntilClose) and reason.check(ConnectionDone)
            response.end(Failure(PotentialDataLoss() if clean else ResponseFailed([reason], response)))

    # The head of an answer.

    def _read_head(self, data: bytes) -> None:
        self._heard = True
        self._buffer += data
        while self._state is State.WAITING:
            mark = _END_OF_HEAD.search(self._buffer)
            if (len(self._buffer) if mark is None else mark.start()) > HEAD_LIMIT:
                self._refuse("its head is too long")
                return
            if mark is None:
                return
            head, self._buffer = self._buffer[: mark.start()], self._buffer[mark.end() :]
            try:
                self._take_head(head)
            except ValueError as error:
                self._refuse(str(error))
                return

    def _take_head(self, head: bytes) -> None:
        """Raises ValueError for what is not a head."""
        status, *lines = _END_OF_LINE.split(_FOLD.sub(b" ", head))
        version, _, rest = status.partition(b" ")
        code, _, phrase = rest.partition(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or len(code) != 3 or not code.isdigit() or code < b"100":
            raise ValueError("its status line is none")
        number = int(code)
        if 100 <= number < 200:
            return  # Informational: the answer comes behind it.
        headers = Headers()
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name.strip():
                raise ValueError("a header has no name")
            headers.addRawHeader(name.strip(), value.strip())
        options = b",".join(headers.getRawHeaders(b"connection", [])).lower()
        self._reusable = b"close" not in options and (version == b"HTTP/1.1" or b"keep-alive" in options)
        if headers.hasHeader(b"transfer-encoding") and headers.hasHeader(b"content-length"):
            self._reusable = False  # Whoever wrote both may have meant the other one (RFC 9112, section 6.3).
        self._framing = framing_of(number, headers)
        self._begin(Response(self, version, number, phrase, headers, self._framing.length))

    def _begin(self, response: "Response") -> None:
        self._state = State.BODY
        self._response = response
        answer, self._answer = self._answer, None
        rest, self._buffer = self._buffer, b""
        if answer is not None:
            answer.callback(response)
        if self._state is not State.BODY:
            return
        if not response.taken:
            self._wire.pauseProducing()
        self._read_body(rest)

    def _refuse(self, reason: str) -> None:
        answer, self._answer = self._answer, None
        self.abort()
        if answer is not None:
            answer.errback(Failure(ResponseNeverReceived([Failure(NotHttp(reason))])))

    # Its body.

    def _read_body(self, data: bytes) -> None:
        framing, response = self._framing, self._response
        if framing is None or response is None:
            return
        body = framing.feed(data)
        if body:
            response.receive(body)
        if framing.fault:
            self._response = None
            self.abort()
            response.end(Failure(ResponseFailed([Failure(NotHttp(framing.fault))], response)))
        elif framing.ended and self._response is response:
            self._finish(response, framing.rest)

    def _finish(self, response: "Response", rest: bytes) -> None:
        self._response = self._framing = None
        if self._state is State.BODY:
            # A paused transport sees neither what a server says to an idle connection nor how TLS takes its leave.
            self._wire.resumeProducing()
            # What follows an answer belongs to none: such a connection is not asked again.
            if self._reusable and not rest:
                self._state = State.IDLE
                self._idle(self)
            else:
                self.close()
        response.end(Failure(ResponseDone()))

    # What the receiver of a body says; it is heard while the body is the present one.

    def pause(self, response: "Response") -> None:
        """Read no more of this body for now."""
        if self._response is response and self._state is State.BODY:
            self._wire.pauseProducing()

    def resume(self, response: "Response") -> None:
        """Go on reading it."""
        if self._response is response and self._state is State.BODY:
            self._wire.resumeProducing()

    def stop(self, response: "Response") -> None:
        """Nobody wants the rest of it."""
        if self._response is response:
            self.abort()


@implementer(IResponse, IPushProducer)
class Response:
    """The head of an answer, and its body for whoever takes it, to whom it is the transport too.

    It lets go of the receiver at the end: the two would hold each other, and all that hangs on them, until Python
    looks for such rings (which it did for 20 ms every 400 requests, all else waiting; measured).
    """

    request = None
    previousResponse = None
    disconnecting = False

    def __init__(
        self, connection: Connection, version: bytes, code: int, phrase: bytes, headers: Headers, length: int | None
    ) -> None:
        name, _, number = version.partition(b"/")
        major, _, minor = number.partition(b".")
        self.version = (name, int(major), int(minor))
        self.code = code
        self.phrase = phrase
        self.headers = headers
        self.length: Any = UNKNOWN_LENGTH if length is None else length
        self._connection = connection
        self._receiver: Protocol | None = None
        self._early: list[bytes] = []
        self._end: Failure | None = None
        self._paused = False
        self._stopped = False

    @property
    def taken(self) -> bool:
        """Whether somebody takes the body."""
        return self._receiver is not None

    def setPreviousResponse(self, response: IResponse) -> None:
        """No redirect is followed, so there is none."""

    def deliverBody(self, protocol: Protocol) -> None:
        """From now on the body goes to this protocol, beginning with what is here already."""
        self._receiver = protocol
        protocol.makeConnection(cast(Any, self))
        early, self._early = b"".join(self._early), []
        if early and not self._stopped:
            protocol.dataReceived(early)
        if self._end is not None:
            self.end(self._end)
        elif not self._paused:
            self._connection.resume(self)

    def receive(self, data: bytes) -> None:
        """More of the body."""
        if self._receiver is None:
            self._early.append(data)
        else:
            self._receiver.dataReceived(data)

    def end(self, reason: Failure) -> None:
        """There is no more of it."""
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            self._end = reason
        else:
            self._end = None
            receiver.connectionLost(reason)

    # What its receiver says.

    def pauseProducing(self) -> None:
        self._paused = True
        self._connection.pause(self)

    def resumeProducing(self) -> None:
        self._paused = False
        self._connection.resume(self)

    def stopProducing(self) -> None:
        self._stopped = True
        self._connection.stop(self)

    loseConnection = stopProducing
