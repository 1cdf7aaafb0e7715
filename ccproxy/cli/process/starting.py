"""Starting a daemon in the background, once however many ask for it at the same moment.

Whoever gets the lock starts the daemon and hands the lock on to it; everyone else waits for the daemon that then holds
it. So there is one daemon, and nobody is told that it runs before it serves.
"""

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from attrs import evolve, frozen

from ccproxy.cli.process.asking import Answer, ask
from ccproxy.cli.process.home import Home
from ccproxy.cli.process.lock import GLANCE, Lock
from ccproxy.cli.process.order import Order
from ccproxy.cli.process.owners import named
from ccproxy.cli.process.running import Running, running
from ccproxy.cli.process.serving import IN_BACKGROUND, READY
from ccproxy.cli.terminal import meanwhile

START_SECONDS = 30.0
"""The most that a start takes on a slow machine."""

LOG_LINES = 20
"""What is shown of the log of a daemon that did not start."""


_COMPLAINT = re.compile(r'^\S+ (?:warn|error|critical) |"level": ?"(?:warn|error|critical)"')
"""How a line of the log looks that tells of something wrong, in either of its formats."""


class NotStarted(Exception):
    """No daemon came of it. `str()` says why, and `status` is what the program shall end with."""

    def __init__(self, reason: str, status: int = 1) -> None:
        super().__init__(reason)
        self.status = status


@frozen
class Started:
    """The daemon that serves; not `new` if it did so before."""

    daemon: Running
    new: bool


def start_in_background(home: Home, order: Order, kept: bool = True) -> Started:
    """The daemon of this home, started if none runs. Raises `NotStarted`."""
    with meanwhile("Starting ccproxy ..."):
        return _start(home, order, kept)


def _start(home: Home, order: Order, kept: bool) -> Started:
    try:
        home.make()
        lock = Lock(home.lock)
        there = _turn(home, lock)
    except OSError as error:
        raise NotStarted(
            f"{home.directory}, for the lock and the log, cannot be used: {error.strerror}; "
            "`ccproxy start --foreground` does without it"
        ) from None
    if there is not None:
        return Started(there, new=False)
    try:
        refuse_taken(order)
        return Started(_spawn(home, order, lock, kept), new=True)
    finally:
        lock.release()  # It is the daemon's now.


def refuse_taken(order: Order) -> None:
    """Raises `NotStarted` if another ccproxy serves at the address that is wanted: it says whose."""
    there = ask(order.url, (), "/status", order.key) if order.url else None
    if there is not None and there.is_ours:
        raise NotStarted(
            f"{told(order.url, there)}. Use it as it is, stop it, or choose another port (--port, CCPROXY_PORT)"
        )


def told(url: str, there: Answer) -> str:
    """Which ccproxy answers at an address, as far as it tells us."""
    parts = [f"ccproxy {there.content.get('version', '')}".rstrip()]
    pid = there.content.get("pid")
    if isinstance(pid, int):
        parts.append(named(pid))
    else:
        parts.append("which wants a key that is not configured here")
    configuration = there.content.get("configuration")
    if isinstance(configuration, dict) and configuration.get("file"):
        parts.append(f"configured by {configuration['file']}")
    return f"at {url} another daemon serves already: {', '.join(parts)}"


def _turn(home: Home, lock: Lock) -> Running | None:
    """Returns with the lock in our hands; or with a daemon that serves, and without it."""
    began = time.monotonic()
    while not lock.acquire(patience=GLANCE):
        there = running(home)
        if there is not None and there.ready:
            return there
        if time.monotonic() - began > START_SECONDS:
            who = f"process {there.pid}" if there is not None and there.pid else "somebody"
            raise NotStarted(f"{who} holds {home.lock}, and has not begun to serve for {START_SECONDS:.0f} seconds")
        time.sleep(GLANCE)
    return None


def _spawn(home: Home, order: Order, lock: Lock, kept: bool) -> Running:
    log = order.log(home)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o600)
        output = log.open("ab")
    except OSError as error:
        raise NotStarted(f"the log {log} cannot be written: {error.strerror}") from None
    try:
        lock.write(order.described(str(log), kept).content())
    except OSError as error:
        output.close()
        raise NotStarted(f"{home.lock} cannot be written: {error.strerror}") from None
    hears, tells = os.pipe()
    with output:
        logged = output.tell()
        # -P: whoever starts a daemon in a directory does not mean to import what lies there.
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-c", IN_BACKGROUND),
                *(str(home.directory), str(lock.descriptor), str(tells)),
                *(f"--logfile={log}", "ccproxy", *order.arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(lock.descriptor or 0, tells),
            start_new_session=True,
        )
    os.close(tells)
    try:
        serves = _heard(hears)
    except BaseException:
        process.kill()  # Nobody waits for it any more.
        process.wait()
        raise
    finally:
        os.close(hears)
    if serves:
        return evolve(Running.of(lock.read() or {}), pid=process.pid, ready=True)
    if serves is None:
        process.kill()
        process.wait()
        raise NotStarted(f"nothing was heard of it for {START_SECONDS:.0f} seconds; its log is {log}")
    status = process.wait()
    reason = _since(log, logged) or f"it ended with status {status}"
    raise NotStarted(f"{reason}\nccproxy did not start; its log is {log}", status if status > 0 else 1)


def _heard(pipe: int) -> bool | None:
    """Whether the daemon says that it serves; None if it says nothing."""
    readable, _, _ = select.select([pipe], [], [], START_SECONDS)
    return os.read(pipe, 1) == READY if readable else None


def _since(log: Path, position: int) -> str:
    """The last lines of a log, of those behind `position`: from the first complaint on, if there is one."""
    with log.open("rb") as file:
        file.seek(position)
        lines = file.read().decode(errors="replace").splitlines()
    first = next((at for at, line in enumerate(lines) if _COMPLAINT.search(line)), 0)
    return "\n".join(lines[first:][-LOG_LINES:])
