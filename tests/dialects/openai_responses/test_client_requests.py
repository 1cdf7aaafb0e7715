"""Tests of `ccproxy.dialects.openai_responses.client_requests` and `tools`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_responses.client_requests import parse_request
from ccproxy.dialects.openai_responses.requests import render_request
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Choose,
    Effort,
    Inline,
    Media,
    Medium,
    Opaque,
    Output,
    Part,
    Reasoning,
    Remote,
    Request,
    Role,
    Sampling,
    Searched,
    Source,
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

OWN = "openai_responses"


def parsed(headers: dict[str, str] | None = None, **fields: Any) -> Request:
    """What a client's body means."""
    return parse_request(headers or {}, json.dumps({"model": "m", "input": "Hi", **fields}).encode())


def turns(*items: Any) -> tuple[Turn, ...]:
    """The turns of these input items."""
    return parsed(input=list(items)).turns


def parts(*content: Any) -> tuple[Part, ...]:
    """The parts of a user's message."""
    return turns({"role": "user", "content": list(content)})[0].parts


def call(id: str, name: str = "sh", arguments: str = "{}") -> dict[str, Any]:
    """A function call item."""
    return {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}


def result(id: str, output: Any = "ok") -> dict[str, Any]:
    """The output of a call."""
    return {"type": "function_call_output", "call_id": id, "output": output}


_KEYS = st.sampled_from(
    ["type", "role", "content", "text", "input", "name", "call_id", "arguments", "output", "summary", "tools", "url",
     "encrypted_content", "image_url", "file_id", "file_data", "input_audio", "action", "queries", "sources", "format",
     "schema", "effort", "parameters", "namespace", "phase", "id", "detail", "filters"]
)  # fmt: skip
_WORDS = st.sampled_from(
    ["message", "function_call", "function_call_output", "reasoning", "custom_tool_call", "web_search_call",
     "input_text", "input_image", "input_file", "input_audio", "function", "custom", "namespace", "user", "assistant",
     "web_search", "allowed_tools", "json_schema", "search", "data:,x", "px1.x"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | _WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=8,
)
"""JSON with the right names in any place."""

TYPED = st.builds(lambda kind, fields: {**fields, "type": kind}, _WORDS, st.dictionaries(_KEYS, VALUES, max_size=8))
"""An object that says what it is, and then may be anything."""


class ConversationTests(SynchronousTestCase):
    """Items become turns."""

    def test_a_string(self) -> None:
        """A string is what the user says."""
        self.assertEqual(parsed().turns, (Turn(Role.USER, (Text("Hi"),)),))

    def test_instructions(self) -> None:
        """Instructions come first; developer and system messages are system turns in their place."""
        request = parsed(
            instructions="Be kind.",
            input=[{"role": "user", "content": "Hi"}, {"type": "message", "role": "developer", "content": "Now."}],
        )
        self.assertEqual([turn.role for turn in request.turns], [Role.SYSTEM, Role.USER, Role.SYSTEM])
        self.assertEqual(request.turns[0].parts, (Text("Be kind."),))

    def test_a_tool_loop(self) -> None:
        """What the model said together is one turn of its, and so are results that came together; the user's message
        after them is its own."""
        found = turns(
            {"role": "user", "content": [{"type": "input_text", "text": "List."}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            call("c1"),
            call("c2", "read", '{"a": 1}'),
            result("c1"),
            result("c2", [{"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": "https://a/b"}]),
            {"role": "user", "content": "And?"},
            {"role": "assistant", "content": "Done."},
        )
        self.assertEqual(
            found,
            (
                Turn(Role.USER, (Text("List."),)),
                Turn(
                    Role.ASSISTANT,
                    (Text("I look."), ToolUse("c1", "sh", "{}"), ToolUse("c2", "read", '{"a": 1}')),
                ),
                Turn(
                    Role.USER,
                    (
                        ToolResult("c1", (Text("ok"),)),
                        ToolResult("c2", (Text("x"), Media(Medium.IMAGE, Remote("https://a/b")))),
                    ),
                ),
                Turn(Role.USER, (Text("And?"),)),
                Turn(Role.ASSISTANT, (Text("Done."),)),
            ),
        )

    def test_custom_calls(self) -> None:
        """The free text of a custom call is the argument `input` of a function."""
        use = turns({"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": 'a "b"'})[0].parts[0]
        assert isinstance(use, ToolUse)
        self.assertEqual(json.loads(use.arguments), {"input": 'a "b"'})
        output = turns({"type": "custom_tool_call_output", "call_id": "c", "output": "ok"})[0]
        self.assertEqual(output, Turn(Role.USER, (ToolResult("c", (Text("ok"),)),)))

    def test_namespaces(self) -> None:
        """A call within a namespace has the name that its tool has in the model."""
        use = turns({**call("c", "find"), "namespace": "crm"})[0].parts[0]
        tools = parsed(
            tools=[{"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find"}]}]
        ).tools
        assert isinstance(use, ToolUse) and isinstance(tools[0], Tool)
        self.assertEqual(use.name, tools[0].name)

    def test_reasoning(self) -> None:
        """Reasoning in words is thinking; what OpenAI encrypted stays as it is, for OpenAI alone."""
        summary = [{"type": "summary_text", "text": "A"}, {"type": "summary_text", "text": "B"}]
        plain = {"type": "reasoning", "summary": summary}
        native = {**plain, "encrypted_content": "gAAAA"}
        self.assertEqual(turns(plain, native)[0].parts, (Thinking("A\n\nB"), Opaque(OWN, native)))

    def test_media(self) -> None:
        """Images and files in each of their forms."""
        self.assertEqual(
            parts(
                {"type": "input_image", "image_url": "data:image/jpeg;base64,aGk=", "detail": "low"},
                {"type": "input_image", "image_url": "https://a/b.png", "detail": "auto"},
                {"type": "input_image", "file_id": "file_1"},
                {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
                {"type": "input_file", "file_data": "aGk="},
                {"type": "input_file", "file_url": "https://a/b.pdf"},
                {"type": "input_file", "file_id": "file_2"},
                {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
            ),
            (
                Media(Medium.IMAGE, Inline("image/jpeg", "aGk="), extras={OWN: {"detail": "low"}}),
                Media(Medium.IMAGE, Remote("https://a/b.png")),
                Media(Medium.IMAGE, Stored("file_1"), extras={OWN: {"detail": "auto"}}),
                Media(Medium.DOCUMENT, Inline("application/pdf", "aGk="), "a.pdf"),
                Media(Medium.DOCUMENT, Inline("application/pdf", "aGk=")),
                Media(Medium.DOCUMENT, Remote("https://a/b.pdf")),
                Media(Medium.DOCUMENT, Stored("file_2"), extras={OWN: {}}),
                Media(Medium.AUDIO, Inline("audio/mp3", "aGk=")),
            ),
        )

    def test_searches(self) -> None:
        """A web search of earlier is one still."""
        action = {"type": "search", "query": "q", "sources": [{"type": "url", "url": "https://a"}]}
        item = {"type": "web_search_call", "id": "ws", "status": "completed", "action": action}
        self.assertEqual(turns(item)[0].parts, (Searched("ws", "q", (Source("https://a"),)),))

    def test_unknown_items(self) -> None:
        """Items that only OpenAI understands are kept: the model's on its side, outputs on the user's."""
        shell, output = {"type": "local_shell_call", "call_id": "c"}, {"type": "local_shell_call_output", "id": "c"}
        self.assertEqual(
            turns(shell, output), (Turn(Role.ASSISTANT, (Opaque(OWN, shell),)), Turn(Role.USER, (Opaque(OWN, output),)))
        )
        self.assertEqual(parts({"type": "hologram", "data": 1}), (Opaque(OWN, {"type": "hologram", "data": 1}),))

    def test_tools_declared_later(self) -> None:
        """Tools that an item of the conversation adds are tools of the request."""
        item = {"type": "additional_tools", "role": "developer", "tools": [{"type": "function", "name": "late"}]}
        self.assertEqual([tool.name for tool in parsed(input=[item]).tools if isinstance(tool, Tool)], ["late"])


class TopLevelTests(SynchronousTestCase):
    """Fields beside the conversation."""

    def test_sampling(self) -> None:
        """Limits and probabilities."""
        request = parsed(max_output_tokens=100, temperature=0.5, top_p=1, stream=True)
        self.assertEqual((request.sampling, request.stream), (Sampling(100, 0.5, 1), True))

    def test_reasoning(self) -> None:
        """Effort says whether and how hard; a summary is shown to who asks for one."""
        for given_, meant in (
            (None, Reasoning(shown=False)),
            ({}, Reasoning(shown=False)),
            ({"summary": "auto"}, Reasoning(Think.ADAPTIVE)),
            ({"effort": "none", "summary": "auto"}, Reasoning(Think.OFF, shown=False)),
            ({"effort": "xhigh"}, Reasoning(Think.ADAPTIVE, Effort.XHIGH, shown=False)),
            ({"effort": "low", "summary": "concise"}, Reasoning(Think.ADAPTIVE, Effort.LOW)),
        ):
            self.assertEqual(parsed(reasoning=given_).reasoning, meant, given_)

    def test_output(self) -> None:
        """A demand for JSON, with its schema; verbosity is OpenAI's own."""
        schema = {"type": "object"}
        form = {"type": "json_schema", "name": "x", "schema": schema, "strict": True}
        request = parsed(text={"format": form, "verbosity": "low"})
        self.assertEqual((request.output, request.extras), (Output(schema, "x"), {OWN: {"text": {"verbosity": "low"}}}))
        self.assertEqual(parsed(text={"format": {"type": "json_object"}}).output, Output())
        self.assertIsNone(parsed(text={"format": {"type": "text"}}).output)

    def test_who_and_which_conversation(self) -> None:
        """User and session, from where clients put them."""
        request = parsed({"session_id": "s1"}, safety_identifier="u", prompt_cache_key="k")
        self.assertEqual((request.user, request.session), ("u", "s1"))
        self.assertEqual((parsed(user="v").user, parsed(prompt_cache_key="k").session), ("v", "k"))

    def test_other_fields_ride_along(self) -> None:
        """What nobody else knows goes to a Responses upstream unchanged, and nothing that we answer for does."""
        request = parsed(service_tier="flex", new_field=[1], store=False, include=["x"], metadata=None)
        self.assertEqual(request.extras, {OWN: {"service_tier": "flex", "new_field": [1]}})
        sent = json.loads(render_request(request, Quirks(model="m")).body)
        self.assertEqual((sent["service_tier"], sent["new_field"], sent["store"]), ("flex", [1], False))


class ToolTests(SynchronousTestCase):
    """Tools and their choice."""

    def test_functions(self) -> None:
        """A function with and without its optional fields."""
        schema = {"type": "object", "properties": {}}
        tools = [
            {"type": "function", "name": "a", "description": "A.", "parameters": schema, "strict": True},
            {"type": "function", "name": "b", "parameters": None, "strict": None},
        ]
        self.assertEqual(parsed(tools=tools).tools, (Tool("a", "A.", schema, True), Tool("b", "", schema)))

    def test_custom(self) -> None:
        """A custom tool is a function of one text; a grammar for it is told in the description."""
        form = {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}
        tool = parsed(tools=[{"type": "custom", "name": "p", "description": "Patch.", "format": form}]).tools[0]
        assert isinstance(tool, Tool)
        self.assertEqual(tool.schema["required"], ["input"])
        self.assertIn("start: /x/", tool.description)
        self.assertTrue(tool.description.startswith("Patch."))

    def test_web_search(self) -> None:
        """Each name of the search tool, with its filters."""
        tool = parsed(
            tools=[{"type": "web_search_preview_2025_03_11", "filters": {"allowed_domains": ["a.org"]}}]
        ).tools[0]
        assert isinstance(tool, WebSearch)
        self.assertEqual(tool.allowed_domains, ("a.org",))

    def test_hosted_tools(self) -> None:
        """Tools that OpenAI runs are kept for OpenAI."""
        self.assertEqual(parsed(tools=[{"type": "local_shell"}]).tools, (Opaque(OWN, {"type": "local_shell"}),))

    def test_choices(self) -> None:
        """Each form of the choice."""
        for given_, meant in (
            ("auto", ToolChoice()),
            ("none", ToolChoice(Choose.NONE)),
            ("required", ToolChoice(Choose.ANY)),
            ({"type": "function", "name": "f"}, ToolChoice(Choose.NAMED, "f")),
            ({"type": "custom", "name": "p"}, ToolChoice(Choose.NAMED, "p")),
            ({"type": "web_search_preview"}, ToolChoice(Choose.NAMED, "web_search")),
        ):
            self.assertEqual(parsed(tool_choice=given_).tool_choice, meant)
        self.assertFalse(parsed(parallel_tool_calls=False).tool_choice.parallel)

    def test_allowed_tools(self) -> None:
        """Only the allowed ones of the declared tools are left."""
        tools = [
            {"type": "function", "name": "a"},
            {"type": "function", "name": "b"},
            {"type": "web_search"},
            {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "c"}]},
            {"type": "local_shell"},
        ]
        allowed = [{"type": "function", "name": "b"}, {"type": "web_search"}, {"type": "function", "name": "c"}]
        request = parsed(tools=tools, tool_choice={"type": "allowed_tools", "mode": "required", "tools": allowed})
        self.assertEqual([getattr(tool, "name", "?") for tool in request.tools], ["b", "web_search", "n__c"])
        self.assertEqual(request.tool_choice, ToolChoice(Choose.ANY))


class ErrorTests(SynchronousTestCase):
    """What is wrong is named by its place."""

    def test_places(self) -> None:
        """The message begins with the path of the fault and says what belongs there."""
        for fields, place in (
            ({"input": 5}, "input: expected a string or an array of items, found the number 5"),
            ({"input": ["x"]}, "input[0]: expected an object"),
            ({"input": [{"type": "message", "role": "robot", "content": ""}]}, "input[0].role"),
            ({"input": [{"role": "user"}]}, "input[0].content: expected"),
            ({"input": [{"role": "user", "content": [{"text": "a"}]}]}, "input[0].content[0].type"),
            ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0].text"),
            ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0].image_url"),
            ({"input": [{"type": "function_call", "call_id": "c", "name": "n"}]}, "input[0].arguments"),
            ({"input": [{"type": "function_call", "call_id": "c", "arguments": "{}"}]}, "input[0].name"),
            ({"input": [result("")]}, "input[0].call_id"),
            ({"input": [result("c", 5)]}, "input[0].output"),
            ({"input": [{"colour": "red"}]}, "input[0].type"),
            ({"instructions": ["x"]}, "instructions"),
            ({"tools": {}}, "tools: expected an array"),
            ({"tools": [{"type": "function"}]}, "tools[0].name"),
            ({"tools": [{"type": "function", "name": "a", "parameters": "x"}]}, "tools[0].parameters"),
            ({"tools": [{"name": "a"}]}, "tools[0].type"),
            ({"tool_choice": "any"}, "tool_choice"),
            ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
            ({"max_output_tokens": "many"}, "max_output_tokens"),
            ({"temperature": "hot"}, "temperature"),
            ({"reasoning": {"effort": "huge"}}, "reasoning.effort: expected one of none, minimal, low"),
            ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
            ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ):
            error = self.assertRaises(ApiError, parsed, **fields)
            self.assertEqual(error.kind, Kind.INVALID, fields)
            self.assertIn(place, error.message)

    def test_what_only_openai_has(self) -> None:
        """What another vendor cannot do is refused in a way that lets an OpenAI target still take it."""
        for fields in (
            {"prompt": {"id": "pmpt_1"}},
            {"tool_choice": {"type": "code_interpreter"}},
            {"previous_response_id": "resp_1"},
            {"input": [{"type": "item_reference", "id": "rs_1"}]},
        ):
            self.assertEqual(self.assertRaises(ApiError, parsed, **fields).kind, Kind.UNTRANSLATABLE)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.data())
    def test_any_json_is_survived(self, data: st.DataObject) -> None:
        """Random bodies with the right names in wrong places are read, or refused with a named place; what was read can
        be written."""
        names = ("tool_choice", "text", "reasoning", "instructions", "prompt", "store", "user")
        fields = data.draw(
            st.fixed_dictionaries(
                {"input": st.lists(TYPED, max_size=4)},
                optional={"tools": st.lists(TYPED, max_size=2), **dict.fromkeys(names, VALUES)},
            )
        )
        try:
            request = parsed(**fields)
            render_request(request, Quirks(model="m"))
        except ApiError as error:
            self.assertIn(error.kind, (Kind.INVALID, Kind.UNTRANSLATABLE))
