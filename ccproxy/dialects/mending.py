"""JSON objects that models write, put right where that is certain.

Models garble JSON in a few ways of which each has one meaning only: a comma before a closing bracket, `True` for
`true`, single quotes, line breaks within strings, a code fence around the whole, the object within a string, brackets
that are missing at the end or one too many. Those are put right; where a guess would be needed nothing is.
"""

import re
from typing import Any

from ccproxy.dialects.jsontokens import BLANK, BLANKS, CLOSER, NUMBER, WORD, end_of
from ccproxy.wire.jsontext import NotJson, dumps_str, loads

_LITERALS = {"true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null"}
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL),
}
_KEY_FOLLOWS = re.compile(r"\s*:")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)|([\x00-\x1f\"])", re.DOTALL)
_CONTROLS = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", '"': '\\"'}
_FENCE = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\r?\n?(?P<within>.*?)\s*```", re.DOTALL)


def read_object(text: str) -> dict[str, Any] | None:
    """The object that a text is, or None."""
    if not text.rstrip().endswith("}"):
        return None
    try:
        value = loads(text)
    except NotJson:
        return None
    return value if isinstance(value, dict) else None


def mend(text: str) -> str | None:
    """The JSON object that `text` was meant to be, as text; None where that is not certain."""
    for _ in range(3):
        text = text.strip()
        if fenced := _FENCE.fullmatch(text):
            text = fenced["within"].strip()
        if read_object(text) is not None:
            return text
        try:
            value = loads(text)
        except NotJson:
            break
        if not isinstance(value, str):
            return None
        text = value
    try:
        written = _written(text)
    except _Doubtful:
        return None
    return written if read_object(written) is not None else None


class _Doubtful(Exception):
    """A guess would be needed."""


def _written(text: str) -> str:
    """The text with each of its tokens as JSON has it, up to where its object ends."""
    writing = _Writing()
    at = 0
    while at < len(text):
        at = writing.token(text, at)
        if writing.whole:
            if _says_more(text[at:], writing.text):
                raise _Doubtful
            return writing.text
    return writing.closed()


def _says_more(rest: str, whole: str) -> bool:
    """Whether what stands behind the whole object is more than brackets too many, or the same once more."""
    rest = rest.strip()
    return bool(rest.strip("}] \t\r\n")) and rest != whole.strip()


class _Writing:
    """JSON, written token by token. Whatever is doubtful raises."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open: list[str] = []
        """What closes the brackets that are open."""
        self._last = ""
        """The last token that is not blank."""

    @property
    def text(self) -> str:
        """What is written."""
        return "".join(self._out)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return bool(self._last) and not self._open

    def closed(self) -> str:
        """All of it, where only brackets are missing: a number might have gone on, and behind a comma or a colon
        something is to come."""
        if self._last in ("", ",", ":") or NUMBER.fullmatch(self._last):
            raise _Doubtful
        return self.text + "".join(reversed(self._open))

    def token(self, text: str, at: int) -> int:
        """Write the token that begins here; gives where it ends."""
        character = text[at]
        if character in BLANK:
            end = end_of(BLANKS, text, at)
            self._out.append(text[at:end])
            return end
        if character in _QUOTED:
            return self._quoted(text, at)
        if character not in "{[}]:,":
            return self._word(text, at)
        if character in CLOSER:
            self._open.append(CLOSER[character])
        elif character in "}]":
            self._close(character)
        elif self._last == ",":
            raise _Doubtful
        return self._add(character, at + 1)

    def _add(self, token: str, end: int) -> int:
        self._out.append(token)
        self._last = token
        return end

    def _close(self, bracket: str) -> None:
        if not self._open or self._open.pop() != bracket:
            raise _Doubtful
        if self._last == ",":
            while self._out.pop() != ",":
                """Blanks behind the comma go with it."""

    def _quoted(self, text: str, at: int) -> int:
        found = _QUOTED[text[at]].match(text, at)
        if found is None:
            raise _Doubtful
        return self._add(f'"{_ESCAPE.sub(_escaped, found[1])}"', found.end())

    def _word(self, text: str, at: int) -> int:
        end = end_of(WORD, text, at)
        word = text[at:end]
        begins_a_pair = self._last in ("{", ",") and self._open[-1:] == ["}"]
        if word and begins_a_pair and _KEY_FOLLOWS.match(text, end):
            return self._add(dumps_str(word), end)
        if word in _LITERALS:
            return self._add(_LITERALS[word], end)
        if NUMBER.fullmatch(word):
            return self._add(word, end)
        raise _Doubtful


def _escaped(match: re.Match[str]) -> str:
    escape, control = match[1], match[2]
    if control is not None:
        return _CONTROLS.get(control) or f"\\u{ord(control):04x}"
    if escape == "'":
        return "'"
    if escape[0] in '"\\/bfnrt' or len(escape) == 5:
        return f"\\{escape}"
    # A backslash that escapes nothing is itself: a path, or a regular expression.
    return f"\\\\{_CONTROLS.get(escape, escape)}"
