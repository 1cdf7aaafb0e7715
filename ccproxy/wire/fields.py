"""Reading required things out of JSON that a client wrote: each wrong one is an error that names its place.

A path is what people write for it, `messages[2].content[0].type`; it is only put together when something is wrong
there, so callers pass the path of the object and the key apart.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.errors import ApiError, Kind, invalid
from ccproxy.wire.jsontext import NotJson, loads

Object = Mapping[str, Any]


def read_body(body: bytes) -> dict[str, Any]:
    """The object that the body of a client's request must be."""
    try:
        value = loads(body)
    except NotJson as error:
        raise ApiError(Kind.INVALID, f"the request body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise invalid("the request body", "an object", value)
    return value


def below(path: str, key: str) -> str:
    """The path of a member; the root's own path is empty."""
    return f"{path}.{key}" if path else key


def text(value: Object, key: str, path: str) -> str:
    """A string that must be there."""
    found = value.get(key)
    if not isinstance(found, str):
        raise invalid(below(path, key), "a string", found)
    return found


def optional_text(value: Object, key: str, path: str) -> str:
    """A string, empty where it is missing or null."""
    return "" if value.get(key) is None else text(value, key, path)


def flag(value: Object, key: str, path: str) -> bool:
    """True or false; False where it is missing or null."""
    found = value.get(key)
    if found is None:
        return False
    if not isinstance(found, bool):
        raise invalid(below(path, key), "true or false", found)
    return found


def integer(value: Object, key: str, path: str, least: int = 0) -> int:
    """A whole number that must be there, not below `least`."""
    found = value.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or found < least:
        raise invalid(below(path, key), f"a whole number from {least} on", found)
    return found


def optional_integer(value: Object, key: str, path: str, least: int = 0) -> int | None:
    """A whole number; None where it is missing or null."""
    return None if value.get(key) is None else integer(value, key, path, least)


def optional_number(value: Object, key: str, path: str) -> float | None:
    """A number; None where it is missing or null."""
    found = value.get(key)
    if found is None:
        return None
    if not isinstance(found, (int, float)) or isinstance(found, bool):
        raise invalid(below(path, key), "a number", found)
    return found


def mapping(value: Object, key: str, path: str) -> Object:
    """An object that must be there."""
    return as_object(value.get(key), below(path, key))


def optional_mapping(value: Object, key: str, path: str) -> Object | None:
    """An object; None where it is missing or null."""
    return None if value.get(key) is None else mapping(value, key, path)


def array(value: Object, key: str, path: str) -> list[Any]:
    """An array that must be there."""
    found = value.get(key)
    if not isinstance(found, list):
        raise invalid(below(path, key), "an array", found)
    return found


def optional_array(value: Object, key: str, path: str) -> list[Any]:
    """An array, empty where it is missing or null."""
    return [] if value.get(key) is None else array(value, key, path)


def texts(value: Object, key: str, path: str) -> tuple[str, ...]:
    """An array of strings, empty where it is missing or null."""
    found = optional_array(value, key, path)
    for at, element in enumerate(found):
        if not isinstance(element, str):
            raise invalid(f"{below(path, key)}[{at}]", "a string", element)
    return tuple(found)


def as_object(value: Any, path: str) -> Object:
    """The value, which must be an object."""
    if not isinstance(value, dict):
        raise invalid(path, "an object", value)
    return value
