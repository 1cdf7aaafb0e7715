"""The page's small charts."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.template import Tag, flattenString

from ccproxy.web.dashboard import charts
from ccproxy.web.dashboard.standing import ROWS, budgets, targets


def drawn(tag: Tag) -> str:
    """As a browser gets it."""
    done = flattenString(None, tag)
    return str(done.result, "utf-8")


class ChartsTests(SynchronousTestCase):
    """What is drawn of figures."""

    def test_line(self) -> None:
        """It breaks where a point is missing; one by itself is a dot; no figures at all draw no line."""
        page = drawn(charts.line("waits", [1.0, 2.0, None, 3.0, None]))
        self.assertEqual((page.count("<polyline"), page.count("<circle")), (1, 1))
        self.assertIn('aria-label="waits"', page)
        self.assertNotIn("<polyline", drawn(charts.line("waits", [None, None])))
        self.assertNotIn("nan", drawn(charts.line("waits", [0.0, 0.0])))

    def test_failures(self) -> None:
        """A bar for what was asked, as high as there is room for the most, and one for what failed, never too low to be
        seen."""
        page = drawn(charts.failures("f", [1000, 0, 500], [0, 0, 1]))
        self.assertIn(f"v-{charts.HEIGHT}.0", page)
        self.assertIn(f"v-{charts.HEIGHT / 2:.1f}", page)
        self.assertIn('class="bad"', page)
        self.assertIn("v-2.0", page.partition('class="good"')[2] or page)
        self.assertNotIn("<path", drawn(charts.failures("f", [0, 0], [0, 0])))

    def test_days(self) -> None:
        """Each series has its colour, those beyond share the last; what a day was is told."""
        series = {f"m{number}": {"mon": 1.0} for number in range(charts.SERIES + 3)}
        page = drawn(charts.days("cost", ["mon", "tue"], series, {"mon": "mon: <$9>"}))
        self.assertEqual(page.count(f'class="series{charts.SERIES}"'), 3)
        self.assertIn("<title>mon: &lt;$9&gt;</title>", page)

    def test_spans(self) -> None:
        """A bar never leaves its rail, however odd the times."""
        for start, length, whole in ((0.0, 5.0, 1.0), (9.0, 1.0, 1.0), (0.0, 0.0, 0.0)):
            page = drawn(charts.span("s", start, length, whole, "good"))
            x, width = (float(page.split(f' {name}="')[2].split('"')[0]) for name in ("x", "width"))
            self.assertLessEqual(x + width, 100.01)
            self.assertGreater(width, 0)

    def test_parts(self) -> None:
        """A budget that is overdrawn fills its rail, in the colour of trouble, and its figure says how far."""
        told: dict[str, Any] = {"client": "anna", "period": "day", "money": 3.0, "money_cap": 2.0, "tokens": 5}
        page = drawn(budgets([{**told, "tokens_cap": None, "part": 1.5, "resets": 0.0}]))
        self.assertIn('class="bad"', page)
        self.assertIn('width="100.00"', page)
        self.assertIn("150%", page)
        self.assertIn("anna, each day", page)


class TargetsTests(SynchronousTestCase):
    """The table of targets."""

    def test_health(self) -> None:
        """A breaker that is open is told with its reason; many failures are told; few are none of anybody's worry."""
        breaker = {"target": "a,m", "state": "open", "failures": 10, "asked_again_in": 7.0, "last_failure": "<down>"}
        trend = {
            name: {"asked": [8], "failed": [lost], "first_word": [None]} for name, lost in (("b,m", 4), ("c,m", 1))
        }
        page = drawn(targets({}, trend, {"breakers": [breaker]}, [{"name": "c"}, {"name": "d"}]))
        rows = dict(zip("abcd", page.split("<tr>")[2:], strict=True))
        self.assertIn("breaker open", rows["a"])
        self.assertIn("asked again in 7.0 s: &lt;down&gt;", rows["a"])
        self.assertIn("failing", rows["b"])
        self.assertIn("well", rows["c"])
        self.assertIn("not asked yet", rows["d"])

    def test_many(self) -> None:
        """So many are shown: those in trouble, then those that are asked most."""
        trend = {f"t{n:03},m": {"asked": [n], "failed": [0], "first_word": [None]} for n in range(ROWS + 20)}
        breaker = {"target": "t000,m", "state": "open", "failures": 1, "asked_again_in": 1.0, "last_failure": None}
        page = drawn(targets({}, trend, {"breakers": [breaker]}, []))
        self.assertEqual(page.count("<code>"), ROWS)
        self.assertIn("t000,m", page)
        self.assertNotIn("t001,m", page)
        self.assertIn(f"t{ROWS + 19:03},m", page)
