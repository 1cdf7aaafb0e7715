"""In which order the targets of a route are tried, for one call."""

from collections.abc import Callable

from attrs import field, frozen

from ccproxy.model.usage import Usage
from ccproxy.providers.target import Target
from ccproxy.routing.facts import Facts
from ccproxy.routing.memory import Memory
from ccproxy.routing.route import Route, Strategy

Prices = Callable[[Target, Usage], float | None]
"""What a usage costs at a target, in any one currency; None where nobody knows."""

USUAL = Usage(input=5_000, output=1_000, cache_read=45_000)
"""An agent's request, by which targets are compared: a long prompt, of which most was cached, and a short answer."""


def unpriced(_target: Target, _usage: Usage) -> float | None:
    """Nobody knows any price."""
    return None


@frozen
class Ordering:
    """Orders targets by what is remembered of them and of the conversation."""

    memory: Memory = field(factory=Memory)
    prices: Prices = unpriced

    def targets(self, route: Route, facts: Facts, asked: str, now: float, take: bool) -> tuple[Target, ...]:
        """The targets to try. `take` tells that the first one really is asked: a turn is over, and a conversation has
        settled. A conversation that is at home somewhere takes no turn."""
        if len(route.choices) == 1 and not route.fallbacks:
            return (route.choices[0].target(asked),)
        conversation = self._conversation(route, facts)
        home = self.memory.homes.of(route.name, conversation, now) if conversation else None
        targets = self._by_strategy(route, asked, now, take and home is None)
        targets += tuple(choice.target(asked) for choice in route.fallbacks)
        fled = self.memory.homes.fled(route.name, conversation, now) if conversation else None
        begin = (target for target in targets if (target.name == home if home else target.name != fled))
        first = next(begin, targets[0])
        if take and conversation and route.strategy is not Strategy.ORDER:
            self.memory.homes.settle(route.name, conversation, first.name, now)
        return targets if first is targets[0] else (first, *(target for target in targets if target is not first))

    def _conversation(self, route: Route, facts: Facts) -> str:
        """What may be at home at a target of this route; `""` for nothing. Where the order is written down, nobody is
        unless a target has failed."""
        if not route.affinity or (route.strategy is Strategy.ORDER and not self.memory.homes.has(route.name)):
            return ""
        return facts.conversation

    def _by_strategy(self, route: Route, asked: str, now: float, take: bool) -> tuple[Target, ...]:
        targets = tuple(choice.target(asked) for choice in route.choices)
        match route.strategy:
            case Strategy.ORDER:
                return targets
            case Strategy.WEIGHTED:
                places = self.memory.turns.order(route.name, [choice.weight for choice in route.choices], take)
                return tuple(targets[at] for at in places)
            case Strategy.CHEAPEST:
                return tuple(sorted(targets, key=self._price))
            case Strategy.FASTEST:
                return tuple(sorted(targets, key=lambda target: self.memory.speeds.expected(target.name, now)))

    def _price(self, target: Target) -> tuple[bool, float]:
        """What sorts targets of unknown price behind all others."""
        price = self.prices(target, USUAL)
        return price is None, price or 0.0
