"""How long targets take: percentiles of their latest exchanges, for the status page. An observer of records."""

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Outcome, Record
from ccproxy.headers import redact

LATEST = 512
"""Exchanges of a target that count: old ones say nothing of how it is now."""

TARGETS = 100
"""Targets that are remembered; the one that answered longest ago is forgotten first."""

PERCENTILES = (50, 95, 99)


class _Ring:
    """The latest figures, in no order."""

    __slots__ = ("_at", "_figures")

    def __init__(self) -> None:
        self._figures = array("d")
        self._at = 0

    def add(self, figure: float) -> None:
        if len(self._figures) < LATEST:
            self._figures.append(figure)
        else:
            self._figures[self._at] = figure
            self._at = (self._at + 1) % LATEST

    def percentiles(self) -> dict[str, float] | None:
        return percentiles(sorted(self._figures))


class _Target:
    __slots__ = ("exchanges", "failed", "first", "whole")

    def __init__(self) -> None:
        self.first = _Ring()
        self.whole = _Ring()
        self.exchanges = self.failed = 0


class Latencies:
    """Of every target that was asked lately."""

    def __init__(self) -> None:
        self._targets: OrderedDict[str, _Target] = OrderedDict()

    def observe(self, _call: Call, record: Record) -> None:
        """An exchange is over: its targets did what they did."""
        attempts = record.attempts
        for attempt in attempts[:-1]:
            self._of(attempt.target).failed += 1
        if not attempts:
            return
        target = self._of(attempts[-1].target)
        target.exchanges += 1
        if record.outcome in (Outcome.BROKEN, Outcome.REFUSED):
            target.failed += 1
        if record.first_content is not None:
            target.first.add(record.first_content)
        if record.outcome is Outcome.FINISHED:
            target.whole.add(record.total)

    def _of(self, name: str) -> _Target:
        target = self._targets.get(name)
        if target is None:
            target = self._targets[name] = _Target()
            if len(self._targets) > TARGETS:
                self._targets.popitem(last=False)
        else:
            self._targets.move_to_end(name)
        return target

    def details(self) -> dict[str, Any]:
        """By target, in seconds."""
        return {
            redact(name): {
                "answered": target.exchanges,
                "failed": target.failed,
                "first_content": target.first.percentiles(),
                "total": target.whole.percentiles(),
            }
            for name, target in sorted(self._targets.items())
        }


def percentiles(figures: Sequence[float]) -> dict[str, float] | None:
    """Of sorted figures, by the nearest rank; None where there are none."""
    if not figures:
        return None
    count = len(figures)
    return {f"p{part}": round(figures[max(-(-count * part // 100), 1) - 1], 4) for part in PERCENTILES}
