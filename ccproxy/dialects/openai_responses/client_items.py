"""The output items that a client is told, each as frames: added, filled, done.

The ids of an item never change, and what it is when it is done is what the completed response repeats.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from ccproxy.dialects.citing import in_words, url_citation
from ccproxy.dialects.openai_responses.signatures import carry
from ccproxy.dialects.openai_responses.tables import NAME
from ccproxy.dialects.openai_responses.tools import Declared, unwrapped
from ccproxy.model.events import BlockStopped
from ccproxy.model.messages import Inline, Media, Medium, Opaque, Searched, Text, Thinking, ToolUse
from ccproxy.wire import sse
from ccproxy.wire.jsontext import NotJson, dumps, loads


class Frames:
    """Numbers the frames of one stream. `root` is what the ids of its items are made of; `count` is of those begun."""

    __slots__ = ("count", "root", "sequence")

    def __init__(self) -> None:
        self.sequence = 0
        self.root = ""
        self.count = 0

    def frame(self, kind: str, **fields: Any) -> bytes:
        """An event with these fields, in their order, and the next sequence number."""
        return sse.encode(kind.encode(), dumps({"type": kind, **fields, "sequence_number": self.next()}))

    def next(self) -> int:
        """The sequence number of the next frame."""
        number = self.sequence
        self.sequence += 1
        return number

    def begin(self, prefix: str) -> tuple[str, int]:
        """Id and output index of the next item."""
        index = self.count
        self.count += 1
        return f"{prefix}_{self.root}_{index}", index


class _Deltas:
    """The frames of one item's deltas, of which only the text and the number differ: made once and filled in."""

    __slots__ = ("_after", "_before", "_frames")

    def __init__(self, frames: Frames, kind: str, fields: Mapping[str, Any], last: Mapping[str, Any]) -> None:
        self._frames = frames
        fixed = dumps({"type": kind, **fields})[:-1]
        self._before = b'event: %b\ndata: %b,"delta":' % (kind.encode(), fixed)
        rest = dumps(last)[1:-1]
        self._after = (b"," + rest if rest else b"") + b',"sequence_number":'

    def frame(self, text: str) -> bytes:
        return b"%b%b%b%d}\n\n" % (self._before, dumps(text), self._after, self._frames.next())


class Writer(Protocol):
    """Writes one item. `item` is None as long as there is none to repeat in the completed response."""

    item: dict[str, Any] | None
    index: int

    def delta(self, text: str) -> bytes: ...

    def stop(self, event: BlockStopped) -> bytes: ...


class MessageWriter:
    """Text, as a message of one part."""

    def __init__(self, frames: Frames, block: Text) -> None:
        self.item: dict[str, Any] | None = None
        self.index = -1
        self._id = ""
        self._frames = frames
        self._phase = block.extras.get(NAME, {}).get("phase")
        self._texts: list[str] = []
        self._deltas: _Deltas | None = None

    def delta(self, text: str) -> bytes:
        self._texts.append(text)
        if self._deltas is not None:
            return self._deltas.frame(text)
        self._id, self.index = self._frames.begin("msg")
        where = {"item_id": self._id, "output_index": self.index, "content_index": 0}
        self._deltas = _Deltas(self._frames, "response.output_text.delta", where, {"logprobs": []})
        return (
            self._frames.frame(
                "response.output_item.added", output_index=self.index, item=self._message("in_progress", [])
            )
            + self._frames.frame("response.content_part.added", **where, part=_output_text(""))
            + self._deltas.frame(text)
        )

    def stop(self, event: BlockStopped) -> bytes:
        if self._deltas is None:
            return b""
        text = "".join(self._texts)
        where = {"item_id": self._id, "output_index": self.index, "content_index": 0}
        pages = [{"type": "url_citation", **url_citation(page, text)} for page in event.citations if page.url]
        part = {**_output_text(text), "annotations": pages}
        self.item = self._message("completed", [part])
        cited = b"".join(
            self._frames.frame("response.output_text.annotation.added", **where, annotation_index=at, annotation=page)
            for at, page in enumerate(pages)
        )
        return (
            cited
            + self._frames.frame("response.output_text.done", **where, text=text, logprobs=[])
            + self._frames.frame("response.content_part.done", **where, part=part)
            + self._frames.frame("response.output_item.done", output_index=self.index, item=self.item)
        )

    def _message(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        message = {"id": self._id, "type": "message", "status": status, "role": "assistant", "content": content}
        return {**message, "phase": self._phase} if self._phase else message


class ReasoningWriter:
    """Reasoning: its text as a summary of one part, if the client wants one, and its seal as encrypted content."""

    def __init__(self, frames: Frames, block: Thinking, shown: bool) -> None:
        self.item: dict[str, Any] | None = None
        self.index = -1
        self._id = ""
        self._frames = frames
        self._block = block
        self._shown = shown
        self._texts: list[str] = []
        self._deltas: _Deltas | None = None

    def delta(self, text: str) -> bytes:
        if not self._shown:
            return b""
        self._texts.append(text)
        if self._deltas is not None:
            return self._deltas.frame(text)
        added = self._begin()
        where = {"item_id": self._id, "output_index": self.index, "summary_index": 0}
        self._deltas = _Deltas(self._frames, "response.reasoning_summary_text.delta", where, {})
        part = self._frames.frame("response.reasoning_summary_part.added", **where, part=_summary_text(""))
        return added + part + self._deltas.frame(text)

    def _begin(self) -> bytes:
        self._id, self.index = self._frames.begin("rs")
        item = {"id": self._id, "type": "reasoning", "summary": []}
        return self._frames.frame("response.output_item.added", output_index=self.index, item=item)

    def stop(self, event: BlockStopped) -> bytes:
        encrypted = carry(event.seal or self._block.seal, self._block.withheld)
        said = b""
        summary = []
        if self._deltas is not None:
            text = "".join(self._texts)
            where = {"item_id": self._id, "output_index": self.index, "summary_index": 0}
            summary.append(_summary_text(text))
            said = self._frames.frame("response.reasoning_summary_text.done", **where, text=text)
            said += self._frames.frame("response.reasoning_summary_part.done", **where, part=_summary_text(text))
        elif encrypted:
            said = self._begin()
        else:
            return b""
        self.item = {"id": self._id, "type": "reasoning", "summary": summary}
        if encrypted:
            self.item["encrypted_content"] = encrypted
        return said + self._frames.frame("response.output_item.done", output_index=self.index, item=self.item)


class CallWriter:
    """A call of a function. One whose arguments are not whole is only done when the answer ended well: a call that was
    cut off is not offered for execution."""

    def __init__(self, frames: Frames, call: ToolUse, form: Declared) -> None:
        self.item: dict[str, Any] | None = None
        self._frames = frames
        self._form = form
        self._id, self.index = frames.begin("fc")
        self._call_id = call.id or f"call_{frames.root}_{self.index}"
        self._arguments: list[str] = []
        where = {"item_id": self._id, "output_index": self.index}
        self._deltas = _Deltas(frames, "response.function_call_arguments.delta", where, {})

    def begin(self) -> bytes:
        return self._frames.frame(
            "response.output_item.added", output_index=self.index, item=self._item("in_progress", "")
        )

    def delta(self, text: str) -> bytes:
        self._arguments.append(text)
        return self._deltas.frame(text)

    @property
    def whole(self) -> bool:
        text = "".join(self._arguments)
        try:
            return not text.strip() or isinstance(loads(text), dict)
        except NotJson:
            return False

    def stop(self, event: BlockStopped) -> bytes:
        return self.end() if self.whole else b""

    def end(self) -> bytes:
        """The call is done, whatever its arguments are."""
        arguments = "".join(self._arguments)
        said = b""
        if not arguments.strip():
            arguments = "{}"
            said = self._deltas.frame(arguments)
        self.item = self._item("completed", arguments)
        where = {"item_id": self._id, "output_index": self.index}
        name = self._form.name
        return (
            said
            + self._frames.frame("response.function_call_arguments.done", **where, name=name, arguments=arguments)
            + self._frames.frame("response.output_item.done", output_index=self.index, item=self.item)
        )

    def _item(self, status: str, arguments: str) -> dict[str, Any]:
        item = {"id": self._id, "type": "function_call", "status": status, "call_id": self._call_id}
        item |= {"name": self._form.name, "arguments": arguments}
        return {**item, "namespace": self._form.namespace} if self._form.namespace else item


class CustomCallWriter(CallWriter):
    """A call of a custom tool: its free text is within the arguments and can only be told when they are whole."""

    def delta(self, text: str) -> bytes:
        self._arguments.append(text)
        return b""

    def end(self) -> bytes:
        text = unwrapped("".join(self._arguments))
        self.item = self._item("completed", text)
        where = {"item_id": self._id, "output_index": self.index}
        return (
            self._frames.frame("response.custom_tool_call_input.delta", **where, delta=text)
            + self._frames.frame("response.custom_tool_call_input.done", **where, input=text)
            + self._frames.frame("response.output_item.done", output_index=self.index, item=self.item)
        )

    def _item(self, status: str, arguments: str) -> dict[str, Any]:
        item = {"id": self._id, "type": "custom_tool_call", "status": status, "call_id": self._call_id}
        item |= {"name": self._form.name, "input": arguments}
        return {**item, "namespace": self._form.namespace} if self._form.namespace else item


_PREFIXES: Mapping[type, str] = {Searched: "ws", Media: "ig"}


class WholeWriter:
    """An item that is told at once: a web search, a picture, or what the upstream said in this very dialect."""

    def __init__(self, frames: Frames, block: Media | Searched | Opaque) -> None:
        self._frames = frames
        self._id, self.index = frames.begin(_PREFIXES.get(type(block), "item"))
        self.item: dict[str, Any] | None
        match block:
            case Searched():
                self.item = self._search(block)
            case Media():
                self.item = self._picture(block)
            case Opaque():
                self.item = {"id": self._id, **block.value}

    def _picture(self, block: Media) -> dict[str, Any]:
        """A picture as what a tool for making them gave; where there are no bytes of it, in words."""
        if own := block.extras.get(NAME):
            return {"id": self._id, **own}
        if isinstance(block.source, Inline) and block.medium is Medium.IMAGE:
            form = block.source.media_type.partition("/")[2]
            made = {"id": self._id, "type": "image_generation_call", "status": "completed"}
            return {**made, "output_format": form, "result": block.source.data}
        message = {"id": self._id, "type": "message", "status": "completed", "role": "assistant"}
        return {**message, "content": [_output_text(in_words(block))]}

    def _search(self, block: Searched) -> dict[str, Any]:
        sources = [{"type": "url", "url": source.url} for source in block.sources]
        action = {"type": "search", "query": block.query, "queries": [block.query], "sources": sources}
        return {"id": self._id, "type": "web_search_call", "status": "completed", "action": action}

    def begin(self) -> bytes:
        return self._frames.frame("response.output_item.added", output_index=self.index, item=self.item)

    def delta(self, text: str) -> bytes:
        return b""

    def stop(self, event: BlockStopped) -> bytes:
        return self._frames.frame("response.output_item.done", output_index=self.index, item=self.item)


def refusal(frames: Frames, text: str) -> tuple[bytes, dict[str, Any]]:
    """A message that holds nothing but a refusal in words: its frames, and the item."""
    id, index = frames.begin("msg")
    where = {"item_id": id, "output_index": index, "content_index": 0}
    message = {"id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    part = {"type": "refusal", "refusal": text}
    done = {**message, "status": "completed", "content": [part]}
    said = (
        frames.frame("response.output_item.added", output_index=index, item=message)
        + frames.frame("response.content_part.added", **where, part={"type": "refusal", "refusal": ""})
        + frames.frame("response.refusal.delta", **where, delta=text)
        + frames.frame("response.refusal.done", **where, refusal=text)
        + frames.frame("response.content_part.done", **where, part=part)
        + frames.frame("response.output_item.done", output_index=index, item=done)
    )
    return said, done


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary_text(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}
