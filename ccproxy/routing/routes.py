"""Which targets answer a model name, in which order, and why.

All that a configuration says is brought into one dictionary when `Routes` is made; a request costs a look-up or two,
however many routes and providers there are.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from attrs import field, frozen

from ccproxy.errors import ApiError, Kind
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Target
from ccproxy.routing.facts import Facts

DEFAULT = "default"
"""The name of the route for what nothing else answers."""

_LONG_CONTEXT_MARK = "[1m]"
"""What Claude Code puts behind a model's name to ask for its window of a million tokens. No upstream knows it."""

_ALIAS = "claude-via-"
"""Claude Code's picker shows only models whose ids have `claude` or `anthropic` in them. It keeps the id as it is, and
believes what it is told of the window (measured on 2.1.329)."""


def alias(name: str) -> str:
    """The name under which Claude Code lists what `name` asks for: itself where it will do. `candidates` takes both."""
    listed = any(word in name.lower() for word in ("claude", "anthropic"))
    return name if listed else f"{_ALIAS}{name}"


@frozen
class Choice:
    """One place a route may lead to. An empty `model` stands for the one the client asked for."""

    provider: Provider
    model: str = ""

    def target(self, asked: str) -> Target:
        """The target for a client that asked for the model `asked`."""
        return self.provider.target(self.model or asked)


@frozen
class Route:
    """`choices` in the order in which they are tried. A route without choices is one whose providers are all disabled:
    it is known, and answers nothing."""

    name: str
    choices: tuple[Choice, ...]


@frozen
class Chosen:
    """The targets to try, in order, and the rule that chose them: `route NAME`, `model NAME` or `provider NAME`."""

    targets: tuple[Target, ...]
    rule: str


@frozen
class _Answer:
    choices: tuple[Choice, ...]
    rule: str
    refusal: str = field(default="")
    """Why nothing answers, where nothing does."""


class Routes:
    """Finds targets. `providers` are the enabled ones, in the order in which they claim model names; `disabled` names
    the others."""

    def __init__(
        self, providers: Mapping[str, Provider], routes: Iterable[Route], disabled: Iterable[str] = ()
    ) -> None:
        self._providers = providers
        self._disabled = frozenset(disabled)
        self._answers: dict[str, _Answer] = {}
        for provider in providers.values():
            for model in provider.models:
                self._answers.setdefault(model, _Answer((Choice(provider, model),), f"model {model}"))
        self._default: _Answer | None = None
        self.route_names: list[str] = []
        """Of the routes that lead to a model of their own, in their order: their names can be asked for."""
        for route in routes:
            if route.choices and route.choices[0].model:
                self.route_names.append(route.name)
            answer = _Answer(route.choices, f"route {route.name}", "" if route.choices else _asleep(route))
            self._answers[route.name] = answer
            if route.name == DEFAULT:
                self._default = answer

    def named(self, model: str) -> Chosen:
        """What answers whoever asks for `model` and says nothing else. Raises NO_ROUTE."""
        return self.candidates(Facts(model), 0.0)

    def candidates(self, facts: Facts, now: float) -> Chosen:
        """What answers a call, at the time `now`, by the model it asks for: the route of this name; the first provider
        that has a model of it; the provider it names itself (`provider,model`, `model@provider`, `provider/model`);
        else the default route. A mark `[1m]` at its end is taken off, and what makes it an `alias`. Raises NO_ROUTE."""
        model = facts.model
        answer = self._answers.get(model)
        if answer is None:
            model = _without_mark(model).removeprefix(_ALIAS)
            answer = self._answers.get(model)
        if answer is None:
            answer, model = self._named_by_client(model)
        if answer is None:
            answer = self._default
        if answer is None:
            raise ApiError(Kind.NO_ROUTE, self._nothing_for(model))
        if answer.refusal:
            raise ApiError(Kind.NO_ROUTE, answer.refusal)
        return Chosen(tuple(choice.target(model) for choice in answer.choices), answer.rule)

    def _named_by_client(self, asked: str) -> tuple[_Answer | None, str]:
        """The answer of the provider that a name tells, and the model's name without it. A comma is in no model's name:
        with it, a provider that does not exist is an error. `@` and `/` are in many."""
        name, comma, model = asked.partition(",")
        if comma:
            name, model = name.strip(), model.strip()
            if name not in self._providers and name not in self._disabled:
                known = ", ".join(self._near(name, self._providers)) or "none"
                raise ApiError(
                    Kind.NO_ROUTE, f"{asked[:200]!r} names a provider that is not configured; near to it: {known}"
                )
            return self._of_provider(name, model), model
        model, _, name = asked.rpartition("@")
        if model and (name in self._providers or name in self._disabled):
            return self._of_provider(name, model), model
        name, _, model = asked.partition("/")
        if model and (name in self._providers or name in self._disabled):
            return self._of_provider(name, model), model
        return None, asked

    def _of_provider(self, name: str, model: str) -> _Answer:
        provider = self._providers.get(name)
        rule = f"provider {name}"
        if provider is None:
            return _Answer((), rule, f"the provider {name!r} is disabled: set `enabled` to true in its configuration")
        if not model:
            return _Answer((), rule, f"no model is named behind the provider {name!r}: ask for `{name},MODEL`")
        return _Answer((Choice(provider, model),), rule)

    def _nothing_for(self, model: str) -> str:
        near = ", ".join(self._near(model, self._answers)) or "none"
        return (
            f"no route leads from the model {model[:200]!r}, and there is no default route; "
            f"configured names near it: {near}"
        )

    @staticmethod
    def _near(name: str, known: Iterable[str]) -> list[str]:
        return get_close_matches(name[:200], list(known), n=5, cutoff=0.5)


def _asleep(route: Route) -> str:
    return (
        f"the route {route.name!r} leads to a provider that is disabled: set `enabled` to true in its configuration, "
        "or let the route lead elsewhere"
    )


def _without_mark(model: str) -> str:
    if model[-len(_LONG_CONTEXT_MARK) :].lower() == _LONG_CONTEXT_MARK:
        return model[: -len(_LONG_CONTEXT_MARK)].rstrip()
    return model
