"""Reducing JSON Schema to what a vendor accepts."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.gemini.tables import SCHEMA
from ccproxy.dialects.schemas import DEPTH, SIZE, Subset, reduced, reduced_parameters

SMALL = Subset(frozenset({"type", "description", "properties", "required", "items", "enum"}), frozenset())


def schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """This schema and all within it, found by position."""
    yield schema
    children = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("prefixItems", ())]
    children += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    for child in children:
        yield from schemas(child)


def tool(**properties: Any) -> dict[str, Any]:
    """A tool's schema with these parameters."""
    return {"type": "object", "properties": properties}


class Reduced(SynchronousTestCase):
    """One fact at a time."""

    def check(self, schema: Any, expected: Any) -> None:
        self.assertEqual(reduced(schema, SCHEMA), expected)

    def test_properties_named_like_keywords(self) -> None:
        """A parameter called like a keyword is a parameter, and its schema is reduced like any other."""
        names = [
            "format",
            "properties",
            "required",
            "default",
            "title",
            "$ref",
            "$schema",
            "pattern",
            "items",
            "enum",
            "type",
        ]
        schema = tool(**{name: {"type": "string", "title": "T"} for name in names})
        self.check(schema, tool(**{name: {"type": "string"} for name in names}))

    def test_dropped_silently(self) -> None:
        """What tells a model nothing goes without a word."""
        self.check(
            {"$schema": "x", "$id": "y", "$comment": "z", "title": "T", "x-own": 1, "type": "string"},
            {"type": "string"},
        )

    def test_lost_constraints_are_told(self) -> None:
        """What the vendor has no keyword for is told in the description, behind what stood there."""
        self.check(
            {
                "type": "string",
                "description": "A name.",
                "minLength": 2,
                "pattern": "^a",
                "format": "uri",
                "default": "ab",
            },
            {"type": "string", "description": "A name. (format: uri; pattern: ^a; minLength: 2; default: ab)"},
        )
        self.check(
            {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
            {"type": "number", "description": "exclusiveMinimum: 0; multipleOf: 0.5"},
        )
        self.check({"not": {"type": "null"}}, {"description": 'not: {"type":"null"}'})
        self.assertLess(len(reduced({"pattern": "x" * 5000}, SCHEMA)["description"]), 500)

    def test_exclusive_bounds_of_integers(self) -> None:
        """An exclusive bound of an integer is the next bound that is not."""
        self.check(
            {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
            {"type": "integer", "minimum": 1, "maximum": 9},
        )

    def test_formats(self) -> None:
        """Formats that the vendor knows stay."""
        self.check({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"})

    def test_const_and_enum(self) -> None:
        """A constant is an enumeration of one; strings get their type; what cannot be enumerated is told."""
        self.check({"const": "a"}, {"enum": ["a"], "type": "string"})
        self.check(
            {"type": "string", "const": "a", "description": "D"}, {"type": "string", "description": "D", "enum": ["a"]}
        )
        self.check({"enum": ["a", None]}, {"enum": ["a"], "type": ["string", "null"]})
        self.check({"type": "boolean", "const": True}, {"type": "boolean", "description": "always true"})
        self.check({"enum": [True, "x"]}, {"description": 'enum: [true,"x"]'})

    def test_types(self) -> None:
        """Lists of types stay, OpenAPI's `nullable` becomes one, capitals are lowered, unknown types go."""
        self.check({"type": ["string", "null"]}, {"type": ["string", "null"]})
        self.check({"type": "STRING", "nullable": True}, {"type": ["string", "null"]})
        self.check({"type": ["object"]}, {"type": "object"})
        self.check({"type": "any"}, {})

    def test_required(self) -> None:
        """Only parameters that exist are required."""
        self.check({**tool(a={}), "required": ["a", "b", 3]}, {**tool(a={}), "required": ["a"]})
        self.check({**tool(a={}), "required": ["b"]}, tool(a={}))
        self.check({"required": ["b"]}, {"description": 'required: ["b"]'})

    def test_combinations(self) -> None:
        """`oneOf` is `anyOf`, `allOf` is merged, lists of items are `prefixItems`."""
        self.check({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]})
        self.check(
            {
                "description": "Both.",
                "allOf": [
                    {**tool(a={"type": "string"}), "required": ["a"], "description": "One."},
                    {**tool(b={"type": "number"}), "required": ["b"]},
                ],
            },
            {
                "type": "object",
                "properties": {"b": {"type": "number"}, "a": {"type": "string"}},
                "required": ["b", "a"],
                "description": "Both.",
            },
        )
        self.check({"items": [{"type": "string"}, {}]}, {"prefixItems": [{"type": "string"}, {}]})

    def test_booleans(self) -> None:
        """`true` as a schema accepts anything; `additionalProperties` may be either."""
        self.check(tool(a=True), tool(a={}))
        self.check({"type": "array", "items": True}, {"type": "array", "items": {}})
        self.check({"additionalProperties": False}, {"additionalProperties": False})
        self.check(
            {"additionalProperties": {"type": "string", "title": "T"}}, {"additionalProperties": {"type": "string"}}
        )

    def test_references(self) -> None:
        """References are written out, with what stands beside them deciding; what cannot be found accepts anything."""
        schema = {
            **tool(
                a={"$ref": "#/$defs/Name", "description": "Mine."},
                b={"$ref": "#/definitions/a~1b/items"},
                c={"$ref": "https://example.org/x"},
                d={"$ref": "#/$defs/Gone"},
                e={"$ref": "#/$defs/List/anyOf/1"},
                f={"$ref": "#/$defs/List/anyOf/2"},
            ),
            "$defs": {
                "Name": {"type": "string", "description": "Any."},
                "List": {"anyOf": [{"type": "string"}, {"type": "boolean"}]},
            },
            "definitions": {"a/b": {"items": {"type": "number"}}},
        }
        expected = tool(
            a={"type": "string", "description": "Mine."}, b={"type": "number"}, c={}, d={}, e={"type": "boolean"}, f={}
        )
        self.check(schema, expected)

    def test_recursion(self) -> None:
        """A schema that contains itself ends after one turn."""
        tree = {**tool(name={"type": "string"}, children={"type": "array", "items": {"$ref": "#"}})}
        self.check(
            tree,
            tool(
                name={"type": "string"},
                children={
                    "type": "array",
                    "items": tool(name={"type": "string"}, children={"type": "array", "items": {"type": "object"}}),
                },
            ),
        )
        self.check({"$ref": "#"}, {"type": "object"})

    def test_limits(self) -> None:
        """Neither doubling references nor endless nesting make the result large."""
        defs: dict[str, Any] = {"d0": {"type": "string"}}
        for i in range(1, 30):
            defs[f"d{i}"] = tool(a={"$ref": f"#/$defs/d{i - 1}"}, b={"$ref": f"#/$defs/d{i - 1}"})
        self.assertLess(sum(1 for _ in schemas(reduced({"$ref": "#/$defs/d29", "$defs": defs}, SCHEMA))), 3 * SIZE)
        every = {"allOf": [{"$ref": "#/$defs/e"}] * 3, "$defs": {"e": {"allOf": [{"$ref": "#/$defs/e"}] * 3}}}
        self.assertEqual(reduced(every, SCHEMA), {"type": "object"})
        deep: dict[str, Any] = {}
        for _ in range(500):
            deep = {"items": deep}
        self.assertLessEqual(sum(1 for _ in schemas(reduced(deep, SCHEMA))), DEPTH + 2)

    def test_smaller_subset(self) -> None:
        """A vendor that takes less is told less in keywords and more in words."""
        schema = {"anyOf": [{"type": "string"}], "minItems": 1, "additionalProperties": False}
        self.assertEqual(reduced(schema, SMALL), {"description": 'minItems: 1; anyOf: [{"type":"string"}]'})

    def test_larger_subset(self) -> None:
        """A vendor that takes more gets more: nothing is told that is also said."""
        schema = {"type": "string", "minLength": 1, "pattern": "^a", "default": "ab", "title": "T"}
        self.assertEqual(reduced(schema, Subset(frozenset(schema), frozenset())), schema)

    def test_unspeakable(self) -> None:
        """What JSON cannot hold accepts anything."""
        self.assertEqual(reduced({"enum": [object()]}, SCHEMA), {})
        self.assertEqual(reduced_parameters({"enum": [object()]}, SCHEMA), {"type": "object", "properties": {}})

    def test_odd_values(self) -> None:
        """Keywords with values of the wrong kind do not crash, and are not sent."""
        odd = {
            "type": 3, "properties": [], "required": "a", "items": 5, "anyOf": {}, "enum": "x", "minItems": -1,
            "minimum": "0", "description": 7, "$ref": 5, "allOf": 9, "format": [], "prefixItems": [],
        }  # fmt: skip
        self.assertEqual(set(reduced(odd, SCHEMA)), {"description"})
        self.assertEqual(reduced_parameters({"properties": 3}, SCHEMA)["properties"], {})


class Parameters(SynchronousTestCase):
    """The root of a tool's schema."""

    def test_object(self) -> None:
        """Arguments are an object with properties, whatever the client said."""
        for schema in ({}, {"type": "string"}, {"type": "object"}, {"type": ["object", "null"]}):
            self.assertEqual(reduced_parameters(schema, SCHEMA), {"type": "object", "properties": {}})

    def test_alternatives(self) -> None:
        """Alternatives at the root become one object; required is what all of them require."""
        one = {**tool(a={"type": "string"}, c={"type": "string"}), "required": ["c", "a"]}
        two = {**tool(b={"type": "number"}, c={"type": "string"}), "required": ["c", "b"]}
        self.assertEqual(
            reduced_parameters({"oneOf": [one, two]}, SCHEMA),
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "c": {"type": "string"}, "b": {"type": "number"}},
                "required": ["c"],
            },
        )
        either = reduced_parameters({**tool(a={}, b={}), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, SCHEMA)
        self.assertEqual(either["description"], 'Either required: ["a"] or required: ["b"]')

    def test_remembered(self) -> None:
        """The same schema is reduced once; the client's own is left as it was."""
        schema = tool(a={"type": "string", "title": "T"})
        first = reduced_parameters(schema, SCHEMA)
        self.assertIs(reduced_parameters(tool(a={"type": "string", "title": "T"}), SCHEMA), first)
        self.assertEqual(schema, tool(a={"type": "string", "title": "T"}))


KEYWORDS = [
    "type", "format", "description", "enum", "const", "items", "prefixItems", "anyOf", "oneOf", "allOf", "not", "if",
    "properties", "required", "additionalProperties", "minimum", "exclusiveMinimum", "minLength", "pattern", "default",
    "$ref", "title", "nullable", "patternProperties", "examples",
]  # fmt: skip
VALUES = st.sampled_from(
    [None, True, 3, 0.5, "string", "object", "#", "#/$defs/a", "date", [], ["a"], ["string", "null"], [None, "a"], {}]
)


def values(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of inner schemas, and of inner nonsense."""
    names = st.sampled_from(KEYWORDS)
    return st.dictionaries(
        names, st.one_of(inner, st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)), max_size=5
    )


class AnySchema(SynchronousTestCase):
    """Properties of all schemas."""

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(st.recursive(VALUES, values, max_leaves=20))
    def test_only_accepted_keywords(self, value: Any) -> None:
        """At every position of a schema stand accepted keywords alone, and required parameters exist."""
        root = {"properties": {"format": value}, "$defs": {"a": value}}
        result = reduced_parameters(root, SCHEMA)
        self.assertEqual(set(result["properties"]), {"format"})
        for schema in schemas(result):
            self.assertEqual(set(schema) - SCHEMA.keywords, set())
            self.assertEqual(set(schema.get("required", ())) - set(schema.get("properties", ())), set())
        self.assertEqual(reduced_parameters(result, SCHEMA), result)

    @settings(max_examples=50, deadline=None, derandomize=True)
    @given(st.dictionaries(st.sampled_from(KEYWORDS), st.just({"type": "string"}), min_size=1))
    def test_parameters_survive(self, properties: dict[str, Any]) -> None:
        """No parameter is lost for its name."""
        self.assertEqual(reduced_parameters(tool(**properties), SCHEMA), tool(**properties))
