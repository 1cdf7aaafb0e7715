"""Ways out to providers: through a proxy, or directly.

Only `https` upstreams go through it, by a tunnel of `upstream.tunnels`. The proxy then sees their names and nothing
else; those of plain `http` are on this machine or in its network, where no proxy leads.
"""

import ipaddress
from base64 import b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

DIRECT = "direct"
"""Instead of a proxy's URL: none, whatever the environment says."""

_PORTS = {"http": 3128, "https": 443}


class BadProxy(ValueError):
    """Not a proxy's URL; says what would be one."""


@frozen
class Proxy:
    """A proxy. `authorization` is the header that it wants, empty for none."""

    host: str
    port: int
    tls: bool = False
    authorization: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, url: str) -> "Proxy":
        """From `http://name:password@host:port`; raises `BadProxy`."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port
        except ValueError:
            raise BadProxy("a URL such as http://proxy.example.com:3128") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise BadProxy("a URL such as http://proxy.example.com:3128; SOCKS is not spoken")
        authorization = b""
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = b"Basic " + b64encode(login.encode())
        return cls(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "https", authorization)

    def request(self, host: str, port: int) -> bytes:
        """What asks it to lend a connection to a host (`CONNECT`, RFC 9110 section 9.3.6)."""
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [b"CONNECT %b HTTP/1.1" % place.encode("ascii"), b"Host: " + place.encode("ascii")]
        if self.authorization:
            lines.append(b"Proxy-Authorization: " + self.authorization)
        return b"\r\n".join([*lines, b"", b""])


def refusal(head: bytes) -> str:
    """Why a proxy whose answer begins so lends no connection, in its own words; empty where it does."""
    version, _, answer = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    lends = version.startswith("HTTP/1.") and answer.startswith("2")
    return "" if lends else answer[:200] or "no HTTP"


@frozen
class WayOut:
    """How hosts are reached: through `proxy`, but for those that `exempt` names, and this machine."""

    proxy: Proxy | None = None
    exempt: tuple[str, ...] = ()

    @classmethod
    def of(cls, url: str, exempt: Iterable[str], environ: Mapping[str, str]) -> "WayOut":
        """As the configuration says; where it says nothing, as HTTPS_PROXY and NO_PROXY do. Raises `BadProxy`."""
        names = tuple(exempt)
        if not url:
            url = _first(environ, "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
            names += tuple(_first(environ, "NO_PROXY", "no_proxy").replace(" ", ",").split(","))
        proxy = None if url in ("", DIRECT) else Proxy.of(url)
        return cls(proxy, tuple(name.strip().lower() for name in names if name.strip()))

    def to(self, host: str, port: int) -> Proxy | None:
        """The proxy on the way to a host; None where it is reached directly."""
        host = host.lower()
        if self.proxy is None or host == "localhost" or host.endswith(".localhost"):
            return None
        address = _address(host)
        if address is not None and address.is_loopback:
            return None
        return None if any(_names(entry, host, port, address) for entry in self.exempt) else self.proxy


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _names(entry: str, host: str, port: int, address: Address | None) -> bool:
    """Whether an entry of NO_PROXY names this host: `*`, a network, or a domain with all below it, with a port or
    without."""
    if entry == "*":
        return True
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            pass
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit():
        if int(number) != port:
            return False
        entry = name
    entry = entry.removeprefix("*").removeprefix(".")
    return host == entry or host.endswith(f".{entry}")


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((text for name in names if (text := environ.get(name, "").strip())), "")
