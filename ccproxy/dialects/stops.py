"""Stop sequences for upstreams that have no such field: matched here, in the text as it comes.

The Responses API has none, and many vendors take only a few. What could be the beginning of a sequence is held back; at
a match the answer ends there, as if the upstream had said so, and nothing more of it is told.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.dialect import Continuable, StreamParser
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished
from ccproxy.model.messages import Text
from ccproxy.model.usage import Reason, Stop, Usage

_CHARACTERS_A_TOKEN = 4


def watched(parser: StreamParser, sequences: tuple[str, ...]) -> StreamParser:
    """The parser, ending its stream at the first of these sequences in the text; the parser itself where there are
    none."""
    sequences = tuple(sequence for sequence in sequences if sequence)
    return _Watched(parser, sequences) if sequences else parser


class _Watched:
    """A parser whose events pass through the match. Reasoning and calls are not searched."""

    def __init__(self, parser: StreamParser, sequences: tuple[str, ...]) -> None:
        self._parser = parser
        self._sequences = sequences
        self._beginnings = {sequence[:length] for sequence in sequences for length in range(1, len(sequence))}
        self._longest = max(map(len, sequences)) - 1
        self._held: dict[int, str] = {}
        self._open: set[int] = set()
        self._said = 0
        self._cut = False

    @property
    def complete(self) -> bool:
        return self._cut or self._parser.complete

    @property
    def continuation(self) -> Mapping[str, Any]:
        """The parser's, unless the answer ended here."""
        inner = self._parser
        return inner.continuation if isinstance(inner, Continuable) and not self._cut else {}

    def go_on(self) -> None:
        if isinstance(self._parser, Continuable):
            self._parser.go_on()

    def feed(self, data: bytes) -> list[Event]:
        return [] if self._cut else self._match(self._parser.feed(data))

    def close(self) -> list[Event]:
        return [] if self._cut else self._match(self._parser.close())

    def _match(self, events: list[Event]) -> list[Event]:
        told: list[Event] = []
        for event in events:
            match event:
                case BlockStarted(index, block):
                    self._open.add(index)
                    if isinstance(block, Text):
                        self._held[index] = ""
                    told.append(event)
                case BlockDelta(index, text) if index in self._held:
                    self._search(index, self._held[index] + text, told)
                    if self._cut:
                        break
                case BlockDelta(_, text):
                    self._said += len(text)
                    told.append(event)
                case BlockStopped(index, _):
                    self._open.discard(index)
                    if held := self._held.pop(index, ""):
                        told.append(BlockDelta(index, held))
                    told.append(event)
                case Failed():
                    told += [BlockDelta(index, held) for index, held in self._held.items() if held]
                    told.append(event)
                case _:
                    told.append(event)
        return told

    def _search(self, index: int, text: str, told: list[Event]) -> None:
        found = self._found(text)
        end = len(text) - self._beginning(text) if found is None else text.index(found)
        self._held[index] = text[end:]
        self._said += end
        if end:
            told.append(BlockDelta(index, text[:end]))
        if found is not None:
            self._cut = True
            told += [BlockStopped(each) for each in sorted(self._open)]
            # What the upstream counted comes at its own end, which is not waited for.
            usage = Usage(output=max(1, self._said // _CHARACTERS_A_TOKEN))
            told.append(Finished(Stop(Reason.STOP_SEQUENCE, "stop_sequence", found), usage))

    def _found(self, text: str) -> str | None:
        """The sequence that is complete first, as a vendor would see it while the text grows; of two the longer."""
        complete = [(text.index(each) + len(each), -len(each), each) for each in self._sequences if each in text]
        return min(complete)[2] if complete else None

    def _beginning(self, text: str) -> int:
        """How many characters at the end of the text may begin a sequence."""
        lengths = range(min(self._longest, len(text)), 0, -1)
        return next((length for length in lengths if text[-length:] in self._beginnings), 0)
