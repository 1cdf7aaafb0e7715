"""Endpoint strings of Twisted, read as far as our rules about them go.

Twisted itself parses them when the service starts; a configuration is judged without it.
"""

import re

from ccproxy.access.networks import is_loopback

_NETWORK = ("tcp", "tcp6", "ssl")
_KIND = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*:")
GIVEN = "systemd:"
"""How an endpoint begins that is a socket inherited from systemd."""

Address = tuple[str, int]

_PRIVATE = ("unix", "systemd")
"""Who may reach these is for file permissions and the unit to say."""


_PORT = re.compile(r"(tcp6?|ssl):(?:(?:.*:)?port=)?([0-9]{1,5})(?::|$)")
"""The port of an endpoint string, be it told by place or by name."""


def endpoint(host: str, port: int) -> str:
    """The endpoint string for an address and a port."""
    address = "127.0.0.1" if host.lower() == "localhost" else host.strip("[]")
    escaped = address.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")
    return f"tcp:{port}:interface={escaped}"


def fault(description: str) -> str:
    """What would be expected in place of an endpoint string that Twisted would not take; empty for a good one."""
    if not _KIND.match(description):
        return "an endpoint such as tcp:3456:interface=127.0.0.1, unix:/run/ccproxy/sock or systemd:domain=INET:index=0"
    kind, positional, named = _parts(description)
    if kind in _NETWORK:
        port = named.get("port") or (positional[0] if positional else "")
        if not (port.isascii() and port.isdigit() and int(port[:6]) <= 65535 and len(port) <= 5):
            return f"a port from 0 to 65535 behind {kind}:"
    return ""


def is_private(description: str) -> bool:
    """Whether only this machine reaches what listens there, as far as the description tells. Kinds that are not known
    count as open to all, unless they name an interface of this machine."""
    kind, _, named = _parts(description)
    if kind in _PRIVATE:
        return True
    host = named.get("interface", "")
    return host.lower() == "localhost" or is_loopback(host)


def host(description: str) -> str:
    """The address that is listened at; empty where it is none, or all."""
    _, _, named = _parts(description)
    address = named.get("interface", "")
    return "" if address in ("0.0.0.0", "::") else address


def address(description: str) -> Address | None:
    """The address and the port that an endpoint binds, as the kernel tells them; None where it is no network's."""
    kind, positional, named = _parts(description)
    if kind not in _NETWORK:
        return None
    port = named.get("port") or (positional[0] if positional else "")
    interface = named.get("interface", "") or ("::" if kind == "tcp6" else "0.0.0.0")
    return (interface, int(port)) if port.isdigit() else None


def url_of(description: str) -> str | None:
    """The URL at which clients on this machine reach an endpoint; None where there is none, or the port is not known
    before it listens."""
    match = _PORT.match(description)
    if match is None or int(match[2]) == 0:
        return None
    scheme = "https" if match[1] == "ssl" else "http"
    every = "::1" if match[1] == "tcp6" or r"\:\:" in description else "127.0.0.1"
    name = host(description) or every
    return f"{scheme}://[{name}]:{match[2]}" if ":" in name else f"{scheme}://{name}:{match[2]}"


def _parts(description: str) -> tuple[str, list[str], dict[str, str]]:
    """The kind, the arguments by position and those by name. `:` and `=` behind a backslash are part of the text."""
    words: list[tuple[str, str]] = [("", "")]
    escaped = False
    for character in description:
        name, text = words[-1]
        if escaped:
            words[-1] = (name, text + character)
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ":":
            words.append(("", ""))
        elif character == "=" and not name and len(words) > 1:
            words[-1] = (text, "")
        else:
            words[-1] = (name, text + character)
    if words[0][1] == "haproxy" and len(words) > 1:
        words = words[1:]
    kind = words[0][1]
    positional = [text for name, text in words[1:] if not name]
    return kind, positional, {name: text for name, text in words[1:] if name}
