"""`docs/observability.md` lists the metrics that there are."""

import re
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures import spool
from ccproxy.exchange.feed import LOOK_EVERY
from ccproxy.lasting import Lasting
from ccproxy.ledger.ledger import QUEUE_LIMIT, WRITE_EVERY
from ccproxy.metrics.families import SERIES_LIMIT
from ccproxy.metrics.latencies import LATEST
from ccproxy.tokens.ruler import ESTIMATE

PAGE = (Path(__file__).parents[2] / "docs" / "observability.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|", re.MULTILINE)


class DocumentTests(SynchronousTestCase):
    """The page, held against the program."""

    def test_metrics(self) -> None:
        """Every metric is in the table with its kind, and no other."""
        families = Lasting.make(Clock(), ESTIMATE).families()
        lines = [line.split() for family in families for line in family.lines() if line.startswith("# TYPE")]
        self.assertEqual(ROW.findall(PAGE), [(line[2], line[3]) for line in lines])

    def test_figures(self) -> None:
        """The figures that the page tells are the program's."""
        for figure in (f"{QUEUE_LIMIT:,} records wait", f"latest {LATEST} answers", f"{SERIES_LIMIT} combinations"):
            self.assertIn(figure, PAGE)
        self.assertEqual((WRITE_EVERY, LOOK_EVERY), (0.5, 0.25), "half a second; four times a second")
        self.assertIn(f"when {spool.QUEUE_LIMIT >> 20} MiB wait", PAGE)
        self.assertEqual(spool.WRITE_EVERY, 0.25, "a quarter of a second")
