"""The official `openai` SDK judges what this dialect writes: requests by its types, streams by its accumulator."""

import json
import typing
from collections.abc import Mapping
from typing import Any

import httpx2 as httpx
import openai
import typing_extensions
from hypothesis import given, settings
from openai import APIError
from openai.types.responses import Response as SdkResponse
from openai.types.responses import response_create_params, response_stream_event
from pydantic import TypeAdapter
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_responses.dialect import OPENAI_RESPONSES
from ccproxy.model.events import Event
from ccproxy.model.messages import Request, Role, Text, Tool, Turn
from ccproxy.model.replies import fold
from tests.dialects.openai_responses.conversations import CONVERSATIONS, RICH_QUIRKS
from tests.support.legal_streams import TOOL_NAMES, legal_streams
from tests.support.streams import render

_EVENT: TypeAdapter[Any] = TypeAdapter(response_stream_event.ResponseStreamEvent)
_PARAMS: TypeAdapter[Any] = TypeAdapter(response_create_params.ResponseCreateParamsStreaming)

REQUEST = Request(
    "gpt-5.6",
    (Turn(Role.USER, (Text("Hi"),)),),
    tools=tuple(Tool(name, "", {"type": "object", "properties": {}}) for name in TOOL_NAMES),
    stream=True,
)


def unknown_keys(value: Any, annotation: Any, path: str = "") -> list[str]:
    """The keys of `value` that no type of the SDK has at this place: a TypedDict's own check lets them pass."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin in (typing.Required, typing.NotRequired, typing_extensions.Required, typing_extensions.NotRequired):
        return unknown_keys(value, arguments[0], path)
    if origin is typing.Annotated:
        return unknown_keys(value, arguments[0], path)
    if isinstance(value, dict):
        if typing_extensions.is_typeddict(annotation):
            hints = typing_extensions.get_type_hints(annotation, include_extras=True)
            found = [f"{path}.{key}" for key in value if key not in hints]
            for key, each in value.items():
                if key in hints:
                    found += unknown_keys(each, hints[key], f"{path}.{key}")
            return found
        if arguments and origin is not typing.Literal and not _is_mapping(origin):
            return _best(value, arguments, path)
        return [] if annotation in (object, Any) or _is_mapping(origin or annotation) else [path]
    if isinstance(value, list):
        if typing.get_origin(annotation) is typing.Union or str(origin).startswith("<class 'types.UnionType"):
            return _best(value, arguments, path)
        if arguments:
            return [
                key for index, each in enumerate(value) for key in unknown_keys(each, arguments[0], f"{path}[{index}]")
            ]
    return []


def _is_mapping(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Mapping)


def _best(value: Any, choices: tuple[Any, ...], path: str) -> list[str]:
    """The keys unknown to that member of a union which knows most, among those that the value validates as."""
    found = []
    for choice in choices:
        try:
            TypeAdapter(choice).validate_python(value)
        except Exception:
            continue
        found.append(unknown_keys(value, choice, path))
    return min(found, key=len) if found else [path]


def stream_client(body: bytes) -> openai.OpenAI:
    """The SDK against an upstream that answers every request with this stream."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    transport = httpx.MockTransport(answer)
    return openai.OpenAI(api_key="k", base_url="http://proxy/v1", http_client=httpx.Client(transport=transport))


class RequestTests(SynchronousTestCase):
    """The SDK's types know every field that we send."""

    def test_the_judge_is_awake(self) -> None:
        """A misspelt field and a wrong value are found, wherever they stand."""
        good: dict[str, Any] = {"model": "m", "stream": True, "input": [{"role": "user", "content": "x"}]}
        kind = response_create_params.ResponseCreateParamsStreaming
        self.assertEqual(unknown_keys(good, kind), [])
        self.assertEqual(unknown_keys({**good, "max_tokens": 1}, kind), [".max_tokens"])
        reasoning = {**good, "reasoning": {"effort": "low", "sumary": "auto"}}
        self.assertEqual(unknown_keys(reasoning, kind), [".reasoning.sumary"])
        item = {**good["input"][0], "colour": "red"}
        self.assertEqual(unknown_keys({**good, "input": [item]}, kind), [".input[0].colour"])

    def test_rendered_requests(self) -> None:
        """Every conversation of the tests is a request that the SDK could have sent."""
        for name, request in CONVERSATIONS.items():
            body = json.loads(OPENAI_RESPONSES.render_request(request, RICH_QUIRKS).body)
            _PARAMS.validate_python(body)
            self.assertEqual(unknown_keys(body, response_create_params.ResponseCreateParamsStreaming), [], name)


class StreamTests(SynchronousTestCase):
    """The SDK's accumulator follows every stream that we write."""

    @settings(derandomize=True, max_examples=40, deadline=None)
    @given(legal_streams())
    def test_accumulated(self, events: list[Event]) -> None:
        """Whatever legal stream is told, the SDK sees each delta in its place, and the final response has the texts
        and the calls of the model's own fold."""
        expected = fold(events)
        body = render(OPENAI_RESPONSES.render_stream(REQUEST), events)
        kinds = []
        final: Any = None
        with stream_client(body).responses.stream(model="m", input="Hi") as stream:
            for event in stream:
                kinds.append(event.type)
                if event.type in ("response.completed", "response.incomplete"):
                    final = event.response
        self.assertEqual(kinds[:2], ["response.created", "response.in_progress"])
        self.assertIsNotNone(final)
        texts = [block.text for block in expected.blocks if isinstance(block, Text)]
        self.assertEqual([item.content[0].text for item in final.output if item.type == "message"], texts)
        calls = [block for block in expected.blocks if not isinstance(block, Text) and hasattr(block, "arguments")]
        told = [item for item in final.output if item.type == "function_call"]
        self.assertEqual([item.name for item in told], [call.name for call in calls])
        self.assertEqual(
            [json.loads(item.arguments) for item in told], [json.loads(call.arguments or "{}") for call in calls]
        )
        self.assertEqual(final.usage.total_tokens, expected.usage.prompt + (expected.usage.output or 0))

    @settings(derandomize=True, max_examples=20, deadline=None)
    @given(legal_streams(failing=True))
    def test_failures(self, events: list[Event]) -> None:
        """A stream that fails ends for the SDK with an exception, and for those who read on with a failed response."""
        body = render(OPENAI_RESPONSES.render_stream(REQUEST), events)
        with stream_client(body).responses.stream(model="m", input="Hi") as stream:
            error = self.assertRaises(APIError, list, stream)
        self.assertEqual((error.code, error.message), ("server_is_overloaded", "the upstream gave up"))
        self.assertIn(b"event: response.failed\n", body)

    @settings(derandomize=True, max_examples=30, deadline=None)
    @given(legal_streams())
    def test_whole_replies(self, events: list[Event]) -> None:
        """A whole reply satisfies the SDK's strict type, and equals what the stream's last event has."""
        body = OPENAI_RESPONSES.render_response(fold(events), REQUEST)
        reply = SdkResponse.model_validate_json(body)
        self.assertEqual(reply.object, "response")
        self.assertEqual([item.type for item in reply.output], [item["type"] for item in json.loads(body)["output"]])

    @settings(derandomize=True, max_examples=30, deadline=None)
    @given(legal_streams())
    def test_each_event_has_its_type(self, events: list[Event]) -> None:
        """Every event that we write satisfies the SDK's strict type of that event."""
        body = render(OPENAI_RESPONSES.render_stream(REQUEST), events)
        written = [data[6:] for data in body.split(b"\n") if data.startswith(b"data: ")]
        self.assertGreaterEqual(len(written), len(events))
        for data in written:
            _EVENT.validate_json(data)
