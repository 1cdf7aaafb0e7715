"""Durations, rates and moments as people write them."""

import math
import re
from datetime import UTC, date, datetime, time, timedelta

from ccproxy.access.limits import Allowance

LONGEST = 30 * 86400.0
"""Seconds. A longer deadline is a slip of the pen, and timers of the operating system have their limits too."""

OLDEST = 100 * 365 * 86400.0
"""Seconds. The same for ages, which no timer waits for."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*(ms|s|m|h|d)\s*", re.ASCII)
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)

EXPECTED = 'a duration such as "30s", "2m", "1h30m", "500ms", or a number of seconds, at most 30 days'


AGE_EXPECTED = 'an age such as "90d", "12h", or "" for no limit'


class BadDuration(ValueError):
    """This is no duration; `EXPECTED` says what would be one."""


def seconds(value: object, longest: float = LONGEST) -> float:
    """The seconds that a number, or a text such as `30s`, stands for. Raises `BadDuration`."""
    if isinstance(value, bool):
        raise BadDuration
    if isinstance(value, (int, float)):
        return _checked(value, longest)
    if isinstance(value, str):
        return _checked(_total(value.strip()), longest)
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


def _checked(value: float, longest: float) -> float:
    # Compared before it becomes a float: an integer may be too large to become one.
    if not 0 <= value <= longest or not math.isfinite(value):
        raise BadDuration
    return float(value)


RATE_EXPECTED = 'a number of requests a minute, or a rate such as "5/s", "100/m", "1000/h", "10000/d"'

_RATE = re.compile(r"([0-9]{1,9})\s*/\s*(s|m|h|d)")


def rate(value: object) -> Allowance | None:
    """What may be used: 60 or `1/s`; None for 0 and for an empty text, which set no limit. Raises `BadDuration`."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:12])
    if value == "" or (value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
        return Allowance(value)
    found = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not int(found[1]):
        raise BadDuration
    return Allowance(int(found[1]), _UNITS[found[2]])


MOMENT_EXPECTED = 'a date such as "2027-01-31", or a time such as "2027-01-31T18:00:00+01:00"'


def moment(value: object) -> float | None:
    """The seconds from the epoch at which a day ends (in UTC), or of a time with an offset; None for an empty text.
    Raises `BadDuration`."""
    if value == "":
        return None
    try:
        if not isinstance(value, str):
            raise BadDuration
        text = value.strip()
        if len(text) == len("2027-01-31"):
            return (datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=1)).timestamp()
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise BadDuration
        return found.timestamp()
    except (ValueError, OverflowError):
        raise BadDuration from None
