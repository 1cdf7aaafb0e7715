"""What SIGHUP means: to read the configuration again; or, for a daemon in somebody's terminal, that this is closed."""

import os


def has_terminal() -> bool:
    """Whether this process has a terminal, and that is still there."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
