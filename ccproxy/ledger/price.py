"""The price of a model, and what a usage costs by it. Pure arithmetic; dollars for a million tokens."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from ccproxy.model.usage import Usage

MILLION = 1_000_000


@frozen
class Price:
    """Dollars for a million tokens. What has no price of its own costs what it is a part of: what is read from a cache
    or written to it is input, reasoning is output. `cache_written_long` is for what is kept for an hour, `search` for
    one web search. `above` has other prices for longer prompts, the shortest first: the one that fits holds for all of
    the exchange, as all vendors that have such tiers count. `services` has the prices of other tiers of service, by
    their vendor's words."""

    input: float
    output: float
    cache_read: float | None = None
    cache_written: float | None = None
    cache_written_long: float | None = None
    reasoning: float | None = None
    search: float | None = None
    above: tuple[tuple[int, "Price"], ...] = ()
    services: Mapping[str, "Price"] = field(factory=dict)

    def cost(self, usage: Usage) -> float | None:
        """Dollars; None where nobody said what was used."""
        if usage.input is None and usage.output is None:
            return None
        price = self.services.get(usage.tier or "", self)._for(usage.prompt)
        written, kept_long = usage.cache_written or 0, usage.cache_written_long or 0
        reasoning = usage.reasoning or 0 if price.reasoning is not None else 0
        by_write = _or(price.cache_written, price.input)
        total = (
            (usage.input or 0) * price.input
            + (usage.cache_read or 0) * _or(price.cache_read, price.input)
            + max(written - kept_long, 0) * by_write
            + kept_long * _or(price.cache_written_long, by_write)
            + max((usage.output or 0) - reasoning, 0) * price.output
            + reasoning * (price.reasoning or 0.0)
        ) / MILLION
        return total + (usage.web_searches or 0) * (self.search or 0.0)

    def _for(self, prompt: int) -> "Price":
        found = self
        for least, price in self.above:
            if prompt > least:
                found = price
        return found

    def times(self, factor: float) -> "Price":
        """The same price, dearer or cheaper."""

        def scaled(value: float | None) -> float | None:
            return None if value is None else value * factor

        return evolve(
            self,
            input=self.input * factor,
            output=self.output * factor,
            cache_read=scaled(self.cache_read),
            cache_written=scaled(self.cache_written),
            cache_written_long=scaled(self.cache_written_long),
            reasoning=scaled(self.reasoning),
            above=tuple((least, price.times(factor)) for least, price in self.above),
            services={name: price.times(factor) for name, price in self.services.items()},
        )


FREE = Price(0.0, 0.0)
"""What one's own machine takes."""


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
