"""The commands as a whole: each is there, is told in the same words everywhere, and costs only its own start."""

import subprocess
import sys

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.main import COMMANDS, main

LOADED = (
    "import sys; from ccproxy.cli.main import main; main(standalone_mode=False); print(*sys.modules, file=sys.stderr)"
)


def command(name: str) -> click.Command:
    """The command of this name."""
    found = main.get_command(click.Context(main), name)
    if found is None:
        raise AssertionError(f"there is no command {name}")
    return found


class CommandsTests(SynchronousTestCase):
    """The table of commands."""

    def test_words(self) -> None:
        """The table says of each command what the command says of itself."""
        for name, words in COMMANDS.items():
            self.assertEqual(command(name).name, name)
            self.assertEqual(command(name).get_short_help_str(200), words, name)

    def test_help(self) -> None:
        """Every command explains itself."""
        for name in COMMANDS:
            shown = CliRunner().invoke(main, ["help", name])
            self.assertEqual(shown.exit_code, 0, name)
            self.assertIn(f"Usage: ccproxy {name}", shown.output.replace("main", "ccproxy"))
            self.assertIn(COMMANDS[name].split()[0], shown.output)

    def test_all_are_listed(self) -> None:
        """`ccproxy --help` lists every command with its words."""
        shown = CliRunner().invoke(main, ["--help"]).output
        for name in COMMANDS:
            self.assertRegex(shown, rf"(?m)^  {name} ")

    def test_unknown(self) -> None:
        """A mistyped command is told with the one that is meant; a word like none, with where to look."""
        near = CliRunner().invoke(main, ["strat"])
        self.assertEqual(near.exit_code, 2)
        self.assertIn("did you mean `ccproxy start`?", near.output)
        self.assertIn("ccproxy --help", CliRunner().invoke(main, ["xyzzy"]).output)

    def test_no_value(self) -> None:
        """An option that lacks its value takes no command for it."""
        shown = CliRunner().invoke(main, ["--config-dir"])
        self.assertEqual(shown.exit_code, 2)
        self.assertIn("'--config-dir' requires an argument", shown.output)

    def test_loads_little(self) -> None:
        """Help loads neither Twisted nor what reads configurations, and no command."""
        ended = subprocess.run(
            [sys.executable, "-c", LOADED, "--help"], capture_output=True, text=True, check=True, timeout=30
        )
        ours = {name for name in ended.stderr.split() if name.startswith("ccproxy")}
        self.assertEqual(ours, {"ccproxy", "ccproxy.cli", "ccproxy.cli.main"})
        for name in ("twisted", "attr", "subprocess", "cattrs"):
            self.assertNotIn(name, ended.stderr.split())
