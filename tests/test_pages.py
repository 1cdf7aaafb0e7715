"""The pages below docs/ as a whole: each can be found, leads somewhere, and names commands that exist."""

import re
import shlex
from pathlib import Path

import click
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.launching import Verbatim
from ccproxy.cli.main import MEANT, main

CHECKOUT = Path(__file__).parents[1]
DOCS = CHECKOUT / "docs"
INDEX = DOCS / "index.md"
PAGES = sorted(DOCS.glob("*.md"))

LINK = re.compile(r"\]\(([^)#:\s]*)(#[^)\s]*)?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`(ccproxy [^`]+)`")
PLACEHOLDER = re.compile(r"[A-Z_]+|\.\.\.|…|req_.*|FILE|[\w./-]+\.\w+")


def links(page: Path) -> list[tuple[Path, str]]:
    """Where the page leads: files, and the headings meant in them."""
    found = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return [((page.parent / name).resolve() if name else page, anchor.removeprefix("#")) for name, anchor in found]


def anchors(page: Path) -> set[str]:
    """What a link can name in a page, as it is shown to people."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> list[list[str]]:
    """The command lines of ccproxy's that a page names, without the command's own name."""
    text = page.read_text(encoding="utf-8")
    lines = [line[2:] for kind, block in FENCE.findall(text) if kind == "console" for line in block.splitlines()]
    lines += CODE.findall(FENCE.sub("", text))
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("ccproxy ")]


class PagesTests(SynchronousTestCase):
    """What is true of all pages."""

    def test_index(self) -> None:
        """The index leads to every page, and README.md to the index."""
        self.assertEqual({page for page in PAGES if page != INDEX} - {file for file, _ in links(INDEX)}, set())
        self.assertIn(INDEX, [file for file, _ in links(CHECKOUT / "README.md")])

    def test_links(self) -> None:
        """No link leads nowhere, nor to a heading that is not there."""
        for page in [*PAGES, CHECKOUT / "README.md"]:
            for file, anchor in links(page):
                self.assertTrue(file.is_file(), f"{page.name}: {file}")
                if anchor:
                    self.assertIn(anchor, anchors(file), f"{page.name}: {file.name}")

    def test_commands(self) -> None:
        """Each command that a page shows is there, with the options that are shown. (docs/commands.md is made from the
        program.)"""
        shown = {page.name: commands(page) for page in PAGES if page.name != "commands.md"}
        self.assertIn(["show", "last"], shown["troubleshooting.md"])
        for name, lines in shown.items():
            for words in lines:
                command: click.Command = main
                options: set[str] = {one for parameter in main.params for one in parameter.opts}
                for word in words:
                    if isinstance(command, click.Group) and not word.startswith("-"):
                        following = command.get_command(click.Context(command), MEANT.get(word, word))
                        if following is None and PLACEHOLDER.fullmatch(word):
                            continue
                        self.assertIsNotNone(following, f"{name}: ccproxy {' '.join(words)}")
                        assert following is not None
                        command = following
                        options |= {one for parameter in command.params for one in parameter.opts}
                if isinstance(command, Verbatim) or command is main:
                    continue  # What follows is another program's.
                asked = {word.split("=")[0] for word in words if word.startswith("-")}
                self.assertLessEqual(asked, options | {"--help"}, f"{name}: ccproxy {' '.join(words)}")
