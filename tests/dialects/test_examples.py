"""Values that are made up for a JSON Schema."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.examples import example

TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "child": {"$ref": "#/$defs/tree"}},
    "required": ["name", "child"],
}


class Examples(SynchronousTestCase):
    """Each fits its schema."""

    def test_values(self) -> None:
        """Kinds, limits, choices and formats are kept to."""
        for schema, value in (
            ({"type": "string"}, "ccproxy demo"),
            ({"type": ["string", "null"], "maxLength": 3}, "ccp"),
            ({"type": "string", "minLength": 15}, "ccproxy demo..."),
            ({"type": "string", "format": "date"}, "2026-01-31"),
            ({"type": "integer"}, 1),
            ({"type": "integer", "minimum": 7}, 7),
            ({"type": "number", "maximum": 0.5}, 0.5),
            ({"type": "integer", "exclusiveMinimum": 3}, 4),
            ({"type": "boolean"}, True),
            ({"type": "null"}, None),
            ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
            ({"enum": ["low", "high"]}, "low"),
            ({"const": 5}, 5),
            ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
            ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"type": "boolean"}}}, True),
            ({}, "ccproxy demo"),
        ):
            self.assertEqual(example(schema), value, schema)

    def test_objects(self) -> None:
        """An object has what is required of it, wherever that is described."""
        schema = {
            "$defs": {"sum": {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}},
            "properties": {"sums": {"type": "array", "items": {"$ref": "#/$defs/sum"}}, "note": {"type": "string"}},
            "required": ["sums"],
        }
        self.assertEqual(example(schema), {"sums": [{"total": 1}]})
        self.assertEqual(example({"properties": {"a": {"type": "null"}}}), {"a": None})
        self.assertEqual(example({"type": "object"}), {})

    def test_odd_schemas(self) -> None:
        """A schema without an end has one here, and what is no schema gives nothing."""
        self.assertIn("child", example({**TREE, "$defs": {"tree": TREE}}))
        for odd in (None, True, {"$ref": "#/nowhere/at/all"}):
            self.assertIsNone(example(odd))
