"""What an answer says in words, as chat completions tell it: text and reasoning, one after the other.

The dialect has no borders of blocks. One begins with the first word of its kind and stops when something else begins.
What the vendor wants back travels in the seal of the reasoning.
"""

import enum
from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.openai_chat.details import Details
from ccproxy.dialects.quirks import Quirks, ReplayReasoning
from ccproxy.dialects.seals import seal
from ccproxy.model.events import BlockStarted, BlockStopped, Event
from ccproxy.model.messages import Citation, Text, Thinking


class Open(enum.Enum):
    """Which block takes words now."""

    NONE = "none"
    TEXT = "text"
    THINKING = "thinking"


class Prose:
    """The block of text or reasoning that is open, if any, and the numbers of all blocks of the answer. `details`,
    `signature` and `extra` take the vendor's own state of the reasoning, `thought` and `citations` what was said."""

    __slots__ = (
        "_quirks",
        "citations",
        "details",
        "extra",
        "index",
        "next",
        "open",
        "reasoned",
        "signature",
        "thought",
    )

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self.open = Open.NONE
        self.index = -1
        """The number of the block that is open."""
        self.next = 0
        """The number of the next block."""
        self.reasoned = False
        """Whether a block of reasoning has stopped."""
        self.thought: list[str] = []
        self.citations: dict[tuple[Any, ...], Citation] = {}
        self.details = Details()
        self.signature = ""
        self.extra: Mapping[str, Any] | None = None

    def begin(self, kind: Open, out: list[Event]) -> None:
        """A block of this kind begins, in place of the one that is open."""
        self.stop(out)
        self.open = kind
        self.index = self.take_number()
        out.append(BlockStarted(self.index, Text("") if kind is Open.TEXT else Thinking("")))

    def take_number(self) -> int:
        """The number of a block that begins now."""
        number = self.next
        self.next += 1
        return number

    def make_room(self, extra: Mapping[str, Any] | None, out: list[Event]) -> int:
        """A block of another kind begins: gives its number. What the vendor wants back with it (`extra`) travels in the
        seal of the reasoning before it, or of an empty one."""
        self.extra = extra
        if self.open is not Open.THINKING and (extra or self.details.unsealed):
            self.begin_sealed(out)
        self.stop(out)
        return self.take_number()

    def begin_sealed(self, out: list[Event]) -> None:
        """An empty block of reasoning begins, for its seal's sake; none where no seal is wanted."""
        self.stop(out)
        if self.extra or self._quirks.replay_reasoning is ReplayReasoning.DETAILS:
            self.begin(Open.THINKING, out)

    def stop(self, out: list[Event]) -> None:
        """The block that is open stops."""
        if self.open is Open.TEXT:
            out.append(BlockStopped(self.index, citations=tuple(self.citations.values())))
            self.citations = {}
        elif self.open is Open.THINKING:
            out.append(BlockStopped(self.index, self._sealed()))
            self.reasoned = True
        self.open = Open.NONE

    def _sealed(self) -> str:
        """The seal of the reasoning that stops: what the vendor wants to see again, in the form it wants."""
        replay = self._quirks.replay_reasoning
        state: dict[str, Any] = {}
        text, signature = "".join(self.thought), self.signature
        self.thought, self.signature = [], ""
        if replay is ReplayReasoning.DETAILS and self.details.unsealed:
            state["details"] = self.details.take()
        elif replay is not ReplayReasoning.NEVER and text:
            state["r"] = "reasoning" if replay is ReplayReasoning.DETAILS else replay.value
            state["t"] = text
            if signature:
                state["s"] = signature
        if self.extra:
            state["x"] = self.extra
            self.extra = None
        return seal(self._quirks, state) if state else ""
