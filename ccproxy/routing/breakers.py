"""One breaker per target: a target that fails again and again is left alone for a while, and then asked once.

    state      speaks   answered well  failed                          asked
    CLOSED     -        counts anew    counts; enough of them: OPEN    yes
    OPEN       CLOSED   CLOSED         -                               no; when its pause is over: yes, HALF_OPEN
    HALF_OPEN  CLOSED   CLOSED         OPEN, for twice as long         no: one probe is under way

What is counted are points in a row (`POINTS`). A failure that costs every client a deadline weighs more than one that
is told at once. Failures of a key (refused, limited, out of credit) are no failures of the target: `providers.keys`
knows those. A client that leaves, and a request that is refused for what it says, change nothing but that a probe is
over; the latter shows that the target is alive.

Time is an argument. A breaker's pause doubles with each probe that fails, up to a limit, and is spread by chance, so
that targets that failed together are not all asked again in the same moment.
"""

import enum
from collections.abc import Callable, Mapping
from random import random

from attrs import frozen

from ccproxy.errors import ApiError, Kind

POINTS: Mapping[Kind, int] = {
    Kind.UNREACHABLE: 4,
    Kind.TIMEOUT: 4,
    Kind.OVERLOADED: 1,
    Kind.BROKEN: 1,
}
"""What a failure counts against a target. What is not here says nothing about it."""

SPREAD = 0.1
"""A pause is up to so much longer, by chance."""

TARGET_LIMIT = 4096
"""Breakers remembered: clients may name any model. Only targets that failed have one."""


class State(enum.Enum):
    """Whether a target is asked; see the module's docstring."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@frozen
class Limits:
    """When a breaker opens, and for how long, in seconds. `points` 0: never."""

    points: int = 10
    pause: float = 5.0
    longest_pause: float = 60.0


def points(error: ApiError) -> int:
    """What this failure counts against its target."""
    return 0 if error.limited else POINTS.get(error.kind, 0)


class Breaker:
    """Of one target."""

    __slots__ = ("_chance", "_error", "_pause", "_probing", "_until", "failures", "limits")

    def __init__(self, limits: Limits, chance: Callable[[], float]) -> None:
        self.limits = limits
        self._chance = chance
        self.failures = 0
        """Points in a row."""
        self._error: ApiError | None = None
        self._pause = 0.0
        """The length of the present pause; 0 where the breaker is closed."""
        self._until = 0.0
        self._probing = False

    @property
    def state(self) -> State:
        """Of now, as the last input left it: a pause that is over shows when somebody asks."""
        if not self._pause:
            return State.CLOSED
        return State.HALF_OPEN if self._probing else State.OPEN

    @property
    def error(self) -> ApiError | None:
        """The last failure that counted."""
        return self._error

    def wait(self, now: float) -> float:
        """Seconds until the target may be asked; 0 where it may be now. While a probe is under way nobody knows: told
        is one second."""
        if not self._pause:
            return 0.0
        return 1.0 if self._probing else max(0.0, self._until - now)

    def asked(self) -> bool:
        """Somebody asks the target, who was told that there is nothing to wait for. Gives whether it is the probe."""
        self._probing = bool(self._pause)
        return self._probing

    def speaks(self) -> None:
        """The target began an answer. It is asked again; what was counted is forgotten when an answer ends well."""
        if self._pause:
            self.failures = 0
            self._pause = 0.0
        self._probing = False

    def failed(self, error: ApiError, now: float, probe: bool = False) -> None:
        """The target failed. What began before the breaker opened does not prolong its pause."""
        weight = points(error)
        if not weight:
            if probe:
                self.let_go()
            return
        self._error = error
        self.failures += weight
        if probe:
            self._open(min(2 * self._pause, self.limits.longest_pause), now)
        elif not self._pause and self.limits.points and self.failures >= self.limits.points:
            self._open(self.limits.pause, now)

    def let_go(self) -> None:
        """The probe got no answer that tells anything: it may be tried again."""
        self._probing = False

    def ready(self) -> None:
        """Somebody else found the target alive: its pause is over, and the next one who asks is the probe."""
        self._until = 0.0

    def _open(self, pause: float, now: float) -> None:
        self._probing = False
        self._pause = pause
        self._until = now + pause * (1 + SPREAD * self._chance())


@frozen
class Standing:
    """What is known of one breaker, to be shown."""

    target: str
    state: State
    points: int
    wait: float
    error: ApiError | None


class Breakers:
    """The breakers of all targets, by name. A target that never failed has none, and costs one look-up."""

    def __init__(self, limits: Limits | None = None, chance: Callable[[], float] = random) -> None:
        self._limits = Limits() if limits is None else limits
        self._chance = chance
        self._known: dict[str, Breaker] = {}

    def follow(self, limits: Limits) -> None:
        """Other limits from now on. What is open stays open for the rest of its pause."""
        self._limits = limits
        for breaker in self._known.values():
            breaker.limits = limits

    def wait(self, target: str, now: float) -> float:
        """Seconds until the target may be asked; 0 where it may be now."""
        breaker = self._known.get(target)
        return 0.0 if breaker is None else breaker.wait(now)

    def error(self, target: str) -> ApiError | None:
        """Why the target is not asked."""
        breaker = self._known.get(target)
        return None if breaker is None else breaker.error

    def asked(self, target: str) -> bool:
        """The target is asked: see `Breaker.asked`."""
        breaker = self._known.get(target)
        return breaker is not None and breaker.asked()

    def speaks(self, target: str) -> None:
        """The target began an answer: see `Breaker.speaks`."""
        breaker = self._known.get(target)
        if breaker is not None:
            breaker.speaks()

    def answered(self, target: str) -> None:
        """An answer ended well: there is nothing to remember of the target any more."""
        if target in self._known:
            del self._known[target]

    def failed(self, target: str, error: ApiError, now: float, probe: bool = False) -> None:
        """The target failed: see `Breaker.failed`."""
        breaker = self._known.get(target)
        if breaker is None:
            if not points(error):
                return
            if len(self._known) >= TARGET_LIMIT:
                del self._known[next(iter(self._known))]
            breaker = self._known[target] = Breaker(self._limits, self._chance)
        breaker.failed(error, now, probe)

    def let_go(self, target: str) -> None:
        """See `Breaker.let_go`."""
        breaker = self._known.get(target)
        if breaker is not None:
            breaker.let_go()

    def ready(self, target: str) -> None:
        """See `Breaker.ready`."""
        breaker = self._known.get(target)
        if breaker is not None:
            breaker.ready()

    def standings(self, now: float) -> list[Standing]:
        """Of all that have failed since they answered last."""
        return [
            Standing(name, breaker.state, breaker.failures, breaker.wait(now), breaker.error)
            for name, breaker in self._known.items()
        ]
