"""Where exchanges come in one by one, by the limits of whoever asks, and where what they used is counted."""

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.internet.interfaces import IReactorTime

from ccproxy.access.budgets import Budgets
from ccproxy.access.limits import Admission
from ccproxy.exchange.meter import BYTES_PER_TOKEN, Meter
from ccproxy.exchange.running import Running


class Turnstile:
    """Lets exchanges in, and out exactly once. Whoever knocks is counted among those that are running."""

    def __init__(
        self, running: Running, admission: Admission, clock: IReactorTime, budgets: Budgets | None = None
    ) -> None:
        self._running = running
        self._admission = admission
        self._budgets = Budgets() if budgets is None else budgets
        self._clock = clock

    @contextmanager
    def during(self, meter: Meter) -> Iterator[None]:
        """The exchange is inside while the body of the `with` statement runs. Raises RATE and BUDGET."""
        with self._running.during(meter), self._let_in(meter):
            yield

    @contextmanager
    def _let_in(self, meter: Meter) -> Iterator[None]:
        call = meter.call
        principal = call.principal
        estimate = len(call.body) / BYTES_PER_TOKEN
        now = self._clock.seconds()
        self._budgets.admit(principal.name, now)
        permit = self._admission.admit(principal.name, principal.client.limits, principal.address, estimate, now)
        meter.told |= permit.headers
        try:
            yield
        finally:
            permit.settle(_tokens(meter), self._clock.seconds())


def _tokens(meter: Meter) -> int:
    """What counts of an exchange's usage: as Anthropic does it, what was read from a cache is free."""
    usage = meter.usage
    return (usage.input or 0) + (usage.cache_written or 0) + (usage.output or 0)
