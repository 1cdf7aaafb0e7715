"""Files that are written whole: whoever reads one finds what was there, or what is there now, and never a part.

What is new is written beside the file and takes its place at once, so that a full disk leaves everything as it was. A
link stays one: what it leads to is written. The file keeps its owner, and as many of its permissions as it may.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
"""The permissions of a new file, unless others are wanted: for its owner alone."""

ANY = 0o777


def write_whole(path: Path, text: str, new: int = PRIVATE, kept: int = ANY, durable: bool = True) -> None:
    """Put the text there. `new` are the permissions where no file is there, and `kept` those that one that is there may
    keep. Raises `OSError`, and has changed nothing then."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")  # A device or a pipe, which nothing can take the place of.
        return
    place = path.resolve()
    with beside(place, text.encode(), new, kept, durable) as written:
        written.replace(place)


@contextmanager
def beside(place: Path, data: bytes, new: int = PRIVATE, kept: int = ANY, durable: bool = True) -> Iterator[Path]:
    """The data in a file beside `place` and with its name's ending, to be looked at, and to take its place by
    `Path.replace` before the end of the `with` statement; else it is removed."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{place.stem}.", suffix=place.suffix, dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
            _dress(file.fileno(), place, new, kept)
        yield Path(name)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108


def _dress(descriptor: int, like: Path, new: int, kept: int) -> None:
    """Give an open file the owner and the permissions of the one whose place it shall take."""
    try:
        found = like.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, new)
        return
    if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, found.st_uid, found.st_gid)
    os.fchmod(descriptor, found.st_mode & kept)
