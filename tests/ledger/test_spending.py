"""Budgets in the running proxy: charged, warned of, begun with what the ledger knows, and refused as clients expect."""

from pathlib import Path

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.budgets import Budget, Budgets, Period
from ccproxy.ledger.database import database
from ccproxy.ledger.ledger import WRITE_EVERY, Keeping, Ledger
from ccproxy.ledger.spending import LEARN_EVERY, Purse
from ccproxy.model.usage import Usage
from tests.ledger.records import record
from tests.ledger.test_ledger import Here
from tests.support.wire import CLAUDE, Wire, messages


@frozen
class Row:
    """What the ledger knows of one client."""

    client: str
    money: float
    tokens: int


class PurseTests(SynchronousTestCase):
    """A purse over a ledger in a file."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(record(0).began)
        self.ledger = Ledger(Here, self.clock)
        self.ledger.open(database(str(Path(self.mktemp()) / "ledger.db")), Keeping(None, None))
        self.addCleanup(self.ledger.close)
        self.purse = Purse(Budgets(), self.ledger, self.clock)
        self.addCleanup(self.purse.close)
        self.events: list[dict[str, object]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def told(self) -> list[object]:
        """The warnings of ours so far."""
        return [event["words"] for event in self.events if "words" in event]

    def test_charged(self) -> None:
        """Every exchange counts, with its cached tokens; the threshold is told in the log."""
        self.purse.follow([Budget(Period.DAY, money=1.0, tokens=100)])
        self.purse.observe(None, record(1))  # type: ignore[arg-type]
        (spending,) = self.purse.budgets.spendings(self.clock.seconds())
        self.assertEqual((spending.money, spending.tokens), (0.5, 20))
        self.assertEqual(self.told(), [])
        self.purse.observe(None, record(2))  # type: ignore[arg-type]
        (words,) = self.told()
        self.assertIn("$1.00 ($1.00 spent)", str(words))

    def test_what_was_before(self) -> None:
        """A daemon that starts again knows what was spent before, and what others spend who share its ledger."""
        self.ledger.observe(None, record(1))  # type: ignore[arg-type]
        self.clock.advance(WRITE_EVERY)
        self.purse.follow([Budget(Period.MONTH, money=1.0)])
        self.assertEqual(self.purse.budgets.spendings(self.clock.seconds())[0].money, 0.5)
        self.ledger.observe(None, record(2))  # type: ignore[arg-type]
        self.clock.advance(LEARN_EVERY)
        self.assertEqual(self.purse.budgets.spendings(self.clock.seconds())[0].money, 1.0)

    def test_answered_too_late(self) -> None:
        """What the ledger says of a day that has ended meanwhile is not charged to the next one."""
        answers: list[Deferred[object]] = []
        self.ledger.ask = lambda *_: answers.append(Deferred()) or answers[-1]  # type: ignore[method-assign,func-returns-value]
        self.purse.follow([Budget(Period.DAY, money=1.0)])
        self.purse.close()
        self.clock.advance(Period.DAY.bounds(self.clock.seconds())[1] - self.clock.seconds() + 1)
        answers[0].callback([Row("client", 5.0, 100)])
        self.assertEqual(self.purse.budgets.spendings(self.clock.seconds())[0].money, 0.0)

    def test_unpriced(self) -> None:
        """A model without a price is told of once."""
        self.purse.follow([Budget(Period.DAY, money=1.0)])
        for number in range(3):
            self.purse.observe(None, record(number, cost=None))  # type: ignore[arg-type]
        unknown = [event["target"] for event in self.events if "target" in event]
        self.assertEqual(unknown, ["groq,llama"])

    def test_no_ledger(self) -> None:
        """Without a ledger budgets begin with nothing, and work."""
        self.ledger.open(None, Keeping(None, None))
        self.purse.follow([Budget(Period.DAY, tokens=10)])
        self.purse.observe(None, record(1, usage=Usage(input=10)))  # type: ignore[arg-type]
        self.assertEqual(self.purse.budgets.spendings(self.clock.seconds())[0].part, 1.0)
        self.purse.follow([])
        self.assertEqual([call for call in self.clock.getDelayedCalls() if call.getTime() < 1e9], [])


class RefusedTests(SynchronousTestCase):
    """What a client sees when a budget is spent."""

    def test_refused(self) -> None:
        """429, not to be tried again, with the cap and the time of its reset; no upstream is asked; others go on."""
        wire = Wire((CLAUDE,))
        wire.budgets.follow([Budget(Period.DAY, "local", tokens=12, message="Ask Bob.")])
        wire.ask()
        wire.upstream().whole(b"".join(messages("Hi")), content_type="text/event-stream")
        wire.pool.close()
        usage = wire.record.usage
        wire.budgets.charge("local", 0.0, usage.prompt + (usage.output or 0), wire.clock.seconds())
        answer = wire.ask().answer
        self.assertEqual((answer.status, answer.headers["x-should-retry"]), (429, "false"))
        self.assertNotIn("retry-after", answer.headers)
        error = answer.json["error"]
        self.assertEqual(error["type"], "rate_limit_error")
        self.assertIn("12 tokens (12 used) a day for the client 'local'; it resets at ", error["message"])
        self.assertTrue(error["message"].endswith(" Ask Bob."))
        self.assertEqual(wire.upstreams.pending, [])
        self.assertEqual(wire.records[-1].error.kind.value, "budget")
        wire.clock.advance(86400)
        wire.ask()
        self.assertEqual(len(wire.upstreams.pending), 1)
