"""Who is asked next in one exchange, and what the client is told when nobody answers.

A target is asked once, by each of its provider's keys at most once, and only as long as an error is such that the next
may do better. Targets whose breaker is open are passed over; such whose key is cooling down come last. There is no
waiting between different providers, and never for a `retry-after`: a client is better told. Only where the next target
is another model of a provider that has just said it is overloaded, a short pause of random length comes between, so
that all exchanges that failed together do not come down on it in the same moment.
"""

from collections.abc import Callable, Sequence
from random import random

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from ccproxy.errors import ApiError, Kind, most_useful
from ccproxy.exchange.fitness import Fitness
from ccproxy.providers.keys import fault
from ccproxy.providers.target import Target

PAUSE = 0.1
"""Seconds of the first pause; each further one may be twice as long. By chance it is half as long or up to it."""

PAUSES = 3
"""How many there are in one exchange: together they last less than a second."""


@frozen
class Bounds:
    """How many targets one exchange asks, and for how many seconds it goes on to others."""

    attempts: int = 6
    seconds: float = 300.0


class Tries:
    """The targets of one exchange."""

    def __init__(
        self,
        targets: Sequence[Target],
        conversation: Callable[[], str],
        fitness: Fitness,
        bounds: Bounds,
        clock: IReactorTime,
        chance: Callable[[], float] = random,
    ) -> None:
        self._fitness = fitness
        self._conversation = conversation
        self._bounds = bounds
        self._clock = clock
        self._chance = chance
        self._began = clock.seconds()
        self._rest = fitness.in_order(targets) if len(targets) > 1 else list(targets)
        self._keyed: list[Target] = []
        self._last: Target | None = None
        self._failed: Target | None = None
        self._asked = 0
        self._pauses = 0
        self._skipped: list[tuple[Target, float]] = []
        self._errors: list[ApiError] = []

    def next(self) -> Target | None:
        """The one to ask now; None where there is no other, or it is too late for one."""
        if self._asked and (
            self._asked >= self._bounds.attempts or self._clock.seconds() - self._began >= self._bounds.seconds
        ):
            return None
        if not self._keyed:
            self._keyed = self._next_by_key()
        if not self._keyed:
            return None
        self._asked += 1
        self._last = self._keyed.pop(0)
        return self._last

    def _next_by_key(self) -> list[Target]:
        """The next target that is fit, with one of its keys after the other; nothing where there is none."""
        while self._rest:
            target = self._rest.pop(0)
            if not (wait := self._fitness.wait(target)):
                return self._fitness.by_key(target, self._conversation)
            self._skipped.append((target, wait))
        return []

    def failed(self, error: ApiError) -> None:
        """The last one did not answer."""
        self._errors.append(error)
        self._failed = self._last
        if fault(error) is None:
            self._keyed.clear()  # Another key of the same target would meet the same.
        if error.kind is Kind.OVERFLOW and self._last is not None:
            self._rest = _larger(self._rest, self._last.quirks.window)

    def broke_off(self, error: ApiError) -> None:
        """The last one answered, and not to the end: the time for those who may go on begins now."""
        self.failed(error)
        self._began = self._clock.seconds()

    def pause(self, following: Target) -> float:
        """Seconds to wait before `following` is asked; mostly none."""
        last = self._errors[-1] if self._errors else None
        if last is None or last.kind is not Kind.OVERLOADED or last.limited or self._pauses >= PAUSES:
            return 0.0
        if self._failed is None or self._failed.provider != following.provider:
            return 0.0
        self._pauses += 1
        return PAUSE * (1 << self._pauses - 1) * (0.5 + self._chance() / 2)

    def verdict(self) -> ApiError:
        """Why nobody answered."""
        if not self._errors:
            return self._fitness.unfit(self._skipped)
        told = most_useful(self._errors)
        told.another_time_may_help = bool(self._skipped) or any(not error.retry_is_vain for error in self._errors)
        return told


def _larger(targets: Sequence[Target], window: int | None) -> list[Target]:
    """Those that may hold what did not fit a window: known to be larger first, then such that nothing is known of."""
    if window is None:
        return list(targets)
    known = [target for target in targets if target.quirks.window is not None and target.quirks.window > window]
    return known + [target for target in targets if target.quirks.window is None]
