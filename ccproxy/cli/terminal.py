"""What people see: aligned, quiet, and in colour where that is wanted."""

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

COLOURS = {"good": "green", "bad": "red", "dubious": "yellow", "quiet": "bright_black"}
"""The moods of a word."""

_OUTCOMES = {"finished": "good", "abandoned": "dubious", "broken": "bad", "refused": "bad"}


def paint(text: str, mood: str) -> str:
    """The text in the colour of its mood, on a terminal, and unless NO_COLOR is set."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if plain else click.style(text, fg=COLOURS[mood])


def mood(outcome: str) -> str:
    """The mood of what came of an exchange."""
    return _OUTCOMES.get(outcome, "quiet")


@contextmanager
def meanwhile(words: str) -> Iterator[None]:
    """Says so on the error stream, if what is done takes more than a second, so that nobody thinks it hangs."""
    timer = threading.Timer(1.0, click.echo, (words,), {"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def aligned(rows: Iterable[tuple[str, str]], indent: str = "  ") -> str:
    """Names and values in two columns. Rows without a value are left out; lines of a value stand below each other."""
    shown = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _ in shown), default=0)
    margin = "\n" + indent + " " * (width + 2)
    return "\n".join(f"{indent}{name.ljust(width)}  {value.replace(chr(10), margin)}" for name, value in shown)


def table(rows: Iterable[tuple[str, ...]], indent: str = "  ") -> str:
    """Rows of several columns, each as wide as it must be. Columns without any value are left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    lines = zip(*columns, strict=True)
    return "\n".join(
        indent + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def at_home(path: str) -> str:
    """A path as people write it."""
    home = os.environ.get("HOME", "")
    return "~" + path[len(home) :] if home and path.startswith(home.rstrip("/") + "/") else path


def spell(seconds: float) -> str:
    """A span of time in its two largest units."""
    left = int(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or unit == "s":
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
