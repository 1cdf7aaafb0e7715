"""The legal orders of events, as a table, and a checker that knows nothing else.

Parsers promise this grammar and renderers rely on it; every stream in every test runs through the `Checker`.

    state      event            next       besides
    FRESH      Started          RUNNING
    FRESH      Failed           ENDED      an error before anything else
    RUNNING    BlockStarted     RUNNING    the index is higher than any before; the block is an empty shell
    RUNNING    BlockDelta       RUNNING    the index is open, text, reasoning or a call; the text is not empty
    RUNNING    BlockStopped     RUNNING    the index is open, and is no longer
    RUNNING    Finished         ENDED      no block is open
    RUNNING    Failed           ENDED      blocks may be open
"""

import enum

from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Media, Opaque, Searched, Text, Thinking, ToolUse


class State(enum.Enum):
    """Where in its grammar a stream is."""

    FRESH = "fresh"
    RUNNING = "running"
    ENDED = "ended"


NEXT = {
    (State.FRESH, Started): State.RUNNING,
    (State.FRESH, Failed): State.ENDED,
    (State.RUNNING, BlockStarted): State.RUNNING,
    (State.RUNNING, BlockDelta): State.RUNNING,
    (State.RUNNING, BlockStopped): State.RUNNING,
    (State.RUNNING, Finished): State.ENDED,
    (State.RUNNING, Failed): State.ENDED,
}


class IllegalOrder(AssertionError):
    """A stream broke the grammar: the part that made it is wrong, never its input."""


class Checker:
    """Watches one stream; `see` raises `IllegalOrder` at the first event that may not come now."""

    def __init__(self) -> None:
        self._state = State.FRESH
        self._open: dict[int, Block] = {}
        self._highest = -1

    @property
    def ended(self) -> bool:
        """Whether the stream said its end."""
        return self._state is State.ENDED

    def see(self, event: Event) -> None:
        following = NEXT.get((self._state, type(event)))
        if following is None:
            raise IllegalOrder(f"{event} may not come in state {self._state.name}")
        problem = self._problem(event)
        if problem:
            raise IllegalOrder(f"{event}: {problem}")
        self._state = following

    def _problem(self, event: Event) -> str:
        match event:
            case BlockStarted(index, block):
                if index <= self._highest:
                    return f"the index must be higher than {self._highest}"
                if not _is_shell(block):
                    return "the block is not an empty shell"
                self._highest = index
                self._open[index] = block
            case BlockDelta(index, text):
                if index not in self._open:
                    return "no such block is open"
                if isinstance(self._open[index], (Media, Searched, Opaque)):
                    return "such a block is whole from its start"
                if not text:
                    return "an empty delta says nothing"
            case BlockStopped(index, _):
                if self._open.pop(index, None) is None:
                    return "no such block is open"
            case Finished():
                if self._open:
                    return f"blocks {sorted(self._open)} are still open"
            case Started() | Failed():
                pass
        return ""


def _is_shell(block: Block) -> bool:
    match block:
        case Text(text):
            return not text and not block.citations
        case Thinking(text, seal):
            return not text and (not seal or block.withheld)
        case ToolUse():
            return not block.arguments
        case Media() | Searched() | Opaque():
            return True
