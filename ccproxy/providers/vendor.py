"""A vendor: what the catalogue knows of a service by name. Pure data; nothing here knows a key or a configuration."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from ccproxy.providers.target import Auth

Overrides = Mapping[str, Any]
"""Fields of `dialects.quirks.Quirks` by name, with values of the fields' own types."""

_WILD = re.compile(r"[*?[]")
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


@frozen
class Rule:
    """What is different for models whose name matches the glob `models` (in lower case). Where several rules of a row
    match, they apply in their order, so that a later one corrects an earlier. `dialect` is another of the vendor's
    endpoints, where these models need it."""

    models: str
    quirks: Overrides = field(factory=dict)
    dialect: str = ""

    def matches(self, model: str) -> bool:
        """Whether the rule speaks of `model`. How a name begins tells most of them apart, and spares a pattern."""
        name = model.lower()
        return name.startswith(_WILD.split(self.models, 1)[0]) and fnmatchcase(name, self.models)


@frozen
class Endpoint:
    """Where a vendor speaks one dialect: the base URL, without a slash at its end, behind which the dialect puts its
    path; `${NAME}` in it is an environment variable that names the account. `quirks` and `rules` go for this dialect
    alone."""

    base_url: str
    auth: Auth = Auth.BEARER
    quirks: Overrides = field(factory=dict)
    rules: tuple[Rule, ...] = ()


@frozen
class Vendor:
    """One row of the catalogue.

    `key_variable` is the environment variable that the vendor's own documentation uses; empty where no key is needed.
    `endpoints` are by dialect, and `dialect` is the one to use: the least lossy. An empty `default_model` means the
    model the client asked for. `passes_login` allows the client's own credential where no key is configured.
    """

    name: str
    key_variable: str
    endpoints: Mapping[str, Endpoint]
    dialect: str
    default_model: str = ""
    passes_login: bool = False
    quirks: Overrides = field(factory=dict)
    rules: tuple[Rule, ...] = ()

    @property
    def base_url(self) -> str:
        """Of the dialect to use."""
        return self.endpoints[self.dialect].base_url

    @property
    def auth(self) -> Auth:
        """Of the dialect to use."""
        return self.endpoints[self.dialect].auth

    @property
    def place_variables(self) -> tuple[str, ...]:
        """The environment variables that the base URLs are made with; empty where an address is the same for all."""
        found = [name for endpoint in self.endpoints.values() for name in _VARIABLE.findall(endpoint.base_url)]
        return tuple(dict.fromkeys(found))

    def located(self, places: Mapping[str, str]) -> "Vendor":
        """The row for one account: its URLs with the values of the variables. A value may be written as a URL."""

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return places[name].strip().removeprefix("https://").strip("/") if name in places else match[0]

        endpoints = {
            dialect: evolve(endpoint, base_url=_VARIABLE.sub(value, endpoint.base_url))
            for dialect, endpoint in self.endpoints.items()
        }
        return evolve(self, endpoints=endpoints)

    def places_in(self, base_url: str) -> Mapping[str, str]:
        """The values of the variables in a URL of this vendor's; empty where it is no such URL."""
        for endpoint in self.endpoints.values():
            whole = _pattern(endpoint.base_url)
            host = _pattern(endpoint.base_url.partition("://")[2].partition("/")[0])
            found = whole.match(base_url) or host.fullmatch(urlsplit(base_url).hostname or "")
            if found and found.groupdict():
                return found.groupdict()
        return {}

    def has_host(self, host: str) -> bool:
        """Whether a host is one of this vendor's, whatever the account. Never where the account's variable is all of
        the host: that fits any."""
        hosts = (urlsplit(_VARIABLE.sub("*", endpoint.base_url)).netloc for endpoint in self.endpoints.values())
        return any(known != "*" and fnmatchcase(host, known) and host.count(".") == known.count(".") for known in hosts)

    def dialect_for(self, model: str) -> str:
        """The dialect that `model` is to be asked in."""
        dialect = self.dialect
        for rule in self.rules:
            if rule.dialect and rule.matches(model):
                dialect = rule.dialect
        return dialect

    def overrides(self, model: str, dialect: str) -> dict[str, Any]:
        """How `model`, asked in `dialect`, departs from the defaults."""
        endpoint = self.endpoints.get(dialect, _NOWHERE)
        result = {**self.quirks, **endpoint.quirks}
        for rule in (*self.rules, *endpoint.rules):
            if rule.matches(model):
                result |= rule.quirks
        return result


_NOWHERE = Endpoint("")


def _pattern(template: str) -> re.Pattern[str]:
    """What finds the values in a text that was made with `template`."""
    pieces = _VARIABLE.split(template)
    written = [f"(?P<{piece}>[^/]+)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)]
    return re.compile("".join(written), re.IGNORECASE)
