"""What `ccproxy status` tells of what goes wrong beside the exchanges."""

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.person import Person


class StatusTests(SynchronousTestCase):
    """With a daemon of its own."""

    def setUp(self) -> None:
        self.person = Person(Path(self.mktemp()))
        self.addCleanup(self.person.leave)

    def rows(self) -> dict[str, str]:
        """What is told, by its name."""
        told = self.person.ccproxy("status").stdout.splitlines()[1:]
        return {line[2:].partition("  ")[0]: line[2:].partition("  ")[2].strip() for line in told}

    def test_reload(self) -> None:
        """A file that was not taken over is told with what is wrong in it, until one is."""
        good = self.person.configure({}).read_text()
        self.person.ccproxy("start")
        self.assertNotIn("last reload", self.rows())
        self.person.configure({"prot": 1})
        self.assertEqual(self.person.ccproxy("reload").returncode, 1)
        self.assertRegex(self.rows()["last reload"], "stays as it was: .*config.json, line 1: prot: found an unknown")
        (self.person.place / "config.json").write_text(good)
        self.person.ccproxy("reload")
        self.assertNotIn("last reload", self.rows())
        self.assertTrue(json.loads(self.person.ccproxy("status", "--json").stdout)["last_reload"]["ok"])

    def test_ledger(self) -> None:
        """A ledger that cannot be written is told, with how many records wait for it."""
        self.person.configure({"ledger": {"database": "/proc/nowhere/ledger.db"}})
        self.person.ccproxy("start")
        self.assertNotIn("ledger", self.rows())
        self.assertEqual(self.person.ccproxy("ask", "Hello").returncode, 0)
        told = next(rows for _ in range(50) if "ledger" in (rows := self.rows()))
        self.assertEqual(told["ledger"], "/proc/nowhere/ledger.db cannot be written; records: 1 waiting, 0 lost")
