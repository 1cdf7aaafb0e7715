"""What happens now, for whoever watches: exchanges that began, went on and ended since the last look.

Nothing here is called for an event of an answer, and nothing runs while nobody watches. While somebody does, the meters
of what runs are looked at a few times a second, so that watchers cost the same at one exchange a second and at a
thousand: what is more than fits into a look is counted, and not shown.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ccproxy.exchange.call import Call
from ccproxy.exchange.meter import Meter
from ccproxy.exchange.record import Record
from ccproxy.exchange.running import Running
from ccproxy.exchange.telling import glimpse, told

LOOK_EVERY = 0.25
"""Seconds between two looks."""

RUNNING_LIMIT = 200
"""Running exchanges that are shown; the oldest ones."""

ENDED_LIMIT = 100
"""Exchanges that ended, shown in one look; the latest ones."""

RECENT_LIMIT = 200
"""Exchanges that ended, remembered for whoever comes later."""

log = Logger()


@frozen
class Look:
    """What changed since the look before. All are plain values, as `exchange.telling` makes them."""

    running: int
    """How many run, shown or not."""
    began: tuple[dict[str, Any], ...]
    changed: tuple[dict[str, Any], ...]
    ended: tuple[dict[str, Any], ...]
    missed: int
    """How many ended besides, which are not shown."""

    def __bool__(self) -> bool:
        return bool(self.began or self.changed or self.ended or self.missed)


Watcher = Callable[[Look], None]


class Feed:
    """Observes records, and looks at what runs while there are watchers. One for the daemon."""

    def __init__(self, running: Running, clock: IReactorTime) -> None:
        self._running = running
        self._clock = clock
        self._recent: deque[Record] = deque(maxlen=RECENT_LIMIT)
        self._ended = 0
        self._seen_ended = 0
        self._shown: dict[str, tuple[Any, ...]] = {}
        self._watchers: list[Watcher] = []
        self._next: IDelayedCall | None = None

    def observe(self, _call: Call, record: Record) -> None:
        """An exchange is over."""
        self._recent.append(record)
        self._ended += 1

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """From now on `watcher` is told of each look in which something changed. It must not block. Returns what ends
        the watching."""
        self._watchers.append(watcher)
        if self._next is None:
            self._seen_ended = self._ended
            self._shown = {meter.call.id: _state(meter) for meter in islice(self._running, RUNNING_LIMIT)}
            self._next = self._clock.callLater(LOOK_EVERY, self._look)

        def stop() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)
            if not self._watchers and self._next is not None:
                self._next.cancel()
                self._next = None

        return stop

    def running(self) -> list[dict[str, Any]]:
        """What runs now, the oldest first."""
        now = self._clock.seconds()
        return [glimpse(meter, now) for meter in islice(self._running, RUNNING_LIMIT)]

    def recent(self) -> list[dict[str, Any]]:
        """What ended lately, the latest first."""
        return [told(record) for record in reversed(self._recent)]

    def _look(self) -> None:
        self._next = self._clock.callLater(LOOK_EVERY, self._look)
        look = self._changes()
        if not look:
            return
        for watcher in tuple(self._watchers):
            try:
                watcher(look)
            except Exception:
                log.failure("a watcher of the live feed failed: a fault of ours")

    def _changes(self) -> Look:
        now = self._clock.seconds()
        began, changed, shown = [], [], {}
        for meter in islice(self._running, RUNNING_LIMIT):
            name = meter.call.id
            state = shown[name] = _state(meter)
            before = self._shown.get(name)
            if before is None:
                began.append(glimpse(meter, now))
            elif before != state:
                changed.append(glimpse(meter, now))
        self._shown = shown
        ended = self._ended - self._seen_ended
        self._seen_ended = self._ended
        kept = min(ended, ENDED_LIMIT, len(self._recent))
        latest = islice(self._recent, len(self._recent) - kept, None)
        return Look(
            len(self._running), tuple(began), tuple(changed), tuple(told(record) for record in latest), ended - kept
        )


def _state(meter: Meter) -> tuple[Any, ...]:
    """What makes a running exchange worth showing again."""
    return meter.target, meter.attempts, meter.written
