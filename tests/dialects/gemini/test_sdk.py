"""Google's own SDK as the judge: its types forbid every field they do not know."""

import json
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from ccproxy.dialects.gemini.dialect import GEMINI
from ccproxy.dialects.gemini.signatures import seal
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Finished, Started
from ccproxy.model.messages import (
    Choose,
    Effort,
    Inline,
    Media,
    Medium,
    Output,
    Reasoning,
    Remote,
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
    WebSearch,
)
from ccproxy.model.replies import Response
from ccproxy.model.usage import Reason, Stop, Usage
from tests.dialects.gemini import pieces
from tests.support.streams import render

try:
    from google.genai import types
except ImportError:
    types = None  # type: ignore[assignment]

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"url": {"type": "string", "format": "uri", "minLength": 1}, "n": {"const": 3}},
    "required": ["url"],
}


def request(**fields: Any) -> Request:
    """A conversation with everything in it."""
    picture = Media(Medium.IMAGE, Inline("image/png", "aGk="))
    quirks = Quirks(vendor="gemini", model="gemini-3.6-flash")
    turns = (
        Turn(Role.SYSTEM, (Text("Be kind."),)),
        Turn(Role.USER, (Text("Look:"), picture, Media(Medium.DOCUMENT, Remote("https://example.org/a.pdf")))),
        Turn(
            Role.ASSISTANT,
            (
                Thinking("Hm.", seal(quirks, call="c2ln", parts=[{"toolCall": {"id": "s"}}])),
                Text("So."),
                ToolUse("c1", "Fetch", '{"url":"x"}'),
                ToolUse("c2", "Fetch", "{}"),
            ),
        ),
        Turn(Role.USER, (ToolResult("c1", (Text("out"), picture)), ToolResult("c2", (), failed=True), Text("Now?"))),
        Turn(Role.ASSISTANT, (ToolUse("c3", "Fetch", "{}"),)),
    )
    return Request("m", turns, tools=(Tool("Fetch", "Fetches.", SCHEMA), WebSearch()), stream=True, **fields)


class Judged(SynchronousTestCase):
    """What we write, read by the SDK's types."""

    def setUp(self) -> None:
        if types is None:
            raise SkipTest("google-genai is not installed")

    def test_requests(self) -> None:
        """Every field of a request is one that the SDK knows, with a value of its type."""
        rich = request(
            tool_choice=ToolChoice(Choose.NAMED, "Fetch"),
            sampling=Sampling(9000, 0.5, 0.9, 40, ("a",)),
            reasoning=Reasoning(Think.ADAPTIVE, Effort.LOW),
            output=Output(SCHEMA),
        )
        for model in ("gemini-2.5-pro", "gemini-3.6-flash", "gemini-4-argon"):
            body = json.loads(GEMINI.render_request(rich, Quirks(vendor="gemini", model=model)).body)
            contents = [types.Content.model_validate(one) for one in body.pop("contents")]
            self.assertEqual([one.role for one in contents], ["user", "model", "user", "model", "user"])
            system = types.Content.model_validate(body.pop("systemInstruction"))
            assert system.parts is not None
            self.assertEqual(system.parts[0].text, "Be kind.")
            tools = [types.Tool.model_validate(one) for one in body.pop("tools")]
            assert tools[0].function_declarations is not None
            self.assertEqual(tools[0].function_declarations[0].name, "Fetch")
            config = types.ToolConfig.model_validate(body.pop("toolConfig")).function_calling_config
            assert config is not None
            self.assertEqual(config.mode, types.FunctionCallingConfigMode.ANY)
            generation = types.GenerationConfig.model_validate(body.pop("generationConfig"))
            self.assertEqual(generation.max_output_tokens, 9000)
            assert generation.thinking_config is not None
            level = generation.thinking_config.thinking_level
            self.assertIn(level, (None, types.ThinkingLevel.LOW))
            self.assertEqual(body, {})

    def test_a_misspelt_field_fails(self) -> None:
        """The judge is awake: it refuses a field that does not exist."""
        self.assertRaises(ValueError, types.GenerationConfig.model_validate, {"maxOutputToken": 3})
        self.assertRaises(ValueError, types.Part.model_validate, {"functionCall": {"arguments": {}}})

    def test_answers(self) -> None:
        """The SDK reads our chunks and whole replies, and finds in them what was said."""
        events = [
            Started("r1", "m", Usage(input=3)),
            BlockStarted(0, Thinking("")),
            BlockDelta(0, "Hm."),
            BlockStopped(0, "px1.seal"),
            BlockStarted(1, Text("")),
            BlockDelta(1, "Yes."),
            BlockStopped(1),
            BlockStarted(2, ToolUse("c1", "Fetch", "")),
            BlockDelta(2, '{"url":"x"}'),
            BlockStopped(2),
            Finished(Stop(Reason.TOOLS), Usage(input=3, output=5, cache_read=2, reasoning=1)),
        ]
        data = render(GEMINI.render_stream(Request("m", ())), events)
        lines = [line[6:] for line in data.splitlines() if line.startswith(b"data: ")]
        chunks = [types.GenerateContentResponse.model_validate_json(line) for line in lines]
        texts = [chunk.text or "" for chunk in chunks if not chunk.function_calls]
        self.assertEqual("".join(texts), "Yes.")
        calls = [call for chunk in chunks for call in chunk.function_calls or ()]
        self.assertEqual([(call.id, call.name, call.args) for call in calls], [("c1", "Fetch", {"url": "x"})])
        counts = chunks[-1].usage_metadata
        assert counts is not None
        self.assertEqual(
            (counts.prompt_token_count, counts.candidates_token_count, counts.thoughts_token_count), (5, 4, 1)
        )
        response = Response("r1", "m", (Text("Yes."), ToolUse("c1", "Fetch", "{}")), Stop(Reason.LENGTH), Usage())
        whole = types.GenerateContentResponse.model_validate_json(GEMINI.render_response(response, Request("m", ())))
        assert whole.candidates is not None and whole.parts is not None
        self.assertEqual(whole.parts[0].text, "Yes.")
        self.assertEqual(whole.candidates[0].finish_reason, types.FinishReason.MAX_TOKENS)

    def test_fixtures(self) -> None:
        """The pieces that our tests of reading are made of are such as Google sends."""
        called = pieces.called("x", {"a": 1}, "i1", "c2ln")
        one = pieces.piece(pieces.thought("a"), pieces.said("b"), called, finish="STOP", usage=pieces.USAGE)
        read = types.GenerateContentResponse.model_validate(one)
        self.assertEqual(read.response_id, "resp-1")

    def test_finish_reasons(self) -> None:
        """Every reason to finish that the SDK knows has a meaning here: an end, or a failure."""
        for reason in types.FinishReason:
            body = json.dumps(pieces.piece(pieces.said("x"), finish=reason.value)).encode()
            try:
                stop = GEMINI.parse_response(body, Quirks()).stop
            except ApiError as error:
                self.assertIn(error.kind, (Kind.BROKEN, Kind.REFUSED_CREDENTIAL))
            else:
                self.assertIsNot(stop.reason, Reason.OTHER, reason)
