"""One scripted reply, written as each vendor writes it: hand-written, so that our dialects are not their own judges.

A `Reply` says what a model says: reasoning, text, calls. `chat`, `responses`, `gemini` and `anthropic` give the bytes
of it, as a list of chunks (one for each frame) for a stream and a list of one for a whole reply.
"""

import enum
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

MODEL = "scripted-1"
PIECE = 9
"""Characters in one delta: small, so that every text comes in several."""


class Finish(enum.Enum):
    """Why a model stopped. DONE stands for "it called tools" too, where a reply has calls."""

    DONE = "done"
    LENGTH = "length"
    REFUSED = "refused"


@frozen
class Think:
    """Reasoning. `seal` is the state that its vendor wants back, in the vendors that have one."""

    text: str
    seal: str = ""


@frozen
class Say:
    """Text."""

    text: str


@frozen
class Call:
    """A call of a tool."""

    name: str
    arguments: Mapping[str, Any]
    id: str


@frozen
class Reply:
    """What a model says, in order. `interleaved` sends the arguments of several calls in turns, where a wire can.
    `prompt_tokens` count the cached ones too; `output_tokens` count the reasoning."""

    parts: tuple[Think | Say | Call, ...]
    finish: Finish = Finish.DONE
    prompt_tokens: int = 1200
    cached_tokens: int = 200
    output_tokens: int = 40
    interleaved: bool = False

    @property
    def id(self) -> str:
        """Another for every other reply, as vendors have it: Claude Code takes replies of one id for one message."""
        return hashlib.sha256(repr(self.parts).encode()).hexdigest()[:12]

    @property
    def calls(self) -> list[Call]:
        return [part for part in self.parts if isinstance(part, Call)]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Say))

    @property
    def reasoning(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Think))


def reply(*parts: Think | Say | Call | str, **rest: Any) -> Reply:
    """A reply of these parts; a bare string is text."""
    return Reply(tuple(Say(part) if isinstance(part, str) else part for part in parts), **rest)


def pieces(text: str) -> list[str]:
    """The text in deltas."""
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def frame(data: Mapping[str, Any], event: str = "") -> bytes:
    """A server-sent event with this JSON."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


# OpenAI chat completions: openai.types.chat.ChatCompletionChunk and ChatCompletion.

_CHAT_FINISH = {Finish.DONE: "stop", Finish.LENGTH: "length", Finish.REFUSED: "content_filter"}


def chat(said: Reply, *, stream: bool = True) -> list[bytes]:
    """As a chat completion. Reasoning is `reasoning_content`; a seal has no place in this wire."""
    finish = "tool_calls" if said.calls and said.finish is Finish.DONE else _CHAT_FINISH[said.finish]
    usage = {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": said.output_tokens,
        "total_tokens": said.prompt_tokens + said.output_tokens,
        "prompt_tokens_details": {"cached_tokens": said.cached_tokens},
    }
    head = {"id": f"chatcmpl-{said.id}", "created": 1790000000, "model": MODEL}
    if not stream:
        message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
        if said.reasoning:
            message["reasoning_content"] = said.reasoning
        if said.calls:
            message["tool_calls"] = [
                {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
                for c in said.calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        return [json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage}).encode()]

    def chunk(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return frame({**head, "object": "chat.completion.chunk", "choices": [choice]})

    chunks = [chunk({"role": "assistant", "content": ""})]
    for part in said.parts:
        match part:
            case Think(text):
                chunks += [chunk({"reasoning_content": piece}) for piece in pieces(text)]
            case Say(text):
                chunks += [chunk({"content": piece}) for piece in pieces(text)]
            case Call():
                pass
    chunks += [chunk({"tool_calls": [delta]}) for delta in _call_deltas(said)]
    usage_chunk = frame({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    return [*chunks, chunk({}, finish), usage_chunk, b"data: [DONE]\n\n"]


def _call_deltas(said: Reply) -> list[dict[str, Any]]:
    rows = []
    for index, call in enumerate(said.calls):
        first = {"index": index, "id": call.id, "type": "function"}
        row: list[dict[str, Any]] = [{**first, "function": {"name": call.name, "arguments": ""}}]
        row += [{"index": index, "function": {"arguments": piece}} for piece in pieces(json.dumps(call.arguments))]
        rows.append(row)
    return _in_turns(rows) if said.interleaved else [delta for row in rows for delta in row]


def _in_turns(rows: list[list[Any]]) -> list[Any]:
    """One of each row, then the next of each, until all are used up."""
    longest = max(map(len, rows), default=0)
    return [row[turn] for turn in range(longest) for row in rows if turn < len(row)]


# OpenAI Responses: openai.types.responses.ResponseStreamEvent and Response.


def responses(said: Reply, *, stream: bool = True) -> list[bytes]:
    """As a response. Reasoning is a summary; its seal is `encrypted_content`, known when the item is done."""
    items = [_item(index, part) for index, part in enumerate(said.parts)]
    cut = said.finish is not Finish.DONE
    reason = {Finish.LENGTH: "max_output_tokens", Finish.REFUSED: "content_filter"}.get(said.finish)
    whole = {
        "id": f"resp_{said.id}",
        "object": "response",
        "created_at": 1790000000,
        "status": "incomplete" if cut else "completed",
        "model": MODEL,
        "output": items,
        "error": None,
        "incomplete_details": {"reason": reason} if cut else None,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": said.prompt_tokens,
            "input_tokens_details": {"cached_tokens": said.cached_tokens, "cache_write_tokens": 0},
            "output_tokens": said.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": said.prompt_tokens + said.output_tokens,
        },
    }
    if not stream:
        return [json.dumps(whole).encode()]
    begun = {**whole, "status": "in_progress", "output": [], "incomplete_details": None, "usage": None}
    rows = [list(_item_events(index, part, items[index])) for index, part in enumerate(said.parts)]
    if said.interleaved:
        calls = [row for row in rows if row[0]["item"]["type"] == "function_call"]
        body = [event for row in rows if row not in calls for event in row] + _in_turns(calls)
    else:
        body = [event for row in rows for event in row]
    events = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        *body,
        {"type": "response.incomplete" if cut else "response.completed", "response": whole},
    ]
    return [frame({**event, "sequence_number": n}, event["type"]) for n, event in enumerate(events)]


def _item(index: int, part: Think | Say | Call) -> dict[str, Any]:
    match part:
        case Think(text, seal):
            summary = [{"type": "summary_text", "text": text}] if text else []
            item = {"id": f"rs_{index}", "type": "reasoning", "summary": summary}
            return {**item, "encrypted_content": seal} if seal else item
        case Say(text):
            content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
            item = {"id": f"msg_{index}", "type": "message", "role": "assistant"}
            return {**item, "status": "completed", "content": content}
        case Call(name, arguments, call_id):
            item = {"id": f"fc_{index}", "type": "function_call", "call_id": call_id, "name": name}
            return {**item, "arguments": json.dumps(arguments), "status": "completed"}


def _item_events(index: int, part: Think | Say | Call, item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    at: dict[str, Any] = {"output_index": index}
    of = {**at, "item_id": item["id"]}
    match part:
        case Think(text):
            yield {"type": "response.output_item.added", **at, "item": {**item, "summary": [], "encrypted_content": ""}}
            if text:
                of["summary_index"] = 0
                empty, full = ({"type": "summary_text", "text": words} for words in ("", text))
                yield {"type": "response.reasoning_summary_part.added", **of, "part": empty}
                for piece in pieces(text):
                    yield {"type": "response.reasoning_summary_text.delta", **of, "delta": piece}
                yield {"type": "response.reasoning_summary_text.done", **of, "text": text}
                yield {"type": "response.reasoning_summary_part.done", **of, "part": full}
        case Say(text):
            yield {"type": "response.output_item.added", **at, "item": {**item, "status": "in_progress", "content": []}}
            of["content_index"] = 0
            full = item["content"][0]
            yield {"type": "response.content_part.added", **of, "part": {**full, "text": ""}}
            for piece in pieces(text):
                yield {"type": "response.output_text.delta", **of, "delta": piece, "logprobs": []}
            yield {"type": "response.output_text.done", **of, "text": text, "logprobs": []}
            yield {"type": "response.content_part.done", **of, "part": full}
        case Call():
            yield {
                "type": "response.output_item.added",
                **at,
                "item": {**item, "status": "in_progress", "arguments": ""},
            }
            for piece in pieces(item["arguments"]):
                yield {"type": "response.function_call_arguments.delta", **of, "delta": piece}
            done = {"name": item["name"], "arguments": item["arguments"]}
            yield {"type": "response.function_call_arguments.done", **of, **done}
    yield {"type": "response.output_item.done", **at, "item": item}


# Gemini: google.genai.types.GenerateContentResponse, with lines that end in CRLF.

_GEMINI_FINISH = {Finish.DONE: "STOP", Finish.LENGTH: "MAX_TOKENS", Finish.REFUSED: "SAFETY"}


def gemini(said: Reply, *, stream: bool = True) -> list[bytes]:
    """As generateContent answers. A seal is the `thoughtSignature` of the first call that follows, or a part of its
    own after the text; calls are whole and keep their ids."""
    parts = _gemini_parts(said, stream)
    usage = {
        "promptTokenCount": said.prompt_tokens,
        "cachedContentTokenCount": said.cached_tokens,
        "candidatesTokenCount": said.output_tokens,
        "totalTokenCount": said.prompt_tokens + said.output_tokens,
    }
    tail = {"usageMetadata": usage, "modelVersion": MODEL, "responseId": said.id}
    finish = _GEMINI_FINISH[said.finish]

    def body(parts: list[dict[str, Any]], **finish: str) -> str:
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **finish}
        return json.dumps({"candidates": [candidate], **tail})

    if not stream:
        return [body(parts, finishReason=finish).encode()]
    bodies = [body([part]) for part in parts]
    bodies.append(body([{"text": ""}], finishReason=finish))
    return [f"data: {one}\r\n\r\n".encode() for one in bodies]


def _gemini_parts(said: Reply, stream: bool) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    seal = ""
    for part in said.parts:
        match part:
            case Think(text, state):
                seal = state
                parts += [{"text": piece, "thought": True} for piece in (pieces(text) if stream else [text])]
            case Say(text):
                parts += [{"text": piece} for piece in (pieces(text) if stream else [text])]
            case Call(name, arguments, call_id):
                signature = {"thoughtSignature": seal} if seal else {}
                seal = ""
                parts.append({"functionCall": {"name": name, "args": dict(arguments), "id": call_id}, **signature})
    if seal:
        parts.append({"text": "", "thoughtSignature": seal})
    return parts


# Anthropic Messages: anthropic.types.RawMessageStreamEvent and Message.

_ANTHROPIC_FINISH = {Finish.DONE: "end_turn", Finish.LENGTH: "max_tokens", Finish.REFUSED: "refusal"}


def anthropic(said: Reply, *, stream: bool = True) -> list[bytes]:
    """As a message. A seal is the thinking block's signature."""
    finish = "tool_use" if said.calls and said.finish is Finish.DONE else _ANTHROPIC_FINISH[said.finish]
    usage = {
        "input_tokens": said.prompt_tokens - said.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": said.cached_tokens,
        "output_tokens": said.output_tokens,
    }
    stop = {"stop_reason": finish, "stop_sequence": None}
    head = {"id": f"msg_{said.id}", "type": "message", "role": "assistant", "model": MODEL}
    if not stream:
        blocks = [_anthropic_block(part) for part in said.parts]
        return [json.dumps({**head, "content": blocks, **stop, "usage": usage}).encode()]
    begun = {**head, "content": [], "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1}}
    chunks = [frame({"type": "message_start", "message": begun}, "message_start"), frame({"type": "ping"}, "ping")]
    for index, part in enumerate(said.parts):
        chunks += _anthropic_block_frames(index, part)
    chunks.append(frame({"type": "message_delta", "delta": stop, "usage": usage}, "message_delta"))
    return [*chunks, frame({"type": "message_stop"}, "message_stop")]


def _anthropic_block(part: Think | Say | Call) -> dict[str, Any]:
    match part:
        case Think(text, seal):
            return {"type": "thinking", "thinking": text, "signature": seal}
        case Say(text):
            return {"type": "text", "text": text}
        case Call(name, arguments, call_id):
            return {"type": "tool_use", "id": call_id, "name": name, "input": dict(arguments)}


def _anthropic_block_frames(index: int, part: Think | Say | Call) -> list[bytes]:
    match part:
        case Think(text, seal):
            shell: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(text)]
            deltas.append({"type": "signature_delta", "signature": seal})
        case Say(text):
            shell = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(text)]
        case Call(name, arguments, call_id):
            shell = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
            words = ["", *pieces(json.dumps(arguments))]
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in words]
    start = {"type": "content_block_start", "index": index, "content_block": shell}
    body = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    stop = {"type": "content_block_stop", "index": index}
    return [frame(event, event["type"]) for event in (start, *body, stop)]
