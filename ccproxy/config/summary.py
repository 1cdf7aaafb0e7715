"""What a configuration comes to, for people and programs: what answers whom, what is doubtful, and all of it without a
key in sight."""

import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from ccproxy.config.resolve import providers, routes
from ccproxy.config.settings import Settings
from ccproxy.errors import ApiError
from ccproxy.providers.provider import Provider
from ccproxy.secret import Secret

CLAUDE_MODELS = (
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-fable-5-2",
    "claude-sonnet-5",
    "claude-3-5-haiku-20241022",
)
"""What Claude Code asks for: its models of each size, the one of its classifier, and one of old."""

_PLACEHOLDER = re.compile(r"(?i)your[-_ ]|[-_]here\b|\.\.\.|x{3,}|<.*>|^sk-$|changeme|placeholder|example")

_IN_URL = re.compile(
    r"(?i)(?P<before>://[^/\s:@]*:)[^\s?#]+(?=@)|(?P<name>[?&][\w-]*(?:key|token|secret|password)=)[^&\s#]+"
)
"""What a URL may hold that is nobody's business: a password before its host, a key in its query."""


@attrs.frozen
class Resolved:
    """A model's name, and where it leads; `refusal` says why nowhere."""

    asked: str
    targets: tuple[str, ...] = ()
    rule: str = ""
    refusal: str = ""


def resolved(settings: Settings, names: Iterable[str] = CLAUDE_MODELS) -> tuple[Resolved, ...]:
    """Where these names lead, for a request that is nothing but plain."""
    known = routes(settings)
    return tuple(_resolve(known, name) for name in names)


def _resolve(known: Any, name: str) -> Resolved:
    try:
        chosen = known.named(name)
    except ApiError as error:
        return Resolved(name, refusal=error.message)
    return Resolved(name, tuple(target.name for target in chosen.targets), chosen.rule)


def doubts(settings: Settings) -> Iterator[str]:
    """What is no mistake for certain, but is likely none that was meant."""
    if settings.demo:
        yield "no provider is configured: the built-in demo answers. Set a key such as OPENROUTER_API_KEY, or write one"
        return
    for one in settings.providers:
        key = one.api_key.reveal()
        if one.enabled and _PLACEHOLDER.search(key):
            yield f"the key of {one.name} looks like a placeholder: put your own in its place"
    for provider in providers(settings).values():
        row = provider.vendor
        if row and row.key_variable and not provider.key and not provider.passes_login:
            yield f"{provider.name} has no key, and its service wants one: set `api_key`, or {row.key_variable}"
    for result in resolved(settings):
        if result.refusal:
            yield f"Claude Code may ask for {result.asked}: {result.refusal}"
    yield from _names_that_nobody_has(settings)
    if settings.capture.enabled and not settings.has_keys:
        yield (
            "prompts are captured, and without an `apikey` everybody on this machine can read them on the page: "
            "set one, if others use it"
        )


def _names_that_nobody_has(settings: Settings) -> Iterator[str]:
    """Providers that are asked for a model by Claude Code's name for it, though they have others."""
    known = providers(settings)
    told = set()
    for result in resolved(settings):
        for name, _, model in (target.partition(",") for target in result.targets):
            usual = known[name].default_model
            if usual and model == result.asked and model not in known[name].models and name not in told:
                told.add(name)
                yield f'{name} is asked for {model}, which it hardly has: say which of its models: "{name},{usual}"'


def key_of(provider: Provider) -> str:
    """What is known of a provider's key, without showing it."""
    if provider.key:
        return provider.key.masked()
    if provider.passes_login:
        return "the client's own login"
    return "none"


def secrets_in(value: Any) -> Iterator[str]:
    """Every key that stands anywhere in settings."""
    match value:
        case Secret():
            yield value.reveal()
        case Mapping():
            for part in value.values():
                yield from secrets_in(part)
        case list() | tuple() | frozenset() | set():
            for part in value:
                yield from secrets_in(part)
        case _ if attrs.has(type(value)):
            for member in attrs.fields(type(value)):
                yield from secrets_in(getattr(value, member.name))


def plain(value: Any) -> Any:
    """Settings as what JSON can hold, with keys masked."""
    match value:
        case Secret():
            return value.masked() if value else ""
        case enum.Enum():
            return value.value
        case str():
            return _IN_URL.sub(lambda found: f"{found['before'] or found['name']}…", value)
        case Mapping():
            return {str(name): _inside(str(name), part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case frozenset() | set():
            return sorted(map(plain, value))
        case _ if attrs.has(type(value)):
            return {member.name: plain(getattr(value, member.name)) for member in attrs.fields(type(value))}
        case _:
            return value


def _inside(name: str, value: Any) -> Any:
    """Headers of requests may hold keys, too."""
    if name == "headers" and isinstance(value, Mapping):
        return {header: Secret(str(text)).masked() for header, text in value.items()}
    return plain(value)
