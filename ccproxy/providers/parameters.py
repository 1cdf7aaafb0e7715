"""Sampling that an operator sets, for requests on their way to a target.

A plain value fills in what a request leaves out; an override replaces what it says. `providers.applied` does so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen


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


NONE = Parameters()
