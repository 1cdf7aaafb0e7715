"""A route: where requests lead that it speaks of, and in which order its targets are tried."""

import enum

from attrs import evolve, frozen

from ccproxy.providers.parameters import NONE, Parameters
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Target
from ccproxy.routing.conditions import Condition


class Strategy(enum.Enum):
    """Which of a route's targets comes first."""

    ORDER = "order"
    """The first that is written, always; the others are for when it fails."""
    WEIGHTED = "weighted"
    """Each in its turn, as often as its weight says."""
    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    """The one that took the least time to its first token of late."""


@frozen
class Choice:
    """One place a route may lead to. An empty `model` stands for the one the client asked for."""

    provider: Provider
    model: str = ""
    weight: float = 1.0
    parameters: Parameters = NONE

    def target(self, asked: str) -> Target:
        """The target for a client that asked for the model `asked`."""
        target = self.provider.target(self.model or asked)
        return evolve(target, parameters=self.parameters) if self.parameters else target


@frozen
class Route:
    """`choices` are ordered by the strategy, and `fallbacks` come behind them, as they are written. A route without
    either is one whose providers are all disabled: it is known, and answers nothing.

    `models` are the globs of names that it answers besides its own, and `conditions` must all hold. With `affinity` a
    conversation stays where it was answered. `resume` lets the next target continue an answer that broke off.
    """

    name: str
    choices: tuple[Choice, ...]
    fallbacks: tuple[Choice, ...] = ()
    strategy: Strategy = Strategy.ORDER
    models: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    affinity: bool = True
    resume: bool = False

    @property
    def all(self) -> tuple[Choice, ...]:
        """Every choice, as they are written."""
        return self.choices + self.fallbacks
