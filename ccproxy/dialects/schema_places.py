"""Small changes to JSON Schema, wherever in it they are due: for vendors that take nearly all of it.

A schema is walked by position, as in `schemas`, so a parameter that is called `pattern` or `type` survives. The same
schemas come with every request of a conversation, so the work is done once for each.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ccproxy.wire.jsontext import NotJson, dumps, loads

_DEPTH = 64
"""Levels of schemas within schemas that are walked."""
_REMEMBERED = 1024
"""Changed schemas that are kept: several clients with a hundred tools each."""
_TOLD = 400
"""Characters of a pattern that the description tells."""

_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems", "items"})
_SINGLE = frozenset(
    {"items", "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames"}
)
"""Keywords that hold schemas: by the names of properties, in a list, and alone."""

_NOT_COMPILED = re.compile(r"\(\?<?[=!]|\\[1-9]")
"""Looking around and back: what a regular expression that runs in linear time does not have."""

_ALTERNATIVES = ("anyOf", "oneOf")


def without_lookaround(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema without patterns that OpenAI refuses the whole request for; the description tells them. It is shared
    with later callers and must not be altered."""
    return _changed(schema, False)


def with_typed_branches(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, as Moonshot wants it besides: alternatives have their types themselves, what is around them has none,
    and beside a reference there is nothing."""
    return _changed(schema, True)


def _changed(schema: Mapping[str, Any], typed: bool) -> Mapping[str, Any]:
    try:
        text = dumps(schema)
    except NotJson:
        return schema
    return _walked(text, typed) if typed or b'"pattern' in text else schema


@lru_cache(maxsize=_REMEMBERED)
def _walked(text: bytes, typed: bool) -> dict[str, Any]:
    changed: dict[str, Any] = _walk(loads(text), typed, 0)
    return changed


def _walk(node: Any, typed: bool, depth: int) -> Any:
    if not isinstance(node, dict) or depth > _DEPTH:
        return node
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key in _BY_NAME and isinstance(value, dict):
            kept = value if key != "patternProperties" else {k: v for k, v in value.items() if _is_compiled(k)}
            result[key] = {name: _walk(child, typed, depth + 1) for name, child in kept.items()}
        elif key in _LISTED and isinstance(value, list):
            result[key] = [_walk(child, typed, depth + 1) for child in value]
        elif key in _SINGLE:
            result[key] = _walk(value, typed, depth + 1)
        else:
            result[key] = value
    if isinstance(pattern := result.get("pattern"), str) and not _is_compiled(pattern):
        del result["pattern"]
        note = f"pattern: {pattern[:_TOLD]}"
        described = result.get("description")
        result["description"] = f"{described} ({note})" if isinstance(described, str) and described else note
    return _typed(result) if typed else result


def _is_compiled(pattern: str) -> bool:
    return _NOT_COMPILED.search(pattern) is None


def _typed(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    for keyword in _ALTERNATIVES:
        branches = node.get(keyword)
        if isinstance(branches, list) and branches:
            around = node.pop("type", None)
            node[keyword] = [_with_type(branch, around) for branch in branches]
    return node if any(keyword in node for keyword in _ALTERNATIVES) else _with_type(node, None)


def _with_type(node: Any, around: Any) -> Any:
    """A schema with a type: its own, that of what is around it, or the one that its keywords are of."""
    if not isinstance(node, dict) or node.keys() & {"type", "$ref", *_ALTERNATIVES, "allOf"}:
        return node
    told = around
    if told is None and node.keys() & {"properties", "required"}:
        told = "object"
    elif told is None and "items" in node:
        told = "array"
    elif told is None and isinstance(values := node.get("enum"), list) and all(isinstance(one, str) for one in values):
        told = "string"
    return node if told is None else {"type": told, **node}
