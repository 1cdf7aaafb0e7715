"""Streams of `/v1/responses` as upstreams write them, put together by hand."""

import json
from typing import Any

from ccproxy.dialects.openai_responses.streams import Parser
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError
from ccproxy.model.events import Event, Failed
from ccproxy.model.replies import Response, fold
from tests.support.streams import every_cut, parse

QUIRKS = Quirks(vendor="openai", model="gpt-5.6", account="k1")

USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 8},
    "total_tokens": 120,
}


def event(kind: str, **fields: Any) -> bytes:
    """One event with its name."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def response(status: str = "in_progress", **fields: Any) -> dict[str, Any]:
    """A response object."""
    return {"id": "resp_1", "object": "response", "model": "gpt-5.6-2026", "status": status, "output": [], **fields}


CREATED = event("response.created", response=response()) + event("response.in_progress", response=response())


def completed(*output: Any, **fields: Any) -> bytes:
    """The end of a stream that went well."""
    whole = response("completed", output=list(output), usage=USAGE, **fields)
    return event("response.completed", response=whole)


def message(text: str, id: str = "msg_1") -> dict[str, Any]:
    """A message item that is done."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": id, "type": "message", "role": "assistant", "status": "completed", "content": content}


def call(arguments: str, id: str = "call_1", name: str = "Bash") -> dict[str, Any]:
    """A function call item that is done."""
    return {"id": "fc_" + id, "type": "function_call", "call_id": id, "name": name, "arguments": arguments}


def added(index: int, item: dict[str, Any]) -> bytes:
    """An item begins: as it will be, without what it will hold."""
    empty: dict[str, Any] = {"content": [], "arguments": "", "input": "", "summary": []}
    shell = {key: empty.get(key, value) for key, value in item.items() if key != "encrypted_content"}
    return event("response.output_item.added", output_index=index, item=shell)


def done(index: int, item: dict[str, Any]) -> bytes:
    """An item is done."""
    return event("response.output_item.done", output_index=index, item=item)


def text_delta(index: int, text: str) -> bytes:
    """More text of a message."""
    return event("response.output_text.delta", output_index=index, content_index=0, item_id="x", delta=text)


def arguments_delta(index: int, text: str) -> bytes:
    """More arguments of a call."""
    return event("response.function_call_arguments.delta", output_index=index, item_id="x", delta=text)


def summary_delta(index: int, text: str, part: int = 0) -> bytes:
    """More of a reasoning summary."""
    return event("response.reasoning_summary_text.delta", output_index=index, summary_index=part, delta=text)


def events(*frames: bytes, quirks: Quirks = QUIRKS) -> list[Event]:
    """What the parser says of a stream, the same however its bytes are cut."""
    return every_cut(lambda: Parser(quirks), b"".join(frames))


def said(*frames: bytes) -> Response:
    """The reply that a stream says."""
    return fold(parse(Parser(QUIRKS), frames))


def said_however_cut(*frames: bytes) -> Response:
    """The reply that a stream says, however its bytes are cut."""
    return fold(events(*frames))


def failure(*frames: bytes) -> ApiError:
    """The error in which a stream ends."""
    last = parse(Parser(QUIRKS), frames)[-1]
    assert isinstance(last, Failed), last
    return last.error
