"""Figures in what an upstream tells of usage: read tolerantly, and absurd ones not at all."""

from collections.abc import Mapping
from typing import Any

_MOST = 1e15
"""Nothing that is counted comes near it. A larger figure is no count, and could not be reckoned with."""


def count(value: object) -> int | None:
    """How many, or None where nobody said. Some vendors write whole numbers with a decimal point."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _MOST:
        return None
    return int(value)


def part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The figures below this key; none where there are none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}
