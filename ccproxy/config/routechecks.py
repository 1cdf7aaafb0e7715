"""What types cannot say of routes: where they lead must exist, and what they ask must make sense."""

from collections.abc import Iterator

from ccproxy.config.problems import Path, Problem, guess, one_of, quoted, shown
from ccproxy.config.resolve import condition, first_targets, rules_of, strategy
from ccproxy.config.settings import RouteSettings, Settings
from ccproxy.providers.parameters import BadParameter, Parameters
from ccproxy.routing.comparisons import BadCondition
from ccproxy.routing.route import Strategy
from ccproxy.routing.rules import DEFAULT
from ccproxy.routing.userrules import Rules


def problems(settings: Settings) -> Iterator[Problem]:
    """Everything wrong with the routes of settings whose types are right."""
    rules = rules_of(settings)
    known = list(dict.fromkeys(provider.name for provider in settings.providers))
    for name, route in settings.routes.items():
        path: Path = ("routes", name)
        if not name.strip():
            yield Problem(path, "found a route without a name, expected `default` or a model's name")
        yield from _targets(path, route, known)
        yield from _strategy(path, route)
        yield from _models(path, name, route)
        yield from _conditions(path, route, rules)
        yield from _parameters(path, route)


def _targets(path: Path, route: RouteSettings, known: list[str]) -> Iterator[Problem]:
    if not first_targets(route) and not route.fallbacks:
        yield Problem(
            (*path, "provider"),
            f"found nothing, expected {_expected(known)}, or `targets`",
        )
    elif route.provider and route.targets:
        yield Problem(
            (*path, "targets"),
            "found targets beside a `provider`, expected one of the two; `fallbacks` are for what comes behind",
        )
    elif route.model and not route.provider:
        yield Problem((*path, "model"), "found a model without a `provider`, expected both, or neither")
    if route.provider:
        yield from _provider((*path, "provider"), route.provider, known)
    for key in ("targets", "fallbacks"):
        for at, target in enumerate(getattr(route, key)):
            yield from _provider((*path, key, at, "provider"), target.provider, known)
            if not target.weight > 0:
                yield Problem((*path, key, at, "weight"), f"found {target.weight:g}, expected a number above 0")
            elif target.weight != 1 and key == "fallbacks":
                yield Problem(
                    (*path, key, at, "weight"), "found a weight, expected none: fallbacks are tried in their order"
                )


def _provider(path: Path, found: str, known: list[str]) -> Iterator[Problem]:
    if found not in known:
        yield Problem(path, f"found {quoted(found)}, expected {_expected(known)}{guess(found, known)}")


def _expected(known: list[str]) -> str:
    return one_of(quoted(provider) for provider in known) if known else "a provider, and there is none"


def _strategy(path: Path, route: RouteSettings) -> Iterator[Problem]:
    words = [one.value for one in Strategy]
    try:
        chosen = strategy(route)
    except ValueError:
        found = quoted(route.strategy)
        yield Problem((*path, "strategy"), f"found {found}, expected {one_of(words)}{guess(route.strategy, words)}")
        return
    if chosen is not Strategy.WEIGHTED and any(target.weight != 1 for target in route.targets):
        yield Problem(
            (*path, "strategy"), f"found {quoted(route.strategy)} and weights, expected weighted, or no weights"
        )


def _models(path: Path, name: str, route: RouteSettings) -> Iterator[Problem]:
    if name == DEFAULT and route.models:
        yield Problem((*path, "models"), "found names, expected none: the default route answers every name")
    for at, model in enumerate(route.models):
        if not model.strip():
            yield Problem((*path, "models", at), "found an empty text, expected a model's name or a glob of names")


def _conditions(path: Path, route: RouteSettings, rules: Rules) -> Iterator[Problem]:
    for at, written in enumerate(route.conditions):
        try:
            condition(written, rules)
        except BadCondition as error:
            found = getattr(written, error.field)
            hint = guess(found, error.known) if isinstance(found, str) and error.known else ""
            said = "nothing" if found in ("", None) else shown(found)
            yield Problem((*path, "conditions", at, error.field), f"found {said}, expected {error.expected}{hint}")


def _parameters(path: Path, route: RouteSettings) -> Iterator[Problem]:
    for name, value in route.parameters.items():
        try:
            Parameters.of({name: value})
        except BadParameter as error:
            found = f"an unknown parameter {quoted(name)}{guess(name, error.known)}" if error.known else shown(value)
            yield Problem((*path, "parameters", name), f"found {found}, expected {error.expected}")
