"""A value that a JSON Schema takes, made up: for the demo, which has no model to ask for one."""

from collections.abc import Mapping
from typing import Any

DEPTH = 12
"""How far into a schema. Below that, which is only in those that refer to themselves, there is nothing."""

_WORDS = "ccproxy demo"
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "demo@example.com",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example(schema: Any) -> Any:
    """A value of the least that the schema wants: what is required of an object, or all of it where nothing is said of
    that, and one item of an array."""
    return _example(schema, schema, 0)


def _example(schema: Any, root: Any, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth > DEPTH:
        return None
    if isinstance(way := schema.get("$ref"), str):
        return _example(_referred(root, way), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for name in ("anyOf", "oneOf"):
        if schema.get(name):
            return _example(schema[name][0], root, depth + 1)
    if schema.get("allOf"):
        parts = [_example(part, root, depth + 1) for part in schema["allOf"]]
        objects = [part for part in parts if isinstance(part, dict)]
        return {key: value for part in objects for key, value in part.items()} if objects else parts[0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "object":
            properties = schema.get("properties") or {}
            keys = schema.get("required", properties)
            return {key: _example(properties.get(key), root, depth + 1) for key in keys}
        case "array":
            count = max(1, schema.get("minItems") or 0)
            return [_example(schema.get("items", {"type": "string"}), root, depth + 1)] * count
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
    text = _FORMATS.get(schema.get("format", ""), _WORDS)
    return text.ljust(schema.get("minLength") or 0, ".")[: schema.get("maxLength")]


def _number(schema: Mapping[str, Any]) -> Any:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return min(max(1, least), schema.get("maximum", max(1, least)))


def _referred(root: Any, way: str) -> Any:
    """What a reference within the schema leads to; None where that is nowhere."""
    for name in way.removeprefix("#").split("/")[1:]:
        root = root.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(root, Mapping) else None
    return root
