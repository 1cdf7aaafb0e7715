"""How each target did in the last hour, minute by minute: for the small lines of the page. An observer of records."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from attrs import define

from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Record
from ccproxy.headers import redact

STEP = 120.0
"""Seconds of one point."""

POINTS = 30

TARGETS = 100
"""Targets that are remembered; the one that was asked longest ago is forgotten first."""


@define
class _Point:
    asked: int = 0
    failed: int = 0
    waited: float = 0.0
    answered: int = 0


class Trends:
    """Of every target that was asked lately. `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._targets: OrderedDict[str, dict[int, _Point]] = OrderedDict()

    def observe(self, _call: Call, record: Record) -> None:
        """An exchange is over. Its time to the first word counts for the target that spoke it."""
        for attempt in record.attempts:
            point = self._point(attempt.target)
            point.asked += 1
            point.failed += attempt.error is not None
        if record.attempts and record.first_content is not None:
            last = record.attempts[-1]
            point = self._point(last.target)
            point.answered += 1
            point.waited += max(record.first_content - last.began, 0.0)

    def details(self) -> dict[str, dict[str, list[Any]]]:
        """By target, the oldest point first: how often it was asked and failed, and the mean seconds to its first word;
        None where it said none."""
        now = self._step()
        found: dict[str, dict[str, list[Any]]] = {}
        for name, points in sorted(self._targets.items()):
            row = [points.get(step, _Point()) for step in range(now - POINTS + 1, now + 1)]
            found[redact(name)] = {
                "asked": [point.asked for point in row],
                "failed": [point.failed for point in row],
                "first_word": [round(point.waited / point.answered, 4) if point.answered else None for point in row],
            }
        return found

    def _point(self, name: str) -> _Point:
        points = self._targets.setdefault(name, {})
        self._targets.move_to_end(name)
        if len(self._targets) > TARGETS:
            self._targets.popitem(last=False)
        now = self._step()
        if now not in points:
            for old in [step for step in points if step <= now - POINTS]:
                del points[old]
            points[now] = _Point()
        return points[now]

    def _step(self) -> int:
        return int(self._clock() // STEP)
