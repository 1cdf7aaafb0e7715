"""JSON Schema as OpenAI's function tools and structured outputs take it.

Vendors of this dialect want an object with properties at the root and stumble over `$schema`; OpenAI's strict mode
takes a small subset of the rest. Nothing is taken away here that is merely unknown: servers ignore it. `schema_places`
knows what they stumble over further within.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.schema_places import with_typed_branches, without_lookaround

_ROOT_ONLY = ("$schema", "$id")
_COMBINATORS = ("anyOf", "oneOf", "allOf")
_NOT_AT_ROOT = (*_COMBINATORS, "enum", "not", "const", "if", "then", "else")

_STRICT = frozenset(
    {
        "type",
        "title",
        "description",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "definitions",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "pattern",
        "format",
    }
)
_STRICT_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})


def clean_openai(schema: Mapping[str, Any], typed_branches: bool = False) -> Mapping[str, Any]:
    """The schema of a tool's arguments with an object at its root that has `properties`, and without patterns that no
    server compiles. Alternatives at the root, which OpenAI refuses there, become one object with the properties of all:
    what every one requires stays required (and what any part of an `allOf` requires). `typed_branches` as the quirk."""
    schema = _root(schema)
    clean = {key: value for key, value in schema.items() if key not in _ROOT_ONLY and key not in _NOT_AT_ROOT}
    properties = schema.get("properties")
    merged = dict(properties) if isinstance(properties, dict) else {}
    required = _names(schema.get("required"))
    for combinator in _COMBINATORS:
        branches = _branches(schema, combinator)
        for branch in branches:
            own = branch.get("properties")
            merged |= {name: own[name] for name in own if name not in merged} if isinstance(own, dict) else {}
        wanted = [_names(branch.get("required")) for branch in branches]
        if combinator == "allOf":
            required += [name for names in wanted for name in names]
        elif wanted:
            required += [name for name in wanted[0] if all(name in names for names in wanted[1:])]
    clean["type"] = "object"
    clean["properties"] = merged
    known = [name for name in dict.fromkeys(required) if name in merged]
    if known or "required" in schema:
        clean["required"] = known
    return with_typed_branches(clean) if typed_branches else without_lookaround(clean)


def clean_output(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of an answer, without what OpenAI refuses in one."""
    return without_lookaround({key: value for key, value in schema.items() if key not in _ROOT_ONLY})


def _branches(schema: Mapping[str, Any], combinator: str) -> list[dict[str, Any]]:
    branches = schema.get(combinator)
    return [branch for branch in branches if isinstance(branch, dict)] if isinstance(branches, list) else []


def _root(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself where its root is nothing but a reference to one of its own definitions."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    place, _, name = reference.removeprefix("#/").partition("/")
    definitions = schema.get(place)
    target = definitions.get(name) if isinstance(definitions, dict) else None
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**rest, **target} if isinstance(target, dict) and "$ref" not in target else rest


def strict(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAI takes the schema in strict mode as it is: every object lists all its properties as required and
    allows no others, and only the keywords of the subset occur."""
    return schema.get("type") == "object" and _strict(schema, 0)


def _strict(schema: Any, depth: int) -> bool:
    if not isinstance(schema, dict) or depth > 32 or not schema.keys() <= _STRICT:
        return False
    if "format" in schema and schema["format"] not in _STRICT_FORMATS:
        return False
    if "pattern" in schema and "(?" in str(schema["pattern"]):
        return False
    if "$ref" in schema:
        return len(schema) == 1
    if not schema.keys() & {"type", "anyOf"}:
        return False
    properties = schema.get("properties", {})
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "object" in kinds or "properties" in schema:
        if schema.get("additionalProperties") is not False or not isinstance(properties, dict):
            return False
        if set(_names(schema.get("required"))) != set(properties):
            return False
    if "array" in kinds and "items" not in schema:
        return False
    nested = list(properties.values()) if isinstance(properties, dict) else []
    for key in ("$defs", "definitions"):
        if isinstance(schema.get(key), dict):
            nested += schema[key].values()
    if "items" in schema:
        nested.append(schema["items"])
    nested += schema["anyOf"] if isinstance(schema.get("anyOf"), list) else []
    return all(_strict(inner, depth + 1) for inner in nested)


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
