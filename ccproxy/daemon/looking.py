"""Looking at something every so often."""

from abc import ABC, abstractmethod
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall


class Looking(Service, ABC):
    """Looks every so many seconds while the service runs; None: not at all."""

    def __init__(self, clock: Any, every: float | None = None) -> None:
        self._every = every
        self._looks = LoopingCall(self._look)
        self._looks.clock = clock

    def look_every(self, seconds: float | None) -> None:
        """How often from now on. What stays as it was goes on undisturbed."""
        self._every = seconds
        self._arrange()

    def startService(self) -> None:
        super().startService()
        self._arrange()

    def stopService(self) -> None:
        super().stopService()
        self._arrange()

    def _arrange(self) -> None:
        every = self._every if self.running else None
        if self._looks.running:
            if self._looks.interval == every:
                return
            self._looks.stop()
        if every is not None:
            self._begin()
            self._looks.start(every, now=False)

    def _begin(self) -> None:
        """What there is to do before the first look."""

    @abstractmethod
    def _look(self) -> None:
        """Look once."""
