"""A provider's new name, in the routes that lead to it."""

from typing import Any

from ccproxy.config.draft import Draft


def rename(draft: Draft, old: str, new: str) -> None:
    """Let the routes follow a provider to its new name."""
    routes = draft.value.get("routes")
    for path, value in _texts(routes if isinstance(routes, dict) else {}, ("routes",)):
        where, key = path[:-1], path[-1]
        if key == "provider" and value == old:
            draft.put(where, "provider", new)
        elif key != "model" and value.startswith(f"{old},"):
            draft.replace(path, f"{new},{value.partition(',')[2]}")


def _texts(value: Any, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], str]]:
    """All texts in a value, with the ways to them."""
    match value:
        case str():
            return [(path, value)]
        case dict():
            return [found for key, part in value.items() for found in _texts(part, (*path, key))]
        case list():
            return [found for index, part in enumerate(value) for found in _texts(part, (*path, index))]
    return []
