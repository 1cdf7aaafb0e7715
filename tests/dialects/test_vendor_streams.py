"""The streams of all worked vendors, replayed to clients of every dialect."""

import json
from collections.abc import Callable
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.registry import DIALECTS
from ccproxy.model.events import Event, Failed
from ccproxy.model.messages import Reasoning, Request, Text, Think, Thinking, Tool, ToolUse
from ccproxy.model.replies import fold
from ccproxy.model.usage import Reason
from tests.support.streams import every_cut, render
from tests.support.vendor_streams import STREAMS, Stream, Told

try:
    import anthropic
    import httpx2 as httpx
    import openai
    from openai.lib.streaming.chat import ChatCompletionStreamState
except ImportError as error:
    raise SkipTest(f"the official SDKs are not installed: {error}") from error

WORKED = frozenset(
    """anthropic openai azure gemini deepseek openrouter groq mistral xai ollama moonshot zai qwen minimax vllm lmstudio
    llamacpp cerebras together fireworks github huggingface nvidia perplexity""".split()  # noqa: SIM905
)
TOOLS = tuple(Tool(name, "", {"type": "object", "properties": {}}) for name in ("Read", "List", "Now"))
ASKED = Request(
    "asked",
    (),
    tools=TOOLS,
    reasoning=Reasoning(Think.ADAPTIVE),
    extras={"openai_chat": {"stream_options": {"include_usage": True}}},
)
CUT = (Reason.LENGTH, Reason.WINDOW, Reason.REFUSED)


def events_of(stream: Stream) -> list[Event]:
    """What the parser says, the same however the bytes are cut and whatever ends their lines."""
    return every_cut(lambda: DIALECTS[stream.dialect].parse_stream(stream.quirks), stream.data)


def _client(kind: Callable[..., Any], data: bytes) -> Any:
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, content=data, headers={"content-type": "text/event-stream"})
    )
    http = httpx.Client(transport=transport)
    return kind(api_key="x", base_url="http://sdk.test", max_retries=0, http_client=http)


Judged = tuple[str, str, list[tuple[str, Any]], str, int, int]
"""Text, reasoning, calls, why it stopped, and the tokens of prompt and output, as an SDK has them."""


def by_anthropic(data: bytes) -> Judged:
    """What Anthropic's SDK gathers."""
    with _client(anthropic.Anthropic, data).messages.stream(
        model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
    ) as stream:
        message = stream.get_final_message()
    usage = message.usage
    return (
        "".join(block.text for block in message.content if block.type == "text"),
        "".join(block.thinking for block in message.content if block.type == "thinking"),
        [(block.name, block.input) for block in message.content if block.type == "tool_use"],
        message.stop_reason,
        usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
        usage.output_tokens,
    )


def by_chat(data: bytes) -> Judged:
    """What OpenAI's SDK gathers of a chat completion."""
    state = ChatCompletionStreamState()
    for chunk in _client(openai.OpenAI, data).chat.completions.create(
        model="m", messages=[{"role": "user", "content": "x"}], stream=True
    ):
        state.handle_chunk(chunk)
    # Not `get_final_completion`, which raises for an answer that was cut or refused.
    completion = state.current_completion_snapshot
    choice = completion.choices[0]
    calls = choice.message.tool_calls or []
    return (
        choice.message.content or "",
        getattr(choice.message, "reasoning_content", None) or "",
        [(call.function.name, json.loads(call.function.arguments)) for call in calls],
        choice.finish_reason,
        completion.usage.prompt_tokens,
        completion.usage.completion_tokens,
    )


def by_responses(data: bytes) -> Judged:
    """What OpenAI's SDK gathers of a response."""
    final: Any = None
    with _client(openai.OpenAI, data).responses.stream(model="m", input="x") as stream:
        for event in stream:
            if event.type in ("response.completed", "response.incomplete"):
                final = event.response
    details = final.incomplete_details
    return (
        "".join(getattr(part, "text", "") for item in final.output if item.type == "message" for part in item.content),
        "".join(part.text for item in final.output if item.type == "reasoning" for part in item.summary),
        [(item.name, json.loads(item.arguments)) for item in final.output if item.type == "function_call"],
        details.reason if details else final.status,
        final.usage.input_tokens,
        final.usage.output_tokens,
    )


JUDGES: dict[str, tuple[Callable[[bytes], Judged], dict[Reason, str]]] = {
    "anthropic": (
        by_anthropic,
        {
            Reason.DONE: "end_turn",
            Reason.TOOLS: "tool_use",
            Reason.LENGTH: "max_tokens",
            Reason.REFUSED: "refusal",
            Reason.STOP_SEQUENCE: "stop_sequence",
        },
    ),
    "openai_chat": (
        by_chat,
        {
            Reason.DONE: "stop",
            Reason.TOOLS: "tool_calls",
            Reason.LENGTH: "length",
            Reason.REFUSED: "content_filter",
            Reason.STOP_SEQUENCE: "stop",
        },
    ),
    "openai_responses": (
        by_responses,
        {
            Reason.DONE: "completed",
            Reason.TOOLS: "completed",
            Reason.LENGTH: "max_output_tokens",
            Reason.REFUSED: "content_filter",
            Reason.STOP_SEQUENCE: "completed",
        },
    ),
}


class VendorStreamTests(SynchronousTestCase):
    """What each vendor's stream becomes."""

    def test_all(self) -> None:
        """All worked vendors are here."""
        self.assertEqual({stream.vendor for stream in STREAMS.values()}, WORKED)

    def judge(self, name: str, events: list[Event], told: Told) -> None:
        """The SDKs of all clients find what the stream says, and nothing else."""
        for client, (judge, words) in JUDGES.items():
            text, reasoning, calls, stop, prompt, output = judge(render(DIALECTS[client].render_stream(ASKED), events))
            self.assertEqual((text, reasoning), (told.text, told.reasoning), (name, client))
            self.assertEqual(calls, list(told.calls), (name, client))
            self.assertEqual(stop, words[told.stop], (name, client))
            self.assertEqual((prompt, output), (told.prompt or 0, told.output or 0), (name, client))

    def failing(self, name: str, events: list[Event], told: Told) -> None:
        """The failure is told to clients of all dialects, with none of their good ends."""
        last = events[-1]
        assert isinstance(last, Failed), (name, last)
        self.assertIs(last.error.kind, told.fails, name)
        for client, end in (
            ("anthropic", b"message_stop"),
            ("openai_chat", b"[DONE]"),
            ("openai_responses", b"response.completed"),
        ):
            data = render(DIALECTS[client].render_stream(ASKED), events)
            self.assertIn(b"error", data, (name, client))
            self.assertNotIn(end, data, (name, client))

    def replay(self, name: str) -> None:
        """One stream, read and told."""
        stream = STREAMS[name]
        events, told = events_of(stream), stream.told
        if told.fails is not None:
            self.failing(name, events, told)
            return
        response = fold(events)
        self.assertEqual("".join(one.text for one in response.blocks if isinstance(one, Text)), told.text, name)
        thoughts = "".join(one.text for one in response.blocks if isinstance(one, Thinking))
        self.assertEqual(thoughts, told.reasoning, name)
        calls = [one for one in response.blocks if isinstance(one, ToolUse)]
        self.assertEqual([(one.name, json.loads(one.arguments or "{}")) for one in calls], list(told.calls), name)
        self.assertEqual(len({one.id for one in calls}), len(calls), name)
        self.assertIs(response.stop.reason, told.stop, name)
        usage = response.usage
        counted = (usage.prompt or None, usage.output, usage.cache_read or None)
        self.assertEqual(counted, (told.prompt, told.output, told.cached), name)
        self.judge(name, events, told)


def _test(name: str) -> Callable[[VendorStreamTests], None]:
    def test(self: VendorStreamTests) -> None:
        self.replay(name)

    test.__doc__ = f"The stream of {name}, however it is cut, is what the SDKs of all clients read."
    return test


for _name in STREAMS:
    setattr(VendorStreamTests, f"test_{_name.replace(' ', '_')}", _test(_name))
