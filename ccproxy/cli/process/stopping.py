"""Stopping a daemon: kindly, then less so."""

import enum
import os
import signal
import time

from ccproxy.cli.process.home import Home
from ccproxy.cli.process.lock import GLANCE
from ccproxy.cli.process.running import Running, running

CUT_SECONDS = 3.0
"""How long a daemon that was told to cut off what runs may take for it."""

KILL_SECONDS = 5.0


class End(enum.Enum):
    """How a daemon ended."""

    DRAINED = "all that ran has finished"
    CUT = "what still ran was cut off"
    KILLED = "it was killed"


class NotStopped(Exception):
    """It still runs. `str()` says why."""


def stop(home: Home, there: Running, timeout: float) -> End:
    """Ends the daemon `there`. What runs may finish within `timeout` seconds; for 0 it is killed at once. Raises
    `NotStopped`."""
    if timeout > 0:
        _signal(there, signal.SIGTERM)
        if _gone(home, there, timeout):
            return End.DRAINED
        _signal(there, signal.SIGTERM)
        if _gone(home, there, CUT_SECONDS):
            return End.CUT
    _signal(there, signal.SIGKILL)
    if _gone(home, there, KILL_SECONDS):
        home.pid.unlink(missing_ok=True)
        return End.KILLED
    raise NotStopped(f"process {there.pid} cannot be ended")


def _signal(there: Running, number: signal.Signals) -> None:
    if not there.pid:
        return  # It has not come so far as to say who it is. To signal 0 would be to signal ourselves.
    try:
        os.kill(there.pid, number)
    except ProcessLookupError:
        pass  # It has just ended by itself.
    except PermissionError:
        raise NotStopped(f"process {there.pid} is another user's") from None


def _gone(home: Home, there: Running, seconds: float) -> bool:
    """Whether the daemon has let go of its lock within this time."""
    deadline = time.monotonic() + seconds
    while True:
        now = running(home)
        if now is None or (now.pid and now.pid != there.pid):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(GLANCE)
