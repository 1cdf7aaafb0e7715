"""Whose a process is."""

import os
import pwd
from pathlib import Path


def owner_of(pid: int) -> str:
    """The user whose process it is, by name where there is one."""
    try:
        uid = Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return "a user who is not known here"
    if uid == os.getuid():
        return "yours"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
