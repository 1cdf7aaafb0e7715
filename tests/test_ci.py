"""What decides over a change says so in its last line, and in its exit status."""

import os
import shutil
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.scripts import Place

CHECKOUT = Path(__file__).parents[1]


class CiTests(SynchronousTestCase):
    """`.ci/run` with a `make` that only pretends."""

    def outcome(self, check: int, test: int, trial: str, package: int = 0) -> tuple[int, str]:
        """The status and the last line of a run in which the goals end with these statuses, and trial says that."""
        make = f'case $1 in check) exit {check} ;; test-deb) exit {package} ;; esac; echo "{trial}"; exit {test}'
        place = Place(Path(self.mktemp()), {"make": make, "npm": "", "git": "", "apt-get": ""})
        (place.directory / ".ci").mkdir()
        shutil.copy(CHECKOUT / ".ci" / "run", place.directory / ".ci")
        status, said = place.run([".ci/run"])
        return status, said.splitlines()[-1]

    def test_all_is_well(self) -> None:
        """Tests that pass are counted."""
        self.assertEqual(self.outcome(0, 0, "PASSED (successes=812)"), (0, "812 passed, 0 failed, 0 skipped"))

    def test_skips(self) -> None:
        """Skipped ones are counted apart."""
        self.assertEqual(self.outcome(0, 0, "PASSED (skips=3, successes=9)"), (0, "9 passed, 0 failed, 3 skipped"))

    def test_failures(self) -> None:
        """Failures and errors are failures, and the run fails."""
        said = "FAILED (skips=1, failures=2, errors=3, successes=40)"
        self.assertEqual(self.outcome(0, 2, said), (1, "40 passed, 5 failed, 1 skipped"))

    def test_check(self) -> None:
        """A check that fails makes the run fail; the tests are run and told all the same."""
        self.assertEqual(self.outcome(2, 0, "PASSED (successes=5)"), (1, "5 passed, 0 failed, 0 skipped"))

    def test_package(self) -> None:
        """A package that does not do what it should makes the run fail, where root could try it."""
        if os.getuid() == 0:
            said = (1, "5 passed, 0 failed, 0 skipped")
            self.assertEqual(self.outcome(0, 0, "PASSED (successes=5)", package=2), said)

    def test_no_tests(self) -> None:
        """Tests that never came to an end do not count as passed, whatever the status."""
        self.assertEqual(self.outcome(0, 0, "nothing"), (1, "0 passed, 0 failed, 0 skipped"))
