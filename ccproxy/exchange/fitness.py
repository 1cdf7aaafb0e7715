"""How fit the targets are, by what became of those who asked them: breakers, keys that cool down, places.

One for the daemon, and it outlives configurations: a provider that is down stays so when a file is read anew.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.interfaces import IReactorTime

from ccproxy.config.settings import FailoverSettings, ProviderSettings
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.places import Place, Places, Room
from ccproxy.exchange.record import Outcome
from ccproxy.headers import redact
from ccproxy.providers.keys import Keys
from ccproxy.providers.target import Target
from ccproxy.routing.breakers import Breakers, Limits

ALIVE = frozenset({Kind.INVALID, Kind.TOO_LARGE, Kind.OVERFLOW, Kind.NO_ROUTE, Kind.CONFLICT, Kind.AUTH})
"""What only a target says that works: it read the request."""


class Fitness:
    """What all exchanges know of all targets."""

    def __init__(
        self,
        clock: IReactorTime,
        breakers: Breakers | None = None,
        keys: Keys | None = None,
        places: Places | None = None,
    ) -> None:
        self._clock = clock
        self.breakers = Breakers() if breakers is None else breakers
        self.keys = Keys() if keys is None else keys
        self.places = Places(clock) if places is None else places

    def adopt(self, failover: FailoverSettings, providers: Iterable[ProviderSettings]) -> None:
        """What of it follows a configuration. Breakers that are open stay so."""
        self.breakers.follow(Limits(failover.breaker_failures, failover.breaker_pause, failover.breaker_longest_pause))
        self.places.adopt(
            {one.name: Room(one.max_concurrent, one.max_queued, failover.queue_time) for one in providers}
        )

    def in_order(self, targets: Sequence[Target]) -> list[Target]:
        """The targets as they come, but last those with no key that is not cooling down."""
        now = self._clock.seconds()
        return sorted(targets, key=lambda target: self.keys.all_cooling(target, now))

    def wait(self, target: Target) -> float:
        """Seconds until its breaker lets it be asked."""
        return self.breakers.wait(target.name, self._clock.seconds())

    def by_key(self, target: Target, conversation: Callable[[], str]) -> list[Target]:
        """The target with one of its keys after the other: with the first in any case, with others if they do not cool
        down."""
        if not target.others:
            return [target]
        now = self._clock.seconds()
        first, *others = self.keys.order(target, conversation(), now)
        return [first, *(keyed for keyed in others if not self.keys.wait(keyed, now))]

    async def ask(self, target: Target, conversation: Callable[[], str]) -> "Asking":
        """From now on the target is asked by one more exchange. Raises BUSY where its provider has no place, and
        OVERLOADED where its breaker opened while this one waited in line: the others in it would all fail as well."""
        place = await self.places.take(target.provider, conversation)
        if wait := self.wait(target):
            place.give_back()
            raise self.unfit([(target, wait)])
        self.keys.asked(target, conversation)
        return Asking(self, target, place, self.breakers.asked(target.name), self._clock)

    def unfit(self, targets: Sequence[tuple[Target, float]]) -> ApiError:
        """Why these are not asked, and for how long. A target that says it fails is no overloaded one, and clients wait
        longer for those."""
        errors = [self.breakers.error(target.name) for target, _ in targets]
        failing = all(error is not None and error.kind is Kind.BROKEN for error in errors)
        wait = min(wait for _, wait in targets)
        each = "; ".join(
            f"{target.name}: {error.message if error else 'it failed'}"
            for (target, _), error in zip(targets, errors, strict=True)
        )
        told = f"no target is fit to be asked now, since each failed several times in a row ({each})"
        return ApiError(Kind.OVERLOADED, told, status=503 if failing else 529, retry_after=max(wait, 1.0))

    def details(self) -> dict[str, Any]:
        """For the status page: nothing of targets that are well."""
        now = self._clock.seconds()
        return {
            "breakers": [
                {
                    "target": standing.target,
                    "state": standing.state.value,
                    "failures": standing.points,
                    "asked_again_in": round(standing.wait, 1),
                    "last_failure": None if standing.error is None else redact(standing.error.message),
                }
                for standing in self.breakers.standings(now)
            ],
            "cooling_keys": [
                {
                    "target": cooling.target,
                    "key": cooling.number,
                    "reason": cooling.fault.value,
                    "seconds_left": round(cooling.until - now, 1),
                }
                for cooling in self.keys.cooling(now)
            ],
            "concurrency": {
                name: {"running": running, "waiting": waiting}
                for name, (running, waiting) in self.places.counts().items()
            },
        }


class Asking:
    """One exchange with one target, from the place it took to its end; tells `Fitness` what it came to.

    Either `refused`, and that was all; or `answers`, and later `over`.
    """

    __slots__ = ("_clock", "_fitness", "_place", "_probe", "_target")

    def __init__(self, fitness: Fitness, target: Target, place: Place, probe: bool, clock: IReactorTime) -> None:
        self._fitness = fitness
        self._target = target
        self._place = place
        self._probe = probe
        self._clock = clock

    def refused(self, error: ApiError | None) -> None:
        """No answer came. None, and a client who left, say nothing about the target."""
        if error is not None and error.kind in ALIVE:
            self._fitness.breakers.answered(self._target.name)
        elif error is not None:
            now = self._clock.seconds()
            self._fitness.breakers.failed(self._target.name, error, now, self._probe)
            self._fitness.keys.failed(self._target, error, now)
        elif self._probe:
            self._fitness.breakers.let_go(self._target.name)
        self._let_go()

    def answers(self) -> None:
        """The first content is on its way to the client. A breaker that was counting counts on until the end."""
        self._fitness.breakers.speaks(self._target.name)
        self._fitness.keys.answered(self._target)

    def over(self, outcome: Outcome, error: ApiError | None) -> None:
        """The answer ended, for the reason `error` if the target failed. A client who left says nothing about it."""
        if error is not None:
            self._fitness.breakers.failed(self._target.name, error, self._clock.seconds())
        elif outcome is Outcome.FINISHED:
            self._fitness.breakers.answered(self._target.name)
        self._let_go()

    def _let_go(self) -> None:
        self._fitness.keys.let_go(self._target)
        self._place.give_back()
