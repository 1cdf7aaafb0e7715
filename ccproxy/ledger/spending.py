"""Budgets in the running daemon: every exchange charges them, the log warns, and the ledger knows what was before."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.access.budgets import Budget, Budgets, Period
from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Record
from ccproxy.ledger.ledger import Ledger
from ccproxy.ledger.queries import spent

LEARN_EVERY = 30.0
"""Seconds between two looks at what others spent, who share the ledger."""

UNPRICED_LIMIT = 100
"""Targets without a price that are told of."""

log = Logger()


class Purse:
    """Observes records, and charges the budgets."""

    def __init__(self, budgets: Budgets, ledger: Ledger, clock: IReactorTime) -> None:
        self.budgets = budgets
        self._ledger = ledger
        self._clock = clock
        self._unpriced: set[str] = set()
        self._next: IDelayedCall | None = None

    def follow(self, budgets: Sequence[Budget]) -> None:
        """These budgets from now on, with all that the ledger knows was spent."""
        self.budgets.follow(budgets)
        self.close()
        if budgets:
            self._learn()

    def close(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def observe(self, _call: Call, record: Record) -> None:
        """An exchange is over."""
        if not self.budgets:
            return
        usage = record.usage
        tokens = usage.prompt + (usage.output or 0)
        if record.cost is None and tokens and record.target not in self._unpriced:
            if len(self._unpriced) < UNPRICED_LIMIT:
                self._unpriced.add(record.target)
            log.warn(
                "the price of {target} is not known: budgets of money do not count it; see `prices`",
                target=record.target,
                exchange=record.id,
            )
        for spending in self.budgets.charge(record.client, record.cost or 0.0, tokens, self._clock.seconds()):
            log.warn(
                "{part}% of a budget are spent: {words}",
                part=int(spending.part * 100),
                words=spending.words(),
                exchange=record.id,
                client=record.client,
            )

    def _learn(self) -> None:
        self._next = self._clock.callLater(LEARN_EVERY, self._learn)
        for period, since in self.budgets.since(self._clock.seconds()).items():
            self._ledger.ask(spent, since).addCallbacks(self._learnt, self._unknown, callbackArgs=(period, since))

    def _learnt(self, rows: Sequence[Any], period: Period, since: float) -> None:
        now = self._clock.seconds()
        if period.bounds(now)[0] == since:  # Else another one has begun since, in which that was not spent.
            self.budgets.learn(period, ((row.client, row.money, row.tokens) for row in rows), now)

    def _unknown(self, failure: Failure) -> None:
        log.debug("what was spent before is not known: {reason}", reason=failure.getErrorMessage())
