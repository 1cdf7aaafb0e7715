"""A configuration file as it was read: its value, and on which line each part of it stands."""

from collections.abc import Mapping
from typing import Any, NoReturn

from attrs import field, frozen

from ccproxy.config.problems import Path
from ccproxy.config.settings import ConfigError

DEPTH_LIMIT = 50
"""How deep objects and lists may lie in each other. A configuration needs six."""

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of a file."""


@frozen
class Document:
    """`value` is what the text says; `lines` gives the line (from 1) of each key and list element."""

    name: str
    value: dict[str, Any]
    lines: Mapping[Path, int] = field(factory=dict)

    def place(self, path: Path) -> str:
        """Where a path stands, or the nearest thing around it: `FILE, line 12`."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return f"{self.name}, line {line}"
        return self.name

    def at(self, path: Path) -> Any:
        """The value at a path as it was written; None where there is none."""
        value: Any = self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


NO_FILE = Document("no configuration file", {})


def fail(name: str, line: int, column: int, text: str) -> NoReturn:
    """Refuse a file whose text cannot be read; `line` and `column` count from 1."""
    raise ConfigError(f"{name}, line {line}, column {column}: {text}")
