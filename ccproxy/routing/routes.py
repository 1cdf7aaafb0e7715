"""Which targets answer a call, in which order, and why.

The rules are put in order when `Routes` is made. Which of them speak of a model's name is found out when the name is
seen first, and kept: a request costs a look-up and its conditions, however many routes and providers there are.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import chain, islice

from attrs import frozen

from ccproxy.errors import ApiError, Kind
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Target
from ccproxy.routing.facts import Facts
from ccproxy.routing.names import FAMILIES, is_alias, is_glob, plain
from ccproxy.routing.route import Choice, Route
from ccproxy.routing.rules import SITUATIONS, ByBeginning, Rule, Way, exactness, rules_of
from ccproxy.routing.strategies import Ordering

NAMES_KEPT, NAME_LENGTH = 4096, 200
"""Names whose rules are remembered, and how long such a name may be: clients may ask for anything."""

NAMES_COMPARED = 2000
"""Names that an unknown one is compared with, for a hint: it takes some milliseconds, and routes come first."""


@frozen
class Chosen:
    """The targets to try, in order, and the rule that chose them: `route NAME`, `model NAME` or `provider NAME`."""

    targets: tuple[Target, ...]
    rule: str
    why: str = ""
    """What made the rule speak of this call, in words."""
    resume: bool = False
    """Whether the next target may continue an answer that broke off."""


@frozen
class _Spoken:
    """The rules that speak of a name, in order; `name` is without what only marks it."""

    name: str
    rules: tuple[Rule, ...]


class Routes:
    """Finds targets. `providers` are the enabled ones, in the order in which they claim model names; `disabled` names
    the others."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        routes: Iterable[Route],
        disabled: Iterable[str] = (),
        ordering: Ordering | None = None,
    ) -> None:
        self._providers = providers
        self._disabled = frozenset(disabled)
        self._ordering = ordering or Ordering()
        self._listed: dict[str, Rule] = {}
        for provider in providers.values():
            for model in provider.models:
                self._listed.setdefault(model, _of_list(provider, model))
        self.route_names: list[str] = []
        """Of the routes that lead to a model of their own, in their order: their names can be asked for."""
        self._rules: dict[Way, list[Rule]] = {way: [] for way in Way}
        self._exact: dict[str, list[Rule]] = {}
        for route in routes:
            if route.all and route.all[0].model and not is_glob(route.name):
                self.route_names.append(route.name)
            for rule in rules_of(route):
                self._rules[rule.way].append(rule)
        for rule in self._rules[Way.NAME]:
            for name in (rule.route.name, *rule.route.models):
                if rule.speaks_of(name):
                    known = self._exact.setdefault(name, [])
                    known.insert(0 if name == rule.route.name else len(known), rule)
        self._rules[Way.PATTERN].sort(key=exactness)
        situations = list(SITUATIONS)
        self._rules[Way.SITUATION].sort(key=lambda rule: situations.index(rule.route.name))
        self._conditional = ByBeginning(self._rules[Way.CONDITIONS])
        self._patterns = ByBeginning(self._rules[Way.PATTERN])
        self._spoken: dict[str, _Spoken] = {}

    def named(self, model: str) -> Chosen:
        """What answers whoever asks for `model` and says nothing else; a route of the very name does, whatever its
        conditions. Raises NO_ROUTE."""
        facts = Facts(model)
        spoken = self._speaking_of(model)
        for rule in spoken.rules:
            if rule.way is Way.NAME or rule.failing(facts, 0.0) is None:
                return self._chosen(rule, facts, spoken.name, 0.0, take=False)
        raise self._nothing_for(spoken.name)

    def candidates(self, facts: Facts, now: float, take: bool = True) -> Chosen:
        """What answers a call, at the time `now`: the first rule, in the order of `Way`, that speaks of its model and
        whose conditions hold. A mark `[1m]` at the end of the name is taken off, and what makes it an `alias`. Without
        `take`, nobody is to be asked in earnest. Raises NO_ROUTE."""
        spoken = self._spoken.get(facts.model) or self._speaking_of(facts.model)
        for rule in spoken.rules:
            if not rule.conditions or rule.failing(facts, now) is None:
                return self._chosen(rule, facts, spoken.name, now, take)
        raise self._nothing_for(spoken.name)

    def every(self, asked: str) -> Iterator[Rule]:
        """Every rule there is, in order, those that only this name makes included: for explanations."""
        rules = self._rules
        yield from self._in_order(asked, self.plain(asked), rules[Way.NAME], rules[Way.CONDITIONS], rules[Way.PATTERN])

    def plain(self, asked: str) -> str:
        """The name without what only marks it, unless it is one by itself."""
        return asked if asked in self._exact or asked in self._listed else plain(asked)

    def _chosen(self, rule: Rule, facts: Facts, name: str, now: float, take: bool) -> Chosen:
        if rule.refusal:
            raise ApiError(Kind.NO_ROUTE, rule.refusal)
        targets = self._ordering.targets(rule.route, facts, name, now, take)
        return Chosen(targets, rule.title, rule.why, rule.route.resume)

    def _speaking_of(self, asked: str) -> _Spoken:
        known = self._spoken.get(asked)
        if known is not None:
            return known
        name = self.plain(asked)
        rules: list[Rule] = []
        exact, conditional = self._exact.get(name, ()), self._conditional.of(name)
        for rule in self._in_order(asked, name, exact, conditional, self._patterns.of(name)):
            if not rule.speaks_of(name) or (rule.refusal and not rule.way.insists):
                continue
            rules.append(rule)
            if not rule.conditions:
                break
        spoken = _Spoken(name, tuple(rules))
        if len(asked) <= NAME_LENGTH:
            if len(self._spoken) >= NAMES_KEPT:
                self._spoken.clear()
            self._spoken[asked] = spoken
        return spoken

    def _in_order(
        self,
        asked: str,
        name: str,
        exact: Iterable[Rule],
        conditional: Iterable[Rule],
        patterns: Iterable[Rule],
    ) -> Iterator[Rule]:
        """These rules, and all others of a name."""
        listed = self._listed.get(name)
        if not (is_alias(asked) and name in FAMILIES):
            # By an alias Claude Code asks for a size, and may want anything of it.
            yield from exact
        if listed is None and (named := self._named_by_client(name)):
            yield named
        if listed is not None and is_alias(asked):
            # Somebody took it from our list: no guess at what is wanted outdoes that.
            yield listed
        yield from conditional
        yield from self._rules[Way.SITUATION]
        yield from patterns
        yield from self._rules[Way.FAMILY]
        yield from self._rules[Way.WISH]
        if listed is not None and not is_alias(asked):
            yield listed
        yield from self._rules[Way.DEFAULT]

    def _named_by_client(self, name: str) -> Rule | None:
        """The rule for the provider that a name tells. A comma is in no model's name: with it, a provider that does not
        exist is an error. `@` and `/` are in many."""
        found = self._split(name)
        if found is None:
            return None
        provider, model = found
        known = self._providers.get(provider)
        refusal = ""
        if known is None and provider not in self._disabled:
            near = ", ".join(_near(provider, self._providers)) or "none"
            refusal = f"{name[:200]!r} names a provider that is not configured; near to it: {near}"
        elif known is None:
            refusal = f"the provider {provider!r} is disabled: set `enabled` to true in its configuration"
        elif not model:
            refusal = f"no model is named behind the provider {provider!r}: ask for `{provider},MODEL`"
        choices = () if known is None else (Choice(known, model),)
        title = f"provider {provider}"
        return Rule(title, Way.CLIENT, Route(title, choices), names="a name that tells its provider", refusal=refusal)

    def _split(self, name: str) -> tuple[str, str] | None:
        """Provider and model in `provider,model`, `model@provider` or `provider/model`."""
        provider, comma, model = name.partition(",")
        if comma:
            return provider.strip(), model.strip()
        model, _, provider = name.rpartition("@")
        if model and self._is_provider(provider):
            return provider, model
        provider, _, model = name.partition("/")
        if model and self._is_provider(provider):
            return provider, model
        return None

    def _is_provider(self, name: str) -> bool:
        return name in self._providers or name in self._disabled

    def _nothing_for(self, name: str) -> ApiError:
        near = ", ".join(_near(name, chain(self._exact, self._listed))) or "none"
        return ApiError(
            Kind.NO_ROUTE,
            f"no route leads from the model {name[:200]!r}, and there is no default route; "
            f"configured names near it: {near}",
        )


def _of_list(provider: Provider, model: str) -> Rule:
    title = f"model {model}"
    names = f"a model of {provider.name}"
    return Rule(title, Way.LIST, Route(title, (Choice(provider, model),)), names=names)


def _near(name: str, known: Iterable[str]) -> list[str]:
    return get_close_matches(name[:NAME_LENGTH], list(islice(known, NAMES_COMPARED)), n=5, cutoff=0.5)
