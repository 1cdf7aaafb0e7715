"""The exchanges that run now: to be counted and looked at, and to be waited for before the daemon stops."""

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.internet.defer import Deferred, succeed

from ccproxy.exchange.meter import Meter


class Running:
    """The exchanges being served, by their meters."""

    def __init__(self) -> None:
        self._meters: dict[str, Meter] = {}
        self._waiting: list[Deferred[None]] = []
        self.served = 0

    def __len__(self) -> int:
        return len(self._meters)

    def __iter__(self) -> Iterator[Meter]:
        """The meters of what runs, the oldest first."""
        return iter(self._meters.values())

    @contextmanager
    def during(self, meter: Meter) -> Iterator[None]:
        """The exchange runs while the body of the `with` statement does."""
        self._meters[meter.call.id] = meter
        try:
            yield
        finally:
            del self._meters[meter.call.id]
            self.served += 1
            if not self._meters:
                waiting, self._waiting = self._waiting, []
                for deferred in waiting:
                    deferred.callback(None)

    def when_empty(self) -> Deferred[None]:
        """Fires when nothing runs: now, or after the last exchange. Cancelling gives up the waiting alone."""
        if not self._meters:
            return succeed(None)
        deferred: Deferred[None] = Deferred(self._forget)
        self._waiting.append(deferred)
        return deferred

    def _forget(self, deferred: Deferred[None]) -> None:
        if deferred in self._waiting:
            self._waiting.remove(deferred)
