"""The stream of /v1/messages, written: the only place that makes its frames.

Blocks of the model may overlap, and here they follow one another (`sequencing`). A block without content is not told
at all: clients send it back as history, and Anthropic refuses an empty text there.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.anthropic.audience import Audience, message_id
from ccproxy.dialects.anthropic.blocks import search_blocks, write_citation
from ccproxy.dialects.anthropic.errors import error_frame
from ccproxy.dialects.anthropic.usage import write_stop, write_usage
from ccproxy.dialects.citing import in_words
from ccproxy.dialects.sequencing import OneAtATime
from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Citation, Media, Opaque, Request, Searched, Text, Thinking, ToolUse
from ccproxy.model.usage import Usage
from ccproxy.wire.jsontext import dumps
from ccproxy.wire.sse import encode

PING = encode(b"ping", b'{"type":"ping"}')
_STOP = encode(b"message_stop", b'{"type":"message_stop"}')
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":%b:'
_DELTA_END = b"}}\n\n"
_TEXT = b'"text_delta","text"'
_THINKING = b'"thinking_delta","thinking"'
_SIGNATURE = b'"signature_delta","signature"'
_CITATION = b'"citations_delta","citation"'
_ARGUMENTS = b'"input_json_delta","partial_json"'


class Renderer:
    """Writes one client's stream."""

    __slots__ = (
        "_audience",
        "_block",
        "_called",
        "_count",
        "_current",
        "_delta",
        "_ended",
        "_head",
        "_model",
        "_turn",
        "_unseen",
        "_usage",
    )

    def __init__(self, request: Request) -> None:
        self._audience = Audience(request)
        self._model = request.model
        self._usage = Usage()
        self._count = 0
        """Blocks told so far; the one that is open counts."""
        self._current: int | None = None
        self._block: Block = Text("")
        self._head = b""
        """The start of the open block, while nothing of it was told."""
        self._delta = b""
        """What stands before the open block's next text; empty where no text is told."""
        self._turn = OneAtATime()
        self._unseen: set[int] = set()
        self._called = False
        self._ended = False

    def render(self, event: Event) -> bytes:
        """The frames of this event; empty where it waits for another, or is not for this client."""
        if event.__class__ is BlockDelta and event.index == self._current:
            return self._more(event.text)
        return b"".join(map(self._told, self._turn.order(event))) if self._sees(event) else b""

    def _sees(self, event: Event) -> bool:
        match event:
            case BlockStarted(index, block):
                if self._audience.sees(block):
                    return True
                self._unseen.add(index)
                return False
            case BlockDelta(index, _) | BlockStopped(index, _):
                return index not in self._unseen
            case _:
                return True

    def _told(self, event: Event) -> bytes:
        match event:
            case BlockDelta(_, text):
                return self._more(text)
            case BlockStarted(index, block):
                return self._open(index, block)
            case BlockStopped(_, seal):
                return self._close(seal, event.citations)
            case Started(id, _, usage):
                return self._begin(id, usage)
            case Finished():
                self._ended = True
                stop = write_stop(event.stop, self._called)
                figures = write_usage(self._usage.merge(event.usage))
                delta = {"type": "message_delta", "delta": stop, "usage": figures}
                return encode(b"message_delta", dumps(delta)) + _STOP
            case Failed(error):
                self._ended = True
                return error_frame(error, "")

    def ping(self) -> bytes:
        """Legal at any time before the end."""
        return b"" if self._ended else PING

    def pulse(self) -> bytes:
        """An empty delta of the open text or thinking: Claude Code counts it as progress, and a ping it does not."""
        if self._current is None or self._ended:
            return b""
        match self._block:
            case Text():
                kind = _TEXT
            case Thinking(withheld=False):
                kind = _THINKING
            case _:
                return b""
        head, self._head = self._head, b""
        return head + self._delta_of(kind) + b'""' + _DELTA_END

    def _begin(self, id: str, usage: Usage) -> bytes:
        self._usage = usage
        message: dict[str, Any] = {
            "id": message_id(id),
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": write_usage(usage),
        }
        return encode(b"message_start", dumps({"type": "message_start", "message": message})) + PING

    def _open(self, index: int, block: Block) -> bytes:
        self._current = index
        self._block = block
        self._head = self._delta = b""
        match block:
            case Text():
                self._head = self._start({"type": "text", "text": ""})
                self._delta = self._delta_of(_TEXT)
            case Thinking(withheld=True):
                pass
            case Thinking():
                start = self._start({"type": "thinking", "thinking": "", "signature": ""})
                if not self._audience.reads_thinking:
                    return start
                self._head = start
                self._delta = self._delta_of(_THINKING)
            case ToolUse(id, name, _):
                self._called = True
                call = {"id": self._audience.call_id(id), "name": self._audience.name(name), "input": {}}
                start = self._start({"type": "tool_use", **call})
                self._delta = self._delta_of(_ARGUMENTS)
                return start
            case Searched():
                call, result = search_blocks(block)
                return self._whole(call) + self._whole(result)
            case Media():
                start = self._start({"type": "text", "text": ""})
                return start + self._delta_of(_TEXT) + dumps(in_words(block)) + _DELTA_END + self._end()
            case Opaque(_, value):
                return self._whole(dict(value))
        return b""

    def _close(self, seal: str, citations: tuple[Citation, ...]) -> bytes:
        self._current = None
        head, self._head = self._head, b""
        match self._block:
            case Thinking(withheld=True):
                data = seal or self._block.seal
                return self._whole({"type": "redacted_thinking", "data": data}) if data else b""
            case Thinking():
                if seal:
                    return head + self._delta_of(_SIGNATURE) + dumps(seal) + _DELTA_END + self._end()
            case Media() | Searched() | Opaque():
                return b""
            case Text() if citations and not head:
                return self._cited(citations) + self._end()
            case Text() | ToolUse():
                pass
        if head:
            self._count -= 1
            return b""
        return self._end()

    def _cited(self, citations: tuple[Citation, ...]) -> bytes:
        written = [found for citation in citations if (found := write_citation(citation)) is not None]
        return b"".join(self._delta_of(_CITATION) + dumps(citation) + _DELTA_END for citation in written)

    def _more(self, text: str) -> bytes:
        if not self._delta:
            return b""
        if self._head:
            head, self._head = self._head, b""
            return b"%b%b%b}}\n\n" % (head, self._delta, dumps(text))
        return b"%b%b}}\n\n" % (self._delta, dumps(text))

    def _start(self, block: Mapping[str, Any]) -> bytes:
        self._count += 1
        value = {"type": "content_block_start", "index": self._count - 1, "content_block": block}
        return encode(b"content_block_start", dumps(value))

    def _delta_of(self, kind: bytes) -> bytes:
        return _DELTA % (self._count - 1, kind)

    def _end(self) -> bytes:
        return encode(b"content_block_stop", b'{"type":"content_block_stop","index":%d}' % (self._count - 1))

    def _whole(self, block: Mapping[str, Any]) -> bytes:
        """A block at once. The input of a server's tool comes as a delta: clients ignore it in the start."""
        arguments = block.get("input")
        if block.get("type") != "server_tool_use" or not arguments:
            return self._start(block) + self._end()
        start = self._start({**block, "input": {}})
        return start + self._delta_of(_ARGUMENTS) + dumps(dumps(arguments).decode()) + _DELTA_END + self._end()
