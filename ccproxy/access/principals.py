"""Who asks: a client known by our key, or one on this very machine.

Without a key only this machine is served, and even there not every caller is a friend: a web page can make its
visitor's browser send requests to 127.0.0.1, under a name of its own that resolves there (DNS rebinding), or plainly
across origins. Such a request names a foreign host in `Host` or `Origin`, and is refused. A page cannot know the key,
so with one these rules are not needed. `X-Forwarded-For` is what any client cares to write there: nobody looks at it.
"""

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from attrs import field, frozen

from ccproxy.errors import ApiError, Kind

_CREDENTIALS = ("authorization", "x-api-key")


class Key(Protocol):
    """A key that shows itself only where it is compared; without one its text is empty."""

    def reveal(self) -> str:
        """The key's text."""


@frozen
class Principal:
    """A client that may ask. `passes` are its credential headers that are not our key: its own login, which goes
    along to a provider that takes it."""

    name: str
    passes: Mapping[str, str] = field(factory=dict, repr=False)


class Keyring:
    """Tells clients by what they present. `hosts` are further names of this machine that a keyless client may call it
    by: the configured listening host."""

    __slots__ = ("_apikey", "_hosts")

    def __init__(self, apikey: Key, hosts: Iterable[str] = ()) -> None:
        self._apikey = apikey
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts)

    def identify(self, headers: Mapping[str, str], peer_address: str | None) -> Principal:
        """The principal behind a request. `headers` have lower-case names; `peer_address` is the other end of the
        connection, None for a unix socket. Raises AUTH or FORBIDDEN, saying what to do."""
        if self._apikey.reveal():
            return self._by_key(headers)
        return self._by_place(headers, peer_address)

    def may_see_details(self, headers: Mapping[str, str], peer_address: str | None) -> bool:
        """Whether the pages about ourselves may show this caller more than that we are well: whoever may ask, and
        whoever is on this machine."""
        for judge in (self.identify, self._by_place):
            try:
                judge(headers, peer_address)
            except ApiError:
                continue
            return True
        return False

    def _by_key(self, headers: Mapping[str, str]) -> Principal:
        presented = [name for name in _CREDENTIALS if headers.get(name)]
        matches = [name for name in presented if self._is_ours(name, headers[name])]
        if matches:
            return Principal("client", {name: headers[name] for name in presented if name not in matches})
        # Claude Code shows its own advice (to log in) instead of any 401 whose words name the header of its key.
        found = "the one that came is not it" if presented else "none came"
        raise ApiError(
            Kind.AUTH,
            f"ccproxy wants its own key and {found}: send the `apikey` of its configuration as "
            "`Authorization: Bearer KEY` (Claude Code: ANTHROPIC_AUTH_TOKEN=KEY)",
        )

    def _is_ours(self, name: str, value: str) -> bool:
        if name == "authorization":
            scheme, _, value = value.strip().partition(" ")
            if scheme.lower() != "bearer":
                return False
        return hmac.compare_digest(_as_sent(value.strip()), self._apikey.reveal().encode())

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
        self._refuse_foreign_pages(headers)
        return Principal("local", {name: headers[name] for name in _CREDENTIALS if headers.get(name)})

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


@lru_cache(256)
def is_loopback(address: str) -> bool:
    """Whether an address is of this machine: 127.0.0.0/8, ::1, or the former written as IPv6 (`::ffff:127.0.0.1`).
    Anything that is no address is not."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback


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


def _as_sent(value: str) -> bytes:
    """The bytes behind a header's text, which the web side decodes as latin-1."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
