"""Traces on their way to a collector, by OTLP over HTTP: gathered, sent together, and lost where nobody takes them."""

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Record
from ccproxy.metrics.spans import request, spans
from ccproxy.wire import jsontext
from ccproxy.wire.tracecontext import Trace

SEND_EVERY = 5.0
"""Seconds for which exchanges are gathered."""

BATCH_LIMIT = 200
"""Exchanges sent together."""

QUEUE_LIMIT = 2000
"""Exchanges that wait; the oldest are lost beyond it."""

Send = Callable[[bytes], Deferred[Any]]
"""Posts a body to a collector, and fires when that has taken it."""

log = Logger()


class Exporter:
    """Observes records, once `follow` has said where their traces go."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._send: Send | None = None
        self._service = ""
        self._share = 1.0
        self._queue: deque[tuple[Record, Trace]] = deque(maxlen=QUEUE_LIMIT)
        self._next: IDelayedCall | None = None
        self._sending = False
        self._failing = False

    def follow(self, send: Send | None, service: str = "", share: float = 1.0) -> None:
        """From now on `send` posts them, of so great a share of exchanges; None: nothing is traced."""
        self._send = send
        self._service = service
        self._share = share

    def observe(self, call: Call, record: Record) -> None:
        """An exchange is over."""
        if self._send is None:
            return
        trace = Trace.of(record.id, call.headers, self._share)
        if not trace.sampled:
            return
        self._queue.append((record, trace))
        if self._next is None and not self._sending:
            self._next = self._clock.callLater(SEND_EVERY, self._export)

    def close(self) -> Deferred[None]:
        """Send what waits, once. Fires when that is over."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        return self._export()

    def _export(self) -> Deferred[None]:
        self._next = None
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
        done: Deferred[None] = Deferred()
        if not batch or self._send is None:
            done.callback(None)
            return done
        self._sending = True
        body = jsontext.dumps(request((span for one in batch for span in spans(*one)), self._service))
        sent = self._send(body)
        sent.addCallbacks(self._taken, self._refused, errbackArgs=(len(batch),))
        sent.addBoth(lambda _: self._over(done))
        return done

    def _taken(self, _answer: Any) -> None:
        if self._failing:
            log.info("traces are taken again")
        self._failing = False

    def _refused(self, failure: Failure, count: int) -> None:
        if not self._failing:
            log.warn("{count} traces are lost: {reason}", count=count, reason=failure.getErrorMessage())
        self._failing = True

    def _over(self, done: Deferred[None]) -> None:
        self._sending = False
        if self._queue and self._next is None:
            self._next = self._clock.callLater(SEND_EVERY if len(self._queue) < BATCH_LIMIT else 0.0, self._export)
        done.callback(None)
