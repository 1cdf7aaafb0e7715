"""What each conversation has used so far: for the status line of the client that holds it."""

from collections import OrderedDict
from typing import Any

from attrs import define

from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Record

SESSIONS_LIMIT = 2000
"""Conversations remembered; the one that was quiet for longest is forgotten first."""


@define
class Session:
    """One conversation's sum. `cost` is in dollars, of those exchanges whose price is known; `all_priced` if that is
    all of them."""

    asked: str = ""
    target: str = ""
    exchanges: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    all_priced: bool = True

    def add(self, record: Record) -> None:
        """One more exchange. What a subagent asked counts, and does not change who is shown as answering."""
        if not record.agent or not self.target:
            self.asked, self.target = record.asked, record.target
        self.exchanges += 1
        self.tokens_in += record.usage.prompt
        self.tokens_out += record.usage.output or 0
        self.cost += record.cost or 0.0
        self.all_priced = self.all_priced and record.cost is not None


class Sessions:
    """All conversations lately. One for the daemon."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Session] = OrderedDict()

    def observe(self, _call: Call, record: Record) -> None:
        """An exchange is over."""
        if not record.session or not record.target:
            return
        session = self._known.setdefault(record.session, Session())
        self._known.move_to_end(record.session)
        session.add(record)
        while len(self._known) > SESSIONS_LIMIT:
            self._known.popitem(last=False)

    def told(self, name: str) -> dict[str, Any] | None:
        """A conversation's sum as plain values; None for one that nobody has held lately."""
        session = self._known.get(name)
        if session is None:
            return None
        return {
            "asked": session.asked,
            "target": session.target,
            "exchanges": session.exchanges,
            "tokens_in": session.tokens_in,
            "tokens_out": session.tokens_out,
            "cost": round(session.cost, 6),
            "all_priced": session.all_priced,
        }
