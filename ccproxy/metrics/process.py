"""What the process takes, and whether the reactor keeps up."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ccproxy.metrics.families import Family, Reading

LAG_EVERY = 1.0
"""Seconds between two looks at the clock."""

LAG_KEPT = 60
"""Looks of which the worst is told: scrapes come less often than looks."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Lag(Service):
    """How much later than it should the reactor gets to things: the worst of the last minute, and now."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._due = 0.0
        self._next: IDelayedCall | None = None
        self._latest: list[float] = []

    def startService(self) -> None:
        super().startService()
        self._arm()

    def stopService(self) -> None:
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    @property
    def now(self) -> float:
        return self._latest[-1] if self._latest else 0.0

    @property
    def worst(self) -> float:
        return max(self._latest, default=0.0)

    def _arm(self) -> None:
        self._due = self._clock.seconds() + LAG_EVERY
        self._next = self._clock.callLater(LAG_EVERY, self._look)

    def _look(self) -> None:
        self._latest.append(max(self._clock.seconds() - self._due, 0.0))
        del self._latest[:-LAG_KEPT]
        self._arm()

    def families(self) -> Iterator[Family]:
        """For the page of metrics."""
        yield Reading("ccproxy_reactor_lag_seconds", "How late the reactor was when it last looked.", self.now)
        yield Reading("ccproxy_reactor_lag_worst_seconds", "The worst of it in the last minute.", self.worst)


def families(started: float) -> Iterator[Family]:
    """The process, by the names that all exporters use. What this system does not tell is left out."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime
    yield Reading("process_cpu_seconds_total", "Processor time.", seconds, kind="counter")
    yield Reading("process_start_time_seconds", "When it was started.", started)
    yield Reading("process_max_fds", "File descriptors it may open.", resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    try:
        memory = Path("/proc/self/statm").read_text(encoding="ascii").split()
        opened = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  (a list of names is all that is wanted)
    except OSError:
        return
    yield Reading("process_resident_memory_bytes", "Memory in use.", int(memory[1]) * _PAGE)
    yield Reading("process_virtual_memory_bytes", "Memory mapped.", int(memory[0]) * _PAGE)
    yield Reading("process_open_fds", "File descriptors that are open.", opened)
