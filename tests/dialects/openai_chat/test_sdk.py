"""The official openai SDK as the judge: of what we ask upstreams, and of what its users get from us."""

from collections.abc import Iterable
from typing import Any
from unittest import SkipTest

from attrs import evolve
from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.errors import render_error
from ccproxy.dialects.openai_chat.outgoing import render_request
from ccproxy.dialects.openai_chat.rendering import Renderer
from ccproxy.dialects.openai_chat.responses import render_response
from ccproxy.dialects.quirks import Quirks, ReasoningControl
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import (
    Choose,
    Citation,
    Effort,
    Inline,
    Media,
    Medium,
    Output,
    Reasoning,
    Request,
    Role,
    Sampling,
    Text,
    Think,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
)
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.jsontext import loads
from tests.support.legal_streams import legal_streams
from tests.support.streams import render
from tests.support.typed_dicts import problems

try:
    import httpx2 as httpx
    import openai
    from openai.lib.streaming.chat import ChatCompletionStreamState
    from openai.types.chat import ChatCompletion, ChatCompletionMessage
    from openai.types.chat import completion_create_params as params
except ImportError as error:
    raise SkipTest(f"the openai SDK is not installed: {error}") from error

PAGES = [Citation(f"https://{name}.test/", name) for name in "abc"]
PNG = Media(Medium.IMAGE, Inline("image/png", "AAAA"))
PDF = Media(Medium.DOCUMENT, Inline("application/pdf", "JVBE"), "a.pdf")
MARKED = {"anthropic": {"cache_control": {"type": "ephemeral"}}}
OPENAI = Quirks(
    vendor="openai",
    model="gpt-5.6",
    max_tokens_field="max_completion_tokens",
    system_role="developer",
    documents=True,
    strict_tools=True,
    efforts={"off": "none", "high": "high"},
    reasoning=ReasoningControl.EFFORT,
    cache_key=True,
    cache_breakpoints=True,
    user_field="safety_identifier",
)
EVERYTHING = Request(
    model="claude",
    turns=(
        Turn(Role.SYSTEM, (Text("a"), Text("b", MARKED))),
        Turn(Role.USER, (Text("look"), PNG, PDF)),
        Turn(
            Role.ASSISTANT, (Thinking("hm", "foreign"), Text("ok"), ToolUse("i", "A", '{"x":1}'), ToolUse("j", "B", ""))
        ),
        Turn(
            Role.USER,
            (ToolResult("j", (Text("r"), PNG)), ToolResult("i", (), failed=True, extras=MARKED), Text("go", MARKED)),
        ),
        Turn(Role.SYSTEM, (Text("late"),)),
    ),
    tools=(
        Tool("A", "does a", {"type": "object", "properties": {"x": {"type": "integer"}}}),
        Tool("B", "", {"type": "object", "properties": {}, "required": [], "additionalProperties": False}, strict=True),
    ),
    tool_choice=ToolChoice(Choose.NAMED, "A", parallel=False),
    sampling=Sampling(100, 0.5, 0.9, 5, ("x", "y")),
    reasoning=Reasoning(Think.ADAPTIVE, Effort.HIGH),
    output=Output({"type": "object", "properties": {}}),
    user="u",
    session="s",
)


def body_of(request: Request, quirks: Quirks) -> Any:
    """The body that an upstream gets."""
    return loads(render_request(request, quirks).body)


def judged(body: Any) -> list[str]:
    """What the SDK has against a body that we send."""
    kind = params.CompletionCreateParamsStreaming if body["stream"] else params.CompletionCreateParamsNonStreaming
    return problems(body, kind)


class RequestTests(SynchronousTestCase):
    """What we ask OpenAI for."""

    def test_everything(self) -> None:
        """A request with all there is has no field that the SDK does not know, and none of a wrong type."""
        for quirks in (OPENAI, evolve(OPENAI, images=False, documents=False, schema_output=False), Quirks()):
            body = body_of(EVERYTHING, quirks)
            self.assertEqual(judged(body), [])

    def test_judge(self) -> None:
        """The judge is awake: it finds a misspelt field, a wrong type and a missing key, deep within."""
        body = body_of(EVERYTHING, OPENAI)
        body["max_token"] = 5
        body["messages"][1]["content"][0]["txt"] = "x"
        body["messages"][3]["tool_call_id"] = 7
        del body["tools"][0]["function"]["name"]
        found = judged(body)
        for path in ("$.max_token:", "$.messages[1]", "$.messages[3]", "$.tools[0]"):
            self.assertTrue(any(problem.startswith(path) for problem in found), (path, found))

    def test_choices(self) -> None:
        """Every tool choice is one that the SDK knows."""
        for choose in Choose:
            body = body_of(evolve(EVERYTHING, tool_choice=ToolChoice(choose, "A")), OPENAI)
            self.assertEqual(judged(body), [], choose)


def accumulated(events: Iterable[Event]) -> Any:
    """The completion that the SDK makes of a stream, over its own client and its own reader of frames."""
    request = Request("asked", (), extras={"openai_chat": {"stream_options": {"include_usage": True}}})
    state = ChatCompletionStreamState()
    for chunk in client(render(Renderer(request), events), "text/event-stream").chat.completions.create(
        model="asked", messages=[{"role": "user", "content": "x"}], stream=True
    ):
        state.handle_chunk(chunk)
    return state.get_final_completion()


def client(data: bytes, content_type: str, status: int = 200) -> Any:
    """An SDK client whose every request is answered by `data`."""
    transport = httpx.MockTransport(
        lambda _: httpx.Response(status, content=data, headers={"content-type": content_type})
    )
    return openai.OpenAI(
        api_key="x", base_url="http://test", max_retries=0, http_client=httpx.Client(transport=transport)
    )


def calls(message: Any) -> list[tuple[str, str, Any]]:
    """The calls of a message as the SDK has them."""
    return [(call.id, call.function.name, loads(call.function.arguments)) for call in message.tool_calls or []]


class StreamTests(SynchronousTestCase):
    """What users of the SDK get."""

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(legal_streams())
    def test_any(self, events: list[Event]) -> None:
        """Of any stream the SDK makes a completion with the same words, calls and counts."""
        # A content filter and a cut answer are exceptions of the SDK's own.
        told = [evolve(event, stop=Stop(Reason.DONE)) if isinstance(event, Finished) else event for event in events]
        response = fold(told)
        completion = accumulated(told)
        message = completion.choices[0].message
        text = "".join(block.text for block in response.blocks if isinstance(block, Text))
        self.assertEqual("".join((message.content or "").split()), "".join(text.split()))
        expected = [
            (block.id, block.name, loads(block.arguments or "{}"))
            for block in response.blocks
            if isinstance(block, ToolUse)
        ]
        self.assertEqual(calls(message), expected)
        self.assertEqual(completion.usage.prompt_tokens, response.usage.prompt)
        self.assertEqual(completion.usage.completion_tokens, response.usage.output)
        self.assertEqual(completion.choices[0].finish_reason, "tool_calls" if expected else "stop")

    def test_interleaved(self) -> None:
        """Two calls that come at once are two calls."""
        told: list[Event] = [
            Started("x", "m", Usage()),
            BlockStarted(0, ToolUse("i", "A", "")),
            BlockDelta(0, '{"a'),
            BlockStarted(2, ToolUse("j", "B", "")),
            BlockDelta(2, '{"b'),
            BlockDelta(0, '":1}'),
            BlockDelta(2, '":2}'),
            BlockStopped(2),
            BlockStopped(0),
            Finished(Stop(Reason.TOOLS), Usage(1, 2)),
        ]
        message = accumulated(told).choices[0].message
        self.assertEqual(calls(message), [("i", "A", {"a": 1}), ("j", "B", {"b": 2})])

    def test_reasoning(self) -> None:
        """Reasoning is joined, and a seal beside it survives the SDK's accumulator whole."""
        told: list[Event] = [
            Started("x", "m", Usage()),
            BlockStarted(0, Thinking("")),
            BlockDelta(0, "h"),
            BlockDelta(0, "m"),
            BlockStopped(0, "px1.abc"),
            BlockStarted(1, Text("")),
            BlockDelta(1, "x"),
            BlockStopped(1),
            Finished(Stop(Reason.DONE), Usage(1, 2)),
        ]
        message = accumulated(told).choices[0].message
        self.assertEqual(message.reasoning_content, "hm")
        self.assertEqual(message.reasoning_details[0]["data"], "px1.abc")

    def test_citations(self) -> None:
        """Pages of several texts are each their own, at the place of their text among all of the content: as Claude's
        searches cite, one text after the other. The SDK joins what has the same index, so an index never comes
        twice."""
        texts = (Text("One. ", citations=tuple(PAGES[:2])), Text("Two."), Text("Three.", citations=(PAGES[2],)))
        reply = Response("r", "m", texts, Stop(Reason.DONE), Usage(1, 1))
        for message in (
            accumulated(unfold(reply)).choices[0].message,
            ChatCompletion.model_validate(loads(render_response(reply, Request("asked", ())))).choices[0].message,
        ):
            told = [ChatCompletionMessage.model_validate(message.model_dump()).annotations or []]
            pages = [one.url_citation for each in told for one in each]
            self.assertEqual([page.url for page in pages], [page.url for page in PAGES])
            self.assertEqual(message.content, "One. Two.Three.")
            places = [message.content[page.start_index : page.end_index] for page in pages]
            self.assertEqual(places, ["One. ", "One. ", "Three."])

    def test_failure(self) -> None:
        """An error within a stream is an exception with its message."""
        with self.assertRaises(openai.APIError) as caught:
            accumulated([Started("x", "m", Usage()), Failed(ApiError(Kind.BROKEN, "gone"))])
        self.assertEqual(caught.exception.message, "gone")

    def test_whole(self) -> None:
        """A whole reply is a completion, strictly."""
        response = Response("x", "m", (Text("a"), ToolUse("i", "A", "")), Stop(Reason.TOOLS), Usage(1, 2))
        data = render_response(response, Request("asked", ()))
        ChatCompletion.model_validate(loads(data), strict=False)
        completion = client(data, "application/json").chat.completions.create(model="asked", messages=[])
        self.assertEqual(completion.choices[0].message.content, "a")
        self.assertEqual(calls(completion.choices[0].message), [("i", "A", {})])

    def test_errors(self) -> None:
        """Errors are the SDK's own exceptions, with our message in them."""
        for kind, exception in (
            (Kind.INVALID, openai.BadRequestError),
            (Kind.AUTH, openai.AuthenticationError),
            (Kind.NO_ROUTE, openai.NotFoundError),
            (Kind.RATE, openai.RateLimitError),
            (Kind.OVERLOADED, openai.InternalServerError),
        ):
            answer = render_error(ApiError(kind, "words"), "req_1")
            with self.assertRaises(exception) as caught:
                client(answer.body, answer.content_type, answer.status).chat.completions.create(model="m", messages=[])
            self.assertIn("words", str(caught.exception))
