"""README.md names only what is there: configurations that load, commands, files and variables that exist."""

import re
import shlex
from pathlib import Path

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.launching import Verbatim
from ccproxy.cli.main import main
from ccproxy.config.environment import CONFIG_VARIABLE, LOG_VARIABLE, OPTIONS, indexed_keys
from ccproxy.config.load import DIRECTORY_VARIABLE, load
from ccproxy.config.resolve import routes
from ccproxy.providers.catalogue import KEY_ORDER, names, vendor
from ccproxy.tokens.ranks import VARIABLE

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")

CONFIGURATION = re.compile(r"<!-- a configuration -->\n```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")
FILE = re.compile(r"(?:ccproxy|docs|etc|tests|bench)/[\w./-]*|[\w-]+\.(?:py|md|toml)")
NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
REFERENCE = re.compile(r"\$\{([A-Z0-9_]+)\}")

OF_CLAUDE_CODE = {"ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"}
"""Variables that Claude Code reads, not ccproxy."""


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [text for name, text in FENCE.findall(README) if name == language]


def prose() -> str:
    """README.md without its fenced blocks, whose fences would pass for code between backticks."""
    return FENCE.sub("", README)


def commands() -> list[list[str]]:
    """Every command line of ccproxy's that README.md names, between backticks or behind a prompt, without what leads to
    it."""
    lines = CODE.findall(prose())
    lines += [line[2:] for text in blocks("console") for line in text.splitlines() if line.startswith("$ ")]
    parts = [shlex.split(line, comments=True) for line in lines if re.match(r"(?:\.venv/bin/)?ccproxy ", line)]
    return [words[1:] for words in parts]


def variables() -> set[str]:
    """The environment variables that README.md names."""
    return set(NAME.findall(README))


def known_variable(name: str) -> bool:
    """Whether the code reads an environment variable of this name."""
    keys = {row.key_variable for row in map(vendor, names()) if row is not None}
    ours = {*OPTIONS, LOG_VARIABLE, CONFIG_VARIABLE, DIRECTORY_VARIABLE, VARIABLE}
    return name in keys | ours | OF_CLAUDE_CODE or bool(list(indexed_keys({name: "a key"})))


class ReadmeTests(SynchronousTestCase):
    """What a newcomer reads first, held against the code."""

    def test_configurations_load(self) -> None:
        """Each configuration that is shown loads as it stands, once the variables that it names are set, and all of its
        routes lead to a provider."""
        shown = CONFIGURATION.findall(README)
        self.assertNotEqual(shown, [])
        for text in shown:
            path = Path(self.mktemp()).with_suffix(".json")
            path.write_text(text, encoding="utf-8")
            settings = load(str(path), dict.fromkeys(REFERENCE.findall(text), "a-key"))
            self.assertFalse(settings.demo)
            known = routes(settings)
            for name, route in settings.routes.items():
                target = known.named("anything at all" if name == "default" else name).targets[0]
                self.assertEqual((target.provider, target.model), (route.provider, route.model))

    def test_configurations_are_marked(self) -> None:
        """No configuration is shown that the test above would overlook."""
        self.assertEqual(CONFIGURATION.findall(README), blocks("jsonc"))

    def test_commands_exist(self) -> None:
        """Each command that is named is there, and has the options that are named with it."""
        found = commands()
        self.assertIn(["start", "--foreground"], found)
        for words in found:
            if not words or words[0] == "-p":
                continue  # Claude Code's.
            path = [word for word in words if not word.startswith("-") and not word.isupper()]
            command: click.Command = main
            for word in path:
                self.assertIsInstance(command, click.Group, f"ccproxy {' '.join(words)}")
                found_command = command.get_command(click.Context(command), word)
                self.assertIsNotNone(found_command, f"ccproxy {' '.join(words)}")
                command = found_command
            if isinstance(command, Verbatim):
                continue  # What follows is another program's.
            options = {name for parameter in command.params for name in parameter.opts}
            self.assertLessEqual({word for word in words if word.startswith("-")}, options, words)
            self.assertEqual(CliRunner().invoke(main, [*path, "--help"]).exit_code, 0, words)

    def test_files_exist(self) -> None:
        """Each file and directory that is named or linked is there. One that is named without its directory is in that
        of the file before it."""
        named = [name for name in (*CODE.findall(prose()),) if FILE.fullmatch(name)]
        self.assertIn("ccproxy/web/root.py", named)
        directory = CHECKOUT
        for name in named:
            place = CHECKOUT / name if "/" in name else directory / name
            self.assertTrue(place.exists() or (CHECKOUT / name).exists(), name)
            directory = (CHECKOUT / name).parent if "/" in name else directory
        links = LINK.findall(README)
        self.assertIn("LICENSE", links)
        for name in links:
            self.assertTrue((CHECKOUT / name).is_file(), name)

    def test_variables_are_known(self) -> None:
        """Each environment variable that is named is read by ccproxy, or by Claude Code."""
        for name in sorted(variables()):
            self.assertTrue(known_variable(name), name)
        self.assertFalse(known_variable("CCPROXY_PRT"))

    def test_variables_are_named(self) -> None:
        """All variables that stand for an option are named, and so are the keys that configure a provider."""
        keys = {row.key_variable for row in map(vendor, KEY_ORDER) if row is not None}
        self.assertLessEqual({*OPTIONS, CONFIG_VARIABLE, *keys}, variables())
