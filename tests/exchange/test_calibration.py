"""What is learnt from exchanges about our own count of tokens."""

import json
from typing import Any

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.principals import Principal
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.exchange.calibration import BODY_LIMIT, PAUSE_SECONDS, Calibration
from ccproxy.exchange.call import Call
from ccproxy.exchange.meter import Meter
from ccproxy.exchange.record import Outcome, Record
from ccproxy.model.events import Finished, Started
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.tokens.factors import Factors
from tests.support.wire import OPENAI


def call(**fields: Any) -> Call:
    """A call whose prompt is 1000 words."""
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "word " * 1000}], **fields}
    return Call("req_1", ANTHROPIC, {}, json.dumps(body).encode(), "m", False, Principal("local"))


def record(asked: Call, usage: Usage, outcome: Outcome = Outcome.FINISHED) -> Record:
    """What a meter says of a call that was answered with this usage."""
    meter = Meter(asked, Clock())
    meter.trying(OPENAI)
    meter.see(Started("msg_1", "m", usage))
    meter.see(Finished(Stop(Reason.DONE), Usage(output=3)))
    return meter.record(outcome)


class Lessons(SynchronousTestCase):
    """From exchanges to factors."""

    def setUp(self) -> None:
        self.factors = Factors()
        self.clock = Clock()
        self.counted = 0
        self.calibration = Calibration(self.measure, self.factors, self.clock)

    def measure(self, text: str) -> int:
        self.counted += 1
        return len(text.split())

    def observe(self, prompt: int = 1500, outcome: Outcome = Outcome.FINISHED, **fields: Any) -> None:
        asked = call(**fields)
        self.calibration.observe(asked, record(asked, Usage(input=prompt), outcome))

    @property
    def factor(self) -> float:
        return self.factors.factor(OPENAI.name)

    def test_learns(self) -> None:
        """An upstream that reports half as much again as we count makes a factor of one and a half."""
        self.observe(1500)
        self.assertTrue(1.45 < self.factor < 1.55, self.factor)

    def test_cached_tokens_count(self) -> None:
        """What was read from a cache or written to it is of the prompt too."""
        asked = call()
        self.calibration.observe(asked, record(asked, Usage(input=10, cache_read=1000, cache_written=490)))
        self.assertTrue(1.45 < self.factor < 1.55, self.factor)

    def test_seldom(self) -> None:
        """A busy proxy counts no more than one prompt of a target in half a minute."""
        self.observe(1500)
        self.observe(2500)
        self.assertEqual(self.counted, 1)
        self.clock.advance(PAUSE_SECONDS)
        self.observe(2500)
        self.assertEqual(self.counted, 2)
        self.assertGreater(self.factor, 1.9)

    def test_teaches_nothing(self) -> None:
        """An exchange that failed, one without usage, one too large to count by the way, and one that cannot be read
        teach nothing; none is an error."""
        self.observe(outcome=Outcome.ABANDONED)
        self.observe(prompt=0)
        self.observe(system="x" * BODY_LIMIT)
        self.assertEqual(self.counted, 0)
        asked = evolve(call(), body=b'{"messages": 5}')
        self.calibration.observe(asked, record(asked, Usage(input=1500)))
        self.assertEqual(self.factor, 1.0)
