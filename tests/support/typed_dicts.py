"""Holding JSON against an SDK's request types, strictly: an unknown key is a misspelt one.

pydantic would let unknown keys of a `TypedDict` pass, and looks into an `Iterable` only when somebody reads it.
"""

import collections.abc
import types
import typing
from typing import Any

import typing_extensions

_SEQUENCES = (list, tuple, collections.abc.Iterable, collections.abc.Sequence)
_REQUIRED = (typing.Required, typing_extensions.Required)
_NOT_REQUIRED = (typing.NotRequired, typing_extensions.NotRequired)
_NUMBERS = {float: (int, float), int: (int,)}


def problems(value: Any, kind: Any, path: str = "$") -> list[str]:
    """What of `value` its type forbids, each with its path; nothing for a value that fits."""
    if isinstance(kind, typing_extensions.TypeAliasType):
        return problems(value, kind.__value__, path)
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if isinstance(origin, typing_extensions.TypeAliasType):
        return problems(value, origin.__value__[arguments], path)
    if kind is Any or kind is object:
        return []
    if kind is None or kind is type(None):
        return [] if value is None else [f"{path}: not null"]
    if origin in _REQUIRED or origin in _NOT_REQUIRED:
        return problems(value, arguments[0], path)
    if origin is typing.Annotated:
        return problems(value, arguments[0], path)
    if origin in (typing.Union, types.UnionType):
        return _least([problems(value, branch, path) for branch in arguments])
    if origin in (typing.Literal, typing_extensions.Literal):
        return [] if value in arguments else [f"{path}: {value!r} is not one of {arguments}"]
    if typing_extensions.is_typeddict(kind):
        return _object(value, kind, path)
    if origin is not None and (origin in _SEQUENCES or "Sequence" in str(origin)):
        if not isinstance(value, list):
            return [f"{path}: not an array"]
        return [found for at, each in enumerate(value) for found in problems(each, arguments[0], f"{path}[{at}]")]
    if origin in (dict, collections.abc.Mapping):
        if not isinstance(value, dict):
            return [f"{path}: not an object"]
        return [found for key, each in value.items() for found in problems(each, arguments[1], f"{path}.{key}")]
    expected = _NUMBERS.get(kind, (origin or kind,))
    fits = isinstance(value, expected) and (kind is bool or not isinstance(value, bool))
    return [] if fits else [f"{path}: {value!r} is not {kind}"]


def _object(value: Any, kind: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    # `__required_keys__` misses what is `Required` in annotations that are strings, as the SDKs' are.
    hints = typing_extensions.get_type_hints(kind, include_extras=True)
    found = [f"{path}.{key}: unknown to {kind.__name__}" for key in value if key not in hints]
    found += [f"{path}.{key}: missing" for key in hints if key not in value and _required(key, hints[key], kind)]
    for key, each in value.items():
        if key in hints:
            found += problems(each, hints[key], f"{path}.{key}")
    return found


def _required(key: str, hint: Any, kind: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin in _NOT_REQUIRED:
        return False
    return origin in _REQUIRED or key in kind.__required_keys__


def _least(branches: list[list[str]]) -> list[str]:
    return min(branches, key=len)
