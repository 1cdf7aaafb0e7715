"""A file that a living process holds locked, and in which it says who it is.

The kernel lets go of the lock when the last process that holds it ends, however it ends: nothing here can be stale. The
file's content is of use only while somebody holds it, and the file itself is never deleted: a lock on a file that
another process has just deleted would be worth nothing.
"""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

GLANCE = 0.01
"""Seconds between two tries. Whoever looks whether a lock is held has it for a moment himself."""


class Lock:
    """A lock on `path`; one object for each that would hold it. `flock` locks belong to an open file: a child that
    inherits `descriptor` holds the lock with us, and after us."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.descriptor: int | None = None

    @classmethod
    def inherited(cls, path: Path, descriptor: int) -> "Lock":
        """The lock that whoever started this process took for it."""
        lock = cls(path)
        lock.descriptor = descriptor
        return lock

    def acquire(self, patience: float = 0.2, shared: bool = False) -> bool:
        """Take it, if it is free within `patience` seconds. Many may have it `shared`, and then nobody alone."""
        deadline = time.monotonic() + patience
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                if time.monotonic() >= deadline:
                    return False
                time.sleep(GLANCE)
                continue
            self.descriptor = descriptor
            return True

    def write(self, content: dict[str, Any]) -> None:
        """Say who holds it. Raises `OSError` with the path, where the disk is full."""
        if self.descriptor is None:
            raise ValueError("nobody holds this lock here")
        try:
            _put(self.descriptor, content)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None

    def read(self) -> dict[str, Any] | None:
        """What the holder says: None where nobody holds it, and nothing where the holder has not said it yet."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _content(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
            return None
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Let go of it."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def amend(path: Path, content: dict[str, Any]) -> None:
    """Say something else of the holder, who has said all that he will."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        _put(descriptor, content)
    finally:
        os.close(descriptor)


def _put(descriptor: int, content: dict[str, Any]) -> None:
    data = json.dumps(content).encode()
    os.pwrite(descriptor, data, 0)
    os.ftruncate(descriptor, len(data))


def _content(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}  # Read between two writes.
    return value if isinstance(value, dict) else {}
