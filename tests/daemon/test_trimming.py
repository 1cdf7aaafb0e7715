"""Giving memory back to the system."""

import os
import platform
from pathlib import Path
from unittest import skipUnless

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.daemon.trimming import EVERY_SECONDS, Trim, Trimming, malloc_trim
from ccproxy.exchange.running import Running


class _Reactor(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.in_threads: list[Trim] = []

    def callInThread(self, work: Trim) -> None:
        self.in_threads.append(work)


def trim() -> None:
    """Stands for the function of the C library."""


class TrimmingTests(SynchronousTestCase):
    """When it is done."""

    def setUp(self) -> None:
        self.reactor = _Reactor()
        self.running = Running()

    def started(self, how: Trim | None = trim) -> Trimming:
        service = Trimming(self.reactor, self.running, how)
        service.startService()
        return service

    def test_after_exchanges(self) -> None:
        """In a thread, once for all that ended since it was done last."""
        self.started()
        self.running.served += 3
        self.reactor.advance(EVERY_SECONDS)
        self.assertEqual(self.reactor.in_threads, [trim])
        self.reactor.advance(EVERY_SECONDS)
        self.assertEqual(self.reactor.in_threads, [trim])
        self.running.served += 1
        self.reactor.advance(EVERY_SECONDS)
        self.assertEqual(self.reactor.in_threads, [trim, trim])

    def test_stopped(self) -> None:
        """Nothing is left to be called."""
        self.started().stopService()
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_another_c_library(self) -> None:
        """Without the function nothing is done."""
        self.started(None)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


def _resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class GlibcTests(SynchronousTestCase):
    """The real function."""

    @skipUnless(platform.libc_ver()[0] == "glibc", "the C library is another")
    def test_gives_back(self) -> None:
        """Pages between what is in use go back to the system."""
        function = malloc_trim()
        assert function is not None
        pieces = [bytes(100_000) + b"." for _ in range(1000)]
        kept = pieces[::50]
        pieces.clear()
        before = _resident()
        function()
        self.assertLess(_resident(), before - 40_000_000)
        self.assertEqual(len(kept), 20)
