"""Durations as people write them."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.durations import LONGEST, BadDuration, seconds


class Durations(SynchronousTestCase):
    """Texts and numbers to seconds."""

    def test_units(self) -> None:
        """Units, their sums, plain numbers and texts of plain numbers are understood."""
        for written, expected in (
            ("30s", 30), ("2m", 120), ("1h30m", 5400), ("500ms", 0.5), ("1.5s", 1.5), (" 1m 30s ", 90),
            ("1d", 86400), ("45", 45), (45, 45), (0.25, 0.25), ("0", 0),
        ):  # fmt: skip
            self.assertEqual(seconds(written), expected, written)

    def test_refused(self) -> None:
        """Other words, negative and endless durations are refused."""
        for written in ("", "s", "-1s", "1x", "1 s 2", "31d", "1e3", "١s", "nan", "inf", -1, float("nan"), float("inf"),
                        10**400, True, None, [], {}):  # fmt: skip
            self.assertRaises(BadDuration, seconds, written)

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(st.text(alphabet="0123456789.smhd e-", max_size=20))
    def test_any_text(self, text: str) -> None:
        """Any text is a duration within bounds, or refused."""
        try:
            self.assertTrue(0 <= seconds(text) <= LONGEST)
        except BadDuration:
            pass
