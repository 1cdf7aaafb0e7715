"""Factors learnt from the usage that upstreams report."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.tokens.factors import LEAST, MODEL_LIMIT, MOST, Factors


class Learning(SynchronousTestCase):
    """From reports to a factor."""

    def setUp(self) -> None:
        self.factors = Factors()

    def test_unknown(self) -> None:
        """A model of which nothing is known counts as we do."""
        self.assertEqual(self.factors.factor("m"), 1.0)

    def test_first_report(self) -> None:
        """The first report is believed whole, and of its model alone."""
        self.factors.observe("m", 1000, 1300)
        self.assertEqual(self.factors.factor("m"), 1.3)
        self.assertEqual(self.factors.factor("n"), 1.0)

    def test_up_fast_down_slowly(self) -> None:
        """Counting too little is what hurts, so a higher report weighs more than a lower one."""
        self.factors.observe("m", 1000, 1000)
        self.factors.observe("m", 1000, 1200)
        risen = self.factors.factor("m") - 1.0
        self.factors.observe("m", 1000, 1000)
        fallen = 1.0 + risen - self.factors.factor("m")
        self.assertGreater(risen, 2 * fallen)
        self.assertGreater(fallen, 0)

    def test_converges(self) -> None:
        """Many reports of one ratio lead there, from above too."""
        self.factors.observe("m", 1000, 2000)
        for _ in range(100):
            self.factors.observe("m", 1000, 1100)
        self.assertAlmostEqual(self.factors.factor("m"), 1.1, places=3)

    def test_not_believed(self) -> None:
        """Short prompts and absurd ratios teach nothing: a vendor's preamble, or usage that leaves the cache out."""
        for estimated, reported in ((10, 25), (1000, 0), (1000, 10), (1000, 100_000), (0, 5)):
            self.factors.observe("m", estimated, reported)
        self.assertEqual(self.factors.factor("m"), 1.0)

    def test_bounded(self) -> None:
        """The model that nobody used for longest is forgotten first."""
        for n in range(MODEL_LIMIT + 1):
            self.factors.observe(f"m{n}", 1000, 1500)
        self.assertEqual(self.factors.factor("m0"), 1.0)
        self.assertEqual(self.factors.factor("m1"), 1.5)

    @given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**7))))
    @settings(derandomize=True, max_examples=200, deadline=None)
    def test_any_reports(self, reports: list[tuple[int, int]]) -> None:
        """Whatever is reported, the factor stays within its bounds."""
        factors = Factors()
        for estimated, reported in reports:
            factors.observe("m", estimated, reported)
        self.assertTrue(LEAST <= factors.factor("m") <= MOST)
