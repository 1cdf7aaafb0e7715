"""Frames of /v1/messages written by hand, as an upstream sends them."""

import json
from typing import Any


def frame(value: dict[str, Any], name: str | None = None) -> bytes:
    """One event; its name is its type unless told otherwise."""
    name = value["type"] if name is None else name
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def begin(**fields: Any) -> bytes:
    """`message_start`, with usage of nine tokens, four read from the cache and two written to it."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}
    usage = {"input_tokens": 9, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2, "output_tokens": 1}
    return frame({"type": "message_start", "message": {**message, "usage": usage, **fields}})


def start(index: int, **block: Any) -> bytes:
    """`content_block_start`."""
    return frame({"type": "content_block_start", "index": index, "content_block": block})


def delta(index: int, **fields: Any) -> bytes:
    """`content_block_delta` of any kind."""
    return frame({"type": "content_block_delta", "index": index, "delta": fields})


def text(index: int, words: str) -> bytes:
    """A piece of text."""
    return delta(index, type="text_delta", text=words)


def part(index: int, words: str) -> bytes:
    """A piece of arguments."""
    return delta(index, type="input_json_delta", partial_json=words)


def stop(index: int) -> bytes:
    """`content_block_stop`."""
    return frame({"type": "content_block_stop", "index": index})


def ending(reason: str | None = "end_turn", **fields: Any) -> bytes:
    """`message_delta`, with twelve tokens of output."""
    usage = {"output_tokens": 12, "output_tokens_details": {"thinking_tokens": 5}}
    value = {"stop_reason": reason, "stop_sequence": None, **fields}
    return frame({"type": "message_delta", "delta": value, "usage": usage})


def end(reason: str | None = "end_turn", **fields: Any) -> bytes:
    """`message_delta` and `message_stop`."""
    return ending(reason, **fields) + frame({"type": "message_stop"})
