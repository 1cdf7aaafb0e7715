"""Signs of life between the target that broke off and the one that goes on."""

from types import TracebackType

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ccproxy.exchange.errand import Errand
from ccproxy.exchange.relay import PING_EVERY


class Intermission:
    """Pings the client while the body of the `with` statement runs. A client who does not read gets none to read
    later."""

    def __init__(self, errand: Errand, clock: IReactorTime) -> None:
        self._reply = errand.reply
        self._voice = errand.voice
        self._clock = clock
        self._alarm: IDelayedCall | None = None

    def __enter__(self) -> None:
        self._alarm = self._clock.callLater(PING_EVERY, self._ping)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()

    def _ping(self) -> None:
        if self._voice is not None and not self._reply.paused:
            self._reply.write(self._voice.renderer.ping())
        self._alarm = self._clock.callLater(PING_EVERY, self._ping)
