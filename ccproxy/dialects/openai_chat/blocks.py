"""The blocks of an answer as chat completions tell them: text and reasoning, one after the other, and calls between.

The dialect has no borders of blocks. One begins with the first word of its kind and stops when something else begins.
Blanks alone are no text: they wait for a word. What the vendor wants back travels in the seal of the reasoning.
"""

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ccproxy.dialects.openai_chat.calls import Call, Calls
from ccproxy.dialects.openai_chat.details import Details
from ccproxy.dialects.quirks import Quirks, ReplayReasoning
from ccproxy.dialects.seals import seal
from ccproxy.errors import ApiError
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event
from ccproxy.model.messages import Citation, Media, Text, Thinking


class _Open(enum.Enum):
    """Which block takes text now; tool calls keep their own."""

    NONE = "none"
    TEXT = "text"
    THINKING = "thinking"


class Blocks:
    """The blocks of one answer. `seed()` names the answer, for ids of calls that the vendor left out; `details` and
    `signature` take the vendor's own state of the reasoning."""

    __slots__ = (
        "_citations",
        "_extra",
        "_index",
        "_next",
        "_open",
        "_quirks",
        "_reasoned",
        "_space",
        "_thought",
        "calls",
        "details",
        "signature",
    )

    def __init__(self, quirks: Quirks, seed: Callable[[], str]) -> None:
        self._quirks = quirks
        self.calls = Calls(self._open_call, seed)
        self.details = Details()
        self.signature = ""
        self._citations: dict[tuple[Any, ...], Citation] = {}
        self._extra: Mapping[str, Any] | None = None
        self._thought: list[str] = []
        self._open = _Open.NONE
        self._index = -1
        self._next = 0
        self._space = ""
        self._reasoned = False

    @property
    def any(self) -> bool:
        """Whether a block has begun."""
        return self._next > 0

    def say(self, text: str, out: list[Event]) -> None:
        """More of the answer's text."""
        if self._open is _Open.TEXT:
            out.append(BlockDelta(self._index, text))
            return
        text = self._space + text
        if self._reasoned or self._open is _Open.THINKING:
            text = text.lstrip("\r\n")
        if not text or text.isspace():
            self._space = text
            return
        self._begin(_Open.TEXT, out)
        out.append(BlockDelta(self._index, text))

    def reason(self, text: str, out: list[Event]) -> None:
        """More of its reasoning."""
        if self._open is not _Open.THINKING:
            if not text or (text.isspace() and not self._thought):
                return
            self._begin(_Open.THINKING, out)
        if text:
            self._thought.append(text)
            out.append(BlockDelta(self._index, text))

    def cite(self, citations: Iterable[Citation]) -> None:
        """Pages that the text has something from; the same one at the same place counts once."""
        for citation in citations:
            self._citations[citation.url, citation.start, citation.end] = citation

    def show(self, media: Media, out: list[Event]) -> None:
        """A picture that the model made."""
        self._stop_open(out)
        self.calls.settle(out)
        self._stop_open(out)
        out += [BlockStarted(self._next, media), BlockStopped(self._next)]
        self._next += 1

    def close(self, truncated: bool, out: list[Event]) -> ApiError | None:
        """The answer ended: every block stops, or the error of a call is returned. `truncated` as with `Calls`."""
        error = self.calls.close(truncated, out)
        if error is not None:
            return error
        if self._open is not _Open.THINKING and self.details.unsealed:
            self._stop_open(out)
            self._begin_sealed(out)
        self._stop_open(out)
        return None

    def _begin(self, kind: _Open, out: list[Event]) -> None:
        """A block of text or of reasoning begins; what is before it stops where it can."""
        self._stop_open(out)
        self.calls.settle(out)
        # Starting a call that waited may not leave a block of reasoning state behind.
        self._stop_open(out)
        self._space = ""
        self._open = kind
        self._index = self._next
        self._next += 1
        out.append(BlockStarted(self._index, Text("") if kind is _Open.TEXT else Thinking("")))

    def _open_call(self, call: Call, out: list[Event]) -> int:
        """Makes room for a tool call's block. What the vendor wants back with the call travels in the seal of the
        reasoning before it, or of an empty one."""
        self._extra = call.extra
        if self._open is not _Open.THINKING and (self._extra or self.details.unsealed):
            self._stop_open(out)
            self._begin_sealed(out)
        self._stop_open(out)
        index = self._next
        self._next += 1
        return index

    def _begin_sealed(self, out: list[Event]) -> None:
        """An empty block of reasoning, for its seal's sake; nothing where no seal is wanted."""
        if self._extra or self._quirks.replay_reasoning is ReplayReasoning.DETAILS:
            self._open = _Open.THINKING
            self._index = self._next
            self._next += 1
            out.append(BlockStarted(self._index, Thinking("")))

    def _stop_open(self, out: list[Event]) -> None:
        if self._open is _Open.TEXT:
            out.append(BlockStopped(self._index, citations=tuple(self._citations.values())))
            self._citations = {}
        elif self._open is _Open.THINKING:
            out.append(BlockStopped(self._index, self._sealed()))
            self._reasoned = True
        self._open = _Open.NONE

    def _sealed(self) -> str:
        """The seal of the reasoning that stops: what the vendor wants to see again, in the form it wants."""
        replay = self._quirks.replay_reasoning
        state: dict[str, Any] = {}
        text, signature = "".join(self._thought), self.signature
        self._thought, self.signature = [], ""
        if replay is ReplayReasoning.DETAILS and self.details.unsealed:
            state["details"] = self.details.take()
        elif replay is not ReplayReasoning.NEVER and text:
            state["r"] = "reasoning" if replay is ReplayReasoning.DETAILS else replay.value
            state["t"] = text
            if signature:
                state["s"] = signature
        if self._extra:
            state["x"] = self._extra
            self._extra = None
        return seal(self._quirks, state) if state else ""
