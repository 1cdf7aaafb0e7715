"""Giving memory back to the system.

Requests of a megabyte, dozens at a time, take hundreds of megabytes for a moment, and the C library keeps what they
leave behind: after sixty of them 200 MiB, of which 120 are given back on request (measured). That takes up to 50 ms, in
a thread; where nothing is to be given back, 2.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from ccproxy.daemon.looking import Looking
from ccproxy.exchange.running import Running

EVERY_SECONDS = 30.0

Trim = Callable[[], object]


def malloc_trim() -> Trim | None:
    """The function of glibc; None where the C library is another."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return None if trim is None else lambda: trim(0)


class Trimming(Looking):
    """Gives memory back every so often, if exchanges have ended since."""

    def __init__(self, reactor: Any, running: Running, trim: Trim | None) -> None:
        super().__init__(reactor, None if trim is None else EVERY_SECONDS)
        self._reactor = reactor
        self._running = running
        self._trim = trim
        self._served = running.served

    def _look(self) -> None:
        if self._running.served != self._served and self._trim is not None:
            self._served = self._running.served
            self._reactor.callInThread(self._trim)
