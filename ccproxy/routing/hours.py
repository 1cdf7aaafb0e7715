"""Hours of the day and days of the week, as configurations write them, in the machine's own time."""

import re
import time
from typing import Any

from attrs import frozen

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

EXPECTED = 'hours such as "22:00-06:00", days such as "sat-sun", or both, "mon-fri 09:00-17:00"'

_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_WHOLE_DAY = 24 * 60


class BadHours(ValueError):
    """The text names no hours."""


@frozen
class Hours:
    """A span of time that comes again: from `start` to before `end`, in minutes of the day, when it begins on one of
    `days` (0 is Monday). Where the end is not after the start, it is on the next day."""

    days: frozenset[int]
    start: int
    end: int

    @classmethod
    def of(cls, text: Any) -> "Hours":
        """The hours that a text names. Raises `BadHours`."""
        words = text.lower().split() if isinstance(text, str) else []
        if not 1 <= len(words) <= 2:
            raise BadHours(text)
        if len(words) == 2:
            return cls(_days(words[0]), *_span(words[1]))
        if ":" in words[0]:
            return cls(frozenset(range(7)), *_span(words[0]))
        return cls(_days(words[0]), 0, _WHOLE_DAY)

    def include(self, now: float) -> bool:
        """Whether a point in time, in seconds since the epoch, lies within."""
        moment = time.localtime(now)
        minute = moment.tm_hour * 60 + moment.tm_min
        if self.start < self.end:
            return moment.tm_wday in self.days and self.start <= minute < self.end
        if minute >= self.start:
            return moment.tm_wday in self.days
        return minute < self.end and (moment.tm_wday - 1) % 7 in self.days


def minute_of_day(text: Any) -> int:
    """`HH:MM` in minutes; 24:00 is the day's end. Raises `BadHours`."""
    found = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise BadHours(text)
    minute = int(found[1]) * 60 + int(found[2])
    if minute > _WHOLE_DAY:
        raise BadHours(text)
    return minute


def clock_time(now: float) -> str:
    """A point in time as these texts have it: `mon 09:30`."""
    moment = time.localtime(now)
    return f"{DAYS[moment.tm_wday]} {moment.tm_hour:02}:{moment.tm_min:02}"


def _span(text: str) -> tuple[int, int]:
    start, dash, end = text.partition("-")
    if not dash:
        raise BadHours(text)
    return minute_of_day(start), minute_of_day(end)


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise BadHours(text)
        start, end = DAYS.index(first), DAYS.index(last or first)
        found |= {(start + at) % 7 for at in range((end - start) % 7 + 1)}
    return frozenset(found)
