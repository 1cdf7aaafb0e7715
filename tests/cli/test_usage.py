"""`ccproxy usage` and `ccproxy show`, typed at a ledger that was kept."""

import csv
import io
import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.main import main
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.record import Outcome
from ccproxy.figures import bar, cost, money, seconds, size, tokens
from ccproxy.ledger.database import database
from ccproxy.ledger.rows import write
from tests.ledger.records import record


class Kept(SynchronousTestCase):
    """A home with a ledger in it."""

    def setUp(self) -> None:
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir()

    def keep(self, *records: Any) -> None:
        """What a daemon would have written."""
        place = database(str(self.home / ".ccproxy" / "ledger.db"))
        with closing(place.connect()) as connection:
            place.bring_up(connection)
            self.assertEqual(write(place, connection, records), 0)

    def type(self, *arguments: str) -> Result:
        environ = {"HOME": str(self.home), "CCPROXY_CONFIG": None, "STATE_DIRECTORY": None, "CCPROXY_CONFIG_DIR": None}
        return CliRunner().invoke(main, arguments, env=environ)

    def lines(self, *arguments: str) -> list[str]:
        result = self.type(*arguments)
        self.assertEqual(result.exit_code, 0, result.output)
        return result.output.splitlines()


class UsageTests(Kept):
    """Sums."""

    def fill(self) -> None:
        now = time.time()
        self.keep(
            record(1, began=now - 60),
            record(2, began=now - 90, client="bob", cost=2.0),
            record(3, began=now - 90, client="bob", cost=None),
            record(4, began=now - 3 * 86400, client="=HYPERLINK(1)", outcome=Outcome.REFUSED),
            record(5, began=now - 30 * 86400),
        )

    def test_table(self) -> None:
        """By model, of the last week, with a total; a cost that is not known is told as such."""
        self.fill()
        head, row, _, total = self.lines("usage")
        self.assertEqual(
            head.split(),
            ["model", "exchanges", "failed", "in", "cached", "out", "cost", "first", "word", "all", "of", "it"],
        )
        self.assertEqual(row.split()[:6], ["llama", "4", "1", "60", "12", "20"])
        self.assertIn("$3.00 + 1 unknown", row)
        self.assertIn("250 ms", row)
        self.assertEqual(total.split()[:3], ["total", "4", "1"])

    def test_by_client(self) -> None:
        """The dearest first."""
        self.fill()
        rows = self.lines("usage", "--by", "client", "--since", "1d")[1:-2]
        self.assertEqual([row.split()[0] for row in rows], ["bob", "ann"])

    def test_by_two(self) -> None:
        """Days in their order, each with its clients."""
        self.fill()
        rows = self.lines("usage", "--by", "day,client", "--since", "60d")[1:-2]
        self.assertEqual(len(rows), 4)
        self.assertEqual(rows, sorted(rows, key=lambda row: row.split()[0]))

    def test_times(self) -> None:
        """A span, or dates."""
        self.fill()
        day = time.strftime("%Y-%m-%d", time.localtime(time.time() - 10 * 86400))
        result = json.loads(self.type("usage", "--since", "60d", "--until", day, "--json").output)
        self.assertEqual(result["total"][0]["exchanges"], 1)
        self.assertEqual(self.type("usage", "--since", "yesterday").exit_code, 2)

    def test_only(self) -> None:
        """What is asked for, and nothing else."""
        self.fill()
        result = json.loads(self.type("usage", "--only", "client=bob", "--json").output)
        self.assertEqual((result["usage"][0]["exchanges"], result["usage"][0]["unpriced"]), (2, 1))
        self.assertEqual(self.type("usage", "--only", "cost=1").exit_code, 2)
        self.assertEqual(self.type("usage", "--by", "mood").exit_code, 2)

    def test_csv(self) -> None:
        """For spreadsheets: figures as numbers, and no name that one would run as a formula."""
        self.fill()
        result = self.type("usage", "--by", "client", "--csv")
        rows = list(csv.DictReader(io.StringIO(result.output)))
        self.assertEqual({row["client"] for row in rows}, {"ann", "bob", "'=HYPERLINK(1)"})
        self.assertEqual(sum(float(row["cost"]) for row in rows), 3.0)

    def test_nothing(self) -> None:
        """Where there is nothing it is said, and what to do where there is no ledger."""
        result = self.type("usage")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("nothing was kept yet", result.output)
        self.keep()
        self.assertEqual(self.lines("usage"), ["Nothing was used in this time."])
        (self.home / "off.json").write_text('{"ledger": {"enabled": false}}')
        self.assertIn("no ledger is kept", self.type("usage", "-c", str(self.home / "off.json")).output)

    def test_another_file(self) -> None:
        """A file that is no ledger is told."""
        (self.home / ".ccproxy").mkdir()
        (self.home / ".ccproxy" / "ledger.db").write_text(
            "this is no database, and longer than its header would be" * 9
        )
        result = self.type("usage")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("cannot be read", result.output)
        self.assertNotIn("Traceback", result.output)


class ShowTests(Kept):
    """One exchange."""

    def test_all_of_it(self) -> None:
        """Where it went and why, what took how long, what it cost, what was lost."""
        self.keep(record(1))
        text = self.type("show", "req_1").output
        for part in (
            "req_1  finished  claude-x → groq,llama",
            "ann, session s-1, agent a-1",
            "route default: nothing else answers",
            "anthropic, translated, streamed, 100 B",
            "2.0 KiB, done",
            "15 in (3 cached), 5 out (1 reasoning)",
            "$0.50",
            "overloaded: too busy",
            "first word",
            "top_k",
        ):
            self.assertIn(part, text)

    def test_last(self) -> None:
        """The latest, if no other is named."""
        self.keep(record(1), record(2))
        self.assertEqual(json.loads(self.type("show", "--json").output)["id"], "req_2")

    def test_beginnings(self) -> None:
        """The beginning of an id does, where it is one exchange's alone."""
        self.keep(record(11), record(12), record(1))
        self.assertIn("req_12", self.lines("show", "req_12")[0])
        self.assertIn("req_1 ", self.lines("show", "req_1")[0])
        self.assertIn("several exchanges begin so", self.type("show", "req_").output)
        self.assertIn("has no exchange 'req_9'", self.type("show", "req_9").output)

    def test_refused(self) -> None:
        """One that went nowhere is told too, with its error."""
        error = ApiError(Kind.NO_ROUTE, "no such model")
        self.keep(
            record(1, attempts=(), plan=None, error=error, outcome=Outcome.REFUSED, stop=None, cost=None, losses=())
        )
        text = self.type("show").output
        self.assertIn("→ nowhere", text)
        self.assertIn("no_route (404): no such model", text)


class FigureTests(SynchronousTestCase):
    """Numbers as people read them."""

    def test_figures(self) -> None:
        """Three digits or so, with their unit."""
        self.assertEqual(
            [tokens(n) for n in (None, 0, 9999, 12345, 2_500_000, 250_000)],
            ["-", "0", "9,999", "12.3k", "2.5M", "250k"],
        )
        self.assertEqual([money(n) for n in (None, 0.0, 0.00123, 1234.5)], ["unknown", "$0.00", "$0.0012", "$1,234.50"])
        self.assertEqual([seconds(n) for n in (None, 0.0254, 2.5, 300)], ["-", "25 ms", "2.5 s", "300 s"])
        self.assertEqual([size(n) for n in (5, 2048, 3 << 20)], ["5 B", "2.0 KiB", "3.0 MiB"])
        self.assertEqual([cost(1.0, 0, 5), cost(1.0, 2, 5), cost(0.0, 5, 5)], ["$1.00", "$1.00 + 2 unknown", "unknown"])

    def test_bars(self) -> None:
        """A bar has its place and its length, and something of the shortest can be seen."""
        self.assertEqual(bar(0, 1, 1, 4), "████")
        self.assertEqual(bar(1, 1, 4, 4), " █  ")
        self.assertEqual(bar(0, 0.0001, 1, 4), "▏   ")
        self.assertEqual(bar(0.99, 5, 1, 4), "   █")
        self.assertEqual(bar(0, 1, 0, 4), "    ")
