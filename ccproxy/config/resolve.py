"""What follows from settings: providers, the way to them, and the routes that lead there."""

from collections.abc import Mapping

from ccproxy.config.environment import Environment
from ccproxy.config.settings import (
    ConditionSettings,
    ProviderSettings,
    RouteSettings,
    Settings,
    TargetSettings,
)
from ccproxy.providers.parameters import Parameters
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import KeyChoice
from ccproxy.providers.wayout import WayOut
from ccproxy.routing.conditions import Condition
from ccproxy.routing.route import Choice, Route, Strategy
from ccproxy.routing.routes import Routes
from ccproxy.routing.rules import DEFAULT
from ccproxy.routing.strategies import Ordering
from ccproxy.routing.userrules import Complain, Rules, unheard
from ccproxy.secret import Secret

DEMO = Provider(name="demo", base_url="http://demo.invalid/v1", dialect="openai_chat", key=Secret(""), models=("demo",))
"""The embedded demo upstream. Its host exists in this process only."""


def providers(settings: Settings) -> Mapping[str, Provider]:
    """The enabled providers by name, in their order; the demo where there is none."""
    found = {provider.name: _provider(provider) for provider in settings.providers if provider.enabled}
    return found or {DEMO.name: DEMO}


def way_out(settings: Settings, environ: Environment) -> WayOut:
    """How providers are reached. Raises `BadProxy`, for one of the environment's."""
    return WayOut.of(settings.proxy_url.reveal(), settings.no_proxy, environ)


def routes(settings: Settings, ordering: Ordering | None = None, rules: Rules | None = None) -> Routes:
    """The routes, by what `ordering` remembers. Without any, everything that names no provider goes to the first
    one."""
    known = providers(settings)
    if settings.demo:
        return Routes(known, [Route(DEFAULT, (Choice(DEMO, DEMO.default_model),))], (), ordering)
    disabled = [provider.name for provider in settings.providers if not provider.enabled]
    written = [_route(name, route, known, rules or rules_of(settings)) for name, route in settings.routes.items()]
    if not written:
        first = next(iter(known.values()))
        written = [Route(DEFAULT, (Choice(first, first.default_model),))]
    return Routes(known, written, disabled, ordering)


def _provider(settings: ProviderSettings) -> Provider:
    keys = list(dict.fromkeys(key for key in (settings.api_key, *settings.api_keys) if key))
    return Provider.of(
        settings.name,
        base_url=settings.api_base_url,
        key=next(iter(keys), None),
        further_keys=keys[1:],
        key_choice=KeyChoice(settings.key_strategy),
        dialect=settings.dialect,
        models=settings.models,
        quirks=settings.quirks,
    )


def rules_of(settings: Settings, complain: Complain = unheard) -> Rules:
    """What makes the operator's own rules; `complain` hears of those that fail."""
    return Rules(settings.extensions.directory, settings, complain)


def condition(settings: ConditionSettings, rules: Rules | None = None) -> Condition:
    """The condition. Raises `BadCondition`."""
    return Condition.of(settings.type, settings.operator, settings.value, settings.name, rules)


def first_targets(settings: RouteSettings) -> tuple[TargetSettings, ...]:
    """The targets that a route's strategy orders."""
    own = (TargetSettings(settings.provider, settings.model),) if settings.provider else ()
    return own + settings.targets


def strategy(settings: RouteSettings) -> Strategy:
    """What orders them. Raises `ValueError` for a word that is none."""
    if settings.strategy:
        return Strategy(settings.strategy)
    weighted = any(target.weight != 1 for target in settings.targets)
    return Strategy.WEIGHTED if weighted else Strategy.ORDER


def _route(name: str, settings: RouteSettings, known: Mapping[str, Provider], rules: Rules) -> Route:
    parameters = Parameters.of(settings.parameters)

    def choices(targets: tuple[TargetSettings, ...]) -> tuple[Choice, ...]:
        return tuple(
            Choice(known[target.provider], target.model, target.weight, parameters)
            for target in targets
            if target.provider in known
        )

    return Route(
        name=name,
        choices=choices(first_targets(settings)),
        fallbacks=choices(settings.fallbacks),
        strategy=strategy(settings),
        models=settings.models,
        conditions=tuple(condition(one, rules) for one in settings.conditions),
        affinity=settings.affinity,
        resume=settings.resume,
    )
