"""`ccproxy logs`: the end of the daemon's log, and what comes."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from ccproxy.cli.process.home import Home, home
from ccproxy.cli.process.running import running

BLOCK = 64 * 1024
"""Bytes read at a time, from the end backwards."""

LOOK_SECONDS = 0.2
"""How often a followed log is looked at."""


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what is logged from now on.")
@click.option("--lines", "-n", type=click.IntRange(min=0), default=100, show_default=True, help="How many of the last.")
def logs(follow: bool, lines: int) -> None:
    """Show the daemon's log."""
    path = _log(home(os.environ))
    out = sys.stdout.buffer
    try:
        with path.open("rb") as file:
            for part in last_lines(file, lines):
                out.write(part)
            out.flush()
            if follow:
                _follow(path, file, out)
    except FileNotFoundError:
        raise click.ClickException(f"there is no log at {path} yet: `ccproxy start` makes it") from None
    except (KeyboardInterrupt, BrokenPipeError):
        raise SystemExit(0) from None


def _log(place: Home) -> Path:
    there = running(place)
    if there is None:
        return place.log if place.log.exists() else _configured(place)
    if not there.log:
        raise click.ClickException(
            f"ccproxy (process {there.pid}) runs in the foreground and logs to its terminal, "
            "or as a service of the system to the journal: journalctl -u ccproxy"
        )
    return Path(there.log)


def _configured(place: Home) -> Path:
    # Only where nothing runs and nothing was logged: reading a configuration takes long.
    from ccproxy.cli.process.order import Order

    return Order.of(None, {}).log(place)


def last_lines(file: BinaryIO, count: int) -> Iterator[bytes]:
    """The last lines of a file, read from its end. The file is at its end then."""
    end = position = file.seek(0, os.SEEK_END)
    found, blocks = 0, []
    while position and found <= count:
        size = min(BLOCK, position)
        position -= size
        file.seek(position)
        blocks.append(file.read(size))
        found += blocks[-1].count(b"\n")
    text = b"".join(reversed(blocks))
    yield from text.splitlines(keepends=True)[-count:] if count else ()
    file.seek(end)


def _follow(path: Path, file: BinaryIO, out: BinaryIO) -> None:
    """What is logged from now on, also when the log is rotated: then the new file is read from its beginning."""
    while True:
        if part := file.read(BLOCK):
            out.write(part)
            out.flush()
            continue
        try:
            moved = not os.path.samestat(path.stat(), os.fstat(file.fileno()))
        except FileNotFoundError:
            moved = False  # Between two of them.
        if moved:
            file = path.open("rb")
        elif os.fstat(file.fileno()).st_size < file.tell():
            file.seek(0)
        else:
            time.sleep(LOOK_SECONDS)
