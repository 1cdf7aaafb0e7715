"""Every option there is: the one truth about them.

`config.structure` fills these classes from what the operator wrote; `etc/ccproxy/config.json` shows and explains each
option with its default, and a test holds it against the fields here. Durations are seconds here, whatever they were
written as.
"""

from collections.abc import Mapping
from typing import Any, NewType

from attrs import field, frozen

from ccproxy.access.limits import Allowance
from ccproxy.providers.target import KeyChoice
from ccproxy.providers.vendor import Overrides
from ccproxy.secret import Secret

Seconds = NewType("Seconds", float)
"""Written as `"30s"`, `"2m"`, `"1h30m"`, `"500ms"`, or as a number."""

Age = NewType("Age", float)
"""Seconds as well, and written as they are; it may be years."""

Corrections = NewType("Corrections", Overrides)
"""Fields of `dialects.quirks.Quirks` by name."""

ProviderKey = NewType("ProviderKey", Secret)
"""Written as a text, or as where it is found: `{"command": "...", "refresh": "30m"}`, `{"file": "..."}`."""

Rate = NewType("Rate", Allowance)
"""Written as a number of requests a minute, or as `"5/s"`, `"100/m"`, `"1000/h"`, `"10000/d"`."""

Moment = NewType("Moment", float)
"""Seconds from the epoch; written as a date (`"2027-01-31"`, its end in UTC) or as a time with an offset."""

LONGEST_CAPTURE = 32 * 1024 * 1024
"""Bytes of one body that may be captured: more than that would not find room before it is written."""

KEY_STRATEGIES = tuple(choice.value for choice in KeyChoice)
LOG_LEVELS = ("debug", "info", "warn", "error", "critical")
LOG_FORMATS = ("text", "json", "journald")

DATABASES = ("postgresql", "postgres", "sqlite")
"""Schemes of a ledger's URL."""


class ConfigError(Exception):
    """The configuration cannot be used. `str()` is the one message for the operator: for each thing that is wrong it
    names file, line and key, what was found and what was expected. It never shows a key."""


@frozen
class ProviderSettings:
    """One account at one service. For a `name` that the catalogue knows the rest may be left out."""

    name: str
    api_base_url: str = ""
    api_key: ProviderKey = field(default=ProviderKey(Secret("")))
    api_keys: tuple[ProviderKey, ...] = ()
    key_strategy: str = KeyChoice.ROUND_ROBIN.value
    max_concurrent: int = 1000
    max_queued: int = 1000
    models: tuple[str, ...] = ()
    enabled: bool = True
    dialect: str = ""
    quirks: Corrections = field(factory=lambda: Corrections({}), repr=False)


@frozen
class TargetSettings:
    """One place where a route leads: also written as the text `provider,model`. An empty `model` stands for the name
    the client asked for."""

    provider: str
    model: str = ""
    weight: float = 1.0


@frozen
class ConditionSettings:
    """Something that must be so of a request: see `routing.conditions`. `name` tells which parameter or header."""

    type: str
    operator: str = ""
    value: Any = None
    name: str = ""


@frozen
class RouteSettings:
    """Where requests lead, and which: also written as the text `provider,model`. `provider` and `model` are the one
    target of most routes, and `targets` several; `fallbacks` come behind either. An empty `strategy` is `order`, and
    `weighted` where there are weights."""

    provider: str = ""
    model: str = ""
    targets: tuple[TargetSettings, ...] = ()
    fallbacks: tuple[TargetSettings, ...] = ()
    strategy: str = ""
    models: tuple[str, ...] = ()
    conditions: tuple[ConditionSettings, ...] = ()
    parameters: Mapping[str, Any] = field(factory=dict)
    affinity: bool = True
    resume: bool = False


@frozen
class PerformanceSettings:
    """Deadlines and limits. `request_timeout` None: an answer may take as long as it comes."""

    connect_timeout: Seconds = Seconds(10.0)
    first_byte_timeout: Seconds = Seconds(120.0)
    stall_timeout: Seconds = Seconds(300.0)
    request_timeout: Seconds | None = None
    commit_grace: Seconds = Seconds(15.0)
    max_request_body_size: int = 32 * 1024 * 1024


@frozen
class FailoverSettings:
    """How far an exchange goes to find a target that answers, and when a target that fails is left alone."""

    max_attempts: int = 6
    max_time: Seconds = Seconds(300.0)
    queue_time: Seconds = Seconds(30.0)
    breaker_failures: int = 10
    breaker_pause: Seconds = Seconds(5.0)
    breaker_longest_pause: Seconds = Seconds(60.0)
    probe_every: Seconds | None = None


@frozen
class CacheSettings:
    """Answers that are kept for the same request: see `exchange.cache`."""

    enabled: bool = False
    ttl: Seconds = Seconds(300.0)
    max_size: int = 64 * 1024 * 1024


@frozen
class ResponsesSettings:
    """Responses that clients may name later: see `exchange.kept`."""

    keep: Seconds = Seconds(3600.0)
    max_size: int = 64 * 1024 * 1024


@frozen
class NetworkSettings:
    """Who may come, by address: networks in CIDR."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@frozen
class ClientSettings:
    """One client with a key of its own. Empty lists, 0 and None: no limit."""

    name: str
    key: Secret = field(default=Secret(""))
    key_hash: Secret = field(default=Secret(""))
    enabled: bool = True
    models: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    rate: Rate | None = None
    tokens_per_minute: int = 0
    max_concurrent: int = 0
    networks: NetworkSettings = field(factory=NetworkSettings)
    expires: Moment | None = None
    admin: bool = False


@frozen
class AddressSettings:
    """What each single address may use, whoever is there."""

    rate: Rate | None = None
    tokens_per_minute: int = 0
    max_concurrent: int = 0


@frozen
class CaptureSettings:
    """Requests and answers word for word, for whoever looks for a fault: see `captures`. `config.load` fills in
    `directory`; where it is empty nothing is captured. A body is kept up to `max_bytes`, all together up to
    `max_size`."""

    enabled: bool = False
    directory: str = ""
    max_bytes: int = 8 * 1024 * 1024
    max_size: int = 512 * 1024 * 1024
    keep: Seconds = Seconds(86400.0)
    redact: tuple[str, ...] = ()


@frozen
class BudgetSettings:
    """What may be spent in a period: by `client`, by all together where it is empty, by each where it is `*`. 0: no
    limit."""

    period: str
    client: str = ""
    money: float = 0.0
    tokens: int = 0
    warn: float = 0.8
    message: str = ""
    enabled: bool = True


@frozen
class LedgerSettings:
    """What is kept of exchanges. `config.load` fills in `database`; where it is empty nothing is kept, and so it is
    with `max_size` and `keep`: 0 and `""` stand for no limit."""

    enabled: bool = True
    database: str = field(default="", repr=False)
    keep: Age | None = Age(90 * 86400.0)
    max_size: int = 512 * 1024 * 1024


@frozen
class PriceSettings:
    """What a model costs, in dollars for a million tokens. None: as what it is a part of."""

    input: float
    output: float
    cache_read: float | None = None
    cache_written: float | None = None
    reasoning: float | None = None


@frozen
class MetricsSettings:
    """What Prometheus may read. At `listen` (endpoint strings of Twisted) nobody is asked for a key."""

    enabled: bool = True
    listen: tuple[str, ...] = ()


@frozen
class TracingSettings:
    """Where traces go, by OTLP over HTTP; an empty `endpoint`: nowhere. `share` of the exchanges are traced that belong
    to no trace of their client's."""

    endpoint: str = field(default="", repr=False)
    headers: Mapping[str, Secret] = field(factory=dict)
    service: str = "ccproxy"
    share: float = 1.0


@frozen
class AdministrationSettings:
    """Changing the configuration over HTTP. `any_address` lets providers be where link-local and metadata services
    are."""

    enabled: bool = True
    any_address: bool = False


@frozen
class HookSettings:
    """A function that is called at a point of every exchange: see `exchange.hooks`."""

    on: str
    hook: str
    parameters: Mapping[str, Any] = field(factory=dict, repr=False)
    timeout: Seconds = Seconds(5.0)
    reactor: bool = False
    required: bool = False
    enabled: bool = True


@frozen
class ExtensionSettings:
    """Code of the operator's own. `config.load` fills in `directory`: where the configuration file is."""

    directory: str = ""
    hooks: tuple[HookSettings, ...] = ()


@frozen
class Settings:
    """The whole configuration, in the order in which `etc/ccproxy/config.json` tells of it. `listen` holds endpoint
    strings of Twisted; `config.load` makes one of `host` and `port` where none is given."""

    host: str = "127.0.0.1"
    port: int = 3456
    listen: tuple[str, ...] = ()
    providers: tuple[ProviderSettings, ...] = ()
    routes: Mapping[str, RouteSettings] = field(factory=dict)
    performance: PerformanceSettings = field(factory=PerformanceSettings)
    failover: FailoverSettings = field(factory=FailoverSettings)
    proxy_url: Secret = field(default=Secret(""))
    no_proxy: tuple[str, ...] = ()
    cache: CacheSettings = field(factory=CacheSettings)
    responses: ResponsesSettings = field(factory=ResponsesSettings)
    apikey: Secret = field(default=Secret(""))
    clients: tuple[ClientSettings, ...] = ()
    per_address: AddressSettings = field(factory=AddressSettings)
    budgets: tuple[BudgetSettings, ...] = ()
    networks: NetworkSettings = field(factory=NetworkSettings)
    trusted_proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    log: bool = True
    log_level: str = "info"
    log_format: str = "text"
    log_file: str = ""
    log_max_size: int = 10 * 1024 * 1024
    log_keep: int = 5
    ledger: LedgerSettings = field(factory=LedgerSettings)
    prices: Mapping[str, PriceSettings] = field(factory=dict)
    capture: CaptureSettings = field(factory=CaptureSettings)
    metrics: MetricsSettings = field(factory=MetricsSettings)
    tracing: TracingSettings = field(factory=TracingSettings)
    reload_on_change: bool = False
    shutdown_timeout: Seconds = Seconds(30.0)
    administration: AdministrationSettings = field(factory=AdministrationSettings)
    extensions: ExtensionSettings = field(factory=ExtensionSettings)
    claude_args: tuple[str, ...] = ()

    @property
    def has_keys(self) -> bool:
        """Whether clients must present a key."""
        return bool(self.apikey) or any(client.enabled for client in self.clients)

    @property
    def demo(self) -> bool:
        """Whether the embedded demo answers, since no provider is there to do it."""
        return not any(provider.enabled for provider in self.providers)
