"""What types cannot say: names that must exist, values within bounds, and that no door is left open."""

from collections.abc import Iterator

from attrs import asdict

from ccproxy.access.budgets import EACH, Period
from ccproxy.config import clients, hookchecks, routechecks
from ccproxy.config.listening import fault, is_private
from ccproxy.config.problems import Path, Problem, guess, one_of, quoted
from ccproxy.config.settings import (
    DATABASES,
    KEY_STRATEGIES,
    LOG_FORMATS,
    LOG_LEVELS,
    LONGEST_CAPTURE,
    CacheSettings,
    CaptureSettings,
    FailoverSettings,
    PerformanceSettings,
    ProviderSettings,
    Settings,
)
from ccproxy.dialects.quirks import Quirks
from ccproxy.providers.baseurl import PATHS
from ccproxy.providers.catalogue import names, vendor
from ccproxy.providers.provider import BadProvider, Provider
from ccproxy.providers.wayout import BadProxy, WayOut
from ccproxy.wire.masking import wrong

_OPEN = (
    "expected an `apikey` when other machines can reach ccproxy: set one for clients to present, "
    "or listen on 127.0.0.1 or a unix socket"
)


def problems(settings: Settings) -> Iterator[Problem]:
    """Everything wrong with settings whose types are right. `listen` is complete: see `config.load`."""
    yield from _listening(settings)
    yield from clients.problems(settings)
    yield from hookchecks.problems(settings)
    yield from _one_of(("log_level",), settings.log_level, LOG_LEVELS)
    yield from _one_of(("log_format",), settings.log_format, LOG_FORMATS)
    for name in ("log_max_size", "log_keep"):
        if getattr(settings, name) < 0:
            yield Problem((name,), f"found {getattr(settings, name)}, expected 0 or more")
    yield from _cache(settings.cache)
    if settings.responses.max_size < 0:
        yield Problem(("responses", "max_size"), f"found {settings.responses.max_size}, expected a number of bytes")
    yield from _proxy(settings)
    yield from _performance(settings.performance)
    yield from _failover(settings.failover)
    yield from _providers(settings)
    yield from _ledger(settings)
    yield from _capture(settings.capture)
    yield from _budgets(settings)
    if settings.tracing.endpoint and not settings.tracing.endpoint.startswith(("http://", "https://")):
        yield Problem(("tracing", "endpoint"), "found no URL, expected such as http://127.0.0.1:4318/v1/traces")
    if not 0 <= settings.tracing.share <= 1:
        yield Problem(("tracing", "share"), f"found {settings.tracing.share:g}, expected a number from 0 to 1")
    for index, description in enumerate(settings.metrics.listen):
        if expected := fault(description):
            yield Problem(("metrics", "listen", index), f"found {quoted(description)}, expected {expected}")
    yield from routechecks.problems(settings)


def _one_of(path: Path, found: str, known: tuple[str, ...]) -> Iterator[Problem]:
    if found not in known:
        yield Problem(path, f"found {quoted(found)}, expected {one_of(known)}{guess(found, known)}")


def _proxy(settings: Settings) -> Iterator[Problem]:
    """What is wrong with the URL is not shown: a password may be in it."""
    try:
        WayOut.of(settings.proxy_url.reveal(), settings.no_proxy, {})
    except BadProxy as error:
        yield Problem(("proxy_url",), f"expected {error}")


def _listening(settings: Settings) -> Iterator[Problem]:
    if not 0 <= settings.port <= 65535:
        yield Problem(("port",), "found a number out of range, expected a port from 0 to 65535")
        return
    if not settings.host.strip() or settings.host == "*":
        yield Problem(("host",), f"found {quoted(settings.host)}, expected an address; 0.0.0.0 stands for all")
        return
    for index, description in enumerate(settings.listen):
        if expected := fault(description):
            yield Problem(("listen", index), f"found {quoted(description)}, expected {expected}")
        elif not settings.has_keys and not is_private(description):
            yield Problem(("listen", index), f"found {quoted(description)} and no `apikey`, {_OPEN}")


def _cache(cache: CacheSettings) -> Iterator[Problem]:
    if cache.enabled and not cache.ttl:
        yield Problem(("cache", "ttl"), "found 0 seconds, expected more than 0")
    if cache.max_size <= 0:
        yield Problem(("cache", "max_size"), f"found {cache.max_size}, expected a number of bytes above 0")


def _performance(performance: PerformanceSettings) -> Iterator[Problem]:
    for name in ("connect_timeout", "first_byte_timeout", "stall_timeout", "request_timeout"):
        if getattr(performance, name) == 0:
            expected = "more than 0" + (', or "" for none' if name == "request_timeout" else "")
            yield Problem(("performance", name), f"found 0 seconds, expected {expected}")
    if performance.max_request_body_size <= 0:
        yield Problem(
            ("performance", "max_request_body_size"),
            f"found {performance.max_request_body_size}, expected a number of bytes above 0",
        )


def _ledger(settings: Settings) -> Iterator[Problem]:
    scheme, url, _ = settings.ledger.database.partition("://")
    if url and scheme not in DATABASES:
        expected = f"a file's path, or a URL that begins with {one_of(f'{known}://' for known in DATABASES)}"
        # The URL may hold a password, and so is not shown.
        yield Problem(("ledger", "database"), f"found a URL that begins otherwise, expected {expected}")
    if settings.ledger.max_size < 0:
        yield Problem(
            ("ledger", "max_size"), f"found {settings.ledger.max_size}, expected a number of bytes, or 0 for no limit"
        )
    for name, price in settings.prices.items():
        for field, dollars in asdict(price).items():
            if dollars is not None and dollars < 0:
                yield Problem(("prices", name, field), f"found {dollars:g}, expected dollars for a million tokens")


def _capture(capture: CaptureSettings) -> Iterator[Problem]:
    for name in ("max_bytes", "max_size"):
        if getattr(capture, name) <= 0:
            found = f"found {getattr(capture, name)}, expected a number of bytes above 0"
            yield Problem(("capture", name), found)
    if capture.max_bytes > LONGEST_CAPTURE:
        found = f"found {capture.max_bytes}, expected at most {LONGEST_CAPTURE}"
        yield Problem(("capture", "max_bytes"), found)
    if capture.keep <= 0:
        yield Problem(("capture", "keep"), "found 0 seconds, expected more than 0")
    for index, text in enumerate(capture.redact):
        if expected := wrong(text):
            yield Problem(("capture", "redact", index), f"found {quoted(text)}, expected {expected}")


def _failover(failover: FailoverSettings) -> Iterator[Problem]:
    if failover.max_attempts < 1:
        found = f"found {failover.max_attempts}, expected a number of attempts above 0"
        yield Problem(("failover", "max_attempts"), found)
    if failover.breaker_failures < 0:
        found = f"found {failover.breaker_failures}, expected a number of failures, or 0 for no breaker"
        yield Problem(("failover", "breaker_failures"), found)
    if failover.breaker_longest_pause < failover.breaker_pause:
        found = "found less than breaker_pause, expected at least as much"
        yield Problem(("failover", "breaker_longest_pause"), found)
    if failover.probe_every is not None and failover.probe_every < 1:
        yield Problem(("failover", "probe_every"), 'found less than a second, expected more, or "" for never')


def _budgets(settings: Settings) -> Iterator[Problem]:
    known = ("", EACH, *dict.fromkeys([*(client.name for client in settings.clients), "client", "local"]))
    periods = tuple(period.value for period in Period)
    for index, budget in enumerate(settings.budgets):
        path: Path = ("budgets", index)
        yield from _one_of((*path, "period"), budget.period, periods)
        yield from _one_of((*path, "client"), budget.client, known)
        if budget.money < 0 or budget.tokens < 0 or not (budget.money or budget.tokens):
            yield Problem((*path, "money"), "found neither, expected dollars in `money` or a number in `tokens`")
        if not 0 < budget.warn <= 1:
            yield Problem((*path, "warn"), f"found {budget.warn:g}, expected a part, such as 0.8")


def _providers(settings: Settings) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, provider in enumerate(settings.providers):
        path: Path = ("providers", index)
        if provider.name in seen:
            first = seen[provider.name]
            yield Problem(
                (*path, "name"),
                f"found {quoted(provider.name)} a second time (it is the name of providers[{first}]), "
                "expected each provider to have its own name",
            )
        seen.setdefault(provider.name, index)
        yield from _name(path, provider.name)
        if provider.enabled:
            # In a disabled one an unset variable may have left nothing of a URL.
            yield from _service(path, provider)
        yield from _one_of((*path, "key_strategy"), provider.key_strategy, KEY_STRATEGIES)
        for name, least in (("max_concurrent", 1), ("max_queued", 0)):
            if getattr(provider, name) < least:
                yield Problem((*path, name), f"found {getattr(provider, name)}, expected {least} or more")
        for position, key in enumerate(provider.api_keys):
            if not key:
                yield Problem((*path, "api_keys", position), "found an empty text, expected a key")
        for position, model in enumerate(provider.models):
            if not model.strip():
                yield Problem((*path, "models", position), "found an empty text, expected a model's name")


def _name(path: Path, name: str) -> Iterator[Problem]:
    if not name or any(character in ",@/ " for character in name):
        yield Problem(
            (*path, "name"),
            f"found {quoted(name)}, expected a name without comma, @, slash and space: "
            "clients write provider,model and model@provider",
        )


def _service(path: Path, provider: ProviderSettings) -> Iterator[Problem]:
    try:
        Provider.of(
            provider.name,
            base_url=provider.api_base_url,
            dialect=provider.dialect,
            quirks=provider.quirks,
        )
    except BadProvider as error:
        found = quoted(provider.dialect) if error.field == "dialect" and provider.dialect else "nothing"
        hint = guess(provider.dialect, PATHS) if error.field == "dialect" else ""
        if error.field == "api_base_url":
            if provider.api_base_url:
                found = "a URL that cannot be used"  # It may hold a password, and so is not shown.
            elif vendor(provider.name) is None:
                hint = guess(provider.name, names()).replace("mean", "mean the name")
        yield Problem((*path, error.field), f"found {found}, expected {error.expected}{hint}")
    for name in ("max_tokens_field", "system_role", "tool_id_pattern"):
        if provider.quirks.get(name, getattr(Quirks(), name)) == "":
            yield Problem((*path, "quirks", name), "found an empty text, expected a value")
