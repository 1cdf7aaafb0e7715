"""Whose a process is."""

import os
import pwd
from pathlib import Path


def named(pid: int) -> str:
    """The process in words: `your process 5`, `process 5 of root`."""
    try:
        uid = Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return f"process {pid}"  # Of another machine, or of a container.
    return f"your process {pid}" if uid == os.getuid() else f"process {pid} of {_user(uid)}"


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
