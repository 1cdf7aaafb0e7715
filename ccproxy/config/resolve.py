"""What follows from settings: providers, routes, and who may ask."""

from collections.abc import Mapping

from ccproxy.access.principals import Keyring
from ccproxy.config.listening import host
from ccproxy.config.settings import ProviderSettings, RouteSettings, Settings
from ccproxy.providers.provider import Provider
from ccproxy.routing.routes import DEFAULT, Choice, Route, Routes
from ccproxy.secret import Secret

DEMO = Provider(name="demo", base_url="http://demo.invalid/v1", dialect="openai_chat", key=Secret(""), models=("demo",))
"""The embedded demo upstream. Its host exists in this process only."""


def providers(settings: Settings) -> Mapping[str, Provider]:
    """The enabled providers by name, in their order; the demo where there is none."""
    found = {provider.name: _provider(provider) for provider in settings.providers if provider.enabled}
    return found or {DEMO.name: DEMO}


def routes(settings: Settings) -> Routes:
    """The routes. Without any, everything that names no provider goes to the first one."""
    known = providers(settings)
    if settings.demo:
        return Routes(known, [Route(DEFAULT, (Choice(DEMO, DEMO.default_model),))])
    disabled = [provider.name for provider in settings.providers if not provider.enabled]
    written = [_route(name, route, known) for name, route in settings.routes.items()]
    if not written:
        first = next(iter(known.values()))
        written = [Route(DEFAULT, (Choice(first, first.default_model),))]
    return Routes(known, written, disabled)


def keyring(settings: Settings) -> Keyring:
    """Who may ask. A keyless client may call this machine by the address it listens at."""
    addresses = {settings.host, *(host(description) for description in settings.listen)}
    return Keyring(settings.apikey, addresses - {"", "0.0.0.0", "::"})


def _provider(settings: ProviderSettings) -> Provider:
    return Provider.of(
        settings.name,
        base_url=settings.api_base_url,
        key=settings.api_key,
        dialect=settings.dialect,
        models=settings.models,
        quirks=settings.quirks,
    )


def _route(name: str, settings: RouteSettings, known: Mapping[str, Provider]) -> Route:
    provider = known.get(settings.provider)
    return Route(name, () if provider is None else (Choice(provider, settings.model),))
