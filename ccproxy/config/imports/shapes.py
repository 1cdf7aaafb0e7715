"""Which program a document was written for: a format is told by keys that only it has.

A document that fits two is refused: guessing would be luck. What such a document means here, the readers beside this
module know.
"""

from collections.abc import Callable, Collection
from typing import Any

from attrs import field, frozen

from ccproxy.config.documents import NO_FILE, Document
from ccproxy.config.environment import Environment
from ccproxy.config.settings import ConfigError

Value = dict[str, Any]


def _nowhere(_environ: Environment) -> bool:
    return False


@frozen
class Shape:
    """One format. `reads_env_file`: the program took the variables of `.env` in the working directory."""

    name: str
    fits: Callable[[Value], bool]
    reads_env_file: bool = False
    is_meant: Callable[[Environment], bool] = field(default=_nowhere)
    """Whether the environment alone is a configuration of this program's."""


def shape_of(document: Document, environ: Environment | None = None) -> Shape | None:
    """The format of a document; None for our own. Where there is no file, `environ` may be meant for a program. Raises
    `ConfigError` where it could be two."""
    if document is NO_FILE:
        return next((shape for shape in SHAPES if shape.is_meant(environ or {})), None)
    fitting = [shape for shape in SHAPES if shape.fits(document.value)]
    if len(fitting) > 1:
        names = " and as one of ".join(shape.name for shape in fitting)
        raise ConfigError(
            f"{document.name}: this can be read as a configuration of {names}: keep the keys of one program"
        )
    return fitting[0] if fitting else None


def _has(value: Any, keys: Collection[str]) -> bool:
    """Whether a value is an object with one of these keys."""
    return isinstance(value, dict) and any(key in value for key in keys)


def _any_has(values: Any, keys: Collection[str]) -> bool:
    """The same of one in a list."""
    return isinstance(values, list) and any(_has(one, keys) for one in values)


def _is_router(value: Value) -> bool:
    own = ("Router", "API_TIMEOUT_MS", "NON_INTERACTIVE_MODE", "CUSTOM_ROUTER_PATH", "OPENAI_BASE_URL")
    return _has(value, own) or _any_has(value.get("Providers"), ("api_base_url",))


AISTACK_KEYS = {"OPENAI_API_KEY": "openai", "ANTHROPIC_API_KEY": "anthropic", "GEMINI_API_KEY": "gemini"}
"""The variables of aistackhq's program that hold keys, and whose."""


def _is_aistack(value: Value) -> bool:
    providers = value.get("providers")
    return (
        (isinstance(providers, dict) and _any_has([*providers.values()], ("apiKey", "baseURL", "responseStyle")))
        or _has(value.get("models"), ("bigModel", "smallModel", "preferredProvider"))
        or _has(value.get("server"), ("port", "host"))
        or _has(value.get("claude"), ("args",))
    )


def _names_models_of_aistack(environ: Environment) -> bool:
    """A model is named in this program's own way, and there is a key that it knows."""
    models = (environ.get(name, "") for name in ("BIG_MODEL", "SMALL_MODEL"))
    return any("@" in model for model in models) and any(map(environ.get, AISTACK_KEYS))


def _is_starbased(value: Value) -> bool:
    return isinstance(value.get("ccproxy"), dict)


def _is_litellm(value: Value) -> bool:
    sections = ("model_list", "litellm_settings", "router_settings", "general_settings")
    return _has(value, sections) and "ccproxy" not in value


ORCHESTRE_PERFORMANCE = (
    "metrics_enabled",
    "rate_limit_enabled",
    "rate_limit_requests_per_min",
    "circuit_breaker_enabled",
)
ORCHESTRE_PROVIDER = ("transformers", "message_format", "created_at", "updated_at")

NANOSECONDS = 1_000_000
"""A whole number of at least this many is a duration in nanoseconds, as Go writes them; in seconds it would be days."""


def is_nanoseconds(value: Any) -> bool:
    """Whether a duration was written by Go."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= NANOSECONDS


def _is_orchestre(value: Value) -> bool:
    """Our own format grew out of this one: without one of these keys, a file is one of ours."""
    performance, providers = value.get("performance"), value.get("providers")
    if isinstance(providers, dict):
        return False
    return (
        _has(performance, ORCHESTRE_PERFORMANCE)
        or (isinstance(performance, dict) and is_nanoseconds(performance.get("request_timeout")))
        or _any_has(providers, ORCHESTRE_PROVIDER)
        or ("api_key" in value and _has(value, ("providers", "routes")))
    )


CLAUDE_CODE_ROUTER = Shape("claude-code-router", _is_router)
AISTACK = Shape("claude-code-proxy", _is_aistack, reads_env_file=True, is_meant=_names_models_of_aistack)
STARBASED = Shape("starbased-co/ccproxy", _is_starbased)
LITELLM = Shape("LiteLLM", _is_litellm)
ORCHESTRE = Shape("orchestre-dev/ccproxy", _is_orchestre, reads_env_file=True)

SHAPES = (CLAUDE_CODE_ROUTER, AISTACK, STARBASED, LITELLM, ORCHESTRE)
