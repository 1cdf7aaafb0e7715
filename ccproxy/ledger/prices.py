"""What a usage costs at a target: the operator's own price, nothing for one's own machine, the list's, or not known.

What the vendor itself says it charged goes before all of these. An unknown price is told as unknown, never as nothing.
"""

import ipaddress
import re
from collections import OrderedDict
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import asdict

from ccproxy.config.settings import PriceSettings
from ccproxy.ledger.price import FREE, Price
from ccproxy.ledger.pricelist import find
from ccproxy.model.usage import Usage
from ccproxy.providers.target import Target
from ccproxy.providers.vendors.servers import SERVERS

REMEMBERED = 1024
"""Targets whose price is remembered."""

CHARGES_IN_DOLLARS = frozenset({"openrouter"})
"""Vendors whose usage tells what they charged."""

_LOCAL_VENDORS = frozenset(server.name for server in SERVERS) | {"demo"}
_LOCAL_ENDINGS = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".invalid")
_DATE = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest)$")


class Prices:
    """Knows the price of every target. `own` are the operator's, by `provider,model`, `provider,*` or `model`."""

    def __init__(self, own: Mapping[str, Price]) -> None:
        self._own = own
        self._remembered: OrderedDict[tuple[str, str, str], Price | None] = OrderedDict()

    @classmethod
    def configured(cls, written: Mapping[str, PriceSettings]) -> "Prices":
        """With the prices that the operator wrote."""
        return cls({name: Price(**asdict(price)) for name, price in written.items()})

    def cost(self, target: Target, usage: Usage) -> float | None:
        """Dollars; None where it is not known."""
        price = self.of(target)
        if usage.charged is not None and self._own_price(target) is None and _vendor(target) in CHARGES_IN_DOLLARS:
            return usage.charged
        return None if price is None else price.cost(usage)

    def of(self, target: Target) -> Price | None:
        """The price of a target; None where it is not known."""
        key = (target.provider, target.model, target.base_url)
        if key in self._remembered:
            return self._remembered[key]
        price = self._own_price(target)
        if price is None:
            price = FREE if is_local(target) else listed(_vendor(target), target.model)
        if len(self._remembered) >= REMEMBERED:
            self._remembered.popitem(last=False)
        self._remembered[key] = price
        return price

    def _own_price(self, target: Target) -> Price | None:
        for name in (target.name, f"{target.provider},*", target.model):
            if name in self._own:
                return self._own[name]
        return None


def listed(vendor: str, model: str) -> Price | None:
    """The list's price: by the exact name, or by the name without its date."""
    for name in dict.fromkeys((model, _DATE.sub("", model))):
        if (price := find(vendor, name)) is not None:
            return price
    return None


def is_local(target: Target) -> bool:
    """Whether a target is one's own machine, or within one's own walls."""
    if _vendor(target) in _LOCAL_VENDORS:
        return True
    host = (urlsplit(target.base_url).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(_LOCAL_ENDINGS):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def _vendor(target: Target) -> str:
    return target.quirks.vendor or target.provider
