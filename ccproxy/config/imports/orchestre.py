"""config.json of orchestre-dev/ccproxy.

Our own format grew out of it, so that most of a file passes as it stands; without the keys below, such a file is one of
ours. Its documentation names more keys than its code ever read: they are told as unknown.
"""

from typing import Any

import attrs

from ccproxy.config.imports.parts import Around, Part, Taken, give_host
from ccproxy.config.imports.shapes import is_nanoseconds
from ccproxy.config.settings import PerformanceSettings, ProviderSettings, RouteSettings, Settings

IGNORED_OF_PERFORMANCE = {
    "metrics_enabled": "ccproxy always counts",
    "rate_limit_enabled": "orchestre-dev/ccproxy never limited anything either",
    "rate_limit_requests_per_min": "orchestre-dev/ccproxy never limited anything either",
    "circuit_breaker_enabled": "orchestre-dev/ccproxy never had one at work either",
}
IGNORED_OF_PROVIDERS = {
    "transformers": "requests are translated by what is known of the provider; `quirks` correct it",
    "message_format": "the provider's dialect is known, or told by `dialect`",
    "created_at": "ccproxy keeps no such date",
    "updated_at": "ccproxy keeps no such date",
}


def _options(kind: Any) -> frozenset[str]:
    return frozenset(member.name for member in attrs.fields(kind))


def read(taken: Taken, whole: Part, around: Around) -> None:
    """Take the document."""
    has_key = bool(whole.value.get("apikey") or whole.value.get("api_key"))
    if around.environ.get("APIKEY") and not around.environ.get("CCPROXY_API_KEY"):
        taken.put(("apikey",), "${APIKEY}")
        has_key = True
    for key in ("port", "log", "log_file"):
        if part := whole.get(key):
            part.give(key)
    if part := whole.get("apikey") or whole.get("api_key"):
        if part.path == ("api_key",):
            part.note("taken as `apikey`, as it is called here and there")
        if "apikey" not in taken.value:
            part.give("apikey")
    give_host(whole.get("host"), has_key or bool(around.environ.get("CCPROXY_API_KEY")))
    for index, provider in enumerate(whole.elements("providers")):
        _provider(index, provider)
    if routes := whole.object("routes"):
        for name, route in routes.members():
            _route(name, route)
    if performance := whole.object("performance"):
        _performance(performance)
    _pass(whole, _options(Settings))
    whole.rest()


def _pass(part: Part, options: frozenset[str], *at: str | int) -> None:
    """Options of ours in a file of theirs are ours."""
    for key in sorted(options & part.value.keys()):
        if not part.knows(key) and (inner := part.get(key)):
            inner.give(*at, key)


def _provider(index: int, provider: Part) -> None:
    at = ("providers", index)
    if not isinstance(provider.value, dict):
        provider.give(*at)
        return
    provider.taken.put(at, {}, provider)
    _pass(provider, _options(ProviderSettings), *at)
    provider.ignore(IGNORED_OF_PROVIDERS)
    provider.rest()


def _route(name: str, route: Part) -> None:
    at = ("routes", name)
    if not isinstance(route.value, dict):
        route.give(*at)
        return
    if not route.value.get("provider") and not route.value.keys() & (_options(RouteSettings) - {"provider", "model"}):
        route.note("ignored: it names no provider")
        return
    route.taken.put(at, {}, route)
    _pass(route, _options(RouteSettings), *at)
    route.ignore(
        {
            "conditions": "orchestre-dev/ccproxy never looked at them either",
            "parameters": "orchestre-dev/ccproxy lost them on the way for all but the default route",
        }
    )
    route.rest()


def _performance(performance: Part) -> None:
    at = "performance"
    if (part := performance.get("request_timeout")) and part.value != 0:
        value = part.value / 1e9 if is_nanoseconds(part.value) else part.value
        performance.taken.put((at, "first_byte_timeout"), value, part)
        part.note(
            "taken as `first_byte_timeout`: until an answer begins. There it cut off every answer that took longer "
            "as a whole; here that is `request_timeout`, and without limit"
        )
    if part := performance.get("max_request_body_size"):
        if part.value == 0:
            part.note("ignored: there is always a limit here, 32 MiB unless another is set")
        else:
            part.give(at, "max_request_body_size")
    _pass(performance, _options(PerformanceSettings), at)
    performance.ignore(IGNORED_OF_PERFORMANCE)
    performance.rest()
