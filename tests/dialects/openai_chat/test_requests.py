"""Requests of OpenAI clients, read."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.outgoing import render_request
from ccproxy.dialects.openai_chat.requests import parse_request, peek, with_model
from ccproxy.dialects.quirks import Quirks, ReasoningControl
from ccproxy.dialects.seals import seal
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Choose,
    Effort,
    Inline,
    Media,
    Medium,
    Opaque,
    Output,
    Reasoning,
    Remote,
    Request,
    Role,
    Sampling,
    Stored,
    Text,
    Think,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    WebSearch,
)
from ccproxy.wire.jsontext import dumps, loads

HI = [{"role": "user", "content": "Hi"}]


def read(messages: Any = None, **fields: Any) -> Request:
    """The request of a body with these fields."""
    return parse_request({}, dumps({"model": "m", "messages": HI if messages is None else messages, **fields}))


def turns(*messages: Any) -> tuple[Turn, ...]:
    """The turns of these messages."""
    return read(list(messages)).turns


def part(value: Any) -> Any:
    """What a content part of the user becomes."""
    return turns({"role": "user", "content": [value]})[0].parts[0]


class PeekTests(SynchronousTestCase):
    """Just enough to route."""

    def test_peek(self) -> None:
        """Model and stream are found."""
        found = peek(dumps({"messages": HI, "stream": True, "model": "m"}))
        self.assertEqual((found.model, found.stream), ("m", True))
        self.assertFalse(peek(dumps({"messages": HI, "stream": None, "model": "m"})).stream)

    def test_wrong(self) -> None:
        """What is missing or wrong is named."""
        for body, words in (
            (b"{", "not JSON"),
            (b"[]", "an object"),
            (b'{"messages": [1]}', "model:"),
            (b'{"model": 5, "messages": [1]}', "model:"),
            (b'{"model": "m"}', "messages:"),
            (b'{"model": "m", "messages": []}', "messages:"),
            (b'{"model": "m", "messages": [1], "stream": "yes"}', "stream:"),
        ):
            with self.assertRaises(ApiError) as caught:
                peek(body)
            self.assertIs(caught.exception.kind, Kind.INVALID)
            self.assertIn(words, caught.exception.message)

    def test_with_model(self) -> None:
        """Another model's name changes no other byte."""
        body = b'{ "messages": [{"model": "x"}],\n"model" : "m\\u00e9" , "n": 1.0}'
        self.assertEqual(with_model(body, 'a"b'), body.replace(b'"m\\u00e9"', b'"a\\"b"'))


class FieldTests(SynchronousTestCase):
    """Top-level fields."""

    def test_sampling(self) -> None:
        """Limits and sampling in both spellings."""
        self.assertEqual(
            read(max_tokens=5, temperature=0.5, top_p=1, top_k=3, stop="x").sampling, Sampling(5, 0.5, 1, 3, ("x",))
        )
        self.assertEqual(
            read(max_completion_tokens=7, max_tokens=5, stop=["a", "b"]).sampling, Sampling(7, stop=("a", "b"))
        )
        self.assertEqual(read(temperature=None, stop=None).sampling, Sampling())

    def test_reasoning(self) -> None:
        """OpenAI's effort and OpenRouter's object."""
        for fields, reasoning in (
            ({}, Reasoning()),
            ({"reasoning_effort": "none"}, Reasoning(Think.OFF)),
            ({"reasoning_effort": "high"}, Reasoning(Think.ADAPTIVE, Effort.HIGH)),
            ({"reasoning_effort": "default"}, Reasoning(Think.ADAPTIVE)),
            ({"reasoning": {"effort": "xhigh", "exclude": True}}, Reasoning(Think.ADAPTIVE, Effort.XHIGH, shown=False)),
            ({"reasoning": {"max_tokens": 2000}}, Reasoning(Think.BUDGET, budget=2000)),
            ({"reasoning": {"enabled": True}}, Reasoning(Think.ADAPTIVE)),
            ({"reasoning": {"enabled": False}}, Reasoning(Think.OFF)),
        ):
            self.assertEqual(read(**fields).reasoning, reasoning, fields)

    def test_tools(self) -> None:
        """Functions, the older spelling, a search, and what only this dialect knows."""
        schema = {"type": "object", "properties": {"a": {}}}
        function = {"name": "A", "description": "d", "parameters": schema, "strict": True}
        custom = {"type": "custom", "custom": {"name": "C"}}
        found = read(
            tools=[{"type": "function", "function": function}, custom],
            functions=[{"name": "F"}],
            web_search_options={"user_location": {"type": "approximate"}},
        ).tools
        empty = {"type": "object", "properties": {}}
        self.assertEqual(
            found,
            (
                Tool("A", "d", schema, strict=True),
                Opaque("openai_chat", custom),
                Tool("F", "", empty),
                WebSearch(location={"type": "approximate"}),
            ),
        )

    def test_tool_choice(self) -> None:
        """Every form of the choice."""
        for fields, choice in (
            ({}, ToolChoice()),
            ({"tool_choice": "none"}, ToolChoice(Choose.NONE)),
            ({"tool_choice": "required", "parallel_tool_calls": False}, ToolChoice(Choose.ANY, parallel=False)),
            ({"tool_choice": {"type": "function", "function": {"name": "A"}}}, ToolChoice(Choose.NAMED, "A")),
            ({"function_call": {"name": "A"}}, ToolChoice(Choose.NAMED, "A")),
            ({"tool_choice": {"type": "custom", "custom": {"name": "A"}}}, ToolChoice(Choose.NAMED, "A")),
            ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required"}}}, ToolChoice(Choose.ANY)),
        ):
            self.assertEqual(read(**fields).tool_choice, choice, fields)

    def test_output(self) -> None:
        """JSON by schema, JSON as such, or text."""
        schema = {"type": "object"}
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
        self.assertEqual(read(response_format=form).output, Output(schema, "n"))
        self.assertEqual(read(response_format={"type": "json_object"}).output, Output())
        self.assertIsNone(read(response_format={"type": "text"}).output)

    def test_who(self) -> None:
        """User and session, from the fields or the header."""
        request = read(user="u", prompt_cache_key="k")
        self.assertEqual((request.user, request.session), ("u", "k"))
        self.assertEqual(read(user="u", safety_identifier="s").user, "s")
        body = dumps({"model": "m", "messages": HI})
        self.assertEqual(parse_request({"x-claude-code-session-id": "c"}, body).session, "c")

    def test_extras(self) -> None:
        """All other fields are kept for upstreams of this dialect."""
        request = read(seed=5, stream_options={"include_usage": True}, logprobs=None, stream=True)
        self.assertEqual(request.extras, {"openai_chat": {"seed": 5, "stream_options": {"include_usage": True}}})
        self.assertTrue(request.stream)
        for store, kept in ((True, {"store": True}), (False, {}), (None, {})):
            self.assertEqual(read(store=store).extras, {"openai_chat": kept})

    def test_refused(self) -> None:
        """What we could only half serve is refused by its name, and so is what is wrong."""
        for fields, words in (
            ({"n": 2}, "n:"),
            ({"stop": [1]}, "stop[0]"),
            ({"stop": 5}, "stop:"),
            ({"max_tokens": "many"}, "max_tokens"),
            ({"max_tokens": -1}, "max_tokens"),
            ({"temperature": True}, "temperature"),
            ({"tools": {}}, "tools:"),
            ({"tools": [{"type": "function"}]}, "tools[0].function"),
            ({"tools": [{"function": {"name": "A", "parameters": 5}}]}, "tools[0].function.parameters"),
            ({"functions": [{}]}, "functions[0].name"),
            ({"tool_choice": "maybe"}, "tool_choice"),
            ({"tool_choice": {"type": "function"}}, "tool_choice.function.name"),
            ({"reasoning_effort": "huge"}, "reasoning_effort"),
            ({"response_format": {"type": "xml"}}, "response_format.type"),
            ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
            ({"messages": ["x"]}, "messages[0]"),
            ({"messages": [{"role": "robot"}]}, "messages[0].role"),
            ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
            ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
            ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
            ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].image_url"),
            ({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}, "content[0].file.file_data"),
            ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
            ({"messages": [{"role": "assistant", "tool_calls": [{"id": "i"}]}]}, "messages[0].tool_calls[0].function"),
            ({"messages": [{"role": "assistant", "tool_calls": "x"}]}, "messages[0].tool_calls"),
        ):
            with self.assertRaises(ApiError) as caught:
                read(fields.pop("messages", None), **fields)
            self.assertIs(caught.exception.kind, Kind.INVALID, words)
            self.assertIn(words, caught.exception.message)


class TurnTests(SynchronousTestCase):
    """Messages."""

    def test_roles(self) -> None:
        """Every role, in its order, nothing merged."""
        found = turns(
            {"role": "system", "content": "s"},
            {"role": "developer", "content": [{"type": "text", "text": "d"}]},
            {"role": "user", "content": "u", "name": "n"},
            {"role": "assistant", "content": "a"},
        )
        roles = (Role.SYSTEM, Role.SYSTEM, Role.USER, Role.ASSISTANT)
        self.assertEqual(found, tuple(Turn(role, (Text(text),)) for role, text in zip(roles, "sdua", strict=True)))

    def test_tool_loop(self) -> None:
        """Calls keep their arguments to the letter, and results their ids."""
        function = {"name": "A", "arguments": '{ "b":1,  "a":2}'}
        found = turns(
            *HI,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "i", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "i", "content": [{"type": "text", "text": "r"}]},
        )
        self.assertEqual(found[1], Turn(Role.ASSISTANT, (ToolUse("i", "A", '{ "b":1,  "a":2}'),)))
        self.assertEqual(found[2], Turn(Role.USER, (ToolResult("i", (Text("r"),)),)))

    def test_legacy_functions(self) -> None:
        """The old call and its result belong together by name."""
        found = turns(
            {"role": "assistant", "function_call": {"name": "A", "arguments": "{}"}},
            {"role": "function", "name": "A", "content": "r"},
        )
        [call], [answer] = found[0].parts, found[1].parts
        assert isinstance(call, ToolUse) and isinstance(answer, ToolResult)
        self.assertEqual(call.id, answer.id)

    def test_reasoning(self) -> None:
        """Reasoning that an agent sends back, with our seal where it kept it."""
        ours = seal(Quirks(vendor="v"), {"t": "hm"})
        details = [{"type": "reasoning.encrypted", "data": ours, "index": 0}, {"type": "reasoning.text", "text": "x"}]
        for message, thoughts in (
            ({"reasoning_content": "hm"}, (Thinking("hm"),)),
            ({"reasoning": "hm"}, (Thinking("hm"),)),
            ({"reasoning_content": "hm", "reasoning_details": details}, (Thinking("hm", ours),)),
        ):
            self.assertEqual(turns({"role": "assistant", "content": "a", **message})[0].parts, (*thoughts, Text("a")))

    def test_parts(self) -> None:
        """Text, images, sounds and files."""
        data = "data:image/png;base64,AAAA"
        for value, expected in (
            ({"type": "text", "text": "t"}, Text("t")),
            ({"type": "image_url", "image_url": {"url": data}}, Media(Medium.IMAGE, Inline("image/png", "AAAA"))),
            ({"type": "image_url", "image_url": "https://a/b"}, Media(Medium.IMAGE, Remote("https://a/b"))),
            (
                {"type": "image_url", "image_url": {"url": data, "detail": "low"}},
                Media(Medium.IMAGE, Inline("image/png", "AAAA"), extras={"openai_chat": {"detail": "low"}}),
            ),
            (
                {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
                Media(Medium.AUDIO, Inline("audio/mpeg", "AA")),
            ),
            (
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
                Media(Medium.DOCUMENT, Inline("application/pdf", "JVBE"), "a.pdf"),
            ),
            ({"type": "file", "file": {"file_id": "f"}}, Media(Medium.DOCUMENT, Stored("f"))),
            ({"type": "video_url", "video_url": {}}, Opaque("openai_chat", {"type": "video_url", "video_url": {}})),
        ):
            self.assertEqual(part(value), expected)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "type",
                    "text",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "id",
                    "url",
                    "image_url",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = (
    "tools",
    "tool_choice",
    "stop",
    "reasoning",
    "response_format",
    "functions",
    "function_call",
    "n",
    "top_k",
    "user",
)


class AnyRequestTests(SynchronousTestCase):
    """What holds of every request."""

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(
        st.lists(
            st.fixed_dictionaries(
                {"role": st.sampled_from(["user", "assistant", "tool", "system"])},
                optional={"content": JSON, "tool_calls": JSON, "tool_call_id": JSON},
            ),
            min_size=1,
            max_size=3,
        ),
        st.dictionaries(st.sampled_from(NAMES), JSON, max_size=2),
    )
    def test_any(self, messages: list[Any], fields: dict[str, Any]) -> None:
        """Any JSON is a request or a clear error."""
        try:
            read(messages, **fields)
        except ApiError as error:
            self.assertIs(error.kind, Kind.INVALID)
            self.assertRegex(error.message, r"^[a-z_]+[\[.: ]")

    def test_there_and_back(self) -> None:
        """A request that is read and written again says the same."""
        body = {
            "model": "m",
            "messages": [
                {"role": "system", "content": "s"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "u"},
                        {"type": "image_url", "image_url": {"url": "https://a/b"}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": "a",
                    "tool_calls": [{"id": "i", "type": "function", "function": {"name": "A", "arguments": "{ }"}}],
                },
                {"role": "tool", "tool_call_id": "i", "content": "r"},
            ],
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "A", "description": "d", "parameters": {"type": "object", "properties": {}}},
                }
            ],
            "tool_choice": {"type": "function", "function": {"name": "A"}},
            "parallel_tool_calls": False,
            "max_tokens": 5,
            "temperature": 0.5,
            "top_p": 0.5,
            "stop": ["x"],
            "reasoning_effort": "low",
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": False},
            },
            "seed": 5,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        quirks = Quirks(reasoning=ReasoningControl.EFFORT, efforts={"low": "low"})
        self.assertEqual(loads(render_request(parse_request({}, dumps(body)), quirks).body), body)
