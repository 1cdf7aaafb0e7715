"""A provider: one account at one service, as the configuration names it, and the targets it has."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from ccproxy.dialects.quirks import Quirks
from ccproxy.providers.baseurl import PATHS, BadUrl, dialect_told_by, normalised
from ccproxy.providers.catalogue import vendor, vendor_at
from ccproxy.providers.target import Auth, KeyChoice, Target
from ccproxy.providers.vendor import Overrides, Vendor
from ccproxy.secret import Secret

TARGET_LIMIT = 1024
"""Targets remembered by one provider. A client may name any model it likes, so the memory must have an end."""

_AUTH = {"anthropic": Auth.X_API_KEY, "gemini": Auth.GOOGLE}
"""How services of a dialect want their key, where the catalogue does not know better; else as a bearer."""


class BadProvider(ValueError):
    """No provider can be made of this. `field` is what is wrong: `name`, `api_base_url` or `dialect`; `expected` says
    what would be right."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected


@frozen
class Provider:
    """Who is asked, where, and with which key. `target(model)` is what routing wants of it."""

    name: str
    base_url: str
    dialect: str
    key: Secret = field(default=Secret(""))
    further_keys: tuple[Secret, ...] = ()
    key_choice: KeyChoice = KeyChoice.ROUND_ROBIN
    auth: Auth = Auth.BEARER
    models: tuple[str, ...] = ()
    passes_login: bool = False
    vendor: Vendor | None = None
    """What the catalogue knows of the service."""
    one_dialect: bool = True
    """False where the vendor's own service is asked, and some of its models want another dialect."""
    quirks: Overrides = field(factory=dict, repr=False)
    """What the configuration corrects, over the vendor's."""
    _targets: dict[str, Target] = field(factory=dict, init=False, repr=False, eq=False)

    @classmethod
    def of(
        cls,
        name: str,
        *,
        base_url: str = "",
        key: Secret | None = None,
        further_keys: Iterable[Secret] = (),
        key_choice: KeyChoice = KeyChoice.ROUND_ROBIN,
        dialect: str = "",
        models: Iterable[str] = (),
        quirks: Overrides | None = None,
    ) -> "Provider":
        """The provider that someone means who writes this much; the catalogue knows the rest. Raises `BadProvider`."""
        if dialect and dialect not in PATHS:
            raise BadProvider("dialect", "one of " + ", ".join(PATHS))
        row = _row(name, base_url)
        if row and row.place_variables:
            row = row.located(row.places_in(base_url.strip()))
        speaks = dialect or _dialect(row, base_url)
        url = _base_url(row, base_url, speaks)
        endpoint = row.endpoints.get(speaks) if row else None
        own_service = row is not None and any(url == known.base_url for known in row.endpoints.values())
        return cls(
            name=name,
            base_url=url,
            dialect=speaks,
            key=key or Secret(""),
            further_keys=tuple(further_keys),
            key_choice=key_choice,
            auth=endpoint.auth if endpoint else _AUTH.get(speaks, Auth.BEARER),
            models=tuple(models),
            # A client's Anthropic login must not reach a vendor that only speaks Anthropic's dialect.
            passes_login=speaks == "anthropic" and (row is None or row.passes_login),
            vendor=row,
            one_dialect=bool(dialect) or not own_service or row is None or speaks != row.dialect,
            quirks=quirks or {},
        )

    @property
    def default_model(self) -> str:
        """The model to ask where nobody named one: the first of `models`, else the vendor's; empty for the one the
        client asked for."""
        if self.models:
            return self.models[0]
        return self.vendor.default_model if self.vendor else ""

    def target(self, model: str) -> Target:
        """The target for one model of this provider."""
        known = self._targets.get(model)
        if known is None:
            if len(self._targets) >= TARGET_LIMIT:
                self._targets.clear()
            known = self._targets[model] = self._make(model)
        return known

    def _make(self, model: str) -> Target:
        dialect, base_url, auth = self.dialect, self.base_url, self.auth
        overrides: dict[str, Any] = {}
        if self.vendor:
            if not self.one_dialect:
                dialect = self.vendor.dialect_for(model)
                endpoint = self.vendor.endpoints[dialect]
                base_url, auth = endpoint.base_url, endpoint.auth
            overrides = self.vendor.overrides(model, dialect)
        quirks = evolve(
            Quirks(),
            **_corrected(overrides, self.quirks),
            vendor=self.vendor.name if self.vendor else self.name,
            model=model,
            account=_account(base_url, self.key),
        )
        target = Target(
            provider=self.name,
            model=model,
            dialect=dialect,
            base_url=base_url,
            key=self.key,
            auth=auth,
            passes_login=self.passes_login and dialect == self.dialect,
            quirks=quirks,
            key_choice=self.key_choice,
        )
        others = (
            evolve(target, key=key, key_number=number, quirks=evolve(quirks, account=_account(base_url, key)))
            for number, key in enumerate(self.further_keys, 2)
        )
        return evolve(target, others=tuple(others))


def _account(base_url: str, key: Secret) -> str:
    import hashlib

    host = urlsplit(base_url).netloc
    text = f"{host}\n{key.identity()}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _corrected(vendor_quirks: Overrides, own: Overrides) -> dict[str, Any]:
    """Both; the own ones win, except that headers and body fields are added to the vendor's one by one."""
    result = {**vendor_quirks, **own}
    for name in ("headers", "body"):
        if name in vendor_quirks and name in own:
            result[name] = {**vendor_quirks[name], **own[name]}
    return result


def goes_to_its_vendor(name: str, base_url: str) -> bool:
    """Whether a provider of this name and URL is asked at the very service that the catalogue knows by the name: only
    then may a key be used that was put into the environment for that service."""
    row = vendor(name)
    if row is None or not base_url:
        return row is not None
    hosts = {urlsplit(endpoint.base_url).hostname for endpoint in row.endpoints.values()}
    try:
        host = urlsplit(base_url.strip()).hostname
        return host in hosts or (host is not None and row.has_host(host))
    except ValueError:
        return False


def _row(name: str, base_url: str) -> Vendor | None:
    by_name = vendor(name)
    if not base_url:
        if by_name is None:
            raise BadProvider("api_base_url", "the provider's URL, since the catalogue knows no vendor of this name")
        return by_name
    try:
        normalised(base_url, "")
    except BadUrl as error:
        raise BadProvider("api_base_url", str(error)) from None
    return vendor_at(base_url.strip()) or by_name


def _dialect(row: Vendor | None, base_url: str) -> str:
    """The dialect that nobody named."""
    if told := dialect_told_by(base_url):
        return told
    if row is None:
        raise BadProvider("dialect", "one of " + ", ".join(PATHS) + ", since the catalogue does not know this provider")
    url = normalised(base_url, "") if base_url else ""
    by_address = [
        (len(endpoint.base_url), dialect)
        for dialect, endpoint in row.endpoints.items()
        if url == endpoint.base_url or url.startswith(endpoint.base_url + "/")
    ]
    longest = max((length for length, _ in by_address), default=0)
    fitting = [dialect for length, dialect in by_address if length == longest]
    return row.dialect if row.dialect in fitting or not fitting else fitting[0]


def _base_url(row: Vendor | None, base_url: str, dialect: str) -> str:
    if not base_url:
        if row is None or dialect not in row.endpoints:
            spoken = ", ".join(row.endpoints) if row else ""
            raise BadProvider(
                "dialect", f"one that the vendor is known to speak ({spoken}), or an api_base_url with it"
            )
        if row.place_variables:
            raise BadProvider("api_base_url", "a URL, or the account in " + " and ".join(row.place_variables))
        return row.endpoints[dialect].base_url
    bare = not urlsplit(base_url.strip()).path.strip("/")
    known = vendor_at(base_url.strip()) if bare else None
    if row and known and known.name == row.name and dialect in row.endpoints:
        return row.endpoints[dialect].base_url
    return normalised(base_url, dialect)


Providers = Mapping[str, Provider]
"""Providers by name."""
