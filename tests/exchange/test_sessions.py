"""What each conversation has used so far."""

from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.call import Call
from ccproxy.exchange.sessions import SESSIONS_LIMIT, Sessions
from tests.ledger.records import record

CALL = cast(Call, None)


class SessionsTests(SynchronousTestCase):
    """`Sessions`, over records."""

    def setUp(self) -> None:
        self.sessions = Sessions()

    def ended(self, **fields: Any) -> None:
        """One exchange is over."""
        self.sessions.observe(CALL, record(**{"agent": "", **fields}))

    def test_sum(self) -> None:
        """Tokens, cost and exchanges add up; whole prompts are counted, cached or not."""
        self.ended()
        self.ended()
        told = self.sessions.told("s-1")
        expected = {"asked": "claude-x", "target": "groq,llama", "exchanges": 2, "tokens_in": 30, "tokens_out": 10}
        self.assertEqual(told, {**expected, "cost": 1.0, "all_priced": True})

    def test_unknown_price(self) -> None:
        """A price that is not known makes the cost a lower bound."""
        self.ended()
        self.ended(cost=None)
        told = self.sessions.told("s-1") or {}
        self.assertEqual((told["cost"], told["all_priced"]), (0.5, False))

    def test_subagents(self) -> None:
        """What a subagent asks counts, and the conversation's own model stays the one that is shown."""
        self.ended()
        self.ended(agent="a-1", asked="claude-small")
        told = self.sessions.told("s-1") or {}
        self.assertEqual((told["exchanges"], told["asked"]), (2, "claude-x"))

    def test_nobody(self) -> None:
        """Without a session, and without anybody who was asked, nothing is remembered."""
        self.ended(session="")
        self.ended(attempts=())
        self.assertIsNone(self.sessions.told(""))
        self.assertIsNone(self.sessions.told("s-1"))

    def test_forgets(self) -> None:
        """The one that was quiet for longest is forgotten first."""
        for number in range(SESSIONS_LIMIT):
            self.ended(session=f"s-{number}")
        self.ended(session="s-0")
        self.ended(session="new")
        self.assertIsNone(self.sessions.told("s-1"))
        self.assertIsNotNone(self.sessions.told("s-0"))
