"""One delayed call for all that may become due.

It is armed for the nearest and looks, when it rings, what really is due: whatever puts a deadline off only notes the
time, which costs a fraction of moving a timer.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

Due = tuple[float, Callable[[], None]]
"""When, and what is to be done then."""
Dues = Callable[[], list[Due]]
"""Tells what is due, as things stand."""


class Alarm:
    """Rings when something is due. Silent until it is armed, and once it is disarmed."""

    __slots__ = ("_call", "_clock")

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._call: IDelayedCall | None = None

    def arm(self, dues: Dues) -> None:
        """For the nearest of these; or something may be due earlier than was known."""
        found = dues()
        if not found:
            return
        now = self._clock.seconds()
        wait = max(min(due for due, _ in found) - now, 0)
        if self._call is None:
            self._call = self._clock.callLater(wait, self._ring, dues)
        elif self._call.getTime() > now + wait:
            self._call.reset(wait)

    def _ring(self, dues: Dues) -> None:
        self._call = None
        for due, act in sorted(dues(), key=lambda entry: entry[0]):
            if due > self._clock.seconds():
                break
            if (due, act) in dues():  # What was done before it may have settled it.
                act()
        self.arm(dues)

    def disarm(self) -> None:
        """Nothing is due any more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
