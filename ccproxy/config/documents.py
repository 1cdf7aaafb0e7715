"""A configuration file as it was read: its value, and on which line each part of it stands."""

from collections.abc import Mapping
from typing import Any, NoReturn

from attrs import field, frozen

from ccproxy.config.problems import Path, written
from ccproxy.config.settings import ConfigError

DEPTH_LIMIT = 50
"""How deep objects and lists may lie in each other. A configuration needs six."""

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of a file."""


@frozen
class Origin:
    """Where a part of a document was written first: in another document, under another key perhaps."""

    document: "Document"
    path: Path


@frozen
class Note:
    """A key of another program's configuration that is not taken as it stands: where it is, and what becomes of it."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@frozen
class Document:
    """`value` is what the text says; `lines` gives the line (from 1) of each key and list element.

    One that was made of other documents knows by `origins` where each part of it was written, so that a mistake is told
    there and under the name it has there; see `config.imports`.
    """

    name: str
    value: dict[str, Any]
    lines: Mapping[Path, int] = field(factory=dict)
    origins: Mapping[Path, Origin] = field(factory=dict)
    notes: tuple[Note, ...] = ()
    tradition: str = ""
    """The program whose format it was; empty for our own."""
    files: tuple[str, ...] = ()
    """All files it was made of, where they are several."""

    def place(self, path: Path) -> str:
        """Where a path stands, or the nearest thing around it: `FILE, line 12`."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return f"{self.name}, line {line}"
        return self.name

    def told(self, path: Path) -> str:
        """The same with the key, as whoever wrote it knows it: `FILE, line 12: providers[0].name`."""
        for length in range(len(path), 0, -1):
            if (origin := self.origins.get(path[:length])) is not None:
                return origin.document.told(origin.path)
        return f"{self.place(path)}: {written(path)}" if path else self.name

    def at(self, path: Path) -> Any:
        """The value at a path as it was written; None where there is none."""
        if (origin := self.origins.get(path)) is not None:
            return origin.document.at(origin.path)
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
