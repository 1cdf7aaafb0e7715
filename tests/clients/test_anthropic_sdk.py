"""Anthropic's own SDK as the judge of our streams and replies, without a network."""

import warnings
from typing import Any
from unittest import SkipTest

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.errors import render_error
from ccproxy.dialects.anthropic.responses import render_response
from ccproxy.dialects.anthropic.writing import Renderer
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Reasoning, Request, Searched, Source, Text, Think, Thinking, Tool, ToolUse, WebSearch
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.jsontext import loads
from tests.support.legal_streams import TOOL_NAMES, legal_streams
from tests.support.streams import render

try:
    import anthropic
    import httpx2
    from anthropic.types import Message
except ImportError as error:
    raise SkipTest(f"the anthropic SDK is not installed: {error}") from error

REQUEST = Request(
    "claude-opus-5-5",
    (),
    tools=(*(Tool(name, "", {}) for name in TOOL_NAMES), WebSearch()),
    reasoning=Reasoning(Think.ADAPTIVE),
)


def client(status: int, body: bytes, content_type: str) -> anthropic.Anthropic:
    """The SDK, with a transport that answers everything so."""

    def answer(_: Any) -> Any:
        return httpx2.Response(status, headers={"content-type": content_type}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return anthropic.Anthropic(api_key="none", base_url="http://sdk.test", http_client=http, max_retries=0)


def streamed(data: bytes) -> Message:
    """The message that the SDK gathers from a stream."""
    question: Any = [{"role": "user", "content": "Hi"}]
    with (
        client(200, data, "text/event-stream; charset=utf-8") as sdk,
        sdk.messages.stream(model="claude-opus-5-5", max_tokens=9, messages=question) as stream,
    ):
        return stream.get_final_message()


def whole(status: int, data: bytes) -> Message:
    """The message that the SDK reads whole."""
    question: Any = [{"role": "user", "content": "Hi"}]
    with client(status, data, "application/json") as sdk:
        return sdk.messages.create(model="claude-opus-5-5", max_tokens=9, messages=question)


def told(response: Response) -> list[tuple[Any, ...]]:
    """What a client must find in a message that says this."""
    blocks: list[tuple[Any, ...]] = []
    for block in response.blocks:
        match block:
            case Text(text):
                blocks.append(("text", text))
            case Thinking(text, seal):
                blocks.append(("thinking", text, seal))
            case ToolUse(id, name, arguments):
                blocks.append(("tool_use", id, name, loads(arguments or "{}")))
    return blocks


def found(message: Message) -> list[tuple[Any, ...]]:
    """What it finds."""
    blocks: list[tuple[Any, ...]] = []
    for block in message.content:
        match block.type:
            case "text":
                blocks.append(("text", block.text))
            case "thinking":
                blocks.append(("thinking", block.thinking, block.signature))
            case "tool_use":
                blocks.append(("tool_use", block.id, block.name, block.input))
    return blocks


class SdkTests(SynchronousTestCase):
    """What users of the SDK get."""

    def setUp(self) -> None:
        catch = warnings.catch_warnings()
        catch.__enter__()
        self.addCleanup(catch.__exit__, None, None, None)
        warnings.simplefilter("ignore")

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(legal_streams())
    def test_streams(self, events: list[Event]) -> None:
        """Any stream of ours gives the SDK the message that was said, with its usage."""
        message = streamed(render(Renderer(REQUEST), events))
        meant = fold(events)
        self.assertEqual(found(message), told(meant))
        usage = message.usage
        self.assertEqual(
            (usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens),
            (meant.usage.input, meant.usage.output, meant.usage.cache_read, meant.usage.cache_written),
        )
        self.assertEqual(message.model, "claude-opus-5-5")
        Message.model_validate(message.to_dict())

    @settings(derandomize=True, max_examples=40, deadline=None)
    @given(legal_streams())
    def test_whole(self, events: list[Event]) -> None:
        """Any whole reply of ours is a message by the SDK's strict types, and says the same."""
        data = render_response(fold(events), REQUEST)
        Message.model_validate_json(data)
        self.assertEqual(found(whole(200, data)), told(fold(events)))

    def test_search(self) -> None:
        """A search is what the SDK knows as one, and a refusal explains itself."""
        search = Searched("ws_1", "ants", (Source("https://a.test", "A"),))
        stop = Stop(Reason.REFUSED, "content_filter", explanation="Not that.")
        response = Response("x", "m", (search, Thinking("", "ENC", withheld=True)), stop, Usage())
        for message in (
            streamed(render(Renderer(REQUEST), unfold(response))),
            whole(200, render_response(response, REQUEST)),
        ):
            Message.model_validate(message.to_dict())
            call, result, redacted = message.content
            assert call.type == "server_tool_use" and result.type == "web_search_tool_result"
            self.assertEqual(call.input, {"query": "ants"})
            assert isinstance(result.content, list)
            self.assertEqual(result.content[0].url, "https://a.test")
            self.assertEqual(redacted.type, "redacted_thinking")
            assert message.stop_details is not None
            self.assertEqual((message.stop_reason, message.stop_details.explanation), ("refusal", "Not that."))

    def test_pings_and_pulses(self) -> None:
        """Signs of life in every place change nothing."""
        renderer = Renderer(REQUEST)
        events = [
            Started("x", "m", Usage()),
            *unfold(
                Response(
                    "x", "m", (Thinking("Hm", "S"), Text("Hi"), ToolUse("a", "Bash", "{}")), Stop(Reason.DONE), Usage()
                )
            ),
        ]
        data = b""
        for event in events[1:]:
            data += renderer.render(event) + renderer.ping() + renderer.pulse()
        self.assertEqual(
            [block[:2] for block in found(streamed(data))], [("thinking", "Hm"), ("text", "Hi"), ("tool_use", "a")]
        )

    def test_error_in_the_stream(self) -> None:
        """A stream that fails raises the SDK's error with our words, never a message."""
        failed = [Started("x", "m", Usage()), BlockStarted(0, Text("")), Failed(ApiError(Kind.OVERLOADED, "Full."))]
        error = self.assertRaises(anthropic.APIStatusError, streamed, render(Renderer(REQUEST), failed))
        self.assertIn("Full.", str(error))

    def test_errors(self) -> None:
        """Each error raises the exception that the SDK has for it, with our words."""
        for kind, expected in (
            (Kind.INVALID, anthropic.BadRequestError),
            (Kind.AUTH, anthropic.AuthenticationError),
            (Kind.FORBIDDEN, anthropic.PermissionDeniedError),
            (Kind.NO_ROUTE, anthropic.NotFoundError),
            (Kind.RATE, anthropic.RateLimitError),
            (Kind.BROKEN, anthropic.InternalServerError),
        ):
            answer = render_error(ApiError(kind, "Sorry."), "req_1")
            error = self.assertRaises(expected, whole, answer.status, answer.body)
            self.assertIn("Sorry.", str(error))

    def test_empty(self) -> None:
        """An answer without content is a message."""
        events = [
            Started("x", "m", Usage()),
            BlockStarted(0, Text("")),
            BlockStopped(0),
            Finished(Stop(Reason.DONE), Usage()),
        ]
        self.assertEqual(streamed(render(Renderer(REQUEST), events)).content, [])
