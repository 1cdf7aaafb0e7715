"""Vendors found by name, or by the host of a URL.

The second is for those who name a provider as they like: the quirks are the host's, whatever it is called.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ccproxy.providers.vendor import Vendor
from ccproxy.providers.vendors.rows import ALIASES, VENDORS
from ccproxy.providers.vendors.servers import LOCAL_HOST

KEY_ORDER = ("anthropic", "openai", "gemini", "openrouter", "deepseek", "groq", "mistral", "xai")
"""Vendors that are configured by their key in the environment alone, where nothing else is configured. The first one
whose key is set is the default: Anthropic before all, since most clients ask for its models by name."""

_BY_NAME: Mapping[str, Vendor] = {row.name: row for row in VENDORS}


def _hosts() -> dict[str, Vendor]:
    found: dict[str, Vendor] = {}
    for row in VENDORS:
        for endpoint in row.endpoints.values():
            host = urlsplit(endpoint.base_url).hostname
            if host and host != LOCAL_HOST and "$" not in host:
                found.setdefault(host, row)
    return found


_BY_HOST: Mapping[str, Vendor] = _hosts()

_OF_ACCOUNTS = tuple(row for row in VENDORS if row.place_variables)


def vendor(name: str) -> Vendor | None:
    """The row of this name or one of its aliases, in any case, with underscores for hyphens; None where the catalogue
    has none."""
    plain = name.lower().replace("_", "-")
    return _BY_NAME.get(ALIASES.get(plain, plain))


def vendor_at(base_url: str) -> Vendor | None:
    """The row whose service is at the host of this URL; None for hosts of nobody, and for this machine, where any
    server may run."""
    host = urlsplit(base_url).hostname or ""
    return _BY_HOST.get(host) or next((row for row in _OF_ACCOUNTS if row.has_host(host)), None)


def names() -> tuple[str, ...]:
    """All names of the catalogue, in its order; without aliases."""
    return tuple(_BY_NAME)
