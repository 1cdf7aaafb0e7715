"""A vendor: what the catalogue knows of a service by name. Pure data; nothing here knows a key or a configuration."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from attrs import field, frozen

from ccproxy.providers.target import Auth

Overrides = Mapping[str, Any]
"""Fields of `dialects.quirks.Quirks` by name, with values of the fields' own types."""


@frozen
class Rule:
    """What is different for models whose name matches the glob `models` (in lower case). Where several rules of a row
    match, they apply in their order, so that a later one corrects an earlier. `dialect` is another of the vendor's
    endpoints, where these models need it."""

    models: str
    quirks: Overrides = field(factory=dict)
    dialect: str = ""

    def matches(self, model: str) -> bool:
        """Whether the rule speaks of `model`."""
        return fnmatchcase(model.lower(), self.models)


@frozen
class Endpoint:
    """Where a vendor speaks one dialect: the base URL, without a slash at its end, behind which the dialect puts its
    path. `quirks` and `rules` go for this dialect alone."""

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
