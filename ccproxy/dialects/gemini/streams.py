"""Streams of generateContent: frames of server-sent events, and the one JSON array that comes without `alt=sse`."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.citing import in_words
from ccproxy.dialects.gemini.chunks import Reader
from ccproxy.dialects.gemini.errors import error_frame
from ccproxy.dialects.gemini.tables import FINISH_OF, NAME
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Inline, Media, Opaque, Request, Searched, Text, Thinking, ToolUse
from ccproxy.model.usage import Stop, Usage
from ccproxy.wire.jsontext import NotJson, dumps, loads
from ccproxy.wire.sse import FRAME_LIMIT, Decoder

_MARKS = re.compile(rb'["\\{}\[\]]')
_INSIDE_STRING = re.compile(rb'["\\]')


class Elements:
    """The objects of a JSON array, or a single object, from bytes as they come, cut anywhere.

    Whether they are JSON is for others to say. Raises `ApiError(BROKEN)` for an object beyond `limit` bytes.
    """

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()
        self._place = 0
        self._begin = -1
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> list[bytes]:
        held = self._held
        held += data
        found: list[bytes] = []
        place = self._place
        while mark := (_INSIDE_STRING if self._in_string else _MARKS).search(held, place):
            place = mark.end()
            match mark[0]:
                case b"\\":
                    if place == len(held):
                        place -= 1
                        break
                    place += 1
                case b'"':
                    self._in_string = not self._in_string
                case b"{":
                    if not self._depth:
                        self._begin = mark.start()
                    self._depth += 1
                case b"}":
                    self._depth -= 1
                    if self._depth == 0:
                        found.append(bytes(held[self._begin : place]))
                        self._begin = -1
                    self._depth = max(0, self._depth)
                case _:
                    pass
        else:
            place = len(held)
        cut = place if self._begin < 0 else self._begin
        del held[:cut]
        self._place = place - cut
        self._begin = -1 if self._begin < 0 else 0
        if len(held) > self._limit:
            raise ApiError(Kind.BROKEN, f"the upstream sent an event of more than {self._limit} bytes")
        return found


class Parser:
    """Reads the answer to streamGenerateContent in either form. The end of the input is the only end of a stream: usage
    and signatures may follow the reason to finish."""

    __slots__ = ("_elements", "_ended", "_frames", "_reader")

    def __init__(self, quirks: Quirks) -> None:
        self._reader = Reader(quirks)
        self._frames: Decoder | None = None
        self._elements: Elements | None = None
        self._ended = False

    @property
    def complete(self) -> bool:
        """The reason to finish has come."""
        return self._reader.complete

    @property
    def continuation(self) -> Mapping[str, Any]:
        """The token of an answer that goes on in another request."""
        token = "" if self._ended else self._reader.continuation
        return {"continuationToken": token} if token else {}

    def go_on(self) -> None:
        """That request's body comes next, in whichever form."""
        self._frames = self._elements = None
        self._reader.go_on()

    def feed(self, data: bytes) -> list[Event]:
        if self._ended:
            return []
        if self._frames is None and self._elements is None:
            data = data.lstrip(b"\xef\xbb\xbf \t\r\n")
            if not data:
                return []
            if data[:1] in b"[{":
                self._elements = Elements()
            else:
                self._frames = Decoder()
        events: list[Event] = []
        if self._frames is not None:
            for frame in self._frames.feed(data):
                events += self._read(frame.data)
        elif self._elements is not None:
            for element in self._elements.feed(data):
                events += self._read(element)
        return events

    def close(self) -> list[Event]:
        if self._ended:
            return []
        events: list[Event] = []
        if self._frames is not None:
            for frame in self._frames.close():
                events += self._read(frame.data)
        if not self._ended:
            events += self._reader.close()
            self._ended = True
        return events

    def _read(self, text: bytes) -> list[Event]:
        if self._ended or text == b"[DONE]":
            return []
        try:
            piece = loads(text)
        except NotJson as error:
            self._ended = True
            return [Failed(ApiError(Kind.BROKEN, f"the upstream sent an event that is not JSON: {error}"))]
        events = self._reader.read(piece, text)
        if events and isinstance(events[-1], Failed):
            self._ended = True
        return events


def parse_stream(quirks: Quirks) -> Parser:
    """A parser for one stream."""
    return Parser(quirks)


_TEXT = b'data: {"candidates":[{"content":{"parts":[{"text":%b}],"role":"model"},"index":0}]}\r\n\r\n'
_THOUGHT = b'data: {"candidates":[{"content":{"parts":[{"text":%b,"thought":true}],"role":"model"},"index":0}]}\r\n\r\n'


class Renderer:
    """Writes a stream as Gemini would. A call is told when it is whole; a seal is told with a signature for it."""

    __slots__ = ("_blocks", "_id", "_model", "_names", "_texts", "_usage")

    def __init__(self, request: Request) -> None:
        self._names = Names(request.tools)
        self._model = request.model
        self._id = ""
        self._usage = Usage()
        self._blocks: dict[int, Block] = {}
        self._texts: dict[int, list[str]] = {}

    def render(self, event: Event) -> bytes:
        match event:
            case BlockDelta(index, text):
                block = self._blocks[index]
                if isinstance(block, Text):
                    return _TEXT % dumps(text)
                if isinstance(block, Thinking):
                    return _THOUGHT % dumps(text)
                self._texts[index].append(text)
                return b""
            case BlockStarted(index, block):
                self._blocks[index] = block
                self._texts[index] = []
                return b""
            case BlockStopped(index, seal):
                parts = written(self._blocks.pop(index), "".join(self._texts.pop(index)), seal, self._names)
                return b"".join(_frame([part]) for part in parts)
            case Started(id, model, usage):
                self._id = id
                self._model = self._model or model
                self._usage = usage
                return b"data: %b\r\n\r\n" % dumps({"modelVersion": self._model, "responseId": id})
            case Finished(stop, usage):
                return b"data: %b\r\n\r\n" % dumps(ending(self._id, self._model, [], stop, self._usage.merge(usage)))
            case Failed(error):
                return error_frame(error, self._id)

    def ping(self) -> bytes:
        return b": ping\r\n\r\n"

    def pulse(self) -> bytes:
        return b""


def render_stream(request: Request) -> Renderer:
    """A renderer for one client's stream."""
    return Renderer(request)


def written(block: Block, text: str, seal: str, names: Names) -> list[dict[str, object]]:
    """The parts that say a block, but for text and reasoning: those a stream has said already. A seal is written in
    base64, as a signature must be."""
    match block:
        case Thinking():
            if not seal:
                return []
            return [{"text": "", "thought": True, "thoughtSignature": b64encode(seal.encode()).decode("ascii")}]
        case ToolUse(id, name):
            try:
                arguments = loads(text or "{}")
            except NotJson:
                arguments = {"input": text}
            return [{"functionCall": {"id": id, "name": names.restore(name), "args": arguments}}]
        case Media(_, Inline(media_type, data)):
            return [{"inlineData": {"mimeType": media_type, "data": data}}]
        case Media():
            return [{"text": in_words(block)}]
        case Opaque(dialect, value):
            return [dict(value)] if dialect == NAME else []
        case Text() | Searched():
            return []


def ending(id: str, model: str, parts: list[dict[str, object]], stop: Stop, usage: Usage) -> dict[str, object]:
    """A reply with its reason to finish and its counts: the last of a stream, or the only one."""
    candidate: dict[str, object] = {"index": 0, "finishReason": FINISH_OF[stop.reason]}
    if parts:
        candidate["content"] = {"parts": parts, "role": "model"}
    if stop.explanation:
        candidate["finishMessage"] = stop.explanation
    reasoning = usage.reasoning or 0
    counts = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": max(0, (usage.output or 0) - reasoning),
        "totalTokenCount": usage.prompt + (usage.output or 0),
    }
    if usage.cache_read is not None:
        counts["cachedContentTokenCount"] = usage.cache_read
    if usage.reasoning is not None:
        counts["thoughtsTokenCount"] = reasoning
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": model, "responseId": id}


def _frame(parts: list[dict[str, object]]) -> bytes:
    content = {"candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}]}
    return b"data: %b\r\n\r\n" % dumps(content)
