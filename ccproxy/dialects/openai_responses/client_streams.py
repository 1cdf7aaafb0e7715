"""Writes the event stream of `/v1/responses` for a client.

Items are told one after the other, and the completed response repeats them exactly. An item begins when there is
something in it. Codex CLI runs a call when its item is done, and reads the end of the stream from `response.completed`,
`response.incomplete` or `response.failed` alone.
"""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from attrs import evolve

from ccproxy.dialects.openai_responses.client_items import (
    CallWriter,
    CustomCallWriter,
    Frames,
    MessageWriter,
    ReasoningWriter,
    WholeWriter,
    Writer,
    refusal,
)
from ccproxy.dialects.openai_responses.errors import failure_frames
from ccproxy.dialects.openai_responses.tables import NAME, TOLD_INCOMPLETE
from ccproxy.dialects.openai_responses.tools import Declared, declared
from ccproxy.dialects.openai_responses.usage import write_usage
from ccproxy.dialects.sequencing import OneAtATime
from ccproxy.dialects.toolids import ClientIds
from ccproxy.dialects.toolnames import Names
from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Choose, Media, Opaque, Request, Searched, Text, Thinking, ToolUse
from ccproxy.model.usage import Reason, Stop, Usage

_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]")
_ID_LENGTH = 48

Keep = Callable[[dict[str, Any]], None]
"""Keeps a response that ended well, for a client that may name it and its items later."""


class Renderer:
    """Writes one stream. `response` is what was told of the response last: after the end, the whole reply. One that
    somebody means to `keep` has ids that no other response has: those of upstreams are not always unique."""

    def __init__(self, request: Request, keep: Keep | None = None) -> None:
        self.response: dict[str, Any] = {}
        self._keep = keep
        self._request = evolve(request, turns=())  # Which may be large, and what is echoed has none of them.
        self._names = Names(request.tools)
        self._ids = ClientIds(request)
        self._forms = declared(request.tools)
        self._frames = Frames()
        self._sequence = OneAtATime()
        self._writer: Writer | None = None
        self._index = -1
        self._written: list[Writer] = []
        self._cut: list[CallWriter] = []
        self._usage = Usage()
        self._ended = False

    def render(self, event: Event) -> bytes:
        if isinstance(event, BlockDelta) and event.index == self._index and self._writer is not None:
            return self._writer.delta(event.text)
        return b"".join(self._write(each) for each in self._sequence.order(event))

    def ping(self) -> bytes:
        return b": ping\n\n"

    def pulse(self) -> bytes:
        """The response is in progress, once more: Codex CLI does not count comments as life, but gives up on a stream
        without events after five minutes."""
        if not self.response or self._ended:
            return b""
        return self._frames.frame("response.in_progress", response=self.response)

    def _write(self, event: Event) -> bytes:
        match event:
            case BlockDelta(_, text):
                return self._writer.delta(text) if self._writer is not None else b""
            case BlockStarted(index, block):
                return self._start(index, block)
            case BlockStopped():
                return self._stop(event)
            case Started(id, _, usage):
                self._usage = usage
                return self._begin(id)
            case Finished(stop, usage):
                return self._finish(stop, self._usage.merge(usage))
            case Failed(error):
                self._ended = True
                if not self.response:
                    self._begin("")
                return failure_frames(error, self.response, self._frames.next())

    def _begin(self, id: str) -> bytes:
        own = "" if self._keep else _NOT_IN_ID.sub("", id.removeprefix("resp_"))[:_ID_LENGTH]
        root = self._frames.root = own or uuid.uuid4().hex
        self.response = {**_response(f"resp_{root}", self._request), "store": self._keep is not None}
        return self._frames.frame("response.created", response=self.response) + self._frames.frame(
            "response.in_progress", response=self.response
        )

    def _start(self, index: int, block: Block) -> bytes:
        self._index = index
        said = b""
        match block:
            case Text():
                self._writer = MessageWriter(self._frames, block)
            case Thinking():
                self._writer = ReasoningWriter(self._frames, block, self._request.reasoning.shown)
            case ToolUse():
                name = self._names.restore(block.name)
                form = self._forms.get(name, Declared(name))
                own = evolve(block, id=self._ids.own(block.id)) if block.id else block
                call = (CustomCallWriter if form.custom else CallWriter)(self._frames, own, form)
                self._writer, said = call, call.begin()
            case Opaque(dialect, _) if dialect != NAME:
                self._writer = None
            case Media() | Searched() | Opaque():
                whole = WholeWriter(self._frames, block)
                self._writer, said = whole, whole.begin()
        return said

    def _stop(self, event: BlockStopped) -> bytes:
        writer, self._writer, self._index = self._writer, None, -1
        if writer is None:
            return b""
        self._written.append(writer)
        said = writer.stop(event)
        if isinstance(writer, CallWriter) and writer.item is None:
            self._cut.append(writer)
        return said

    def _finish(self, stop: Stop, usage: Usage) -> bytes:
        said = b""
        if stop.reason is not Reason.LENGTH and stop.reason is not Reason.WINDOW:
            said = b"".join(call.end() for call in self._cut)
        output = [writer.item for writer in self._written if writer.item is not None]
        if stop.reason is Reason.REFUSED and stop.explanation and not output:
            words, item = refusal(self._frames, stop.explanation)
            said += words
            output.append(item)
        reason = TOLD_INCOMPLETE.get(stop.reason)
        status = "completed" if reason is None else "incomplete"
        self.response = {
            **self.response,
            "status": status,
            "incomplete_details": None if reason is None else {"reason": reason},
            "output": output,
            "usage": write_usage(usage),
        }
        self._ended = True
        if self._keep:
            self._keep(self.response)
        return said + self._frames.frame(f"response.{status}", response=self.response)


def _response(id: str, request: Request) -> dict[str, Any]:
    """The response object as it stands at the beginning. It repeats what was asked as far as clients read it, and
    leaves out the tools, which would come back with three events of every stream."""
    output = request.output
    if output is None:
        form: dict[str, Any] = {"type": "text"}
    elif output.schema is None:
        form = {"type": "json_object"}
    else:
        form = {"type": "json_schema", "name": output.name, "schema": output.schema, "strict": False}
    choice = request.tool_choice
    told: Any = "required" if choice.choose is Choose.ANY else choice.choose.value
    if choice.choose is Choose.NAMED:
        told = {"type": "function", "name": choice.name}
    effort = request.reasoning.effort
    return {
        "id": id,
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": request.sampling.max_tokens,
        "metadata": request.extras.get(NAME, {}).get("metadata", {}),
        "model": request.model,
        "output": [],
        "parallel_tool_calls": choice.parallel,
        "previous_response_id": None,
        "reasoning": {"effort": None if effort is None else effort.value, "summary": None},
        "store": False,
        "temperature": request.sampling.temperature,
        "text": {"format": form},
        "tool_choice": told,
        "tools": [],
        "top_p": request.sampling.top_p,
        "truncation": "disabled",
        "usage": None,
    }
