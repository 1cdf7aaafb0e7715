"""What the ledger said of the last days."""

import time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.ledger.database import LedgerError
from ccproxy.ledger.ledger import Ledger
from ccproxy.ledger.queries import usage

log = Logger()

DAYS = 14
"""Days whose cost is shown."""

ASK_EVERY = 5.0
"""Seconds for which the ledger's answer is good."""


class Kept:
    """Asked once for all who look, and not again within `ASK_EVERY`."""

    def __init__(self) -> None:
        self._at = float("-inf")
        self._waiting: list[Deferred[None]] = []
        self.days: list[str] = []
        self.usage: list[dict[str, Any]] | None = None
        self.today: list[dict[str, Any]] | None = None
        self.rendered = float("-inf"), b""
        """What scripts are given to refresh their pages, and when it was made."""

    async def refresh(self, ledger: Ledger, now: float) -> None:
        """Not older than that. Where the ledger cannot tell, there is nothing."""
        if now - self._at < ASK_EVERY:
            return
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            # On its own: a reader that leaves takes nothing from the others.
            Deferred.fromCoroutine(self._ask(ledger, now)).addErrback(_fault)
        await waiting

    async def _ask(self, ledger: Ledger, now: float) -> None:
        today = time.localtime(now)
        starts = [time.mktime((*today[:2], today.tm_mday - back, 0, 0, 0, 0, 0, -1)) for back in range(DAYS)]
        self.days = [time.strftime("%Y-%m-%d", time.localtime(start)) for start in reversed(starts)]
        try:
            self.usage = await ledger.ask(usage, ("day", "model"), starts[-1])
            self.today = await ledger.ask(usage, (), starts[0])
        except LedgerError:
            self.usage = self.today = None
        finally:
            self._at = now
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                if not one.called:
                    one.callback(None)


def _fault(failure: Failure) -> None:
    log.failure("asking the ledger failed: a fault of ours", failure)
