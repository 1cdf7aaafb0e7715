"""A configuration file that a program changes: its text, changed where it must be, with everything else as it was.

In JSON a value is cut out and another put in, so comments, order and spaces stay. In YAML the changed section (such as
`providers`) is written anew as a whole, and its comments are lost; all others stay. What a draft reads well is still to
be judged: see `config.load`.
"""

import json
from typing import Any

from ccproxy.config.jsonfile import places, read_json, skip_blank
from ccproxy.config.load import parse
from ccproxy.config.problems import Path
from ccproxy.config.yamlfile import rewritten

INDENT = "  "


class Draft:
    """The text of a file with this name. `value` is what it says now."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._crlf = "\r\n" in text
        self._text = text.replace("\r\n", "\n")
        self._is_yaml = name.lower().endswith((".yaml", ".yml")) or _looks_like_yaml(self._text, name)
        self.value: dict[str, Any] = {}
        self._read()

    @property
    def text(self) -> str:
        """All of it, as it is to be written."""
        return self._text.replace("\n", "\r\n") if self._crlf else self._text

    def put(self, path: Path, key: str, value: Any) -> None:
        """Set a key of the object at `path`."""
        if key in self._at(path) or self._is_yaml:
            self.replace((*path, key), value)
        else:
            self._insert(path, f"{json.dumps(key)}: ", value)

    def replace(self, path: Path, value: Any) -> None:
        """Put another value where one is."""
        if self._is_yaml:
            self._at(path[:-1])[path[-1]] = value
            self._rewrite_yaml(str(path[0]))
        else:
            start, end = self._spans[path]
            self._splice(start, end, _written(value, self._indent(start)))

    def append(self, path: Path, value: Any) -> None:
        """Add an element to the list at `path`."""
        if self._is_yaml:
            self._at(path).append(value)
            self._rewrite_yaml(str(path[0]))
        else:
            self._insert(path, "", value)

    def remove(self, path: Path) -> None:
        """Take an element out of its list. In JSON, the comments above it stay: they may be about others."""
        if self._is_yaml:
            del self._at(path[:-1])[path[-1]]
            self._rewrite_yaml(str(path[0]))
            return
        start, end = self._spans[path]
        after = skip_blank(self._text, end)
        if self._text.startswith(",", after):
            end = after + 1
        # A line that held nothing else goes as a whole.
        line_start = self._text.rfind("\n", 0, start) + 1
        line_end = self._text.find("\n", end)
        line_end = len(self._text) if line_end < 0 else line_end
        if not self._text[line_start:start].strip() and not self._text[end:line_end].strip():
            start, end = line_start, min(line_end + 1, len(self._text))
        self._splice(start, end, "")

    def _read(self) -> None:
        if self._is_yaml:
            self.value = dict(parse(self._text, self._name).value)
        else:
            self.value = read_json(self._text, self._name).value
            self._spans = places(self._text, self._name)

    def _at(self, path: Path) -> Any:
        found: Any = self.value
        for step in path:
            found = found[step]
        return found

    def _insert(self, path: Path, before: str, value: Any) -> None:
        """Put a member into the object or list at `path`, behind the others."""
        start, end = self._spans[path]
        closing = end - 1
        inner = self._indent(start) + INDENT
        members = [span for way, span in self._spans.items() if way[:-1] == path and len(way) == len(path) + 1]
        text = f"{inner}{before}{_written(value, inner)}"
        if not members:
            blank = self._text[start + 1 : closing]
            kept = blank.rstrip() if blank.strip() else ""
            self._splice(start + 1, closing, f"{kept}\n{text}\n{self._indent(start)}")
            return
        last = max(span_end for _, span_end in members)
        if "\n" not in self._text[start:end] and not isinstance(value, dict):
            self._splice(last, last, f", {before}{_written(value, inner)}")
            return
        trailing = self._text.startswith(",", skip_blank(self._text, last))
        # Behind what stands before the bracket, be it a comment; the comma right behind the last member.
        place = len(self._text[:closing].rstrip())
        tail = self._text[place:closing] if "\n" in self._text[place:closing] else f"\n{self._indent(start)}"
        self._splice(place, closing, f"\n{text}{',' if trailing else ''}{tail}", read=False)
        if not trailing:
            self._splice(last, last, ",", read=False)
        self._read()

    def _indent(self, at: int) -> str:
        """The blanks at the beginning of the line of a position."""
        line = self._text[self._text.rfind("\n", 0, at) + 1 : at]
        return line[: len(line) - len(line.lstrip())]

    def _splice(self, start: int, end: int, text: str, read: bool = True) -> None:
        self._text = f"{self._text[:start]}{text}{self._text[end:]}"
        if read:
            self._read()

    def _rewrite_yaml(self, section: str) -> None:
        self._splice(0, len(self._text), rewritten(self._text, section, self.value[section]))


def _looks_like_yaml(text: str, name: str) -> bool:
    return not name.lower().endswith(".json") and text.lstrip()[:1] not in ("{", "/", "[", "")


def _written(value: Any, indent: str) -> str:
    """A value as JSON: objects over several lines, lists of texts on one."""
    if isinstance(value, dict) and value:
        inner = indent + INDENT
        members = (f"{inner}{json.dumps(key)}: {_written(part, inner)}" for key, part in value.items())
        return "{\n" + ",\n".join(members) + f"\n{indent}" + "}"
    return json.dumps(value, ensure_ascii=False)
