"""A daemon for as long as somebody uses it.

Each user holds a shared lock while it does: the kernel lets go of it, however the user ends, so that nothing is counted
and no count can be wrong. The last user, who gets the lock alone, ends a daemon that was started for users.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ccproxy.cli.process.asking import ask
from ccproxy.cli.process.home import Home
from ccproxy.cli.process.lock import Lock
from ccproxy.cli.process.order import Order
from ccproxy.cli.process.running import Running, running
from ccproxy.cli.process.starting import START_SECONDS, NotStarted, start_in_background
from ccproxy.cli.process.stopping import NotStopped, stop

STOP_SECONDS = 10.0
"""How long what still runs may go on when the last user has left: nobody waits for it."""


@contextmanager
def in_use(home: Home, order: Order) -> Iterator[Running]:
    """A daemon that serves while the body of the `with` statement runs: the one of this home; or another one that
    answers where ours would, such as the system's; or a new one. Raises `NotStarted`."""
    there = None if running(home) else _another(order)
    if there is not None:
        yield there
        return
    try:
        home.make()
        users = Lock(home.users)
        free = users.acquire(patience=START_SECONDS, shared=True)
    except OSError as error:
        raise NotStarted(f"{home.directory}, for the lock and the log, cannot be used: {error.strerror}") from None
    if not free:
        raise NotStarted(f"somebody is stopping the daemon, and does not come to an end ({home.users})")
    try:
        yield start_in_background(home, order, kept=False).daemon
    finally:
        users.release()
        _leave(home, users)


def _another(order: Order) -> Running | None:
    """The daemon that serves in place of ours, if it takes our key."""
    answer = ask(order.url, order.settings.listen, "/status", order.key)
    if answer is None or not answer.is_ours or "pid" not in answer.content:
        return None
    return Running(pid=answer.content["pid"], url=order.url, listen=order.settings.listen, ready=True)


def _leave(home: Home, users: Lock) -> None:
    """Whoever comes now waits until this is decided."""
    if not users.acquire(patience=0):
        return
    try:
        there = running(home)
        if there is not None and not there.kept:
            stop(home, there, STOP_SECONDS)
    except NotStopped:
        pass  # It is not ours to stop: then somebody else has started it meanwhile.
    finally:
        users.release()
