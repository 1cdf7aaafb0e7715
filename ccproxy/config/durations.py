"""Durations as people write them."""

import math
import re

LONGEST = 30 * 86400.0
"""Seconds. A longer deadline is a slip of the pen, and timers of the operating system have their limits too."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*(ms|s|m|h|d)\s*", re.ASCII)
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)

EXPECTED = 'a duration such as "30s", "2m", "1h30m", "500ms", or a number of seconds, at most 30 days'


class BadDuration(ValueError):
    """This is no duration; `EXPECTED` says what would be one."""


def seconds(value: object) -> float:
    """The seconds that a number, or a text such as `30s`, stands for. Raises `BadDuration`."""
    if isinstance(value, bool):
        raise BadDuration
    if isinstance(value, (int, float)):
        return _checked(value)
    if isinstance(value, str):
        return _checked(_total(value.strip()))
    raise BadDuration


def _total(text: str) -> float:
    if _PLAIN.fullmatch(text):
        return float(text)
    total, at = 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise BadDuration
        total += float(part[1]) * _UNITS[part[2]]
        at = part.end()
    if not text:
        raise BadDuration
    return total


def _checked(value: float) -> float:
    # Compared before it becomes a float: an integer may be too large to become one.
    if not 0 <= value <= LONGEST or not math.isfinite(value):
        raise BadDuration
    return float(value)
