"""Streams and replies as OpenAI clients get them."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.rendering import Renderer
from ccproxy.dialects.openai_chat.responses import parse_response, render_response
from ccproxy.dialects.openai_chat.streams import Parser
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import (
    Inline,
    Media,
    Medium,
    Opaque,
    Remote,
    Request,
    Searched,
    Stored,
    Text,
    Thinking,
    Tool,
    ToolUse,
)
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.jsontext import loads
from ccproxy.wire.sse import Decoder
from tests.support.legal_streams import legal_streams
from tests.support.streams import parse, render

PLAIN = Request("asked", ())
WITH_USAGE = Request("asked", (), extras={"openai_chat": {"stream_options": {"include_usage": True}}})
SEAL = "px1.abc"


def clock() -> float:
    """The time of all answers here."""
    return 1700000000.9


def frames(data: bytes) -> list[Any]:
    """The data of each frame, parsed but for the end mark."""
    decoder = Decoder()
    return [
        frame.data.decode() if frame.data == b"[DONE]" else loads(frame.data)
        for frame in [*decoder.feed(data), *decoder.close()]
    ]


def streamed(events: Iterable[Event], request: Request = PLAIN) -> list[Any]:
    """What a client sees of these events."""
    return frames(render(Renderer(request, clock), events))


def deltas(*blocks: Any, stop: Reason = Reason.DONE) -> list[Any]:
    """The deltas of a reply of these blocks, without the role's and the finish reason's."""
    response = Response("x", "m", blocks, Stop(stop), Usage())
    return [frame["choices"][0]["delta"] for frame in streamed(unfold(response))[1:-2]]


class StreamTests(SynchronousTestCase):
    """Frames of a stream."""

    def test_text(self) -> None:
        """The role once and first, text as it comes, the finish reason once and last, and the end mark."""
        events = [
            Started("up_1", "upstream-model", Usage()),
            BlockStarted(0, Text("")),
            BlockDelta(0, 'He said "hi"'),
            BlockDelta(0, "\n世"),
            BlockStopped(0),
            Finished(Stop(Reason.DONE), Usage(1, 2)),
        ]
        top = {"id": "chatcmpl-up_1", "object": "chat.completion.chunk", "created": 1700000000, "model": "asked"}
        self.assertEqual(
            streamed(events),
            [
                {**top, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
                for delta, finish in (
                    ({"role": "assistant", "content": ""}, None),
                    ({"content": 'He said "hi"'}, None),
                    ({"content": "\n世"}, None),
                    ({}, "stop"),
                )
            ]
            + ["[DONE]"],
        )

    def test_usage(self) -> None:
        """Usage is a chunk of its own behind the finish reason, for who asked; its prompt includes what was cached."""
        events = [
            Started("x", "m", Usage(input=7, cache_read=3)),
            Finished(Stop(Reason.DONE), Usage(output=5, reasoning=2)),
        ]
        told = streamed(events, WITH_USAGE)
        self.assertEqual(told[-2]["choices"], [])
        self.assertEqual(
            told[-2]["usage"],
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 3},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
        )
        self.assertEqual([frame for frame in streamed(events) if "usage" in frame], [])

    def test_calls(self) -> None:
        """Calls are numbered from 0, whatever their blocks are; id, type and name come once; none without arguments."""
        found = deltas(Thinking("t"), ToolUse("i", "A", '{"a":1}'), ToolUse("j", "B", ""))
        self.assertEqual(
            found[1:],
            [
                {
                    "tool_calls": [
                        {"index": 0, "id": "i", "type": "function", "function": {"name": "A", "arguments": ""}}
                    ]
                },
                {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]},
                {
                    "tool_calls": [
                        {"index": 1, "id": "j", "type": "function", "function": {"name": "B", "arguments": ""}}
                    ]
                },
                {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
            ],
        )

    def test_names(self) -> None:
        """A tool is called by the name under which the client declared it."""
        request = Request("asked", (), tools=(Tool("Read", "", {}),))
        told = streamed(unfold(Response("x", "m", (ToolUse("i", "read", ""),), Stop(Reason.TOOLS), Usage())), request)
        self.assertEqual(told[1]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"], "Read")

    def test_reasoning(self) -> None:
        """Reasoning has the field that clients know, and its seal travels where agents send it back from."""
        detail = {"type": "reasoning.encrypted", "data": SEAL, "format": "unknown", "index": 0}
        self.assertEqual(
            deltas(Thinking("hm", SEAL), Text("x")),
            [{"reasoning_content": "hm"}, {"reasoning_details": [detail]}, {"content": "x"}],
        )

    def test_paragraphs(self) -> None:
        """Texts with something else between them are apart; neighbours are not."""
        use = ToolUse("i", "A", "{}")
        words = [delta["content"] for delta in deltas(Text("a"), use, Text("b"), Text("c")) if "content" in delta]
        self.assertEqual(words, ["a", "\n\nb", "c"])

    def test_pictures(self) -> None:
        """A picture comes whole, as OpenRouter tells one, and numbered; one that no address names is left out."""
        first, nowhere = Media(Medium.IMAGE, Inline("image/png", "aGk=")), Media(Medium.IMAGE, Stored("file_1"))
        second = Media(Medium.IMAGE, Remote("https://a.test/b.png"))
        urls = ("data:image/png;base64,aGk=", "https://a.test/b.png")
        written = [
            {"images": [{"index": index, "type": "image_url", "image_url": {"url": url}}]}
            for index, url in enumerate(urls)
        ]
        self.assertEqual(deltas(first, nowhere, second), written)
        response = Response("x", "m", (first, nowhere, second), Stop(Reason.DONE), Usage())
        message = loads(render_response(response, PLAIN, clock))["choices"][0]["message"]
        self.assertEqual(message["images"], [one["images"][0] for one in written])

    def test_silent_blocks(self) -> None:
        """What this dialect has no word for is not told."""
        self.assertEqual(deltas(Searched("s", "q"), Opaque("anthropic", {"type": "x"})), [])

    def test_finish(self) -> None:
        """Our reasons in OpenAI's words; calls decide, unless the answer was cut or declined."""
        use = ToolUse("i", "A", "{}")
        for blocks, reason, word in (
            ((), Reason.DONE, "stop"),
            ((), Reason.STOP_SEQUENCE, "stop"),
            ((), Reason.TOOLS, "stop"),
            ((), Reason.LENGTH, "length"),
            ((), Reason.WINDOW, "length"),
            ((), Reason.REFUSED, "content_filter"),
            ((), Reason.OTHER, "stop"),
            ((use,), Reason.DONE, "tool_calls"),
            ((use,), Reason.TOOLS, "tool_calls"),
            ((use,), Reason.LENGTH, "length"),
        ):
            response = Response("x", "m", blocks, Stop(reason), Usage())
            self.assertEqual(streamed(unfold(response))[-2]["choices"][0]["finish_reason"], word, reason)
            whole = loads(render_response(response, PLAIN, clock))
            self.assertEqual(whole["choices"][0]["finish_reason"], word, reason)

    def test_failure(self) -> None:
        """A failure is an error that clients raise on, with no end mark behind it."""
        events = [Started("x", "m", Usage()), Failed(ApiError(Kind.OVERLOADED, "busy"))]
        error = {"message": "busy", "type": "server_error", "param": None, "code": "server_overloaded"}
        self.assertEqual(streamed(events)[1:], [{"error": error}])

    def test_ping(self) -> None:
        """A ping is a comment, which no client sees; more than that is never needed."""
        renderer = Renderer(PLAIN)
        self.assertEqual(frames(renderer.ping()), [])
        self.assertTrue(renderer.ping().endswith(b"\n\n"))
        self.assertEqual(renderer.pulse(), b"")


class WholeTests(SynchronousTestCase):
    """Whole replies."""

    def whole(self, *blocks: Any, stop: Stop | None = None) -> Any:
        response = Response("x", "m", blocks, stop or Stop(Reason.DONE), Usage(1, 2))
        return loads(render_response(response, PLAIN, clock))

    def test_reply(self) -> None:
        """A reply has all that the dialect promises, with the model's name as the client asked for it."""
        self.assertEqual(
            self.whole(Thinking("hm", SEAL), Text("a"), ToolUse("i", "A", ""), Text("b")),
            {
                "id": "chatcmpl-x",
                "object": "chat.completion",
                "created": 1700000000,
                "model": "asked",
                "choices": [
                    {
                        "index": 0,
                        "message": {
                            "role": "assistant",
                            "content": "a\n\nb",
                            "refusal": None,
                            "reasoning_content": "hm",
                            "reasoning_details": [
                                {"type": "reasoning.encrypted", "data": SEAL, "format": "unknown", "index": 0}
                            ],
                            "tool_calls": [
                                {"id": "i", "type": "function", "function": {"name": "A", "arguments": "{}"}}
                            ],
                        },
                        "logprobs": None,
                        "finish_reason": "tool_calls",
                    }
                ],
                "usage": {
                    "prompt_tokens": 1,
                    "completion_tokens": 2,
                    "total_tokens": 3,
                    "prompt_tokens_details": {"cached_tokens": 0},
                },
            },
        )

    def test_refusal(self) -> None:
        """A refusal without other words is told in its own field."""
        message = self.whole(stop=Stop(Reason.REFUSED, explanation="no"))["choices"][0]["message"]
        self.assertEqual((message["content"], message["refusal"]), (None, "no"))

    def test_cut_call(self) -> None:
        """A call that the limit cut is left out; one that is broken for no reason is an error."""
        cut = ToolUse("i", "A", '{"a": "b')
        message = self.whole(Text("x"), cut, stop=Stop(Reason.LENGTH))["choices"][0]["message"]
        self.assertNotIn("tool_calls", message)
        with self.assertRaises(ApiError) as caught:
            self.whole(cut, stop=Stop(Reason.TOOLS))
        self.assertIs(caught.exception.kind, Kind.BROKEN)


class RoundTripTests(SynchronousTestCase):
    """What is written is read again as the same."""

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(legal_streams())
    def test_streams(self, events: list[Event]) -> None:
        """Any stream comes back with the same words, reasoning, calls, usage and reason."""
        data = render(Renderer(WITH_USAGE, clock), events)
        self.assertEqual(essence(fold(parse(Parser(Quirks()), [data]))), essence(fold(events)))

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(legal_streams())
    def test_replies(self, events: list[Event]) -> None:
        """So does any whole reply."""
        response = fold(events)
        again = parse_response(render_response(response, PLAIN, clock), Quirks())
        self.assertEqual(essence(again), essence(response))

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(legal_streams(failing=True))
    def test_failing(self, events: list[Event]) -> None:
        """A stream that breaks off is read as broken off, wherever that was."""
        read = parse(Parser(Quirks()), [render(Renderer(PLAIN, clock), events)])
        last = read[-1]
        assert isinstance(last, Failed)
        self.assertEqual((last.error.kind, last.error.message), (Kind.OVERLOADED, "the upstream gave up"))


def essence(response: Response) -> tuple[Any, ...]:
    """All of a reply that this dialect can say. It has one text and one reasoning: they come back joined, without
    blanks at their borders."""
    words = {Text: "", Thinking: ""}
    for block in response.blocks:
        if isinstance(block, (Text, Thinking)):
            words[type(block)] += "".join(block.text.split())
    calls = [
        (block.id, block.name, loads(block.arguments or "{}"))
        for block in response.blocks
        if isinstance(block, ToolUse)
    ]
    usage = response.usage
    return (words, calls, response.stop.reason, usage.prompt, usage.output, usage.cache_read)
