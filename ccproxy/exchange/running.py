"""The exchanges that run now: to be counted, and to be waited for before the daemon stops."""

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.internet.defer import Deferred, succeed

from ccproxy.exchange.call import Call


class Running:
    """The calls being served."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._waiting: list[Deferred[None]] = []
        self.served = 0

    def __len__(self) -> int:
        return len(self._calls)

    @contextmanager
    def during(self, call: Call) -> Iterator[None]:
        """The call runs while the body of the `with` statement does."""
        self._calls[call.id] = call
        try:
            yield
        finally:
            del self._calls[call.id]
            self.served += 1
            if not self._calls:
                waiting, self._waiting = self._waiting, []
                for deferred in waiting:
                    deferred.callback(None)

    def when_empty(self) -> Deferred[None]:
        """Fires when nothing runs: now, or after the last call. Cancelling gives up the waiting, not the calls."""
        if not self._calls:
            return succeed(None)
        deferred: Deferred[None] = Deferred(self._forget)
        self._waiting.append(deferred)
        return deferred

    def _forget(self, deferred: Deferred[None]) -> None:
        if deferred in self._waiting:
            self._waiting.remove(deferred)
