"""A log file that never grows beyond its limit: when it is full it is put aside, and the oldest of those is deleted."""

import os
from pathlib import Path
from typing import TextIO

MODE = 0o640
"""Of the file: whoever looks after the machine may read it, others not."""


class RotatingFile:
    """Writes to `path`. Before a line would bring it beyond `limit` bytes, the file becomes `path.1`, that one
    `path.2`, and so on for `keep` files; without a limit it grows. Where a file cannot be put aside, the log goes on in
    it."""

    def __init__(self, path: Path, limit: int, keep: int) -> None:
        self._path = path
        self._limit = limit
        self._keep = keep
        self._open()

    def write(self, text: str) -> None:
        """Put this at the end. Raises `OSError`."""
        size = len(text.encode("utf-8", "replace"))
        if self._limit and self._size and self._size + size > self._limit:
            self._rotate()
        self._file.write(text)
        self._size += size

    def flush(self) -> None:
        """Hand over to the kernel what was written."""
        self._file.flush()

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        try:
            for number in range(self._keep - 1, 0, -1):
                if self._aside(number).exists():
                    self._aside(number).replace(self._aside(number + 1))
            if self._keep:
                self._path.replace(self._aside(1))
            else:
                self._path.unlink()
        except OSError:
            self._limit = 0  # A directory that is not ours to write: better a long log than none.
        self._open()

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _open(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, MODE)
        self._file: TextIO = os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")
        self._size = os.fstat(descriptor).st_size
