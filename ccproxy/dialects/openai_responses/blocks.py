"""Where the items of an output say their events."""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

from attrs import evolve

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolids import own_id
from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event
from ccproxy.model.messages import Citation, ToolUse


class Blocks:
    """Where items say their events: `events` are those since it was last emptied. Counts what the end must know;
    `response` is the id of the response, or empty."""

    __slots__ = ("_ids", "_next", "called", "events", "quirks", "refusals", "response", "searches")

    def __init__(self, quirks: Quirks) -> None:
        self.quirks = quirks
        self.events: list[Event] = []
        self.response = ""
        self.called = False
        self.searches = 0
        self.refusals: list[str] = []
        self._ids: set[str] = set()
        self._next = 0

    def start(self, block: Block) -> int:
        """Begins a block; gives its index."""
        index = self._next
        self._next += 1
        if isinstance(block, ToolUse):
            self.called = True
            block = evolve(block, id=own_id(block.id, self._ids, self.response))
        self.events.append(BlockStarted(index, block))
        return index

    def invented_id(self) -> str:
        """An id for a call that has none: the same whenever this response is read, and no other call's."""
        seed = f"{self.response}/{self._next}".encode("utf-8", "surrogatepass")
        return "call_" + hashlib.sha256(seed).hexdigest()[:24]

    def say(self, index: int, text: str) -> None:
        if text:
            self.events.append(BlockDelta(index, text))

    def stop(self, index: int, seal: str = "", *, mended: bool = False, citations: tuple[Citation, ...] = ()) -> None:
        self.events.append(BlockStopped(index, seal, mended, citations))


class Item(Protocol):
    """One output item. `done` tells it whole, with an empty mapping where nobody did; it may come twice."""

    finished: bool

    def done(self, item: Mapping[str, Any]) -> None: ...


def text_of(value: Mapping[str, Any], key: str) -> str:
    """The text under a key; empty where there is none."""
    found = value.get(key)
    return found if isinstance(found, str) else ""
