"""Being the daemon: twistd in this process, with the lock that says so.

Twisted takes most of a start, and no other command needs it: it is imported here, inside the functions that serve.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import evolve

from ccproxy.cli.process.home import Home
from ccproxy.cli.process.lock import Lock
from ccproxy.cli.process.running import Running

READY = b"."
"""What a daemon in the background says to whoever started it, when it serves."""

IN_BACKGROUND = "from ccproxy.cli.process.serving import serve_in_background; serve_in_background()"


def serve_in_foreground(home: Home, us: Running, arguments: Sequence[str], when_serving: Callable[[], None]) -> None:
    """Be the daemon from now on; it ends this process. Without a place for its files it serves all the same, and so it
    does beside another daemon: nobody else is told of it then."""
    lock = Lock(home.lock)
    try:
        home.make()
        if known := lock.acquire():
            lock.write(us.content())
    except OSError:
        lock.release()
        known = False
    pid_file = str(home.pid) if known else ""
    _serve(lock if known else None, us, [f"--pidfile={pid_file}", *arguments], home, when_serving)


def serve_in_background() -> None:
    """Be the daemon that `starting` has started: its lock and its pipe are inherited. What keeps it from starting is in
    its log by now, and is told from there; a traceback behind it would help nobody."""
    directory, lock_number, pipe_number, *arguments = sys.argv[1:]
    home = Home(Path(directory))
    lock, pipe = Lock.inherited(home.lock, int(lock_number)), int(pipe_number)
    for inherited in (int(lock_number), pipe):
        os.set_inheritable(inherited, False)
    os.umask(0o077)

    def tell() -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(pipe, READY)
        os.close(pipe)

    try:
        _serve(lock, running_of(lock), [f"--pidfile={home.pid}", *arguments], home, tell)
    except Exception as error:
        if "--debug" in arguments:
            raise
        raise SystemExit(f"ccproxy: {error}") from None


def running_of(lock: Lock) -> Running:
    """What the lock says, for its holder: what is held elsewhere as well is told to be held."""
    return Running.of(lock.read() or {})


def _serve(
    lock: Lock | None, us: Running, arguments: Sequence[str], home: Home, when_serving: Callable[[], None]
) -> None:
    from twisted.scripts.twistd import run

    from ccproxy.tap import when_serving as call_when_serving

    us = evolve(us, pid=os.getpid())

    def ready() -> None:
        if lock is not None:
            lock.write(evolve(us, ready=True, started=time.time()).content())
        when_serving()

    if lock is not None:
        lock.write(us.content())
        # Whoever wrote it is gone: we have the lock.
        home.pid.unlink(missing_ok=True)
    call_when_serving(ready)
    sys.argv = ["twistd", "--nodaemon", *arguments]
    try:
        run()
    finally:
        if lock is not None:
            home.pid.unlink(missing_ok=True)  # twistd leaves it where the start fails.
