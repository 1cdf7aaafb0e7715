"""What is wrong with who may ask, where types cannot tell: keys, networks and limits."""

import re
from collections.abc import Iterable, Iterator

from ccproxy.access.clients import ANYONE, LOCAL
from ccproxy.access.hashes import SALT_LIMIT, BadHash, KeyHash
from ccproxy.access.networks import UNIX, BadNetwork, network
from ccproxy.config.problems import Path, Problem, quoted
from ccproxy.config.settings import AddressSettings, ClientSettings, NetworkSettings, Settings

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+")
"""A scheme, a host and perhaps a port; extensions of browsers have schemes of their own."""

_TAKEN = (ANYONE.name, LOCAL.name)
"""Names that records give to the holder of `apikey`, and to whoever is on this machine."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Everything wrong with `clients`, `networks`, `trusted_proxies`, `origins` and `per_address`."""
    yield from _networks(("networks",), settings.networks)
    for index, text in enumerate(settings.trusted_proxies):
        if text != UNIX:
            yield from _network(("trusted_proxies", index), text)
    yield from _bounds(("per_address",), settings.per_address)
    for index, description in enumerate(settings.listen):
        if description.startswith("haproxy:") and not settings.trusted_proxies:
            yield Problem(
                ("listen", index),
                f"found {quoted(description)} and no `trusted_proxies`, expected the addresses of the proxies there",
            )
    yield from _origins(settings)
    yield from _names(settings.clients)
    yield from _keys(settings)
    for index, client in enumerate(settings.clients):
        path: Path = ("clients", index)
        yield from _networks((*path, "networks"), client.networks)
        yield from _bounds(path, client)


def _origins(settings: Settings) -> Iterator[Problem]:
    for index, origin in enumerate(settings.origins):
        if not settings.has_keys:
            yield Problem(("origins", index), "found no `apikey`, expected one where web pages may ask")
        elif origin != "*" and not _ORIGIN.fullmatch(origin):
            expected = "expected an origin such as https://app.example, or *"
            yield Problem(("origins", index), f"found {quoted(origin)}, {expected}")


def _names(clients: Iterable[ClientSettings]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, client in enumerate(clients):
        path: Path = ("clients", index, "name")
        if not client.name.strip() or client.name in _TAKEN:
            yield Problem(path, f"found {quoted(client.name)}, expected a name other than {' and '.join(_TAKEN)}")
        elif client.name in seen:
            first = seen[client.name]
            yield Problem(
                path,
                f"found {quoted(client.name)} a second time (it is the name of clients[{first}]), "
                "expected each client to have its own name",
            )
        seen.setdefault(client.name, index)


def _keys(settings: Settings) -> Iterator[Problem]:
    owners = {settings.apikey: "apikey"} if settings.apikey else {}
    hashes: dict[str, str] = {}
    salts = set()
    for index, client in enumerate(settings.clients):
        path: Path = ("clients", index)
        if bool(client.key) == bool(client.key_hash):
            found = "both `key` and `key_hash`" if client.key else "neither `key` nor `key_hash`"
            yield Problem(path, f"found {found}, expected one of them")
        if client.key:
            if client.key in owners:
                yield Problem((*path, "key"), f"found the key of {owners[client.key]}, expected one of its own")
            owners.setdefault(client.key, f"clients[{index}]")
        if not client.key_hash:
            continue
        try:
            parsed = KeyHash.parse(client.key_hash.reveal())
        except BadHash as error:
            yield Problem((*path, "key_hash"), f"found something else, expected {error}")
            continue
        salts.add((parsed.work, parsed.salt))
        if str(parsed) in hashes:
            first = hashes[str(parsed)]
            yield Problem((*path, "key_hash"), f"found the key_hash of {first}, expected one of its own")
        hashes.setdefault(str(parsed), f"clients[{index}]")
    if len(salts) > SALT_LIMIT:
        yield Problem(
            ("clients",),
            f"found {len(salts)} different salts among the hashes, expected at most {SALT_LIMIT}, better 1: "
            "`ccproxy key` takes the salt of the configuration that it finds",
        )


def _networks(path: Path, networks: NetworkSettings) -> Iterator[Problem]:
    for name in ("allow", "deny"):
        for index, text in enumerate(getattr(networks, name)):
            yield from _network((*path, name, index), text)


def _network(path: Path, text: str) -> Iterator[Problem]:
    try:
        network(text)
    except BadNetwork as error:
        yield Problem(path, f"found {quoted(text)}, expected {error}")


def _bounds(path: Path, limits: ClientSettings | AddressSettings) -> Iterator[Problem]:
    for name in ("tokens_per_minute", "max_concurrent"):
        if getattr(limits, name) < 0:
            yield Problem((*path, name), f"found {getattr(limits, name)}, expected a number from 0 (no limit) on")
