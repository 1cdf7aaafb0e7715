"""Schemas that nearly every vendor takes, changed where one does not."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.dialects.schema_places import with_typed_branches, without_lookaround
from ccproxy.model.messages import Output, Request, Role, Text, Tool, Turn

LOOKS_AHEAD = r"^(?!__.*__$)[^\p{Cc}]{1,200}$"
"""Of the kind that Claude Code's own tools have."""

PLAIN = "^[a-z]+$"


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


class PatternTests(SynchronousTestCase):
    """Patterns that no server compiles."""

    def test_everywhere(self) -> None:
        """A pattern that looks around, or back, is told in words, wherever it stands; others stay."""
        for pattern in (LOOKS_AHEAD, "(?=x)y", "(?<=x)y", "(?<!x)y", r"(a)\1"):
            bad, told = {"type": "string", "pattern": pattern}, {"type": "string", "description": f"pattern: {pattern}"}
            for place in (
                lambda it: _object(a=it),
                lambda it: _object(a={"type": "array", "items": it}),
                lambda it: _object(a={"type": "array", "items": [it]}),
                lambda it: _object(a={"anyOf": [it, {"type": "null"}]}),
                lambda it: {**_object(a={"$ref": "#/$defs/A"}), "$defs": {"A": it}},
                lambda it: {**_object(), "additionalProperties": it},
                lambda it: _object(a={"type": "object", "patternProperties": {PLAIN: it}}),
            ):
                self.assertEqual(without_lookaround(place(bad)), place(told), pattern)
        described = {"type": "string", "pattern": "(?=x)y", "description": "A name."}
        self.assertEqual(
            without_lookaround(_object(a=described)),
            _object(a={"type": "string", "description": "A name. (pattern: (?=x)y)"}),
        )
        for schema in (
            _object(a={"type": "string", "pattern": PLAIN}),
            _object(pattern={"const": "(?=x)y"}),
            _object(),
        ):
            self.assertEqual(without_lookaround(schema), schema)
        self.assertEqual(
            without_lookaround({"type": "object", "patternProperties": {"(?=x)y": {}, PLAIN: {}}}),
            {"type": "object", "patternProperties": {PLAIN: {}}},
        )

    def test_requests(self) -> None:
        """Tools of Claude Code that have such a pattern reach OpenAI's models, and so does the schema of an answer: it
        refused the whole request for one of them."""
        schema = {**_object(name={"type": "string", "pattern": LOOKS_AHEAD}), "required": ["name"]}
        asked = Request(
            "m",
            (Turn(Role.USER, (Text("Hi"),)),),
            tools=(Tool("Artifact", "", schema),),
            output=Output(schema, "reply"),
        )
        for dialect in ("openai_chat", "openai_responses"):
            sent = json.loads(DIALECTS[dialect].render_request(asked, Quirks()).body)
            self.assertNotIn('"pattern":', json.dumps(sent))
            self.assertEqual(json.dumps(sent).count("pattern: ^(?!__"), 2, dialect)
        native = json.loads(DIALECTS["anthropic"].render_request(asked, Quirks(model="claude-sonnet-5")).body)
        self.assertEqual(native["tools"][0]["input_schema"]["properties"], schema["properties"])


class TypedBranchTests(SynchronousTestCase):
    """Alternatives as Moonshot wants them."""

    def test_alternatives(self) -> None:
        """The type around alternatives moves into those that have none."""
        for combinator in ("anyOf", "oneOf"):
            schema = _object(a={"type": "object", combinator: [{"required": ["x"]}, {"type": "string"}], "title": "A"})
            branches = [{"type": "object", "required": ["x"]}, {"type": "string"}]
            self.assertEqual(with_typed_branches(schema), _object(a={combinator: branches, "title": "A"}))

    def test_no_type_at_all(self) -> None:
        """What tells no type has the one that its keywords are of, if they are of one."""
        schema = _object(a={"anyOf": [{"properties": {}}, {"items": {}}, {"enum": ["x"]}, {"enum": [1]}]})
        branches = [
            {"type": "object", "properties": {}},
            {"type": "array", "items": {}},
            {"type": "string", "enum": ["x"]},
        ]
        self.assertEqual(with_typed_branches(schema), _object(a={"anyOf": [*branches, {"enum": [1]}]}))
        self.assertEqual(with_typed_branches(_object(a={"enum": ["x"]})), _object(a={"type": "string", "enum": ["x"]}))

    def test_references(self) -> None:
        """Beside a reference stands nothing."""
        schema = _object(a={"$ref": "#/$defs/A", "type": "object", "description": "It."})
        self.assertEqual(with_typed_branches(schema), _object(a={"$ref": "#/$defs/A"}))

    def test_moonshot(self) -> None:
        """Kimi's models get their tools so, at Moonshot and through OpenRouter; others get them as they came."""
        schema = _object(a={"type": "string", "anyOf": [{"enum": ["x"]}, {"enum": ["y"]}]})
        asked = Request("m", (Turn(Role.USER, (Text("Hi"),)),), tools=(Tool("A", "", schema),))
        for quirks, expected in ((Quirks(), schema), (Quirks(typed_branches=True), with_typed_branches(schema))):
            sent = json.loads(DIALECTS["openai_chat"].render_request(asked, quirks).body)
            self.assertEqual(sent["tools"][0]["function"]["parameters"], expected)
