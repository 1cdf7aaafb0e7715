"""Fields that are to be masked, in arguments that a stream tells in pieces: cut anywhere, in every dialect."""

import json
import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures.masks import Masks
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.model.messages import ToolUse
from ccproxy.model.replies import fold

HIDDEN = "unspeakable"
MASKED = "<redacted>"
ARGUMENTS: dict[str, Any] = {
    "command": "ls 'a \"b\"'",
    "password": f'{HIDDEN} "quoted" \\ é',
    "deep": [{"user_id": {"name": HIDDEN, "n": [1]}, "kept": True}],
    "user_id": 1234567890123,
    "api_key": HIDDEN,
    "end": "é",
}
SHOWN: dict[str, Any] = {
    **ARGUMENTS,
    "password": MASKED,
    "deep": [{"user_id": MASKED, "kept": True}],
    "user_id": MASKED,
    "api_key": MASKED,
}


def anthropic(pieces: list[str]) -> list[bytes]:
    """Events of a message that calls a tool."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    call = {"type": "tool_use", "id": "t", "name": "T", "input": {}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": call},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    return [b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in events]


def openai_chat(pieces: list[str]) -> list[bytes]:
    """Chunks of the same."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"

    first = {"index": 0, "id": "t", "type": "function", "function": {"name": "T", "arguments": ""}}
    calls = [first, *({"index": 0, "function": {"arguments": piece}} for piece in pieces)]
    return [*(chunk({"tool_calls": [call]}) for call in calls), chunk({}, "tool_calls"), b"data: [DONE]\n\n"]


def openai_responses(pieces: list[str]) -> list[bytes]:
    """Events of the same."""
    response = {"id": "r", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": []}
    item = {"type": "function_call", "id": "fc", "call_id": "t", "name": "T", "arguments": "", "status": "in_progress"}
    done = {**item, "arguments": "".join(pieces), "status": "completed"}
    where = {"output_index": 0, "item_id": "fc"}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        *({"type": "response.function_call_arguments.delta", **where, "delta": piece} for piece in pieces),
        {"type": "response.function_call_arguments.done", **where, "arguments": "".join(pieces)},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": {**response, "status": "completed", "output": [done]}},
    ]
    return [b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in events]


WRITERS = {"anthropic": anthropic, "openai_chat": openai_chat, "openai_responses": openai_responses}


class PiecesTests(SynchronousTestCase):
    """One call of a tool, in pieces."""

    def masked(self, events: list[bytes]) -> bytes:
        masks = Masks([], ["password", "user_id"])
        pieces = masks.pieces()
        return b"".join(masks.body(pieces.mask(event)[0])[0] for event in events)

    def called(self, dialect: str, stream: bytes) -> Any:
        """The arguments of the call that a stream makes."""
        parser = DIALECTS[dialect].parse_stream(Quirks())
        (call,) = fold([*parser.feed(stream), *parser.close()]).blocks
        assert isinstance(call, ToolUse)
        return json.loads(call.arguments)

    def assert_masked(self, pieces: list[str], told: Any) -> None:
        for dialect, write in WRITERS.items():
            stream = self.masked(write(pieces))
            self.assertEqual(self.called(dialect, stream), SHOWN, (dialect, told))
            said = "".join(part for part in stream.decode().split('"') if part)
            self.assertNotIn(HIDDEN, said, (dialect, told))

    def test_every_cut(self) -> None:
        """Wherever the arguments are cut in two, the same fields are masked, and the arguments are JSON as before."""
        text = json.dumps(ARGUMENTS)
        for at in range(len(text) + 1):
            self.assert_masked([text[:at], text[at:]], at)

    def test_small_pieces(self) -> None:
        """So they are in pieces of one character, and of any size; nothing of a value is left in any of them."""
        text = json.dumps(ARGUMENTS, ensure_ascii=False)
        self.assert_masked(list(text), "single characters")
        for seed in range(60):
            chance, pieces, rest = random.Random(seed), [], text
            while rest:
                size = chance.randrange(1, 12)
                pieces.append(rest[:size])
                rest = rest[size:]
            self.assert_masked(pieces, seed)

    def test_nothing_to_mask(self) -> None:
        """Other arguments, and all else that a stream says, stay as they are, byte for byte."""
        pieces = Masks([], ["password"]).pieces()
        for write in WRITERS.values():
            for event in write(['{"comm', 'and": "ls pass', 'word"}']):
                self.assertEqual(pieces.mask(event), (event, 0))
        for line in (b'data: {"partial_json": 5}\n', b'data: {"arguments": "\\ud800"}\n', b'"partial_json": "\n', b""):
            self.assertEqual(pieces.mask(line), (line, 0))

    def test_calls_side_by_side(self) -> None:
        """Calls whose pieces come in turns are not mixed up."""
        pieces = Masks([], ["password"]).pieces()
        said = b""
        for number in range(len('{"password": "unspeakable"}')):
            for call in (0, 1):
                delta = {"type": "input_json_delta", "partial_json": '{"password": "unspeakable"}'[number]}
                event = {"type": "content_block_delta", "index": call, "delta": delta}
                said += pieces.mask(b"data: " + json.dumps(event).encode() + b"\n\n")[0]
        events = [json.loads(line[6:]) for line in said.splitlines() if line]
        for call in (0, 1):
            told = "".join(event["delta"]["partial_json"] for event in events if event["index"] == call)
            self.assertEqual(told, '{"password": "<redacted>"}')
