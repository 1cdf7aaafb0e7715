"""The stream of chat completions, written for an OpenAI client.

The openai SDK joins what chunks repeat, so everything is said once: the role in the first chunk, id, type and name of
a call where it begins, the finish reason last, usage behind it and only if asked for. Calls are numbered from 0 without
gaps; they may overlap, as they do in the model.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.dialects.openai_chat.citations import annotation, written_image
from ccproxy.dialects.openai_chat.errors import error_frame
from ccproxy.dialects.openai_chat.tables import FINISH, NAME
from ccproxy.dialects.openai_chat.usage import write_usage
from ccproxy.dialects.toolids import ClientIds
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Citation, Media, Opaque, Request, Searched, Text, Thinking, ToolUse
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.jsontext import dumps

_PING = b": ping\n\n"
_DONE = b"data: [DONE]\n\n"
_PARAGRAPH = "\n\n"
_BEHIND = b'},"finish_reason":null}]}\n\n'
_BEHIND_ARGUMENTS = b"}}]" + _BEHIND


class Renderer:
    """Writes the stream of one answer. `clock` gives the seconds since 1970 that `created` tells."""

    __slots__ = (
        "_begun",
        "_calls",
        "_cited",
        "_clock",
        "_created",
        "_gap",
        "_id",
        "_ids",
        "_images",
        "_kinds",
        "_length",
        "_model",
        "_names",
        "_seals",
        "_slow",
        "_text_begin",
        "_usage",
        "_wants_usage",
        "_words",
    )

    def __init__(self, request: Request, clock: Callable[[], float] = time.time) -> None:
        self._names = Names(request.tools)
        self._ids = ClientIds(request)
        self._model = request.model
        self._wants_usage = wants_usage(request)
        self._clock = clock
        self._created = 0
        self._id = ""
        self._usage = Usage()
        self._words: dict[int, bytes] = {}
        self._kinds: dict[int, type] = {}
        self._calls: dict[int, bool] = {}
        self._seals = 0
        self._images = 0
        self._cited = 0
        self._length = 0
        """Characters of text told so far."""
        self._text_begin = 0
        """Where among them the last text begins."""
        self._begun: set[type] = set()
        self._gap: set[type] = set()
        self._slow: set[type] = set()

    def render(self, event: Event) -> bytes:
        """The frames of this event; empty where there is nothing to say."""
        if event.__class__ is BlockDelta:
            before = self._words.get(event.index)
            if before is None:
                return b""
            kind = self._kinds[event.index]
            if kind is ToolUse:
                self._calls[event.index] = True
                return before + dumps(event.text) + _BEHIND_ARGUMENTS
            text = self._first(kind, event.text) if kind in self._slow else event.text
            if kind is Text:
                self._length += len(text)
            return before + dumps(text) + _BEHIND
        match event:
            case BlockDelta():
                return b""
            case Started():
                return self._start(event)
            case BlockStarted():
                return self._begin(event)
            case BlockStopped():
                return self._stop(event)
            case Finished():
                return self._finish(event)
            case Failed(error):
                return error_frame(error, "")

    def ping(self) -> bytes:
        """A comment: every parser of such streams skips it."""
        return _PING

    def pulse(self) -> bytes:
        """Nothing: clients of this dialect count bytes, and comments are bytes."""
        return b""

    def _start(self, event: Started) -> bytes:
        self._created = int(self._clock())
        self._id = completion_id(event.id, self._created)
        self._usage = event.usage
        return self._chunk({"role": "assistant", "content": ""})

    def _begin(self, event: BlockStarted) -> bytes:
        index, block = event.index, event.block
        kind = type(block)
        match block:
            case Text():
                self._words[index] = self._before(b'"content":')
            case Thinking():
                self._words[index] = self._before(b'"reasoning_content":')
            case ToolUse(id, name):
                number = len(self._calls)
                self._calls[index] = False
                self._words[index] = self._before(b'"tool_calls":[{"index":%d,"function":{"arguments":' % number)
                self._set_apart(Text, Thinking)
                self._kinds[index] = kind
                call = _call(self._ids.own(id), self._names.restore(name), "")
                return self._chunk({"tool_calls": [{"index": number, **call}]})
            case Media():
                image = written_image(block, self._images)
                self._images += image is not None
                return self._chunk({"images": [image]}) if image is not None else b""
            case Searched() | Opaque():
                return b""
        self._kinds[index] = kind
        self._slow.add(kind)
        self._set_apart(Thinking if kind is Text else Text)
        return b""

    def _set_apart(self, *kinds: type) -> None:
        """What these said so far is a paragraph: something else comes between it and what they say next."""
        self._gap |= self._begun.intersection(kinds)

    def _first(self, kind: type, text: str) -> str:
        """The first text of a block, apart from what the same kind said before."""
        begin = self._length
        if kind in self._gap:
            text = _PARAGRAPH + text
            begin += len(_PARAGRAPH)
        if kind is Text:
            self._text_begin = begin
        self._gap.discard(kind)
        self._slow.discard(kind)
        self._begun.add(kind)
        return text

    def _stop(self, event: BlockStopped) -> bytes:
        kind = self._kinds.get(event.index)
        before = self._words.pop(event.index, b"")
        if kind is ToolUse and not self._calls[event.index]:
            return before + b'"{}"' + _BEHIND_ARGUMENTS
        if kind is Thinking and event.seal:
            detail = sealed_detail(self._seals, event.seal)
            self._seals += 1
            return self._chunk({"reasoning_details": [detail]})
        return self._cite(event.citations) if event.citations else b""

    def _cite(self, citations: tuple[Citation, ...]) -> bytes:
        """The pages that the last text has something from."""
        begin, length = self._text_begin, self._length - self._text_begin
        pages = [page for page in citations if page.url]
        told = [annotation(page, at, begin, length=length) for at, page in enumerate(pages, self._cited)]
        self._cited += len(told)
        return self._chunk({"annotations": told}) if told else b""

    def _finish(self, event: Finished) -> bytes:
        frames = [self._chunk({}, finish_word(event.stop, bool(self._calls)))]
        if self._wants_usage:
            usage = dumps(write_usage(self._usage.merge(event.usage)))
            frames.append(self._head() + b'"choices":[],"usage":%b}\n\n' % usage)
        frames.append(_DONE)
        return b"".join(frames)

    def _head(self) -> bytes:
        return b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,' % (
            dumps(self._id),
            self._created,
            dumps(self._model),
        )

    def _before(self, key: bytes) -> bytes:
        """All of a delta's frame before its text."""
        return self._head() + b'"choices":[{"index":0,"delta":{' + key

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        body = b'"choices":[{"index":0,"delta":%b,"finish_reason":%b}]}\n\n' % (dumps(delta), dumps(finish))
        return self._head() + body


def wants_usage(request: Request) -> bool:
    """Whether the client asked for the usage chunk."""
    options = request.extras.get(NAME, {}).get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def completion_id(id: str, created: int) -> str:
    """The upstream's id in the look that clients know; made of the time where the upstream gave none."""
    return id if id.startswith("chatcmpl-") else f"chatcmpl-{id or created}"


def finish_word(stop: Stop, has_calls: bool) -> str:
    """The finish reason: with calls `tool_calls`, unless the answer was cut or declined."""
    if has_calls and stop.reason not in (Reason.LENGTH, Reason.WINDOW, Reason.REFUSED):
        return FINISH[Reason.TOOLS]
    return FINISH[Reason.DONE if stop.reason is Reason.TOOLS else stop.reason]


def sealed_detail(index: int, seal: str) -> dict[str, Any]:
    """A seal as one of OpenRouter's `reasoning_details`, which agents send back as they came."""
    return {"type": "reasoning.encrypted", "data": seal, "format": "unknown", "index": index}


def _call(id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def whole_call(block: ToolUse, ids: ClientIds, names: Names) -> dict[str, Any]:
    """A complete call as a message has it."""
    return _call(ids.own(block.id), names.restore(block.name), block.arguments if block.arguments.strip() else "{}")


def unusable(block: ToolUse) -> ApiError:
    """The error for a call whose arguments nobody can read."""
    return ApiError(Kind.BROKEN, f"the upstream's arguments for the tool {block.name} are not a JSON object")
