"""Writing vendors' streams by hand: chunks as JSON, and what the parser makes of them."""

import json
from typing import Any

from ccproxy.dialects.openai_chat.streams import Parser
from ccproxy.dialects.quirks import Quirks
from ccproxy.model.events import Event, Failed, Finished
from ccproxy.model.messages import Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold
from tests.support.streams import every_cut, parse

DONE = b"data: [DONE]\n\n"


def frame(value: Any, event: str = "") -> bytes:
    """One frame with this value as its data."""
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def chunk(delta: Any = None, finish: str | None = None, **more: Any) -> bytes:
    """A chunk with one choice; `more` goes into the choice, but for `usage` and what else belongs to the chunk."""
    of_chunk = ("usage", "x_groq", "error", "id", "model", "citations", "search_results")
    top = {key: more.pop(key) for key in of_chunk if key in more}
    choice = {"index": 0, "delta": delta, "finish_reason": finish, **more}
    return frame({"id": "chatcmpl-1", "created": 1700000000, "model": "m", "choices": [choice], **top})


def call(
    index: int | None = 0, id: str | None = None, name: str | None = None, arguments: Any = None
) -> dict[str, Any]:
    """A delta with one fragment of a tool call; None leaves a field out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    fields = (("index", index), ("id", id), ("function", function))
    return {"tool_calls": [{key: value for key, value in fields if value is not None}]}


def events(*frames: bytes, quirks: Quirks | None = None) -> list[Event]:
    """The events of a stream that comes frame by frame."""
    return parse(Parser(quirks or Quirks()), frames)


def however_cut(*frames: bytes, quirks: Quirks | None = None) -> list[Event]:
    """The events of a stream, the same however its bytes are cut."""
    return every_cut(lambda: Parser(quirks or Quirks()), b"".join(frames))


def said(*frames: bytes, quirks: Quirks | None = None) -> Response:
    """The reply that a stream says."""
    return fold(events(*frames, quirks=quirks))


def said_however_cut(*frames: bytes, quirks: Quirks | None = None) -> Response:
    """The reply that a stream says, however its bytes are cut."""
    return fold(however_cut(*frames, quirks=quirks))


def failure(*frames: bytes, quirks: Quirks | None = None) -> Failed:
    """How a stream fails."""
    last = events(*frames, quirks=quirks)[-1]
    assert isinstance(last, Failed), last
    return last


def finish(told: list[Event]) -> Finished:
    """How a stream finishes."""
    last = told[-1]
    assert isinstance(last, Finished), last
    return last


def blocks(response: Response) -> list[tuple[str, ...]]:
    """The blocks in short: `("text", words)`, `("thinking", words)`, `("call", id, name, arguments)`."""
    short: list[tuple[str, ...]] = []
    for block in response.blocks:
        match block:
            case Text(text):
                short.append(("text", text))
            case Thinking(text):
                short.append(("thinking", text))
            case ToolUse(id, name, arguments):
                short.append(("call", id, name, arguments))
            case _:
                raise AssertionError(block)
    return short
