"""`docs/commands.md` and the manual page `docs/ccproxy.1` tell what the program tells. `make docs` writes them anew."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
from attrs import frozen
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from ccproxy.cli.main import COMMANDS, SECTIONS, main

DOCS = Path(__file__).parents[2] / "docs"
PAGE, MANUAL = DOCS / "commands.md", DOCS / "ccproxy.1"

HEAD = """# Commands

`ccproxy --help` lists them, `ccproxy COMMAND --help` (or `ccproxy help COMMAND`) explains one. Write
`ccproxy --config-dir DIRECTORY COMMAND` to have configuration, pid file and log elsewhere than in `~/.ccproxy`.

`--json`, where a command has it, makes it print what a program can read. Colours appear on a terminal alone, and not
where `NO_COLOR` is set. Exit statuses: 0 done; 1 it failed, and the reason is told; 2 the command line is wrong; 3 the
daemon does not run; 78 the configuration is wrong. What launches another program ends with that program's status.
"""

MANUAL_HEAD = """.\\" Written by `make docs` from what the program says of itself.
.TH CCPROXY 1 "" "ccproxy" "User Commands"
.SH NAME
ccproxy \\- any LLM provider behind the API that Claude Code and other clients already speak
.SH SYNOPSIS
.B ccproxy
.RI [ "arguments of claude" ]
.br
.B ccproxy
.RI [ \\-\\-config\\-dir " DIRECTORY] " COMMAND " [" options ]
.SH DESCRIPTION
Without a command, ccproxy starts its daemon if none runs, and launches Claude Code with all arguments.
"""

MANUAL_TAIL = """.SH EXIT STATUS
0 done; 1 it failed, and the reason is told; 2 the command line is wrong; 3 the daemon does not run; 78 the
configuration is wrong. What launches another program ends with that program's status.
.SH FILES
.I ~/.ccproxy/config.json, /etc/ccproxy/config.json
.RS
The configuration. The first of ./config.json, ~/.ccproxy/config.json and /etc/ccproxy/config.json (or .yaml) is read.
.RE
.I ~/.ccproxy/ccproxy.lock, ccproxy.pid, ccproxy.log
.RS
Of a daemon in the background.
.RE
"""


@frozen
class Entry:
    """A command: what is typed, and itself."""

    words: str
    command: click.Command
    context: click.Context

    @property
    def usage(self) -> str:
        """The line that shows its options and arguments."""
        return " ".join([self.words, *self.command.collect_usage_pieces(self.context)])

    @property
    def paragraphs(self) -> list[str]:
        """What it says of itself."""
        return [" ".join(part.split()) for part in (self.command.help or "").split("\n\n")]

    @property
    def options(self) -> list[tuple[str, str]]:
        """Its options, and what each does."""
        records = [parameter.get_help_record(self.context) for parameter in self.command.get_params(self.context)]
        told = [record for record in records if record is not None and record[1]]
        return [record for record in told if not record[0].endswith("--help")]


def entries(name: str) -> Iterator[Entry]:
    """A command, and the commands in it."""
    top = click.Context(main, info_name="ccproxy")
    command = main.get_command(top, name)
    if command is None:
        raise AssertionError(name)
    yield from _entries(f"ccproxy {name}", command, top)


def _entries(words: str, command: click.Command, parent: click.Context) -> Iterator[Entry]:
    context = click.Context(command, info_name=command.name, parent=parent)
    yield Entry(words, command, context)
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            yield from _entries(f"{words} {name}", part, context)


def page() -> str:
    """`docs/commands.md`."""
    parts = [HEAD]
    for section, commands in SECTIONS.items():
        parts.append(f"\n## {section}\n")
        parts += [_section(entry) for name in commands for entry in entries(name)]
    return "".join(parts)


def _section(entry: Entry) -> str:
    options = "".join(f"- `{option}`: {words}\n" for option, words in entry.options)
    text = "\n\n".join(entry.paragraphs)
    return f"\n### {entry.words}\n\n`{entry.usage}`\n\n{text}\n" + (f"\n{options}" if options else "")


def manual() -> str:
    """`docs/ccproxy.1`."""
    parts = [MANUAL_HEAD, ".SH OPTIONS\n"]
    top = click.Context(main, info_name="ccproxy")
    parts += [_roff_option(*record) for record in Entry("ccproxy", main, top).options]
    for section, commands in SECTIONS.items():
        parts.append(f".SH {section.upper()}\n")
        for entry in (entry for name in commands for entry in entries(name)):
            parts.append(f".SS {_roff(entry.usage)}\n" + ".PP\n".join(_roff(text) + "\n" for text in entry.paragraphs))
            parts += [_roff_option(*option) for option in entry.options]
    return "".join([*parts, MANUAL_TAIL])


def _roff_option(option: str, words: str) -> str:
    return f".TP\n.B {_roff(option)}\n{_roff(words)}\n"


def _roff(text: str) -> str:
    """Text as roff takes it: a hyphen that is to be typed is none to break a line at."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


class ManualTests(SynchronousTestCase):
    """Both documents, held against the program."""

    def test_page(self) -> None:
        """`docs/commands.md` is what the program says of itself."""
        self.assertEqual(PAGE.read_text(encoding="utf-8"), page(), "write it anew: make docs")

    def test_manual(self) -> None:
        """So is the manual page."""
        self.assertEqual(MANUAL.read_text(encoding="utf-8"), manual(), "write it anew: make docs")

    def test_manual_is_sound(self) -> None:
        """Groff formats the page without a complaint, and shows every command and option in full."""
        groff = shutil.which("groff")
        if groff is None:
            raise SkipTest("groff is not installed")
        ended = subprocess.run(
            [groff, "-man", "-Tascii", "-ww", "-P-c", "-P-u", "-P-b", "-P-o", str(MANUAL)],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        self.assertEqual(ended.stderr, "")
        shown = [record[0] for name in COMMANDS for entry in entries(name) for record in entry.options]
        for option in re.findall(r"--[a-z-]+", " ".join(shown)):
            self.assertIn(option, ended.stdout)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    MANUAL.write_text(manual(), encoding="utf-8")
