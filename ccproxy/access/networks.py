"""Addresses: which may come, and whose a request really is when proxies stand in front of us.

Networks are written in CIDR (`10.0.0.0/8`, `2001:db8::/32`), or as one address. An IPv4 address that came written as
IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. A client at a unix socket has no address: it is on this machine, and file
permissions have judged it.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from attrs import frozen

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNIX = "unix"
"""Among trusted proxies: whoever connects to a unix socket of ours."""

HOP_LIMIT = 32
"""Entries of one `X-Forwarded-For` that are looked at, from the nearest on."""


class BadNetwork(ValueError):
    """This is no network; `str()` says what was expected."""


def network(text: str) -> Network:
    """The network that someone wrote. Raises `BadNetwork`."""
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise BadNetwork("an address or a network such as 10.0.0.0/8, 192.168.1.7 or 2001:db8::/32") from None
    raise BadNetwork(f"a network whose address ends in zeros: {meant}")


@lru_cache(4096)
def address(text: str) -> Address | None:
    """The address that is written so, without zone and without the IPv6 dress of an IPv4 one; None for what is none."""
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def is_loopback(text: str) -> bool:
    """Whether an address is of this machine: 127.0.0.0/8, ::1, or the former written as IPv6 (`::ffff:127.0.0.1`).
    Anything that is no address is not."""
    found = address(text)
    return found is not None and found.is_loopback


@frozen
class Networks:
    """Who may come: nobody of `deny`; where `allow` names anyone, only those."""

    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = ()

    @classmethod
    def of(cls, allow: Iterable[str] = (), deny: Iterable[str] = ()) -> "Networks":
        """As they are written. Raises `BadNetwork`."""
        return cls(tuple(map(network, allow)), tuple(map(network, deny)))

    def admit(self, peer_address: str | None) -> bool:
        """Whether whoever has this address may come. What is no address may only where nothing is restricted."""
        if peer_address is None or not (self.allow or self.deny):
            return True
        found = address(peer_address)
        if found is None or _within(found, self.deny):
            return False
        return not self.allow or _within(found, self.allow)


@frozen
class Proxies:
    """The proxies that are believed when they say for whom they ask."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    @classmethod
    def of(cls, trusted: Iterable[str]) -> "Proxies":
        """As they are written: networks, and the word `unix`. Raises `BadNetwork`."""
        written = tuple(trusted)
        return cls(tuple(network(text) for text in written if text != UNIX), UNIX in written)

    def __bool__(self) -> bool:
        return bool(self.networks or self.unix)

    def trust(self, peer_address: str | None) -> bool:
        """Whether whoever has this address is believed."""
        if peer_address is None:
            return self.unix
        found = address(peer_address)
        return found is not None and _within(found, self.networks)

    def client_of(self, peer_address: str | None, forwarded: str) -> str | None:
        """The address of the client behind `peer_address` who sent this `X-Forwarded-For`.

        Each proxy adds at the end whom it heard: from there we go back, past proxies that are trusted, to the first
        address that is not one of theirs. What stands before that, anyone may have written.
        """
        client = peer_address
        for entry in reversed(forwarded.split(",")[-HOP_LIMIT:]):
            if not self.trust(client):
                break
            found = _forwarded(entry)
            if found is None:
                break
            client = found
        return client


def _within(found: Address, networks: tuple[Network, ...]) -> bool:
    return any(found in one for one in networks)


def _forwarded(entry: str) -> str | None:
    """The address in an entry, which may have a port behind it; None for what is none."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    found = address(text)
    return None if found is None else str(found)
