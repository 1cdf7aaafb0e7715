"""The two commands of a newcomer, on machines that lack something, and what they do and say otherwise."""

import shutil
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.support.scripts import Place

CHECKOUT = Path(__file__).parents[1]

SAYS_WHAT_IT_DOES = 'echo "$(basename "$0") $*"'

MAKES_A_VENV = f"""
case "$*" in
    "-m venv .venv") mkdir -p .venv/bin && cp programs/python .venv/bin/python && cp programs/says .venv/bin/ccproxy ;;
    *) exec {sys.executable} "$@" ;;
esac
"""


class MakeTests(SynchronousTestCase):
    """`make` with interpreters and installers that only pretend, so that nothing is fetched."""

    def setUp(self) -> None:
        if shutil.which("make") is None:
            raise SkipTest("make is not installed")

    def place(self, python: str) -> Place:
        """A checkout on a machine whose python3 is this script."""
        place = Place(Path(self.mktemp()), {"python3": python, "python": SAYS_WHAT_IT_DOES, "says": SAYS_WHAT_IT_DOES})
        (place.directory / "debian").mkdir()
        for name in ("Makefile", "setup.py", "pyproject.toml", "debian/pythons.mk"):
            shutil.copy(CHECKOUT / name, place.directory / name)
        return place

    def test_old_python(self) -> None:
        """A Python that is too old is named with its version, and so is the way to name another one."""
        place = self.place('[ "$1" = --version ] && { echo "Python 3.9.2"; exit 0; }; exit 1')
        status, said = place.run(["make", "run"])
        self.assertNotEqual(status, 0)
        self.assertIn("3.11 or newer, and 'python3' is Python 3.9.2", said)
        self.assertIn("make PYTHON=", said)

    def test_no_python(self) -> None:
        """A Python that is not there is told so."""
        status, said = self.place("").run(["make", "run", "PYTHON=python3-of-nobody"])
        self.assertNotEqual(status, 0)
        self.assertIn("3.11 or newer, and 'python3-of-nobody' is", said)
        self.assertIn("not found", said)

    def test_no_venv_module(self) -> None:
        """Debian ships Python without the module venv: what to install is told."""
        place = self.place(f'case "$*" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"')
        status, said = place.run(["make", "run"])
        self.assertNotEqual(status, 0)
        self.assertIn("apt install python3-venv", said)
        self.assertFalse((place.directory / ".venv").exists())

    def test_run(self) -> None:
        """`make run` says what it does, installs, and starts the daemon in the foreground."""
        status, said = self.place(MAKES_A_VENV).run(["make", "run"])
        self.assertEqual(status, 0, said)
        lines = said.splitlines()
        self.assertEqual(lines[0], "Making .venv")
        self.assertEqual(lines[1], "Installing ccproxy and what it needs into .venv")
        self.assertIn(" --quiet ", lines[2])
        self.assertTrue(lines[2].endswith(" -e ."), lines[2])
        self.assertEqual(lines[3:], ["ccproxy start --foreground"])

    def test_run_again(self) -> None:
        """What is installed is not installed again, until setup.py changes."""
        place = self.place(MAKES_A_VENV)
        place.run(["make", "run"])
        self.assertEqual(place.run(["make", "run"]), (0, "ccproxy start --foreground\n"))
        _, said = place.run(["make", "run", "--assume-new=setup.py"])
        self.assertIn("Installing ccproxy", said)
        self.assertNotIn("Making", said)

    def test_claude(self) -> None:
        """`make claude` installs, and launches Claude Code with the arguments given."""
        status, said = self.place(MAKES_A_VENV).run(["make", "claude", "ARGS=-p 'Hello there'"])
        self.assertEqual((status, said.splitlines()[-1]), (0, "ccproxy -p Hello there"))

    def test_install(self) -> None:
        """`make install` links the command, as often as one likes, and tells where it is not on the path."""
        place = self.place(MAKES_A_VENV)
        bin = place.directory / "home" / "bin"
        for _ in range(2):
            status, said = place.run(["make", "install", f"BINDIR={bin}"])
            self.assertEqual(status, 0, said)
            self.assertIn(f"The command ccproxy is in {bin}\nPut that on your path: export PATH={bin}:$PATH\n", said)
        self.assertEqual((bin / "ccproxy").readlink(), place.directory / ".venv/bin/ccproxy")
        _, said = place.run(["make", "install", f"BINDIR={place.directory}/programs"])
        self.assertNotIn("Put that", said)

    def test_install_beside_another(self) -> None:
        """A program of the same name that is somebody else's is left alone."""
        place = self.place(MAKES_A_VENV)
        theirs = place.write("bin/ccproxy", "theirs")
        status, said = place.run(["make", "install", f"BINDIR={theirs.parent}"])
        self.assertNotEqual(status, 0)
        self.assertIn(f"{theirs} is another ccproxy", said)
        self.assertEqual(theirs.read_text(), "theirs")

    def test_test(self) -> None:
        """`make test` installs what the tests need and runs trial."""
        status, said = self.place(MAKES_A_VENV).run(["make", "test"])
        self.assertEqual(status, 0, said)
        self.assertIn("-e .[test]\n", said)
        self.assertIn("-m twisted.trial", said.splitlines()[-1])
        self.assertTrue(said.endswith(" tests\n"), said)

    def test_extras_exist(self) -> None:
        """The extras that the Makefile asks for are those of setup.py: pip only warns of others."""
        makefile = (CHECKOUT / "Makefile").read_text()
        setup = (CHECKOUT / "setup.py").read_text()
        for extra in ("test", "check"):
            self.assertIn(f'"{extra}": [', setup)
        self.assertIn("-e '.[test]'", makefile)
        self.assertIn("-e '.[test,check]'", makefile)

    def test_help(self) -> None:
        """`make` alone tells what there is."""
        _, said = self.place("").run(["make"])
        for goal in ("run", "claude", "install", "test", "check", "clean"):
            self.assertIn(f"make {goal} ", said)
