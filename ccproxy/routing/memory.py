"""What routes remember from one request to the next: whose turn it is, which conversation is at home where, and how
fast targets are.

It outlives a configuration: a reload must not move every conversation away from its warm prompt cache. Everything here
has a bound.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence

from attrs import field, frozen

CONVERSATIONS = 20_000
"""Conversations whose target is remembered; the one that was silent for longest is forgotten."""

HOME_SECONDS = 3600.0
"""How long a conversation may be silent and still comes back to its target: the longest life of a prompt cache."""

REFUGE_SECONDS = 300.0
"""How long a conversation stays where it had to go when the target before failed: about the life of a prompt cache.
Then the order that was written down holds again, as the failure may long be over."""

TARGETS = 4096
"""Targets whose speed is remembered."""

LESSON = 0.3
"""How much a new measurement weighs against what was known."""

FORGIVENESS_SECONDS = 600.0
"""In this time a measurement halves: a target that was slow, and so is not asked, gets another chance."""

FAILED_SECONDS = 60.0
"""What a failure counts as, where an answer would have had a time."""


@frozen
class _Home:
    """Of one conversation on one route: its target, or the one that it fled from."""

    until: float
    target: str = ""
    settled: bool = False
    fled: str = ""


class Homes:
    """Which target each conversation is at home at, by route."""

    __slots__ = ("_homes", "_routes")

    def __init__(self) -> None:
        self._routes: Counter[str] = Counter()
        self._homes: OrderedDict[tuple[str, str], _Home] = OrderedDict()

    def __len__(self) -> int:
        return len(self._homes)

    def has(self, route: str) -> bool:
        """Whether anything is known of any conversation on this route."""
        return self._routes[route] > 0

    def of(self, route: str, conversation: str, now: float) -> str | None:
        """The target's name; None where there is none, or it is too long ago."""
        found = self._homes.get((route, conversation))
        return found.target or None if found is not None and now < found.until else None

    def fled(self, route: str, conversation: str, now: float) -> str | None:
        """The name of the target that it had better not begin with; None where there is none."""
        found = self._homes.get((route, conversation))
        return found.fled or None if found is not None and now < found.until else None

    def settle(self, route: str, conversation: str, target: str, now: float) -> None:
        """This is its target, until it is silent for long."""
        self._keep((route, conversation), _Home(now + HOME_SECONDS, target, True))

    def move(self, route: str, conversation: str, target: str, now: float) -> None:
        """Its target failed, and this one answered: the new home of one that had settled, else a refuge for a while."""
        key = route, conversation
        settled = key in self._homes and self._homes[key].settled
        self._keep(key, _Home(now + (HOME_SECONDS if settled else REFUGE_SECONDS), target, settled))

    def flee(self, route: str, conversation: str, target: str, now: float) -> None:
        """An answer of this target broke off where no other could go on with it. The client asks once more, and would
        meet the same if it began where it did before."""
        self._keep((route, conversation), _Home(now + REFUGE_SECONDS, fled=target))

    def leave(self, route: str, conversation: str) -> None:
        """Its target failed, and none answered."""
        if self._homes.pop((route, conversation), None):
            self._routes[route] -= 1

    def _keep(self, key: tuple[str, str], home: _Home) -> None:
        if key not in self._homes:
            self._routes[key[0]] += 1
        self._homes[key] = home
        self._homes.move_to_end(key)
        if len(self._homes) > CONVERSATIONS:
            (route, _), _ = self._homes.popitem(last=False)
            self._routes[route] -= 1


class Speeds:
    """The time that each target takes to its first token: a moving average that fades as it ages."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def learn(self, target: str, seconds: float, now: float) -> None:
        """It took so long to its first token."""
        before = self._known.get(target)
        mean = seconds if before is None else before[0] + (seconds - before[0]) * LESSON
        self._known[target] = mean, now
        self._known.move_to_end(target)
        if len(self._known) > TARGETS:
            self._known.popitem(last=False)

    def fail(self, target: str, now: float) -> None:
        """It did not answer."""
        self.learn(target, FAILED_SECONDS, now)

    def measured(self, target: str) -> float | None:
        """Seconds to its first token, as they were; None where nobody knows."""
        known = self._known.get(target)
        return None if known is None else known[0]

    def expected(self, target: str, now: float) -> float:
        """What to expect of it: none at all of one that was never asked, so that it is."""
        known = self._known.get(target)
        if known is None:
            return 0.0
        mean, when = known
        return float(mean * 0.5 ** (max(0.0, now - when) / FORGIVENESS_SECONDS))


class Turns:
    """Whose turn it is, among targets with weights. Each gets its share in every stretch of requests, evenly spread:
    nginx's smooth weighted round robin, which needs no dice."""

    __slots__ = ("_credits",)

    def __init__(self) -> None:
        self._credits: dict[str, list[float]] = {}

    def order(self, route: str, weights: Sequence[float], take: bool) -> list[int]:
        """The places of the targets, the one whose turn it is first, and the others as their turns would come. `take`
        tells that it really is asked."""
        credits = self._credits.get(route)
        if credits is None or len(credits) != len(weights):
            credits = [0.0] * len(weights)
        credits = [credit + weight for credit, weight in zip(credits, weights, strict=True)]
        places = sorted(range(len(weights)), key=lambda at: (-credits[at], at))
        if take:
            credits[places[0]] -= sum(weights)
            self._credits[route] = credits
        return places


@frozen
class Memory:
    """All of it, for one daemon."""

    homes: Homes = field(factory=Homes)
    speeds: Speeds = field(factory=Speeds)
    turns: Turns = field(factory=Turns)
