"""Arguments of tools that a stream tells in pieces: a field that is to be masked may be in several of them.

What a model says of arguments comes a few characters an event, so that neither name nor value need be whole in any of
them. The pieces of each call are put together here as they come, and of each is masked what belongs to such a field.
"""

import re
from collections.abc import Sequence

from ccproxy.wire import jsontext
from ccproxy.wire.masking import MASK, Fields, condensed

REMEMBERED = 256
"""Bytes of what came before that are looked at with each piece: a name, and what stands between it and its value."""

_PIECE = re.compile(rb'"(?:partial_json|arguments|delta)"\s*+:\s*+(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+")')
_NUMBER = re.compile(rb'"(?:output_)?index"\s*+:\s*+(\d{1,9})')
_TELLS_ARGUMENTS = (b'"partial_json"', b'"arguments"', b"_arguments.delta", b"_input.delta")


class Pieces:
    """Those of one stream. Calls that come side by side are told apart by the numbers that stand in their events."""

    def __init__(self, fields: Sequence[Fields]) -> None:
        self._fields = fields
        self._before: dict[tuple[bytes, ...], bytes] = {}

    def mask(self, lines: bytes) -> tuple[bytes, int]:
        """Whole lines of the stream, and how many pieces of them were masked."""
        if not any(map(lines.__contains__, _TELLS_ARGUMENTS)):
            return lines, 0
        count = 0
        told: list[bytes] = []
        for line in lines.splitlines(keepends=True):
            masked = self._line(line)
            count += masked is not line
            told.append(masked)
        return (b"".join(told), count) if count else (lines, 0)

    def _line(self, line: bytes) -> bytes:
        if not any(map(line.__contains__, _TELLS_ARGUMENTS)):
            return line
        numbers = tuple(_NUMBER.findall(line))
        parts: list[bytes] = []
        at = 0
        for position, found in enumerate(_PIECE.finditer(line)):
            text = _text(found["text"])
            masked = self._piece((*numbers, b"%d" % position), text)
            if masked is not text:
                parts += [line[at : found.start("text")], jsontext.dumps(masked.decode("utf-8", "replace"))]
                at = found.end("text")
        return b"".join([*parts, line[at:]]) if parts else line

    def _piece(self, call: tuple[bytes, ...], text: bytes) -> bytes:
        """The piece without what belongs to a field that is to be masked: where its value begins there is the mask, and
        nothing where it goes on."""
        before = self._before.get(call, b"")
        whole, at = before + text, len(before)
        # With something behind it, a value that has no end yet reaches there.
        spans = sorted(span for fields in self._fields for span in fields.spans(whole + b"x") if span[0] < len(whole))
        goes_on = next(((start, quote) for start, end, quote in spans if end > len(whole)), None)
        if goes_on is None:
            self._before[call] = whole[-REMEMBERED:]
        else:
            start, quote = goes_on
            self._before[call] = whole[max(start - REMEMBERED, 0) : start] + condensed(whole[start:], quote)
        told: list[bytes] = []
        for start, end, quote in spans:
            if end > at:
                told += [whole[at:start], quote + MASK + quote if start >= len(before) else b""]
                at = end
        return b"".join([*told, whole[at:]]) if told else text


def _text(written: bytes) -> bytes:
    try:
        return str(jsontext.loads(written)).encode("utf-8", "surrogatepass")
    except jsontext.NotJson:
        return written
