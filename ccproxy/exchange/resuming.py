"""The stream of a target that goes on with an answer that broke off, as if the first one had said it.

The open text goes on in its own block, and what follows is counted from there. A thought that was open ends where it
broke off, and the next target thinks anew. What was `voice.Heard` so far says where that is; `joint.Joint` takes away
what the target says again.
"""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ccproxy.dialects.dialect import Continuable, StreamParser
from ccproxy.exchange.joint import Joint
from ccproxy.exchange.voice import Heard
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Text, Thinking


class Resumed:
    """The parser of a target that goes on with what was `heard`. What it thinks in between is not told."""

    def __init__(self, parser: StreamParser, heard: Heard) -> None:
        self._parser = parser
        self._heard = heard
        self._open = heard.open
        self._thoughts = sorted(heard.thoughts)
        self._offset = heard.next_index
        self._indices: dict[int, int] = {}
        """The client's index of each block; blocks that are not told have none."""
        self._joint = Joint(heard.text) if heard.said_text else None

    @property
    def complete(self) -> bool:
        return self._parser.complete

    @property
    def continuation(self) -> Mapping[str, Any]:
        """The parser's."""
        return self._parser.continuation if isinstance(self._parser, Continuable) else {}

    def go_on(self) -> None:
        if isinstance(self._parser, Continuable):
            self._parser.go_on()

    def feed(self, data: bytes) -> list[Event]:
        return self._told(self._parser.feed(data))

    def close(self) -> list[Event]:
        return self._told(self._parser.close())

    def _told(self, events: list[Event]) -> list[Event]:
        told: list[Event] = []
        for event in events:
            match event:
                case BlockStarted(index, block):
                    self._start(index, block, event, told)
                case BlockDelta(index, text):
                    self._more(index, text, told)
                case BlockStopped(index, _):
                    if index in self._indices:
                        self._release(self._indices[index], told)
                        told.append(evolve(event, index=self._indices.pop(index)))
                case Finished():
                    self._stop_thoughts(told)
                    self._stop_open(told)
                    told.append(event)
                case Started() | Failed():
                    told.append(event)
        return told

    def _start(self, index: int, block: object, event: BlockStarted, told: list[Event]) -> None:
        self._stop_thoughts(told)
        if self._joint is not None and isinstance(block, Thinking):
            return
        if self._joint is not None and isinstance(block, Text) and self._open is not None:
            self._indices[index], self._open = self._open, None
            return
        self._stop_open(told)
        self._indices[index] = self._offset
        self._offset += 1
        told.append(evolve(event, index=self._indices[index]))

    def _more(self, index: int, text: str, told: list[Event]) -> None:
        known = self._indices.get(index)
        if known is None:
            return
        if self._joint is not None and self._joint.wanted:
            text = self._joint.join(text)
        if text:
            told.append(BlockDelta(known, text))

    def _release(self, index: int, told: list[Event]) -> None:
        if self._joint is not None and (rest := self._joint.rest()):
            told.append(BlockDelta(index, rest))

    def _stop_thoughts(self, told: list[Event]) -> None:
        """Nobody takes up what another was thinking."""
        told += [BlockStopped(index) for index in self._thoughts]
        self._thoughts = []

    def _stop_open(self, told: list[Event]) -> None:
        """The text that the last target left open has ended."""
        if self._open is not None:
            told.append(BlockStopped(self._open))
            self._open = None
