"""Streams as the worked vendors send them, each with what is odd about that vendor: where its usage stands, what its
ids look like, in which field it reasons, what it repeats, leaves out, or sends in between. Written by hand, after what
recorded streams and the vendors' own documentation show; what a client must make of each stands beside it.
"""

import json
from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import Kind
from ccproxy.model.usage import Reason
from ccproxy.providers.catalogue import vendor

READ = ("Read", {"path": "a.txt"})
LIST = ("List", {"path": "/", "all": True})
HEAD = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1790000000}
DONE = b"data: [DONE]\n\n"


@frozen
class Told:
    """What an answer says. `prompt` counts the cached tokens too, which `cached` tells alone; None where the vendor
    does not say. `fails` is the kind of error in which it ends instead."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    stop: Reason = Reason.DONE
    prompt: int | None = 20
    output: int | None = 9
    cached: int | None = None
    fails: Kind | None = None


@frozen
class Stream:
    """One stream of one model of a vendor, in one of its dialects."""

    vendor: str
    model: str
    dialect: str
    data: bytes
    told: Told = field(factory=Told)

    @property
    def quirks(self) -> Quirks:
        """Those of the catalogue."""
        row = vendor(self.vendor)
        assert row is not None, self.vendor
        return evolve(
            Quirks(**row.overrides(self.model, self.dialect)), vendor=row.name, model=self.model, account="0123"
        )


def sse(*values: Any, end: bytes = b"\n\n") -> bytes:
    """Frames without names."""
    return b"".join(b"data: " + json.dumps(value, ensure_ascii=False).encode() + end for value in values)


def named(*values: Mapping[str, Any]) -> bytes:
    """Frames that bear their type as their name."""
    return b"".join(
        f"event: {value['type']}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode() for value in values
    )


def chunk(delta: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A chat chunk; `more` belongs to the chunk."""
    return {**HEAD, "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def call(index: int | None, arguments: str, id: str | None = None, name: str | None = None, **more: Any) -> Any:
    """A delta with a piece of a call."""
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    head = {} if index is None else {"index": index}
    return {"tool_calls": [{**head, **({} if id is None else {"id": id}), "function": function, **more}]}


def _together(*calls: Any) -> Any:
    """Pieces of several calls in one delta."""
    return {"tool_calls": [piece for one in calls for piece in one["tool_calls"]]}


def used(prompt: int = 20, output: int = 9, **more: Any) -> dict[str, Any]:
    """A chat `usage`."""
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output, **more}


def _chat(vendor: str, model: str, data: bytes, **told: Any) -> Stream:
    return Stream(vendor, model, "openai_chat", data, Told(**told))


def _responses(vendor: str, model: str, *events: Mapping[str, Any], names: bool = True, **told: Any) -> Stream:
    return Stream(vendor, model, "openai_responses", named(*events) if names else sse(*events), Told(**told))


def _response(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "resp_7", "object": "response", "model": "m", "status": status, "output": [], **more}


_TOKENS = {"input_tokens": 20, "output_tokens": 9, "total_tokens": 29, "input_tokens_details": {"cached_tokens": 4}}
_CREATED = {"type": "response.created", "response": _response("in_progress")}


def _item(index: int, item: Mapping[str, Any], event: str = "done") -> dict[str, Any]:
    return {"type": f"response.output_item.{event}", "output_index": index, "item": item}


def _begins(index: int, id: str, name: str, arguments: str = "") -> dict[str, Any]:
    """A call is added."""
    call = {"id": f"fc_{index}", "type": "function_call", "call_id": id, "name": name, "arguments": arguments}
    return _item(index, call, "added")


def _completed(**more: Any) -> dict[str, Any]:
    return {"type": "response.completed", "response": _response("completed", usage=_TOKENS, **more)}


def _claude(vendor: str, model: str, *events: Mapping[str, Any], **told: Any) -> Stream:
    return Stream(vendor, model, "anthropic", named(*events), Told(**told))


def _message(**usage: Any) -> dict[str, Any]:
    message = {"id": "msg_7", "type": "message", "role": "assistant", "model": "m", "content": []}
    return {"type": "message_start", "message": {**message, "usage": usage}}


def _block(index: int, block: Mapping[str, Any], *deltas: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def _ended(reason: str, **usage: Any) -> list[dict[str, Any]]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [{"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]


def _google(*parts: Any, finish: str = "", **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "m", "responseId": "r7", **more}


def _two_calls(**ids: str) -> bytes:
    return sse(
        chunk(call(0, "", ids.get("first", "call_1"), "Read", type="function")),
        chunk(call(0, '{"path": ')),
        chunk(call(0, '"a.txt"}')),
        chunk(call(1, "", ids.get("second", "call_2"), "List", type="function")),
        chunk(call(1, '{"path": "/", "all": true}')),
    )


BOTH = {"calls": (READ, LIST), "stop": Reason.TOOLS}

STREAMS: Mapping[str, Stream] = {
    # Thinking with a signature, a ping, a call whose input comes in pieces, cumulative usage at the end.
    "anthropic": _claude(
        "anthropic",
        "claude-sonnet-4-6",
        _message(input_tokens=16, cache_read_input_tokens=4, cache_creation_input_tokens=0, output_tokens=1),
        {"type": "ping"},
        *_block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Hm — ja."},
            {"type": "signature_delta", "signature": "RXVZQg=="},
        ),
        *_block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Let me see."}),
        *_block(
            2,
            {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}},
            {"type": "input_json_delta", "partial_json": ""},
            {"type": "input_json_delta", "partial_json": '{"path": "a'},
            {"type": "input_json_delta", "partial_json": '.txt"}'},
        ),
        *_ended("tool_use", output_tokens=9),
        text="Let me see.",
        reasoning="Hm — ja.",
        calls=(READ,),
        stop=Reason.TOOLS,
        cached=4,
    ),
    # An error within a stream that began well.
    "anthropic overloaded": _claude(
        "anthropic",
        "claude-sonnet-4-6",
        _message(input_tokens=20, output_tokens=1),
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Half"}},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        fails=Kind.OVERLOADED,
    ),
    # Items by output_index, encrypted reasoning in the done item alone, two calls at once, the lot repeated at the end.
    "openai": _responses(
        "openai",
        "gpt-5.6",
        _CREATED,
        _item(0, {"id": "rs_1", "type": "reasoning", "summary": []}, "added"),
        {"type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 0},
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "Hm."},
        _item(0, {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"}),
        _item(
            1, {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "Read", "arguments": ""}, "added"
        ),
        _item(
            2, {"id": "fc_2", "type": "function_call", "call_id": "call_2", "name": "List", "arguments": ""}, "added"
        ),
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"path":'},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"path":"/","all":'},
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '"a.txt"}'},
        {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": '{"path":"a.txt"}'},
        {"type": "response.function_call_arguments.done", "output_index": 2, "arguments": '{"path":"/","all":true}'},
        _completed(),
        reasoning="Hm.",
        cached=4,
        **BOTH,
    ),
    # An empty account is told as the third event of a stream of status 200, and then once more.
    "openai quota": _responses(
        "openai",
        "gpt-5.6",
        _CREATED,
        {"type": "response.in_progress", "response": _response("in_progress")},
        {"type": "error", "code": "insufficient_quota", "message": "You exceeded your current quota.", "param": None},
        {"type": "response.failed", "response": _response("failed", error={"code": "insufficient_quota"})},
        fails=Kind.QUOTA,
    ),
    "openai chat": _chat(
        "openai",
        "gpt-4.1",
        sse(chunk({"role": "assistant", "content": "", "refusal": None}), chunk({"content": "Grüße"}))
        + sse(chunk({}, "stop"), {**HEAD, "choices": [], "usage": used(prompt_tokens_details={"cached_tokens": 4})})
        + DONE,
        text="Grüße",
        cached=4,
    ),
    # The first chunk has no choice and no id; each choice has filter results.
    "azure": Stream(
        "azure",
        "gpt-4.1",
        "openai_chat",
        sse(
            {"id": "", "object": "", "model": "", "created": 0, "choices": [], "prompt_filter_results": [{}]},
            {**HEAD, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None}]},
            {**HEAD, "choices": [{"index": 0, "delta": {"content": "Hi"}, "content_filter_results": {}}]},
            {**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "content_filter_results": {}}]},
            {**HEAD, "choices": [], "usage": used()},
        )
        + DONE,
        Told("Hi"),
    ),
    "azure filter": Stream(
        "azure",
        "gpt-4.1",
        "openai_chat",
        sse(chunk({"content": "The"}), chunk({}, "content_filter")) + DONE,
        Told("The", stop=Reason.REFUSED, prompt=None, output=None),
    ),
    # CRLF, counts in every piece, the signature on the first of two calls, STOP where it waits for results.
    "gemini": Stream(
        "gemini",
        "gemini-3.8-flash",
        "gemini",
        sse(
            _google({"text": "Hm.", "thought": True}, usageMetadata={"promptTokenCount": 20}),
            _google({"functionCall": {"name": "Read", "args": READ[1], "id": "f1"}, "thoughtSignature": "c2ln"}),
            _google({"functionCall": {"name": "List", "args": LIST[1], "id": "f2"}}),
            _google(
                {"text": ""},
                finish="STOP",
                usageMetadata={
                    "promptTokenCount": 20,
                    "cachedContentTokenCount": 4,
                    "candidatesTokenCount": 6,
                    "thoughtsTokenCount": 3,
                    "totalTokenCount": 29,
                },
            ),
            end=b"\r\n\r\n",
        ),
        Told(reasoning="Hm.", cached=4, **BOTH),
    ),
    "gemini exhausted": Stream(
        "gemini",
        "gemini-3.8-flash",
        "gemini",
        sse({"error": {"code": 429, "message": "Resource exhausted", "status": "RESOURCE_EXHAUSTED"}}),
        Told(fails=Kind.OVERLOADED),
    ),
    "gemini blocked": Stream(
        "gemini",
        "gemini-3.8-flash",
        "gemini",
        sse({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 20}}),
        Told(stop=Reason.REFUSED, output=None),
    ),
    # Keep-alive comments, content null while it reasons, cache hits in a field of their own.
    "deepseek": _chat(
        "deepseek",
        "deepseek-v4-pro",
        b": keep-alive\n\n"
        + sse(chunk({"role": "assistant", "content": None, "reasoning_content": ""}))
        + b"\n\n: keep-alive\n\n"
        + sse(
            chunk({"content": None, "reasoning_content": "Hm."}), chunk({"content": "Ja.", "reasoning_content": None})
        )
        + _two_calls()
        + sse(chunk({"content": ""}, "tool_calls", usage=used(prompt_cache_hit_tokens=4, prompt_cache_miss_tokens=16)))
        + DONE,
        text="Ja.",
        reasoning="Hm.",
        cached=4,
        **BOTH,
    ),
    "deepseek busy": _chat(
        "deepseek",
        "deepseek-v4-pro",
        sse(chunk({"content": "Ja"}), chunk({}, "insufficient_system_resource")) + DONE,
        fails=Kind.OVERLOADED,
    ),
    # Comments; `reasoning` and `reasoning_details` say the same; the finish reason on two chunks, usage with the last.
    "openrouter": _chat(
        "openrouter",
        "anthropic/claude-sonnet-4.6",
        b": OPENROUTER PROCESSING\n\n"
        + sse(
            chunk(
                {
                    "role": "assistant",
                    "content": "",
                    "reasoning": "Hm.",
                    "reasoning_details": [{"type": "reasoning.text", "text": "Hm.", "index": 0}],
                },
                provider="Anthropic",
            ),
            chunk({"content": "", "reasoning_details": [{"type": "reasoning.text", "signature": "c2ln", "index": 0}]}),
            chunk({"content": "Ja."}),
        )
        + b": OPENROUTER PROCESSING\n\n"
        + _two_calls()
        + sse(chunk({"content": ""}, "tool_calls", native_finish_reason="tool_use"))
        + sse(chunk({"content": ""}, "tool_calls", usage=used(cost=0.1, prompt_tokens_details={"cached_tokens": 4})))
        + DONE,
        text="Ja.",
        reasoning="Hm.",
        cached=4,
        **BOTH,
    ),
    "openrouter error": _chat(
        "openrouter",
        "z-ai/glm-5",
        sse(
            chunk({"content": "Ja"}),
            {
                **HEAD,
                "error": {"code": 502, "message": "Provider disconnected", "metadata": {"provider_name": "Z"}},
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
            },
        )
        + DONE,
        fails=Kind.BROKEN,
    ),
    # Reasoning in `reasoning`, the whole call in one chunk, usage in `x_groq`.
    "groq": _chat(
        "groq",
        "openai/gpt-oss-120b",
        sse(
            chunk({"role": "assistant", "content": None}, x_groq={"id": "req_1"}),
            chunk({"reasoning": "Hm.", "channel": "analysis"}),
            chunk(call(0, '{"path":"a.txt"}', "fc_1", "Read", type="function")),
            chunk({}, "tool_calls", x_groq={"id": "req_1", "usage": used(prompt_tokens_details={"cached_tokens": 4})}),
        )
        + DONE,
        reasoning="Hm.",
        calls=(READ,),
        stop=Reason.TOOLS,
        cached=4,
    ),
    "groq error": _chat(
        "groq",
        "openai/gpt-oss-120b",
        sse(chunk({"role": "assistant", "content": ""}))
        + b"event: error\n"
        + sse(
            {
                "error": {
                    "message": "Tool choice is required",
                    "type": "invalid_request_error",
                    "code": "tool_use_failed",
                }
            }
        ),
        fails=Kind.BROKEN,
    ),
    # Reasoning and text as parts of the content, ids of nine letters, calls whole, usage unasked with the last chunk.
    "mistral": _chat(
        "mistral",
        "magistral-medium-2507",
        sse(
            chunk({"role": "assistant", "content": ""}),
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}),
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": " Ja?"}], "closed": True}]}),
            chunk({"content": [{"type": "text", "text": "Ja."}]}),
            chunk(call(0, '{"path": "a.txt"}', "gSIMJiOkT", "Read"), "tool_calls", usage=used()),
        )
        + DONE,
        text="Ja.",
        reasoning="Hm. Ja?",
        calls=(READ,),
        stop=Reason.TOOLS,
    ),
    "mistral length": _chat(
        "mistral",
        "mistral-large-latest",
        sse(chunk({"content": "Ja"}), chunk({"content": ""}, "model_length", usage=used())) + DONE,
        text="Ja",
        stop=Reason.LENGTH,
    ),
    # Reasoning stands outside the output, in whole calls, with usage in every chunk and no key for a missing finish.
    "xai chat": _chat(
        "xai",
        "grok-3-mini",
        sse(
            {**HEAD, "choices": [{"index": 0, "delta": {"role": "assistant", "reasoning_content": "Hm."}}]},
            {**HEAD, "choices": [{"index": 0, "delta": call(0, '{"path":"a.txt"}', "call_1", "Read")}]},
            chunk({}, "tool_calls"),
            {
                **HEAD,
                "choices": [],
                "usage": {
                    **used(20, 5),
                    "total_tokens": 29,
                    "completion_tokens_details": {"reasoning_tokens": 4},
                    "prompt_tokens_details": {"cached_tokens": 4},
                },
            },
        )
        + DONE,
        reasoning="Hm.",
        calls=(READ,),
        stop=Reason.TOOLS,
        cached=4,
    ),
    # Ids of items that name the response, no summary parts announced, calls told whole.
    "xai": _responses(
        "xai",
        "grok-4.7",
        _CREATED,
        _item(0, {"id": "rs_7", "type": "reasoning", "summary": [], "status": "in_progress"}, "added"),
        {"type": "response.reasoning_summary_text.delta", "item_id": "rs_7", "output_index": 0, "delta": "Hm."},
        _item(0, {"id": "rs_7", "type": "reasoning", "summary": [], "encrypted_content": "ZW5j"}),
        _item(
            1,
            {
                "id": "fc_7",
                "type": "function_call",
                "call_id": "call_1",
                "name": "Read",
                "arguments": '{"path":"a.txt"}',
            },
            "added",
        ),
        _item(1, {"type": "function_call", "call_id": "call_1", "name": "Read", "arguments": '{"path":"a.txt"}'}),
        _completed(),
        reasoning="Hm.",
        calls=(READ,),
        stop=Reason.TOOLS,
        cached=4,
    ),
    # Reasoning in `reasoning`, the call whole with index 0 for each, `stop` where it waits for results.
    "ollama": _chat(
        "ollama",
        "qwen3.8",
        sse(
            chunk({"role": "assistant", "content": "", "reasoning": "Hm."}),
            chunk(call(0, '{"path":"a.txt"}', "call_a", "Read", type="function")),
            chunk(call(0, '{"path":"/","all":true}', "call_b", "List", type="function")),
            chunk({"role": "assistant", "content": ""}, "stop"),
            {**HEAD, "choices": [], "usage": used()},
        )
        + DONE,
        reasoning="Hm.",
        **BOTH,
    ),
    # Ids with a colon, usage within the last choice, empty arguments.
    "moonshot": _chat(
        "moonshot",
        "kimi-k3",
        sse(
            chunk({"role": "assistant", "content": ""}),
            chunk({"reasoning_content": "Hm."}),
            chunk({"content": "Ja."}),
            chunk(call(0, "", "functions.Now:0", "Now", type="function")),
            {
                **HEAD,
                "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls", "usage": used(cached_tokens=4)}],
            },
        )
        + DONE,
        text="Ja.",
        reasoning="Hm.",
        calls=(("Now", {}),),
        stop=Reason.TOOLS,
        cached=4,
    ),
    "zai": _chat(
        "zai",
        "glm-5",
        sse(chunk({"role": "assistant", "reasoning_content": "Hm."}), chunk({"role": "assistant", "content": "\nJa."}))
        + _two_calls(first="call_-77_0", second="call_-77_1")
        + sse(
            chunk(
                {"role": "assistant", "content": ""},
                "tool_calls",
                usage=used(prompt_tokens_details={"cached_tokens": 4}),
            )
        )
        + DONE,
        text="Ja.",
        reasoning="Hm.",
        cached=4,
        **BOTH,
    ),
    "zai sensitive": _chat(
        "zai",
        "glm-5",
        sse(chunk({"content": "Ja"}), chunk({}, "sensitive", usage=used())) + DONE,
        text="Ja",
        stop=Reason.REFUSED,
    ),
    # Each piece of a call repeats an empty id; content null with it.
    "qwen": _chat(
        "qwen",
        "qwen3-max",
        sse(
            chunk({"content": None, "role": "assistant", "reasoning_content": ""}),
            chunk({"content": None, "reasoning_content": "Hm."}),
            chunk(call(0, "", "call_1", "Read", type="function")),
            chunk(call(0, '{"path": "a', "", type="function")),
            chunk(call(0, '.txt"}', "", type="function")),
            chunk({"content": ""}, "tool_calls"),
            {**HEAD, "choices": [], "usage": used(prompt_tokens_details={"cached_tokens": 4})},
        )
        + DONE,
        reasoning="Hm.",
        calls=(READ,),
        stop=Reason.TOOLS,
        cached=4,
    ),
    # Its Anthropic endpoint: an empty signature, the input with the call's start, all of the usage at the end.
    "minimax": _claude(
        "minimax",
        "minimax-m3",
        _message(input_tokens=0, output_tokens=0),
        *_block(0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "Hm."}),
        *_block(1, {"type": "tool_use", "id": "call_function_1", "name": "Read", "input": {"path": "a.txt"}}),
        *_ended("tool_use", input_tokens=16, cache_read_input_tokens=4, output_tokens=9),
        reasoning="Hm.",
        calls=(READ,),
        stop=Reason.TOOLS,
        cached=4,
    ),
    # Its other endpoint: reasoning within tags, the whole message once more at the end.
    "minimax chat": _chat(
        "minimax",
        "minimax-m2",
        sse(
            chunk({"role": "assistant", "content": "<thi"}),
            chunk({"content": "nk>\nHm."}),
            chunk({"content": "\n</think>\n\nJa."}),
            {
                **HEAD,
                "object": "chat.completion",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nJa."},
                    }
                ],
                "usage": used(),
                "base_resp": {"status_code": 0, "status_msg": ""},
            },
        ),
        text="Ja.",
        reasoning="Hm.\n",
    ),
    "minimax error": _chat(
        "minimax",
        "minimax-m2",
        sse({"id": "7", "choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit exceeded(RPM)"}}),
        fails=Kind.OVERLOADED,
    ),
    # `reasoning` since 0.15, `stop` for named calls, the matched stop sequence beside the finish.
    "vllm": _chat(
        "vllm",
        "qwen3",
        sse(
            chunk({"role": "assistant", "content": ""}),
            chunk({"reasoning": "Hm."}),
            chunk(call(0, "", "chatcmpl-tool-1", "Read", type="function")),
            chunk(call(0, '{"path": "a.txt"}')),
            {
                **HEAD,
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop", "stop_reason": 151645}],
            },
            {**HEAD, "choices": [], "usage": used()},
        )
        + DONE,
        reasoning="Hm.",
        calls=(READ,),
        stop=Reason.TOOLS,
    ),
    "vllm stop": _chat(
        "vllm",
        "qwen3",
        sse(
            chunk({"content": "Ja"}),
            {**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "stop_reason": "END"}]},
        )
        + DONE,
        text="Ja",
        stop=Reason.STOP_SEQUENCE,
        prompt=None,
        output=None,
    ),
    # Responses with raw reasoning, and events without sequence numbers.
    "lmstudio": _responses(
        "lmstudio",
        "glm-4.7-flash",
        _CREATED,
        _item(0, {"id": "rs_1", "type": "reasoning", "summary": [], "content": []}, "added"),
        {"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "Hm."},
        _begins(1, "1", "Read"),
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"path":"a.txt"}'},
        _completed(),
        names=False,
        reasoning="Hm.",
        calls=(READ,),
        stop=Reason.TOOLS,
        cached=4,
    ),
    "lmstudio error": _chat(
        "lmstudio",
        "gemma-4",
        sse(chunk({"role": "assistant"}))
        + b"event: error\n"
        + sse({"error": {"message": "The model has crashed"}, "message": "The model has crashed"}),
        fails=Kind.BROKEN,
    ),
    # Timings, an old one without a finish reason.
    "llamacpp": _chat(
        "llamacpp",
        "gpt-oss",
        sse(
            chunk({"role": "assistant", "content": None}),
            chunk({"reasoning_content": "Hm."}),
            chunk({"content": "Ja."}),
            chunk({}, "stop", timings={"predicted_ms": 1.5}),
            {**HEAD, "choices": [], "usage": used(), "timings": {"prompt_n": 20}},
        )
        + DONE,
        text="Ja.",
        reasoning="Hm.",
    ),
    "llamacpp old": _chat(
        "llamacpp", "llama", sse(chunk({"content": "Ja."})) + DONE, text="Ja.", prompt=None, output=None
    ),
    "cerebras": _chat(
        "cerebras",
        "gpt-oss-120b",
        sse(
            chunk({"role": "assistant"}),
            chunk({"reasoning": "Hm."}),
            chunk(call(0, '{"path":"a.txt"}', "7f3a9bc01", "Read", type="function")),
            chunk({}, "tool_calls", usage=used(), time_info={"total_time": 0.1}),
        )
        + DONE,
        reasoning="Hm.",
        calls=(READ,),
        stop=Reason.TOOLS,
    ),
    # `eos` for a finish, text told in a `text` beside the delta, usage with the last chunk.
    "together": _chat(
        "together",
        "deepseek-ai/deepseek-r1",
        sse(
            {**HEAD, "choices": [{"index": 0, "text": "<think>", "delta": {"content": "<think>\n"}}]},
            {**HEAD, "choices": [{"index": 0, "text": "Hm.", "delta": {"content": "Hm.</think>\n\nJa."}}]},
            {
                **HEAD,
                "choices": [{"index": 0, "text": "", "delta": {"content": ""}, "finish_reason": "eos"}],
                "usage": used(),
            },
        )
        + DONE,
        text="Ja.",
        reasoning="Hm.",
    ),
    # No index on the pieces of its calls.
    "fireworks": _chat(
        "fireworks",
        "accounts/fireworks/models/glm-5",
        sse(
            chunk({"role": "assistant"}),
            chunk({"reasoning_content": "Hm."}),
            chunk(call(None, '{"path": ', "call_1", "Read")),
            chunk(call(None, '"a.txt"}')),
            chunk(call(None, '{"path": "/", "all": true}', "call_2", "List")),
            chunk({}, "tool_calls", usage=used(prompt_tokens_details={"cached_tokens": 4})),
        )
        + DONE,
        reasoning="Hm.",
        cached=4,
        **BOTH,
    ),
    "github": _chat(
        "github",
        "openai/gpt-4.1",
        sse(
            {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []},
            {**HEAD, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Ja."}}]},
            # One message of a Claude comes as several choices.
            {**HEAD, "choices": [{"index": 0, "delta": call(0, '{"path":"a.txt"}', "call_1", "Read")}]},
            chunk({}, "tool_calls", usage=used()),
        )
        + DONE,
        text="Ja.",
        calls=(READ,),
        stop=Reason.TOOLS,
    ),
    # Calls that come at once, a null in front of the arguments, no mark at the end.
    "huggingface": _chat(
        "huggingface",
        "openai/gpt-oss-120b",
        sse(
            chunk(call(0, "null", "a", "Read")),
            chunk(
                {
                    "tool_calls": [
                        *call(0, '{"path":')["tool_calls"],
                        *call(1, '{"path":"/",', "b", "List")["tool_calls"],
                    ]
                }
            ),
            chunk({"tool_calls": [*call(1, '"all":true}')["tool_calls"], *call(0, '"a.txt"}')["tool_calls"]]}),
            chunk({"content": ""}, "tool_calls"),
            {**HEAD, "choices": [], "usage": used()},
        ),
        **BOTH,
    ),
    # A closing tag whose opening the template wrote; arguments in Python's manner.
    "nvidia": _chat(
        "nvidia",
        "meta/llama-4",
        sse(
            chunk({"role": "assistant", "content": "<think>Hm.</think>"}),
            chunk(call(0, "{'path': '/', 'all': True,}", "call_1", "List")),
            chunk({}, "tool_calls"),
            {**HEAD, "choices": [], "usage": used()},
        )
        + DONE,
        reasoning="Hm.",
        calls=(LIST,),
        stop=Reason.TOOLS,
    ),
    # The usage so far and the pages in every chunk, the message so far beside the delta.
    "perplexity": _chat(
        "perplexity",
        "sonar-pro",
        b"\r\n".join(
            b"data: " + json.dumps(value).encode() + b"\r\n"
            for value in (
                {
                    **HEAD,
                    "citations": ["https://example.com"],
                    "usage": used(20, 4),
                    "choices": [
                        {"index": 0, "message": {"role": "assistant", "content": "Ja,"}, "delta": {"content": "Ja,"}}
                    ],
                },
                {
                    **HEAD,
                    "citations": ["https://example.com"],
                    "usage": used(),
                    "choices": [
                        {
                            "index": 0,
                            "finish_reason": "stop",
                            "message": {"role": "assistant", "content": "Ja, ja[1]."},
                            "delta": {"content": " ja[1]."},
                        }
                    ],
                },
            )
        )
        + b"\r\n",
        text="Ja, ja[1].",
    ),
}
"""By name: the vendor's, and what the stream is about where it has several."""
