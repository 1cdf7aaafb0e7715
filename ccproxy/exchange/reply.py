"""What may still be said to this client.

    PENDING    nothing was said: any answer is possible
    COMMITTED  the status line is out: only the body goes on
    FINISHED   all was said
    GONE       the client left, or was cut off; whatever comes now falls on deaf ears

Twisted tells a disconnect in three ways (`stopProducing`, the errback of `notifyFinish`, and an exception from
`finish`); they meet here, and nobody else looks.
"""

import enum
from collections.abc import Mapping
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web.server import Request
from zope.interface import implementer

from ccproxy.dialects.dialect import Answer
from ccproxy.upstream import eager


class State(enum.Enum):
    """How far an answer has come."""

    PENDING = "pending"
    COMMITTED = "committed"
    FINISHED = "finished"
    GONE = "gone"


class Hearing(Protocol):
    """Whoever hears all that a client is told."""

    def told(self, status: int, headers: Mapping[str, str]) -> None:
        """The status line and the headers."""

    def said(self, data: bytes) -> None:
        """A piece of the body."""


@implementer(IPushProducer)
class _Pace:
    """The client's pace, for one producer after another: the next one is paused where the client still is."""

    def __init__(self, producer: IPushProducer) -> None:
        self._producer = producer
        self.paused = False

    def moves(self, producer: IPushProducer) -> None:
        self._producer = producer
        if self.paused:
            producer.pauseProducing()

    def pauseProducing(self) -> None:
        self.paused = True
        self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        self.paused = False
        self._producer.resumeProducing()

    def stopProducing(self) -> None:
        self._producer.stopProducing()


class Reply:
    """One answer to one request of twisted.web."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._state = State.PENDING
        self._pace: _Pace | None = None
        self._gone: Deferred[None] = Deferred()
        self.answered: Answer | None = None
        """What was said, where all of it was said at once."""
        self.hearing: Hearing | None = None
        request.notifyFinish().addCallbacks(lambda _: None, self._leave)

    def when_gone(self) -> Deferred[None]:
        """Fires when the client leaves before the end; never otherwise."""
        return self._gone

    @property
    def paused(self) -> bool:
        """Whether the client reads too slowly to be given more."""
        return self._pace is not None and self._pace.paused

    def attach(self, producer: IPushProducer) -> None:
        """From now on the client's pace moves this producer, in place of the one before. It is legal, and wanted,
        before `commit`: a client who leaves between the upstream's headers and its first token must stop the
        upstream."""
        if self._state not in (State.PENDING, State.COMMITTED):
            return
        if self._pace is None:
            self._pace = _Pace(producer)
            self._request.registerProducer(self._pace, True)
        else:
            self._pace.moves(producer)

    def detach(self) -> None:
        """Nobody has anything more to give."""
        if self._pace is not None:
            self._pace = None
            if self._state is not State.GONE:
                self._request.unregisterProducer()

    def commit(self, status: int, headers: Mapping[str, str]) -> None:
        """Say the status line. What comes now is a body of unknown length."""
        if self._state is State.PENDING:
            self._state = State.COMMITTED
            if self.hearing is not None:
                self.hearing.told(status, headers)
            self._request.setResponseCode(status)
            for name, value in headers.items():
                self._request.setHeader(name, value)

    def write(self, data: bytes) -> None:
        """More of the body. The pieces of a stream are sent at once; its first one goes with the headers."""
        if self._state is not State.COMMITTED or not data:
            return
        if self.hearing is not None:
            self.hearing.said(data)
        request = self._request
        if request.chunked:
            eager.write(request.channel.transport, b"%x\r\n%b\r\n" % (len(data), data))
        else:
            request.write(data)

    def finish(self) -> None:
        """That was all."""
        self.detach()
        if self._state is State.COMMITTED:
            self._state = State.FINISHED
            self._request.finish()

    def answer(self, answer: Answer, headers: Mapping[str, str]) -> None:
        """Say everything at once: for errors, and for whole replies."""
        if self._state is State.PENDING:
            self.answered = answer
            length = str(len(answer.body))
            self.commit(answer.status, {**headers, "content-type": answer.content_type, "content-length": length})
            self.write(answer.body)
            self.finish()

    def cut(self) -> None:
        """Break the connection: the only truth left where an error can no longer be told."""
        self.detach()
        if self._state in (State.PENDING, State.COMMITTED):
            self._state = State.GONE
            self._request.loseConnection()

    def _leave(self, _reason: Failure) -> None:
        self._pace = None
        if self._state in (State.PENDING, State.COMMITTED):
            self._state = State.GONE
            self._gone.callback(None)
