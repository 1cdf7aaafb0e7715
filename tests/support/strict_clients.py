"""What the strictest client of each dialect accepts of a stream: every rule that one of the SDKs relies on.

Each function reads a whole stream and says whether it ended well; it raises `Illegal` for a rule that was broken.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ccproxy.wire.sse import Decoder


class Illegal(AssertionError):
    """A client would not understand this stream."""


def _claim(kept: object, rule: str) -> None:
    if not kept:
        raise Illegal(rule)


def _frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    decoder = Decoder()
    for frame in [*decoder.feed(data), *decoder.close()]:
        yield frame.event.decode(), frame.data


def _counts(usage: Mapping[str, Any], *names: str) -> None:
    for name in names:
        _claim(type(usage[name]) is int and usage[name] >= 0, f"{name} is a count")


DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
}


def anthropic(data: bytes) -> bool:
    """Blocks follow one another, numbered from 0; the end comes once, behind the figures, or an error instead."""
    begun, told_end, ended = False, False, ""
    block: Mapping[str, Any] | None = None
    index = -1
    for name, text in _frames(data):
        value = json.loads(text)
        kind = value["type"]
        _claim(kind == name, "the name is the type")
        _claim(not ended, "nothing follows the end")
        _claim(begun or kind in ("message_start", "error", "ping"), "message_start comes first")
        match kind:
            case "message_start":
                _claim(not begun, "message_start comes once")
                begun = True
                _counts(value["message"]["usage"], "input_tokens", "output_tokens")
            case "content_block_start":
                _claim(block is None and value["index"] == index + 1, "blocks follow one another")
                index += 1
                block = value["content_block"]
                _claim(block["type"] != "tool_use" or (block["id"] and block["name"]), "a call has id and name")
            case "content_block_delta":
                _claim(block is not None and value["index"] == index, "a delta is of the open block")
                fits = block is not None and value["delta"]["type"] in DELTAS.get(block["type"], ())
                _claim(fits, "a delta is of its block's kind")
            case "content_block_stop":
                _claim(block is not None and value["index"] == index, "what stops is open")
                block = None
            case "message_delta":
                _claim(block is None, "figures come when no block is open")
                _counts(value["usage"], "input_tokens", "output_tokens")
                told_end = True
            case "message_stop":
                _claim(told_end, "figures come before the end")
                ended = kind
            case "error":
                _claim(isinstance(value["error"]["message"], str), "an error has words")
                ended = kind
    _claim(ended, "a stream has an end")
    return ended == "message_stop"


def openai_chat(data: bytes) -> bool:
    """The role once and first, a call's id and name once, calls numbered from 0, the finish reason last."""
    begun, finish, ended = False, "", ""
    ids: list[str] = []
    for _, text in _frames(data):
        _claim(not ended, "nothing follows the end")
        if text == b"[DONE]":
            _claim(finish, "a reason comes before the end")
            ended = "done"
            continue
        value = json.loads(text)
        if "error" in value:
            _claim(isinstance(value["error"]["message"], str), "an error has words")
            ended = "error"
            continue
        for choice in value["choices"]:
            delta = choice["delta"]
            _claim(not finish, "no choice follows the reason")
            _claim(("role" in delta) is not begun, "the role comes once, and first")
            begun = True
            for call in delta.get("tool_calls", ()):
                if "id" in call:
                    _claim(call["index"] == len(ids), "calls are numbered from 0")
                    _claim(call["id"] and call["id"] not in ids, "ids are each their own")
                    _claim(call["function"]["name"], "a call has a name")
                    ids.append(call["id"])
                _claim(call["index"] < len(ids), "arguments are of a call")
            finish = choice["finish_reason"] or ""
        if value.get("usage"):
            _counts(value["usage"], "prompt_tokens", "completion_tokens", "total_tokens")
    _claim(ended, "a stream has an end")
    return ended == "done"


def openai_responses(data: bytes) -> bool:
    """Numbers rise, every item is added and done once, and the end repeats them."""
    number, ended = -1, ""
    begun: set[int] = set()
    items: dict[int, Any] = {}
    for name, text in _frames(data):
        value = json.loads(text)
        _claim(value["type"] == name, "the name is the type")
        _claim(value["sequence_number"] > number, "numbers rise")
        _claim(number >= 0 or name in ("response.created", "error"), "response.created comes first")
        _claim(not ended or (ended == "error" and name == "response.failed"), "nothing follows the end")
        number = value["sequence_number"]
        match name:
            case "response.output_item.added":
                _claim(value["output_index"] not in begun, "an item is added once")
                begun.add(value["output_index"])
            case "response.output_item.done":
                _claim(value["output_index"] in begun - items.keys(), "an item that was added is done once")
                items[value["output_index"]] = value["item"]
            case "response.completed" | "response.incomplete":
                told = [items[index] for index in sorted(items)]
                _claim(name == "response.incomplete" or told == value["response"]["output"], "the end repeats them")
                _counts(value["response"]["usage"], "input_tokens", "output_tokens", "total_tokens")
                ended = name
            case "error" | "response.failed":
                ended = name
    _claim(ended and ended != "error", "a stream has an end")
    return ended != "response.failed"


STRICT: Mapping[str, Callable[[bytes], bool]] = {
    "anthropic": anthropic,
    "openai_chat": openai_chat,
    "openai_responses": openai_responses,
}
"""By the dialect of the client."""
