"""JSON with comments and trailing commas, read so that every key knows its line.

The standard library's reader gives values without their places, and blanking comments beforehand would still leave
duplicate keys to be found: so this reads tokens itself. It takes 10 ms for a file of 26 kB. `//` and `/* */` inside
strings are text.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, NoReturn

from ccproxy.config.documents import DEPTH_LIMIT, Document, fail
from ccproxy.config.problems import Path, quoted

_BLANK = re.compile(r"(?:[ \t\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9A-Za-z_.])")
_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.-]*")
_VALUES = {"true": True, "false": False, "null": None}
_OTHER_LANGUAGES = {"True": "true", "False": "false", "None": "null", "undefined": "null"}


def read_json(text: str, name: str) -> Document:
    """The document in `text`, whose lines end in LF. Raises `ConfigError` with the place in the file called `name`."""
    return _Reader(text, name).document()


def places(text: str, name: str) -> Mapping[Path, tuple[int, int]]:
    """Where each value of the document in `text` begins and ends. Raises `ConfigError`."""
    reader = _Reader(text, name)
    reader.document()
    return reader.spans


def skip_blank(text: str, at: int) -> int:
    """The position of what follows behind blanks and comments."""
    blank = _BLANK.match(text, at)
    assert blank is not None  # It matches nothing, too.
    return blank.end()


class _Reader:
    """One reading of one text: a position that moves on, and the lines found on the way."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self.spans: dict[Path, tuple[int, int]] = {}

    def document(self) -> Document:
        self._skip_blank()
        if self._at == len(self._text):
            self._fail("an object in braces", "an empty file")
        if self._text[self._at] != "{":
            self._fail("an object in braces", self._found())
        value: dict[str, Any] = self._value(())
        self._skip_blank()
        if self._at < len(self._text):
            self._fail("nothing more after the closing brace", self._found())
        return Document(self._name, value, self._lines)

    def _value(self, path: Path) -> Any:
        start = self._at
        value = self._any(path)
        self.spans[path] = (start, self._at)
        return value

    def _any(self, path: Path) -> Any:
        if len(path) > DEPTH_LIMIT:
            self._refuse(f"objects and lists lie more than {DEPTH_LIMIT} deep in each other")
        match self._text[self._at : self._at + 1]:
            case "{":
                return self._object(path)
            case "[":
                return self._list(path)
            case '"':
                return self._string()
        if number := _NUMBER.match(self._text, self._at):
            try:
                value = json.loads(number[0])
            except ValueError:  # Python reads no integers of many thousand digits.
                self._refuse("the number has too many digits")
            self._at = number.end()
            return value
        word = _WORD.match(self._text, self._at)
        if word is None or word[0] not in _VALUES:
            self._fail("a value", self._found())
        self._at = word.end()
        return _VALUES[word[0]]

    def _object(self, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        self._at += 1
        while True:
            self._skip_blank()
            if self._take("}"):
                return result
            if self._text[self._at : self._at + 1] != '"':
                self._fail('a key in double quotes, or "}"', self._found())
            line = self._line()
            start = self._at
            key = self._string()
            if key in result:
                self._at = start
                self._refuse(
                    f"the key {quoted(key)} is here a second time; it is first on line {self._lines[*path, key]}"
                )
            self._skip_blank()
            if not self._take(":"):
                self._fail(f'":" after the key {quoted(key)}', self._found())
            self._skip_blank()
            self._lines[*path, key] = line
            result[key] = self._value((*path, key))
            self._skip_blank()
            if not self._take(",") and self._text[self._at : self._at + 1] != "}":
                self._fail('"," or "}"', self._found())

    def _list(self, path: Path) -> list[Any]:
        result: list[Any] = []
        self._at += 1
        while True:
            self._skip_blank()
            if self._take("]"):
                return result
            element = (*path, len(result))
            self._lines[element] = self._line()
            result.append(self._value(element))
            self._skip_blank()
            if not self._take(",") and self._text[self._at : self._at + 1] != "]":
                self._fail('"," or "]"', self._found())

    def _string(self) -> str:
        token = _STRING.match(self._text, self._at)
        if token is None:
            self._refuse("a text that begins here does not end on its line")
        try:
            value = json.loads(token[0], strict=False)
        except json.JSONDecodeError as error:
            self._at += error.pos
            self._refuse("there is no such escape: a backslash in a text is written twice")
        self._at = token.end()
        return str(value)

    def _skip_blank(self) -> None:
        self._at = skip_blank(self._text, self._at)
        if self._text.startswith("/*", self._at):
            self._refuse("a comment that begins here never ends")

    def _take(self, character: str) -> bool:
        if self._text.startswith(character, self._at):
            self._at += 1
            return True
        return False

    def _line(self) -> int:
        return bisect_right(self._ends, self._at - 1) + 1 if self._at else 1

    def _found(self) -> str:
        """What stands here, without showing what may be a key that lost its quotes."""
        if self._at >= len(self._text):
            return "the end of the file"
        if word := _WORD.match(self._text, self._at):
            right = _OTHER_LANGUAGES.get(word[0])
            return f"{word[0]} (it is written {right} here)" if right else "a word without quotes"
        character = self._text[self._at]
        if character == "'":
            return "a text in single quotes (double ones are needed)"
        if character == '"':
            return "a text"
        if character.isdigit() or character in "-+.":
            return "a number, or something like one"
        if character == "/":
            return 'a single "/" (comments begin with "//" or "/*")'
        return quoted(character)

    def _fail(self, expected: str, found: str) -> NoReturn:
        self._refuse(f"expected {expected}, found {found}")

    def _refuse(self, text: str) -> NoReturn:
        line = self._line()
        start = self._ends[line - 2] + 1 if line > 1 else 0
        fail(self._name, line, self._at - start + 1, text)
