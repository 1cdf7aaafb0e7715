"""What docs/clients.md shows is what the tests of clients run."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.clients.documented import ADDRESS, KEY, documented, shown


class Shown(SynchronousTestCase):
    """Each file and script of the page."""

    def test_all_are_run(self) -> None:
        """A test of a client uses it, and finds its own address in it."""
        tests = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
        self.assertTrue(shown())
        for name, text in shown().items():
            self.assertIn(f'"{name}"', tests)
            self.assertIn(ADDRESS, text, name)
            self.assertNotIn(ADDRESS, documented(name, 1), name)
            self.assertNotIn(KEY, documented(name, 1), name)
