"""Parameters put into a request.

One that is translated is changed in the model; one that is passed on as it came is changed in those bytes alone.
"""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Request
from ccproxy.providers.parameters import Parameters, Setting
from ccproxy.wire import jsontext
from ccproxy.wire.splice import member, put

_WRITTEN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "anthropic": {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "top_k": ("top_k",),
        "max_tokens": ("max_tokens",),
        "stop": ("stop_sequences",),
    },
    "openai_chat": {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "top_k": ("top_k",),
        "max_tokens": ("max_tokens", "max_completion_tokens"),
        "stop": ("stop",),
    },
    "openai_responses": {"temperature": ("temperature",), "top_p": ("top_p",), "max_tokens": ("max_output_tokens",)},
}
"""How each dialect writes them. Where it has two words for one, either stands for both."""

_REFUSED_WITH_THINKING = ("temperature", "top_p", "top_k")
"""By Anthropic."""


def in_request(parameters: Parameters, request: Request) -> Request:
    """The request with these parameters."""
    changes: dict[str, Any] = {}
    for name, setting in parameters.settings.items():
        if setting.override or getattr(request.sampling, name) in (None, ()):
            changes[name] = tuple(setting.value) if name == "stop" else setting.value
    return evolve(request, sampling=evolve(request.sampling, **changes)) if changes else request


def in_body(parameters: Parameters, body: bytes, dialect: str, quirks: Quirks) -> bytes:
    """A body of this dialect with these parameters, every other byte as it was. What the dialect has no word for, and
    what Anthropic refuses together with thinking, is left out."""
    written = _WRITTEN.get(dialect, {})
    budget = _budget(body) if dialect == "anthropic" else None
    for name, setting in parameters.settings.items():
        if budget is not None and (name in _REFUSED_WITH_THINKING or _too_small(name, setting, budget)):
            continue
        words = written.get(name, ())
        there = [word for word in words if member(body, word) not in (None, b"null")]
        if not there and words:
            body = put(body, _word(words, quirks), jsontext.dumps(setting.value))
        elif setting.override:
            for word in there:
                body = put(body, word, jsontext.dumps(setting.value))
    return body


def _word(words: tuple[str, ...], quirks: Quirks) -> str:
    """The word that the vendor of a request knows."""
    return quirks.max_tokens_field if quirks.max_tokens_field in words else words[0]


def _budget(body: bytes) -> int | None:
    """The tokens set aside for thinking, 0 where the model decides; None where it does not think."""
    written = member(body, "thinking")
    thinking = jsontext.loads(written) if written else None
    if not isinstance(thinking, dict) or thinking.get("type") not in ("enabled", "adaptive"):
        return None
    budget = thinking.get("budget_tokens")
    return budget if isinstance(budget, int) else 0


def _too_small(name: str, setting: Setting, budget: int) -> bool:
    """Whether a limit of output tokens leaves no room behind the thinking: Anthropic would refuse it."""
    return name == "max_tokens" and setting.value <= budget
