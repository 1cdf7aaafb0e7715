"""How targets did lately, point by point."""

from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.record import Attempt
from ccproxy.metrics.trends import POINTS, STEP, TARGETS, Trends

REFUSED = ApiError(Kind.BUSY, "busy")


class TrendsTests(SynchronousTestCase):
    """With a clock moved by hand."""

    def setUp(self) -> None:
        self.now = 1_000_000.0
        self.trends = Trends(lambda: self.now)

    def ended(self, *attempts: Attempt, first_content: float | None = None) -> None:
        record: Any = SimpleNamespace(attempts=attempts, first_content=first_content)
        self.trends.observe(record, record)

    def row(self, name: str) -> dict[str, list[Any]]:
        return self.trends.details()[name]

    def test_points(self) -> None:
        """What happened together is one point; the newest stands at the end, and what is old falls out."""
        self.ended(Attempt("a", REFUSED, 0.0, 0.5), Attempt("b", None, 0.5, 2.0), first_content=1.5)
        self.ended(Attempt("b", None, 0.0, 2.0), first_content=2.0)
        self.assertEqual((self.row("a")["asked"][-1], self.row("a")["failed"][-1]), (1, 1))
        self.assertEqual(self.row("a")["first_word"], [None] * POINTS)
        self.assertEqual((self.row("b")["asked"][-1], self.row("b")["failed"][-1]), (2, 0))
        self.assertEqual(self.row("b")["first_word"][-1], 1.5)
        self.now += STEP
        self.ended(Attempt("b", None, 0.0, 2.0))
        self.assertEqual(self.row("b")["asked"][-2:], [2, 1])
        self.now += STEP * (POINTS - 1)
        self.assertEqual(sum(self.row("b")["asked"]), 1)

    def test_bounded(self) -> None:
        """So many targets are remembered, and no points of before the hour."""
        for number in range(TARGETS + 5):
            self.ended(Attempt(f"t{number}", None, 0.0, 1.0))
        self.assertEqual(len(self.trends.details()), TARGETS)
        self.assertNotIn("t0", self.trends.details())
        for _ in range(POINTS * 3):
            self.now += STEP
            self.ended(Attempt("t9", None, 0.0, 1.0))
        self.assertEqual(sum(self.row("t9")["asked"]), POINTS)
        self.assertEqual(len(self.trends._targets["t9"]), POINTS)
