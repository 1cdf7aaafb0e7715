"""Blocks one after the other, for clients who cannot follow two at once.

In the model blocks may overlap, as parallel tool calls do. Here the block that began first is told as it comes; what
belongs to others waits until it stops, and then follows in the order in which they began.
"""

from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event


class OneAtATime:
    """Reorders one stream. What waits is as large as the blocks that overlap."""

    __slots__ = ("_current", "_waiting")

    def __init__(self) -> None:
        self._current: int | None = None
        self._waiting: dict[int, list[Event]] = {}

    def order(self, event: Event) -> list[Event]:
        """The events that may be told now. `Finished` and `Failed` pass at once: of blocks that a failure leaves open,
        what waits is never told."""
        match event:
            case BlockStarted(index, _):
                if self._current is None:
                    self._current = index
                    return [event]
                self._waiting[index] = [event]
                return []
            case BlockDelta(index, _) | BlockStopped(index, _):
                if index != self._current:
                    self._waiting[index].append(event)
                    return []
                return [event] if isinstance(event, BlockDelta) else [event, *self._next()]
            case _:
                return [event]

    def _next(self) -> list[Event]:
        """All blocks that are complete by now, and the beginning of the first that is not."""
        told: list[Event] = []
        self._current = None
        for index in list(self._waiting):
            events = self._waiting.pop(index)
            told += events
            if not isinstance(events[-1], BlockStopped):
                self._current = index
                break
        return told
