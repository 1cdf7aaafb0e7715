"""The stream of /v1/messages, read.

Vendors of this dialect do not all keep its rules: events without names, a second `message_start`, text in the wrong
place, blocks that never stop. What can be understood is; what cannot be is told as a failure, never guessed into a good
end.

    state     event                  what happens
    any       error                  Failed
    any       ping, unknown          nothing
    FRESH     anything else          Started, and the event again
    RUNNING   message_start          nothing, but BROKEN within a block: the upstream began anew
    RUNNING   content_block_start    a block opens; server tools are held until they are whole
    RUNNING   content_block_delta    more of it; text and thinking without a start open a block
    RUNNING   content_block_stop     it closes
    RUNNING   message_delta          the stop reason and usage are kept
    RUNNING   message_stop           open blocks close; Finished
    RUNNING   end of input           as message_stop if a stop reason came, else BROKEN
"""

import enum
from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.dialects.anthropic.blocks import NATIVE, Searches, nameless, read_block, read_citation
from ccproxy.dialects.anthropic.errors import in_band
from ccproxy.dialects.anthropic.tables import NAME
from ccproxy.dialects.anthropic.usage import read_stop, read_usage
from ccproxy.dialects.arguments import Arguments
from ccproxy.dialects.mending import mend, read_object
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolids import own_id
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Citation, Media, Opaque, Searched, Text, Thinking, ToolUse
from ccproxy.model.usage import Stop, Usage
from ccproxy.wire.jsontext import NotJson, loads
from ccproxy.wire.sse import Decoder, Frame

Value = Mapping[str, Any]


class _Form(enum.Enum):
    """What deltas do to a block."""

    TEXT = "text"
    THINKING = "thinking"
    ARGUMENTS = "partial_json"
    WHOLE = "whole"


class _Open:
    """A block that has not stopped: `index` is ours, `owed` what its stop must tell yet (a signature, or arguments that
    came with the start), `value` what a whole one is so far, `arguments` those of a call or of a server's tool."""

    __slots__ = ("arguments", "citations", "form", "index", "owed", "value")

    def __init__(self, form: _Form, index: int, value: Value, owed: str = "") -> None:
        self.form = form
        self.index = index
        self.value = value
        self.owed = owed
        self.arguments = Arguments()
        self.citations: tuple[Citation, ...] = ()


_KEYS = tuple((form.value, form) for form in (_Form.TEXT, _Form.ARGUMENTS, _Form.THINKING))
"""The field of a delta that says more of each."""


class Parser:
    """Reads one upstream's stream."""

    __slots__ = (
        "_ended",
        "_frames",
        "_id",
        "_ids",
        "_last",
        "_next",
        "_open",
        "_quirks",
        "_searches",
        "_started",
        "_stop",
        "_usage",
    )

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._frames = Decoder()
        self._open: dict[int, _Open] = {}
        self._last = 0
        self._next = 0
        self._searches = Searches()
        self._id = ""
        self._ids: set[str] = set()
        self._started = False
        self._ended = False
        self._stop: Stop | None = None
        self._usage = Usage()

    @property
    def complete(self) -> bool:
        """A stop reason came, and no block is open."""
        return self._ended or (self._stop is not None and not self._open)

    def feed(self, data: bytes) -> list[Event]:
        """The events of these bytes, cut anywhere."""
        out: list[Event] = []
        if not self._ended:
            self._read_all(self._frames.feed(data), out)
        return out

    def close(self) -> list[Event]:
        """The input ended: `Finished` or `Failed`, if neither was told."""
        out: list[Event] = []
        if self._ended:
            return out
        self._read_all(self._frames.close(), out)
        if not self._ended:
            if self._stop is not None:
                self._finish({}, out)
            else:
                where = "in the middle" if self._started else "before it began"
                self._fail(ApiError(Kind.BROKEN, f"the upstream's stream ended {where}"), out)
        return out

    def _read_all(self, frames: list[Frame], out: list[Event]) -> None:
        for frame in frames:
            try:
                self._read(frame, out)
            except NotJson as error:
                self._fail(ApiError(Kind.BROKEN, f"the upstream sent what cannot be written again: {error}"), out)
            if self._ended:
                return

    def _read(self, frame: Frame, out: list[Event]) -> None:
        name, data = frame
        try:
            value = loads(data)
        except NotJson as error:
            if self._stop is None and data.strip() not in (b"", b"[DONE]"):
                shown = data[:200].decode("utf-8", "replace")
                self._fail(
                    ApiError(Kind.BROKEN, f"the upstream sent an event that is not JSON ({error}): {shown}"), out
                )
            return
        if value.__class__ is not dict:
            return
        kind = value.get("type")
        if kind == "content_block_delta" and self._started:
            self._delta(value, out)
            return
        if kind.__class__ is not str:
            kind = name.decode("ascii", "replace")
        if kind == "error" or name == b"error" or (not kind and "error" in value):
            self._fail(in_band(value, data), out)
            return
        act = _ACTS.get(kind)
        if act is None:
            return
        if not self._started:
            self._start(value.get("message"), out)
        act(self, value, out)

    def _start(self, message: Any, out: list[Event]) -> None:
        message = message if isinstance(message, dict) else {}
        id, model = message.get("id"), message.get("model")
        self._started = True
        self._usage = read_usage(message.get("usage"))
        known = isinstance(model, str) and model
        self._id = id if isinstance(id, str) else ""
        out.append(Started(self._id, model if known else self._quirks.model, self._usage))

    def _begun(self, value: Value, out: list[Event]) -> None:
        if self._open:
            self._fail(ApiError(Kind.BROKEN, "the upstream began its answer anew in the middle of a block"), out)

    def _block(self, value: Value, out: list[Event]) -> None:
        index = self._index(value)
        self._stop_block({"index": index}, out)
        content = value.get("content_block")
        block = read_block(content if isinstance(content, dict) else {})
        self._last = index
        match block:
            case Text(text):
                self._open[index] = self._opened(_Form.TEXT, Text(""), out)
                self._open[index].citations = block.citations
                _say(self._open[index], text, out)
            case Thinking(text, seal, withheld):
                shell = block if withheld else Thinking("", extras=NATIVE)
                self._open[index] = self._opened(_Form.THINKING, shell, out, seal)
                _say(self._open[index], text, out)
            case ToolUse(id, name, arguments):
                if not name:
                    self._fail(nameless(), out)
                    return
                # Some send the arguments here and nothing later: they count if no delta comes.
                call = ToolUse(own_id(id, self._ids, self._id), name, "")
                self._open[index] = self._opened(_Form.ARGUMENTS, call, out, arguments)
            case Opaque(_, whole):
                self._open[index] = _Open(_Form.WHOLE, -1, whole)
            case Media() | Searched():
                raise AssertionError("a search is made of two blocks, and no block is a picture")

    def _opened(self, form: _Form, shell: Block, out: list[Event], owed: str = "") -> _Open:
        block = _Open(form, self._next, {}, owed)
        self._next += 1
        out.append(BlockStarted(block.index, shell))
        return block

    def _delta(self, value: Value, out: list[Event]) -> None:
        index = value.get("index")
        if index.__class__ is not int:
            index = self._last
        delta = value.get("delta")
        if delta.__class__ is not dict:
            return
        block = self._open.get(index)
        if block is not None and block.form is _Form.WHOLE:
            self._add(block, delta)
            return
        for key, form in _KEYS:
            said = delta.get(key)
            if said.__class__ is not str:
                continue
            if not said:
                return
            if block is None or block.form is not form:
                block = self._unannounced(index, form, out)
                if block is None:
                    return
            if form is _Form.ARGUMENTS:
                block.owed = ""
                said = block.arguments.feed(said)
                if not said:
                    return
            out.append(BlockDelta(block.index, said))
            return
        signature = delta.get("signature")
        if signature.__class__ is str and block is not None and block.form is _Form.THINKING:
            block.owed = signature
        citation = delta.get("citation")
        if citation.__class__ is dict and block is not None and block.form is _Form.TEXT:
            block.citations += (read_citation(citation),)

    def _unannounced(self, index: int, form: _Form, out: list[Event]) -> _Open | None:
        """The block for a delta that fits no open one. Arguments without a call belong to nobody."""
        if form is _Form.ARGUMENTS:
            self._fail(ApiError(Kind.BROKEN, "the upstream sent arguments for a call that it never began"), out)
            return None
        self._stop_block({"index": index}, out)
        shell: Block = Text("") if form is _Form.TEXT else Thinking("", extras=NATIVE)
        self._open[index] = self._opened(form, shell, out)
        self._last = index
        return self._open[index]

    @staticmethod
    def _add(block: _Open, delta: Value) -> None:
        """More of a block that is told whole: of its input, or fields that replace its own."""
        part = delta.get("partial_json")
        if isinstance(part, str):
            block.arguments.feed(part)
        else:
            block.value = {**block.value, **{key: field for key, field in delta.items() if key != "type"}}

    def _stop_block(self, value: Value, out: list[Event]) -> None:
        block = self._open.pop(self._index(value), None)
        if block is None:
            return
        match block.form:
            case _Form.WHOLE:
                whole = self._searches.see(_whole(block))
                if whole is not None:
                    self._say_whole(whole, out)
            case _Form.ARGUMENTS:
                self._end_call(block, out)
            case _Form.TEXT | _Form.THINKING:
                out.append(BlockStopped(block.index, block.owed, citations=block.citations))

    def _end_call(self, block: _Open, out: list[Event]) -> None:
        """The rest of a call's arguments. What is beyond repair is told as it came: Claude itself may stream arguments
        that are no JSON (`eager_input_streaming`), and its clients know what to do."""
        if block.owed:
            _say(block, block.arguments.feed(block.owed), out)
        rest = block.arguments.close()
        _say(block, block.arguments.untold if rest is None else rest, out)
        out.append(BlockStopped(block.index, mended=block.arguments.mended))

    def _say_whole(self, block: Searched | Opaque, out: list[Event]) -> None:
        out += [BlockStarted(self._next, block), BlockStopped(self._next)]
        self._next += 1

    def _message(self, value: Value, out: list[Event]) -> None:
        self._usage = self._usage.merge(read_usage(value.get("usage")))
        delta = value.get("delta")
        if isinstance(delta, dict) and isinstance(delta.get("stop_reason"), str):
            self._stop = read_stop(delta)

    def _finish(self, value: Value, out: list[Event]) -> None:
        for index in list(self._open):
            self._stop_block({"index": index}, out)
        for call in self._searches.rest():
            self._say_whole(call, out)
        self._ended = True
        out.append(Finished(self._stop or read_stop({}), self._usage))

    def _fail(self, error: ApiError, out: list[Event]) -> None:
        self._ended = True
        out.append(Failed(error))

    def _index(self, value: Value) -> int:
        index = value.get("index")
        return index if isinstance(index, int) else self._last


def _say(block: _Open, text: str, out: list[Event]) -> None:
    if text:
        out.append(BlockDelta(block.index, text))


def _whole(block: _Open) -> Opaque:
    value = block.value
    if text := block.arguments.text:
        value = {**value, "input": read_object(mend(text) or "{}")}
    return Opaque(NAME, value)


_ACTS: Mapping[str, Callable[[Parser, Value, list[Event]], None]] = {
    "message_start": Parser._begun,
    "content_block_start": Parser._block,
    "content_block_delta": Parser._delta,
    "content_block_stop": Parser._stop_block,
    "message_delta": Parser._message,
    "message_stop": Parser._finish,
}
