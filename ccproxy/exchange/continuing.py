"""An answer that the vendor gives in several bodies, as one body for the relay.

Gemini cuts a long answer at its own limit for one request, and gives the rest to another request with its token. The
relay knows nothing of that: `Bodies` stands between it and the upstream, and where one body ends and the pipe knows of
another asks for it. Where that fails the answer ends where it was cut, which its client is told as an end by length.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IResponse
from zope.interface import implementer

from ccproxy.exchange.pipes import Pipe

MOST = 32
"""Further requests for one answer: with the least limit known that is half a million tokens, more than any model
gives."""

Again = Callable[[Mapping[str, Any]], Awaitable[IResponse]]
"""Sends the same request once more, with these fields in its body; gives a good answer, or raises."""

log = Logger()


@implementer(IPushProducer)
class Bodies(Protocol):
    """Takes one body after the other, and is the transport of all of them for `receiver`."""

    def __init__(self, receiver: Protocol, pipe: Pipe, again: Again) -> None:
        self._receiver = receiver
        self._pipe = pipe
        self._again = again
        self._further = 0
        self._paused = False
        self._stopped = False
        self._asking: Deferred[IResponse] | None = None
        self._last = connectionDone
        """How the last body ended: if there is no further one, all of it did."""

    # Towards the upstream.

    @property
    def _body(self) -> IPushProducer:
        return cast(IPushProducer, self.transport)

    def connectionMade(self) -> None:
        if not self._further:
            self._receiver.makeConnection(cast(Any, self))
        elif self._paused:
            self._body.pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        self._receiver.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        fields = {} if self._stopped or self._further >= MOST else self._pipe.continuation
        if not fields:
            self._end(reason)
            return
        self._further += 1
        self._last = reason
        self._asking = Deferred.fromCoroutine(cast(Any, self._again(fields)))
        self._asking.addCallback(self._go_on).addErrback(self._give_up)

    def _go_on(self, response: IResponse) -> None:
        self._asking = None
        self._pipe.go_on()
        response.deliverBody(self)

    def _give_up(self, failure: Failure) -> None:
        self._asking = None
        if not failure.check(CancelledError):
            log.warn("the rest of an answer could not be had: {reason}", reason=failure.getErrorMessage())
        self._end(self._last)

    def _end(self, reason: Failure) -> None:
        """There is no further body. The receiver, which has this for a transport, is let go of: see `Response`."""
        receiver, self._receiver = self._receiver, Protocol()
        receiver.connectionLost(reason)

    # Towards the receiver.

    def pauseProducing(self) -> None:
        self._paused = True
        if self._asking is None:
            self._body.pauseProducing()

    def resumeProducing(self) -> None:
        self._paused = False
        if self._asking is None:
            self._body.resumeProducing()

    def stopProducing(self) -> None:
        self._stopped = True
        if self._asking is not None:
            self._asking.cancel()
        else:
            self._body.stopProducing()
