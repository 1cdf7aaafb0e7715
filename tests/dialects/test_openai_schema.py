"""Schemas as OpenAI's tools take them."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_schema import clean_openai, strict

A = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a", "b"]}
B = {"type": "object", "properties": {"a": {"type": "string"}, "c": {"type": "string"}}, "required": ["a", "c"]}


class CleaningTests(SynchronousTestCase):
    """The schema of a tool's arguments."""

    def test_plain(self) -> None:
        """An object with properties is left alone, whatever keywords are within."""
        schema = {
            "type": "object",
            "properties": {"$schema": {"type": "string"}, "x": {"anyOf": [{"type": "string"}], "default": 1}},
            "required": ["x"],
            "additionalProperties": False,
        }
        self.assertEqual(clean_openai(schema), schema)

    def test_root(self) -> None:
        """`$schema` and `$id` are dropped at the root, and a tool without parameters says so."""
        empty = {"type": "object", "properties": {}}
        self.assertEqual(clean_openai({"$schema": "s", "$id": "i", "type": "object"}), empty)
        self.assertEqual(clean_openai({}), empty)
        self.assertEqual(clean_openai({"type": "object", "properties": None}), empty)

    def test_required(self) -> None:
        """What is required exists, or it is not required."""
        schema = {"type": "object", "properties": {"a": {}}, "required": ["a", "gone", 5]}
        self.assertEqual(clean_openai(schema)["required"], ["a"])

    def test_alternatives(self) -> None:
        """Alternatives at the root become one object: all their properties, and required what all require."""
        for combinator, required in (("anyOf", ["a"]), ("oneOf", ["a"]), ("allOf", ["a", "b", "c"])):
            clean = clean_openai({combinator: [A, B]})
            self.assertEqual(clean["type"], "object")
            self.assertEqual(list(clean["properties"]), ["a", "b", "c"])
            self.assertEqual(clean["required"], required, combinator)
            self.assertNotIn(combinator, clean)

    def test_reference(self) -> None:
        """A root that only points at a definition is that definition."""
        clean = clean_openai({"$ref": "#/$defs/A", "$defs": {"A": A}})
        self.assertEqual(clean["properties"], A["properties"])
        self.assertNotIn("$ref", clean)
        self.assertEqual(clean_openai({"$ref": "#/$defs/missing"})["properties"], {})


class StrictTests(SynchronousTestCase):
    """Whether OpenAI's strict mode takes a schema."""

    def schema(self, **inner: Any) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"a": {"type": "string", **inner}},
            "required": ["a"],
            "additionalProperties": False,
        }

    def test_strict(self) -> None:
        """A closed object whose properties are all required is strict, nested ones as well."""
        self.assertTrue(strict(self.schema()))
        nested = self.schema()
        nested["properties"]["a"] = {"type": "array", "items": self.schema(format="date-time")}
        self.assertTrue(strict(nested))

    def test_not_strict(self) -> None:
        """An open object, an optional property, or a keyword outside the subset is refused by OpenAI."""
        self.assertFalse(strict({**self.schema(), "additionalProperties": True}))
        self.assertFalse(strict({**self.schema(), "required": []}))
        self.assertFalse(strict(self.schema(default="x")))
        self.assertFalse(strict(self.schema(format="uri")))
        self.assertFalse(strict(self.schema(pattern="(?=x)y")))
        self.assertFalse(strict({"type": "array", "items": {"type": "string"}}))
        for inner in ({}, {"enum": ["x"]}, {"type": ["object", "null"]}, {"type": ["array", "null"]}):
            untyped = self.schema()
            untyped["properties"]["a"] = inner
            self.assertFalse(strict(untyped), inner)
        nested = self.schema()
        nested["properties"]["a"] = {"type": "array"}
        self.assertFalse(strict(nested))
