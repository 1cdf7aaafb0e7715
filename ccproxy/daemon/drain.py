"""The end: what runs may finish, for a while."""

import signal
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from ccproxy.exchange.running import Running

ENDING = (signal.SIGTERM, signal.SIGINT)
"""The signals that end a daemon. The first one drains it; another one cuts off what still runs."""

SENDING_SECONDS = 5.0
"""How long clients may take to receive the end of what was said to them."""

log = Logger()


class Drain(Service):
    """Lets running exchanges finish when the daemon stops, for `patience` seconds, and then closes what is left open.

    `retire` lets no further request in, and fires when those that have come are being answered. An exchange that has
    ended may still be on its way to the client: `hang_up` waits for that, and fires when the last client has all that
    was said to it. Somebody who is not as patient says so by a second signal.
    """

    def __init__(
        self,
        reactor: Any,
        running: Running,
        retire: Callable[[], Deferred[None]],
        hang_up: Callable[[], Deferred[None]],
        close: Callable[[], Awaitable[None]],
        patience: float,
    ) -> None:
        self._reactor = reactor
        self._running = running
        self._retire = retire
        self._hang_up = hang_up
        self._close = close
        self._patience = patience
        self._waiting: Deferred[None] | None = None
        self._hurried = False

    def within(self, patience: float) -> None:
        """How long to wait, from now on."""
        self._patience = patience

    def stopService(self) -> Deferred[None]:
        super().stopService()
        return Deferred.fromCoroutine(self._drain())

    def cut(self) -> None:
        """Wait no longer."""
        self._hurried = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def _drain(self) -> None:
        former = {number: signal.signal(number, self._hear) for number in ENDING}
        if len(self._running):
            log.info("waiting for {running} exchanges to finish", running=len(self._running))
        until = self._reactor.seconds() + self._patience
        await self._wait(self._retire(), self._patience)
        await self._wait(self._running.when_empty(), max(0.0, until - self._reactor.seconds()))
        await self._wait(self._hang_up(), SENDING_SECONDS)
        if self._hurried:
            log.warn("told to stop once more: {running} exchanges are cut off", running=len(self._running))
        elif len(self._running):
            log.warn("{running} exchanges take too long: they are cut off", running=len(self._running))
        await self._close()
        for number, handler in former.items():
            signal.signal(number, handler)

    async def _wait(self, awaited: Deferred[None], seconds: float) -> None:
        """Until it fires, the time is over, or somebody is in a hurry."""
        self._waiting = awaited
        if self._hurried:
            awaited.cancel()
        awaited.addTimeout(seconds, self._reactor, onTimeoutCancel=lambda _result, _seconds: None)
        try:
            await awaited
        except CancelledError:
            pass
        self._waiting = None

    def _hear(self, _number: int, _frame: object) -> None:
        self._reactor.callFromThread(self.cut)
