"""The end: what runs may finish."""

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ccproxy.exchange.running import Running

DRAIN_SECONDS = 10.0
"""How long running exchanges may go on when the daemon stops."""

log = Logger()


class Drain(Service):
    """Lets running exchanges finish when the daemon stops, for a while, and then closes what is left open."""

    def __init__(self, clock: Any, running: Running, close: Callable[[], Awaitable[None]]) -> None:
        self._clock = clock
        self._running = running
        self._close = close

    def stopService(self) -> Deferred[None]:
        super().stopService()
        return Deferred.fromCoroutine(self._drain())

    async def _drain(self) -> None:
        if len(self._running):
            log.info("waiting for {running} exchanges to finish", running=len(self._running))
        empty = self._running.when_empty().addTimeout(DRAIN_SECONDS, self._clock, onTimeoutCancel=_given_up)
        await empty
        await self._close()


def _given_up(result: object, seconds: float) -> None:
    log.warn("exchanges still run after {seconds} s; they are cut off", seconds=seconds)
