"""What the usage that upstreams report teaches about our own count of tokens."""

from twisted.internet.interfaces import IReactorTime

from ccproxy.errors import ApiError
from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Outcome, Record
from ccproxy.tokens.counting import count
from ccproxy.tokens.factors import Factors
from ccproxy.tokens.ranks import Measure

BODY_LIMIT = 200_000
"""Bytes. A larger request is not counted for the sake of learning: the reactor would wait for it."""

PAUSE_SECONDS = 30.0
"""Between two lessons about one target. A busy proxy learns no better from each of its exchanges."""

TARGET_LIMIT = 1024
"""Targets whose last lesson is remembered."""


class Calibration:
    """Watches exchanges, and counts the prompt of one now and then as `web.counting` would, to compare."""

    def __init__(self, measure: Measure, factors: Factors, clock: IReactorTime) -> None:
        self._measure = measure
        self._factors = factors
        self._clock = clock
        self._next: dict[str, float] = {}

    def observe(self, call: Call, record: Record) -> None:
        """An exchange is over. Never raises: a request that cannot be read teaches nothing."""
        prompt = record.usage.prompt
        if record.outcome is not Outcome.FINISHED or record.estimated or not prompt or len(call.body) > BODY_LIMIT:
            return
        now = self._clock.seconds()
        if now < self._next.get(record.target, 0.0):
            return
        if len(self._next) >= TARGET_LIMIT:
            self._next.clear()
        self._next[record.target] = now + PAUSE_SECONDS
        try:
            request = call.dialect.parse_request(call.headers, call.body)
        except ApiError:
            return
        self._factors.observe(record.target, count(request, self._measure), prompt)
