"""What follows from settings for those who ask: who they are, from where, and how much they may have.

Nothing here is needed to tell where requests go: that is `config.resolve`.
"""

from ccproxy.access.budgets import Budget, Period
from ccproxy.access.clients import Client
from ccproxy.access.hashes import KeyHash
from ccproxy.access.limits import Allowance, Limits
from ccproxy.access.networks import Networks, Proxies
from ccproxy.access.principals import Keyring
from ccproxy.config.listening import host
from ccproxy.config.settings import AddressSettings, ClientSettings, NetworkSettings, Settings
from ccproxy.secret import Secret


def budgets(settings: Settings) -> list[Budget]:
    """What may be spent."""
    return [
        Budget(Period(one.period), one.client, one.money, one.tokens, one.warn, one.message)
        for one in settings.budgets
        if one.enabled
    ]


def keyring(settings: Settings) -> Keyring:
    """Who may ask. A keyless client may call this machine by the address it listens at."""
    addresses = {settings.host, *(host(description) for description in settings.listen)}
    clients = [(_client(client), _key(client)) for client in settings.clients if client.enabled]
    return Keyring(settings.apikey, addresses - {"", "0.0.0.0", "::"}, clients, _networks(settings.networks))


def proxies(settings: Settings) -> Proxies:
    """Which proxies are believed."""
    return Proxies.of(settings.trusted_proxies)


def limits(settings: ClientSettings | AddressSettings) -> Limits:
    """What a client or an address may use."""
    tokens = Allowance(settings.tokens_per_minute) if settings.tokens_per_minute else None
    return Limits(settings.rate, tokens, settings.max_concurrent)


def _client(settings: ClientSettings) -> Client:
    return Client(
        name=settings.name,
        models=settings.models,
        routes=settings.routes,
        limits=limits(settings),
        networks=_networks(settings.networks),
        expires=settings.expires,
        administers=settings.admin,
    )


def _key(settings: ClientSettings) -> Secret | KeyHash:
    return KeyHash.parse(settings.key_hash.reveal()) if settings.key_hash else settings.key


def _networks(settings: NetworkSettings) -> Networks:
    return Networks.of(settings.allow, settings.deny)
