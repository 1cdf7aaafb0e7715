"""A log file with a limit."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.log import Form, Output
from ccproxy.logfile import RotatingFile


class RotatingFileTests(SynchronousTestCase):
    """Lines of ten bytes, and room for three of them."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.path = self.directory / "ccproxy.log"

    def write(self, count: int, limit: int = 30, keep: int = 2) -> None:
        """Write so many lines, each with its number."""
        file = RotatingFile(self.path, limit, keep)
        for number in range(count):
            file.write(f"line {number:04}\n")
        file.close()

    def found(self) -> dict[str, list[int]]:
        """The numbers of the lines in each file."""
        return {
            path.name: [int(line.split()[1]) for line in path.read_text().splitlines()]
            for path in sorted(self.directory.iterdir())
        }

    def test_rotates(self) -> None:
        """No file is longer than the limit, none is lost but the oldest, and there are no more than are kept."""
        self.write(3)
        self.assertEqual(self.found(), {"ccproxy.log": [0, 1, 2]})
        self.path.unlink()
        self.write(10)
        self.assertEqual(self.found(), {"ccproxy.log": [9], "ccproxy.log.1": [6, 7, 8], "ccproxy.log.2": [3, 4, 5]})

    def test_goes_on(self) -> None:
        """What an earlier daemon wrote counts."""
        self.write(2)
        self.write(2)
        self.assertEqual(self.found(), {"ccproxy.log": [1], "ccproxy.log.1": [0, 1, 0]})

    def test_no_limit(self) -> None:
        """Without a limit it is one file."""
        self.write(50, limit=0)
        self.assertEqual(len(self.found()["ccproxy.log"]), 50)

    def test_none_kept(self) -> None:
        """Where none is kept, a full one is deleted."""
        self.write(4, keep=0)
        self.assertEqual(self.found(), {"ccproxy.log": [3]})

    def test_long_line(self) -> None:
        """A line longer than the limit is written whole, in a file of its own."""
        file = RotatingFile(self.path, 30, 2)
        for text in ("short\n", "x" * 100 + "\n", "short\n"):
            file.write(text)
        file.close()
        sizes = {path.name: path.stat().st_size for path in self.directory.iterdir()}
        self.assertEqual(sizes, {"ccproxy.log": 6, "ccproxy.log.1": 101, "ccproxy.log.2": 6})

    def test_cannot_be_put_aside(self) -> None:
        """Where the file cannot be renamed, the log goes on in it."""
        (self.directory / "ccproxy.log.1").mkdir()
        ((self.directory / "ccproxy.log.1") / "something").touch()
        (self.directory / "ccproxy.log.2").mkdir()
        ((self.directory / "ccproxy.log.2") / "something").touch()
        self.write(5)
        self.assertEqual(len(self.path.read_text().splitlines()), 5)

    def test_private(self) -> None:
        """Others cannot read it."""
        self.write(1)
        self.assertEqual(self.path.stat().st_mode & 0o007, 0)

    def test_under_the_observer(self) -> None:
        """The observer of events writes to it as to any stream, one line for each."""
        output = Output()
        file = RotatingFile(self.path, 60, 1)
        self.addCleanup(file.close)
        output.configure(Form(), file)
        for number in range(4):
            output({"log_time": 0.0, "log_format": "event {number}", "number": number})
        lines = [line for path in self.directory.iterdir() for line in path.read_text().splitlines()]
        self.assertTrue(all(line.startswith("1970") for line in lines), lines)
        self.assertIn("event 3", lines[-1] + lines[0])
