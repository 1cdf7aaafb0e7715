"""Figures of usage, as upstreams write them."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.counts import count, part


class Figures(SynchronousTestCase):
    """What counts as one."""

    def test_count(self) -> None:
        """Whole numbers, with a decimal point or without; all else is not said."""
        for value, read in (
            (12, 12),
            (0, 0),
            (12.0, 12),
            (None, None),
            (True, None),
            ("12", None),
            (-1, None),
            (float("nan"), None),
            (float("inf"), None),
            (10**400, None),
            ([1], None),
        ):
            self.assertEqual(count(value), read, value)

    def test_part(self) -> None:
        """Figures below a key, where there are such."""
        self.assertEqual(part({"a": {"b": 1}}, "a"), {"b": 1})
        for value in ({}, {"a": None}, {"a": [1]}):
            self.assertEqual(part(value, "a"), {})
