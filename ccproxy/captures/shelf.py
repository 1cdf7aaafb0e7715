"""The captures that there are: a directory with a file for each exchange, named by its id."""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from attrs import frozen

_SUFFIX = ".capture"

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def place(directory: str | Path, name: str) -> Path:
    """Where the capture of an exchange is."""
    return Path(directory) / (name + _SUFFIX)


@frozen
class Kept:
    """A capture that there is: whose, of when, and how large."""

    id: str
    at: float
    size: int


def kept(directory: str | Path) -> list[Kept]:
    """Those in a directory; none where it is not there."""
    found: list[Kept] = []
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            name = entry.name.removesuffix(_SUFFIX)
            if name == entry.name or not _ID.fullmatch(name):
                continue
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode):
                    found.append(Kept(name, status.st_mtime, status.st_size))
    return found


def text_of(directory: str | Path, name: str) -> bytes | None:
    """What is written of an exchange; None where nothing is."""
    if not _ID.fullmatch(name):
        return None
    try:
        return place(directory, name).read_bytes()
    except FileNotFoundError:
        return None
