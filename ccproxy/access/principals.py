"""Who asks: a client known by its key, or one on this very machine.

Without a key only this machine is served, and even there not every caller is a friend: a web page can make its
visitor's browser send requests to 127.0.0.1, under a name of its own that resolves there (DNS rebinding), or plainly
across origins. Such a request names a foreign host in `Host` or `Origin`, and is refused. A proxy on this machine that
passes on requests of others tells so in `X-Forwarded-For`, `X-Real-IP` or `Forwarded`, as most do, and is refused as
well. A page cannot know the key, nor can those others, so with one these rules are not needed. Whose an address is
behind trusted proxies has been judged by `access.networks.Proxies` when it comes here.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol
from urllib.parse import urlsplit

from attrs import field, frozen

from ccproxy.access.clients import ANYONE, LOCAL, Client
from ccproxy.access.hashes import KeyHash
from ccproxy.access.keys import Keys, Proof
from ccproxy.access.networks import Networks, is_loopback
from ccproxy.errors import ApiError, Kind

_LOGINS = ("authorization", "x-api-key")
"""Headers that may have a client's own login, which goes along to a provider that takes it."""

_CREDENTIALS = (*_LOGINS, "api-key")
"""Headers that may have our key. The last is that of clients of Azure's OpenAI."""
_FORWARDED_FOR = re.compile(r"""\bfor\s*=\s*("[^"]*"|[^;,\s]+)""", re.IGNORECASE)


class Key(Protocol):
    """A key that shows itself only where it is compared; without one its text is empty."""

    def reveal(self) -> str:
        """The key's text."""


@frozen
class Principal:
    """A client that may ask. `passes` are its credential headers that are not our key: its own login, which goes
    along to a provider that takes it. `address` is where it is; None for a unix socket."""

    name: str
    passes: Mapping[str, str] = field(factory=dict, repr=False)
    client: Client = ANYONE
    address: str | None = field(default=None, eq=False)


class Keyring:
    """Tells clients by what they present. `hosts` are further names of this machine that a keyless client may call it
    by: the configured listening host. `clients` have keys of their own besides `apikey`, or hashes of them. `networks`
    judge everybody."""

    __slots__ = ("_clock", "_hosts", "_keyless", "_keys", "_networks")

    def __init__(
        self,
        apikey: Key,
        hosts: Iterable[str] = (),
        clients: Iterable[tuple[Client, Key | KeyHash]] = (),
        networks: Networks | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        plain = [(apikey.reveal(), ANYONE)] if apikey.reveal() else []
        hashed = []
        for client, key in clients:
            if isinstance(key, KeyHash):
                hashed.append((key, client))
            else:
                plain.append((key.reveal(), client))
        self._keys: Keys[Client] = Keys(plain, hashed)
        self._keyless = not self._keys
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts)
        self._networks = networks or Networks()
        self._clock = clock

    @property
    def has_hashes(self) -> bool:
        """Whether there is ever anything to prove."""
        return self._keys.has_hashes

    def proofs(self, headers: Mapping[str, str]) -> list[Proof[Client]]:
        """What must be done before `identify` can know what these headers present: nothing, for nearly all."""
        keys = [_presented(name, headers.get(name, "")) for name in _CREDENTIALS]
        found = [self._keys.proof(key) for key in dict.fromkeys(keys) if key]
        return [proof for proof in found if proof is not None]

    def identify(self, headers: Mapping[str, str], peer_address: str | None) -> Principal:
        """The principal behind a request. `headers` have lower-case names; `peer_address` is the client's, None for a
        unix socket. Raises AUTH or FORBIDDEN, saying what to do."""
        if not self._networks.admit(peer_address):
            raise ApiError(Kind.FORBIDDEN, f"ccproxy's `networks` do not admit the address {peer_address}")
        if self._keyless:
            return self._by_place(headers, peer_address)
        return self._by_key(headers, peer_address)

    def trusted(self, headers: Mapping[str, str], peer_address: str | None) -> Principal:
        """The principal behind a request that wants to know, or to change, how we are: whoever administers us. Raises
        AUTH or FORBIDDEN."""
        principal = self.identify(headers, peer_address)
        if not principal.client.administers:
            raise ApiError(Kind.FORBIDDEN, f"this is not for the client {principal.name!r}: it does not administer")
        return principal

    def may_see_details(self, headers: Mapping[str, str], peer_address: str | None) -> bool:
        """Whether the pages about ourselves may show this caller more than that we are well: whoever is `trusted`, and
        whoever is on this machine."""
        for judge in (self.trusted, self._by_place):
            try:
                judge(headers, peer_address)
            except ApiError:
                continue
            return True
        return False

    def _by_key(self, headers: Mapping[str, str], peer_address: str | None) -> Principal:
        presented = [name for name in _CREDENTIALS if headers.get(name)]
        owners = {name: self._keys.find(key) for name in presented if (key := _presented(name, headers[name]))}
        client = next((owner for owner in owners.values() if owner is not None), None)
        if client is not None:
            self._judge(client, peer_address)
            passes = {name: headers[name] for name in _LOGINS if name in presented and owners.get(name) is None}
            return Principal(client.name, passes, client, peer_address)
        # Claude Code shows its own advice (to log in) instead of any 401 whose words name the header of its key.
        found = "the one that came is not it" if presented else "none came"
        raise ApiError(
            Kind.AUTH,
            f"ccproxy wants its own key and {found}: send the `apikey` of its configuration as "
            "`Authorization: Bearer KEY` (Claude Code: ANTHROPIC_AUTH_TOKEN=KEY)",
        )

    def _judge(self, client: Client, peer_address: str | None) -> None:
        if client.expires is not None and self._clock() >= client.expires:
            raise ApiError(
                Kind.AUTH,
                f"the key of the client {client.name!r} has expired: ask whoever runs this ccproxy for a new one",
            )
        if not client.networks.admit(peer_address):
            raise ApiError(
                Kind.FORBIDDEN,
                f"the key of the client {client.name!r} may not be used from the address {peer_address}",
            )

    def _by_place(self, headers: Mapping[str, str], peer_address: str | None) -> Principal:
        if peer_address is not None:
            if not is_loopback(peer_address):
                raise ApiError(
                    Kind.FORBIDDEN,
                    "this ccproxy has no `apikey`, so it serves clients on its own machine only: "
                    "set `apikey` in its configuration and send it as `Authorization: Bearer KEY`",
                )
            host = headers.get("host")
            if host is not None and not self._names_this_machine(_host_of(host)):
                raise ApiError(
                    Kind.FORBIDDEN,
                    f"the Host header names {host[:80]!r}, which is not this machine: call ccproxy as 127.0.0.1 or "
                    "localhost, or set `apikey` in its configuration",
                )
        self._refuse_the_proxied(headers)
        self._refuse_foreign_pages(headers)
        passes = {name: headers[name] for name in _LOGINS if headers.get(name)}
        return Principal(LOCAL.name, passes, LOCAL, peer_address)

    def _refuse_the_proxied(self, headers: Mapping[str, str]) -> None:
        """A proxy on this machine makes the whole world look local. One that tells of somebody else gives itself away,
        be it trusted or not."""
        passed_on = headers.get("x-forwarded-for", "").split(",") + headers.get("x-real-ip", "").split(",")
        passed_on += _FORWARDED_FOR.findall(headers.get("forwarded", ""))
        if any(entry.strip() and not is_loopback(_bare(entry)) for entry in passed_on):
            raise ApiError(
                Kind.FORBIDDEN,
                "a proxy passed this request on for another machine (X-Forwarded-For), and ccproxy has no `apikey` to "
                "tell friend from foe: set one in its configuration, and send it as `Authorization: Bearer KEY`",
            )

    def _refuse_foreign_pages(self, headers: Mapping[str, str]) -> None:
        origin = headers.get("origin")
        foreign = origin is not None and not self._names_this_machine(_host_of_origin(origin))
        if foreign or headers.get("sec-fetch-site", "").strip().lower() == "cross-site":
            raise ApiError(
                Kind.FORBIDDEN,
                "a web page of another site sent this request, and ccproxy has no `apikey` to tell friend from foe: "
                "set `apikey` in its configuration, and send it",
            )

    def _names_this_machine(self, host: str) -> bool:
        return host in ("localhost", *self._hosts) or is_loopback(host)


def _bare(entry: str) -> str:
    """An address in `X-Forwarded-For`, without the port that some proxies write behind it."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _host_of(header: str) -> str:
    """The host in a Host header, in lower case, without port and brackets; empty where it cannot be read."""
    return _host_of_url(f"//{header.strip()}")


def _host_of_origin(origin: str) -> str:
    """The host in an Origin header; empty for `null` and for what is no web origin."""
    return _host_of_url(origin.strip()) if origin.strip().lower().startswith(("http://", "https://")) else ""


def _host_of_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.path.strip("/") or parts.username is not None or parts.query or parts.fragment:
        return ""
    return (parts.hostname or "").rstrip(".")


def _presented(name: str, value: str) -> str:
    """The key in a header of credentials; empty where it holds something else."""
    if name == "authorization":
        scheme, _, value = value.strip().partition(" ")
        if scheme.lower() != "bearer":
            return ""
    return value.strip()
