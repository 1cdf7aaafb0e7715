"""JSON Schema reduced to what a vendor accepts.

Clients describe their tools in all of JSON Schema; vendors take a part of it, and some refuse the whole request for one
keyword they do not know. A schema is walked by position, never by the names of its keys, so a parameter that is called
`format` or `properties` survives. References are written out in place; what the vendor has no keyword for is told to
the model in the description.

The same schemas come with every request of a conversation, so the work is done once for each.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from attrs import frozen

from ccproxy.wire.jsontext import NotJson, dumps, dumps_str, loads

DEPTH = 32
"""Levels of schemas within schemas; what lies deeper accepts anything."""
SIZE = 4000
"""Schemas within one schema, after references are written out: doubling references would make millions of few."""
TOLD = 400
"""Characters of one lost constraint that the description tells."""
REMEMBERED = 1024
"""Reduced schemas that are kept: several clients with a hundred tools each."""

Schema = dict[str, Any]


@frozen
class Subset:
    """What a vendor accepts: the keywords, and the values of `format`. Keywords that hold schemas are `properties`,
    `items`, `prefixItems`, `anyOf` and `additionalProperties`; it is of no use to name another such."""

    keywords: frozenset[str]
    formats: frozenset[str]


_TOLD_KEYWORDS = (
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
    "not",
    "anyOf",
    "if",
    "then",
    "else",
    "oneOf",
    "prefixItems",
    "additionalProperties",
    "contentEncoding",
    "contentMediaType",
    "default",
    "enum",
    "example",
    "examples",
    "enumDescriptions",
    "deprecated",
)
"""Keywords whose loss the description makes good. Others (`$schema`, `$comment`, `title`, vendors' own) tell a model
nothing."""

_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_NUMBERS = frozenset({"minimum", "maximum"})


def reduced(schema: Mapping[str, Any], subset: Subset) -> Mapping[str, Any]:
    """The schema in the keywords of `subset`. It is shared with later callers and must not be altered."""
    try:
        return _reduced(dumps(schema), subset, False)
    except NotJson:
        return {}


def reduced_parameters(schema: Mapping[str, Any], subset: Subset) -> Mapping[str, Any]:
    """`reduced` for the arguments of a tool: always `{"type": "object", "properties": {...}}`. Alternatives at the root
    become one object with the properties of all, of which those are required that all of them require."""
    try:
        return _reduced(dumps(schema), subset, True)
    except NotJson:
        return {"type": "object", "properties": {}}


@lru_cache(maxsize=REMEMBERED)
def _reduced(text: bytes, subset: Subset, parameters: bool) -> Schema:
    root = loads(text)
    result = _Reduction(root, subset).schema(root, (), 0)
    return _as_object(result) if parameters else result


def _as_object(schema: Schema) -> Schema:
    """An object schema, whatever it was."""
    result = {key: value for key, value in schema.items() if key not in ("anyOf", "enum", "items", "prefixItems")}
    branches = [branch for branch in schema.get("anyOf", ()) if "properties" in branch]
    others = [branch["description"] for branch in schema.get("anyOf", ()) if branch.keys() == {"description"}]
    if others:
        result["description"] = " ".join(filter(None, [result.get("description", ""), "Either", " or ".join(others)]))
    properties = dict(result.get("properties", {}))
    required = list(result.get("required", ()))
    for branch in branches:
        for name, value in branch["properties"].items():
            properties.setdefault(name, value)
    if branches:
        required += [
            name
            for name in branches[0].get("required", ())
            if name not in required and all(name in branch.get("required", ()) for branch in branches)
        ]
    result = {"type": "object", **result, "properties": properties}
    result["type"] = "object"
    if required:
        result["required"] = required
    return result


class _Reduction:
    """One walk through one schema. `seen` holds the references that lead to the present place."""

    def __init__(self, root: Any, subset: Subset) -> None:
        self._root = root
        self._subset = subset
        self._left = SIZE

    def schema(self, node: Any, seen: tuple[str, ...], depth: int) -> Schema:
        self._left -= 1
        if not isinstance(node, dict) or depth > DEPTH or self._left < 0:
            return {}
        flat, seen = self._flat(node, seen, depth)
        lost = dict.fromkeys(key for key in _TOLD_KEYWORDS if key in flat)
        if "required" in flat and "properties" not in flat:
            lost["required"] = None
        result: Schema = {}
        for key, value in self._kept(_modern(flat), seen, depth + 1):
            result[key] = value
            lost.pop(key, None)
        if "anyOf" in result and "anyOf" not in flat:
            lost.pop("oneOf", None)
        if "minimum" in result and "minimum" not in flat:
            lost.pop("exclusiveMinimum", None)
        if "maximum" in result and "maximum" not in flat:
            lost.pop("exclusiveMaximum", None)
        if "additionalProperties" in lost and not isinstance(flat["additionalProperties"], dict):
            del lost["additionalProperties"]
        return _told(result, flat, lost)

    def _kept(self, node: Schema, seen: tuple[str, ...], depth: int) -> Iterable[tuple[str, Any]]:
        for key in node:
            if key in self._subset.keywords:
                value = self._value(key, node, seen, depth)
                if value is not None:
                    yield key, value

    def _value(self, key: str, node: Schema, seen: tuple[str, ...], depth: int) -> Any:
        """The value of a keyword as the vendor takes it; None where it takes none."""
        value = node[key]
        match key:
            case "properties" if isinstance(value, dict):
                return {name: self.schema(child, seen, depth) for name, child in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                return self.schema(value, seen, depth)
            case "items" if value is True:
                return {}
            case "additionalProperties" if isinstance(value, bool):
                return value
            case "anyOf" | "prefixItems" if isinstance(value, list) and value:
                return [self.schema(child, seen, depth) for child in value]
            case "required" | "propertyOrdering" if isinstance(value, list):
                properties = node.get("properties")
                known = properties if isinstance(properties, dict) else {}
                return [name for name in value if isinstance(name, str) and name in known] or None
            case "enum" if isinstance(value, list) and value:
                return value if all(_is_scalar(one) for one in value) else None
            case "format" if isinstance(value, str):
                return value if value in self._subset.formats else None
            case "type":
                return _types(value)
            case "description" | "title" | "pattern" if isinstance(value, str):
                return value
            case _ if key in _COUNTS:
                return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
            case _ if key in _NUMBERS:
                return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
            case "nullable" if isinstance(value, bool):
                return value
            case "default" | "example":
                return value
        return None

    def _flat(self, node: Schema, seen: tuple[str, ...], depth: int) -> tuple[Schema, tuple[str, ...]]:
        """The schema with its reference and its `allOf` written out, and the references met."""
        own = {key: value for key, value in node.items() if key not in ("$ref", "allOf")}
        reference = node.get("$ref")
        if isinstance(reference, str):
            target = self._target(reference)
            if reference in seen:
                type_ = target.get("type") if isinstance(target, dict) else None
                own.setdefault("type", type_ if isinstance(type_, str) else "object")
            elif isinstance(target, dict):
                found, seen = self._flat(target, (*seen, reference), depth)
                own = _merged(own, found)
        every = node.get("allOf")
        if isinstance(every, list) and depth <= DEPTH:
            for branch in every:
                self._left -= 1
                if isinstance(branch, dict) and self._left >= 0:
                    found, seen = self._flat(branch, seen, depth + 1)
                    own = _merged(own, found)
        return own, seen

    def _target(self, reference: str) -> Any:
        """What a reference within this document means (RFC 6901); None for others."""
        place = self._root
        if not reference.startswith("#"):
            return None
        for step in reference[1:].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, dict):
                place = place.get(name)
            elif isinstance(place, list) and name.isdecimal() and int(name) < len(place):
                place = place[int(name)]
            else:
                return None
        return place


def _merged(one: Schema, other: Schema) -> Schema:
    """What satisfies both, as far as keywords can be joined; else `one` decides."""
    result = {**other, **one}
    if isinstance(one.get("properties"), dict) and isinstance(other.get("properties"), dict):
        result["properties"] = {**other["properties"], **one["properties"]}
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        result["required"] = [*other["required"], *(name for name in one["required"] if name not in other["required"])]
    return result


def _modern(node: Schema) -> Schema:
    """The same in fewer keywords: `const`, `oneOf`, `nullable`, lists of items and exclusive bounds of integers have
    another way to be said."""
    result = dict(node)
    if "const" in result:
        result.setdefault("enum", [result.pop("const")])
    if "oneOf" in result and "anyOf" not in result:
        result["anyOf"] = result["oneOf"]
    if isinstance(result.get("items"), list):
        result["prefixItems"] = result.pop("items")
    enum = result.get("enum")
    if isinstance(enum, list) and None in enum and len(enum) > 1:
        result["enum"] = enum = [value for value in enum if value is not None]
        result["nullable"] = True
    if isinstance(enum, list) and enum and "type" not in result and all(isinstance(value, str) for value in enum):
        result["type"] = "string"
    if result.get("nullable") is True and isinstance(result.get("type"), (str, list)):
        del result["nullable"]
        types = result["type"] if isinstance(result["type"], list) else [result["type"]]
        result["type"] = types if "null" in types else [*types, "null"]
    if result.get("type") == "integer":
        for exclusive, bound, step in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
            if isinstance(result.get(exclusive), int) and not isinstance(result[exclusive], bool):
                result.setdefault(bound, result[exclusive] + step)
    return result


_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


def _types(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower() if value.lower() in _TYPES else None
    if isinstance(value, list):
        known = [one.lower() for one in value if isinstance(one, str) and one.lower() in _TYPES]
        return known[0] if len(known) == 1 else known or None
    return None


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _told(result: Schema, flat: Schema, lost: Iterable[str]) -> Schema:
    """The schema with what it lost in its description."""
    words = [f"{key}: {_words(flat[key])}" for key in lost]
    if isinstance(flat.get("const"), (bool, dict, list)) and "enum" not in result:
        words.append(f"always {_words(flat['const'])}")
    if words:
        note = "; ".join(words)
        description = result.pop("description", "")
        result["description"] = f"{description} ({note})" if description else note
    return result


def _words(value: Any) -> str:
    text = value if isinstance(value, str) else dumps_str(value)
    return text if len(text) <= TOLD else text[:TOLD] + "…"
