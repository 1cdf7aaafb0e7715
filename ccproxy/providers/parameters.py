"""Sampling that an operator sets, for requests on their way to a target.

A plain value fills in what a request leaves out; an override replaces what it says. A request that is translated is
changed in the model; one that is passed on as it came is changed in those bytes alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, field, frozen

from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Request
from ccproxy.wire import jsontext
from ccproxy.wire.splice import member, put


class BadParameter(ValueError):
    """No parameters can be made of this. `field` is the one that is wrong; `expected` says what would be right, and
    `known`, which there are, where that is what is wrong."""

    def __init__(self, field: str, expected: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected
        self.known = known


def _number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def _positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) and text for text in value)


KNOWN: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "temperature": ("a number from 0 to 2", lambda value: _number(value, 0, 2)),
    "top_p": ("a number from 0 to 1", lambda value: _number(value, 0, 1)),
    "top_k": ("a whole number above 0", _positive),
    "max_tokens": ("a whole number above 0", _positive),
    "stop": ("a list of texts", _texts),
}
"""What can be set: fields of `model.messages.Sampling`, each with what it may be."""

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


@frozen
class Setting:
    """A value, and whether it replaces the request's own."""

    value: Any
    override: bool = False


@frozen
class Parameters:
    """What is set, by name. False where nothing is."""

    settings: Mapping[str, Setting] = field(factory=dict)

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> "Parameters":
        """Those that someone means who writes `{"temperature": 0.2, "max_tokens": {"override": 8192}}`. Raises
        `BadParameter`."""
        found: dict[str, Setting] = {}
        for name, value in written.items():
            if name not in KNOWN:
                raise BadParameter(name, "one of " + ", ".join(KNOWN), tuple(KNOWN))
            expected, right = KNOWN[name]
            override = isinstance(value, Mapping)
            if override and set(value) != {"override"}:
                raise BadParameter(name, f'{expected}, or {{"override": VALUE}} to replace what requests say')
            value = value["override"] if override else value
            if not right(value):
                raise BadParameter(name, expected)
            found[name] = Setting(value, override)
        return cls(found)

    def __bool__(self) -> bool:
        return bool(self.settings)

    def in_request(self, request: Request) -> Request:
        """The request with them."""
        changes: dict[str, Any] = {}
        for name, setting in self.settings.items():
            if setting.override or getattr(request.sampling, name) in (None, ()):
                changes[name] = tuple(setting.value) if name == "stop" else setting.value
        return evolve(request, sampling=evolve(request.sampling, **changes)) if changes else request

    def in_body(self, body: bytes, dialect: str, quirks: Quirks) -> bytes:
        """A body of this dialect with them, every other byte as it was. What the dialect has no word for, and what
        Anthropic refuses together with thinking, is left out."""
        written = _WRITTEN.get(dialect, {})
        budget = _budget(body) if dialect == "anthropic" else None
        for name, setting in self.settings.items():
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


NONE = Parameters()


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
