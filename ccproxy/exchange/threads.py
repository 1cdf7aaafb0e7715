"""Threads for code that is not ours, which may hang in them."""

from collections.abc import Callable
from threading import Thread
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

THREADS = 16
"""Threads at a time. What hangs keeps its thread for ever."""


class Threads:
    """Runs each function in a thread of its own, which dies with the process: one that hangs must not hold up the end,
    nor whoever else wants a thread."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._busy = 0

    def run(self, work: Callable[[], Any]) -> "Deferred[Any]":
        """Fires with what it gives. Cancelling forgets it; it cannot be stopped."""
        if self._busy >= THREADS:
            raise RuntimeError(f"{THREADS} threads hang already")
        self._busy += 1
        done: Deferred[Any] = Deferred()

        def report(result: Any) -> None:
            self._busy -= 1
            if not done.called:
                done.callback(result)

        def run() -> None:
            try:
                result = work()
            except BaseException:
                result = Failure()
            self._reactor.callFromThread(report, result)

        Thread(target=run, daemon=True, name="ccproxy apart").start()
        return done
