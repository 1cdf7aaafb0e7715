"""The arguments of a call as a model writes them, told as JSON that every client can read.

Models garble JSON in a few ways of which each has one meaning only: a comma before a closing bracket, `True` for
`true`, single quotes, line breaks within strings, a code fence around the whole, the object within a string, brackets
that are missing at the end or one too many. Those are put right; where a guess would be needed nothing is, and the call
is broken.

What is sound passes as it comes. From the first doubt on the rest is held until the arguments are whole, so that what
was told is always the beginning of what is told in the end.
"""

import re
from typing import Any

from ccproxy.wire.jsontext import NotJson, dumps_str, loads

_SNAPSHOT_FROM = 8
"""Characters of arguments before a fragment that begins with all of them is taken for a snapshot: fewer may recur."""

_UNSURE = frozenset({"", "{", "{}", "n", "nu", "nul", "null"})
"""Beginnings that some vendors send before the real arguments, or instead of none."""
_NOTHING = frozenset({"", "{}", "null"})

_plain = re.compile(r'[^"\\\x00-\x1f]+').fullmatch
"""What is a piece of a JSON string and no more."""
_STRING_REST = re.compile(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_ESCAPE_BEGUN = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")
_BLANKS = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[^\s{}\[\]:,\"'`]+")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LITERALS = {"true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null"}
_SOUND_LITERALS = frozenset({"true", "false", "null"})
_CLOSER = {"{": "}", "[": "]"}

_FENCE = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\r?\n?(?P<within>.*?)\s*```", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_KEY_FOLLOWS = re.compile(r"\s*:")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)|([\x00-\x1f\"])", re.DOTALL)
_CONTROLS = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", '"': '\\"'}


class Arguments:
    """The arguments of one call. `feed` gives what may be told of them now, `close` the rest; `mended` says that they
    did not come as they are told."""

    __slots__ = ("_begun", "_comma", "_in_string", "_open", "_parts", "_rest", "_said", "_sound", "mended")

    def __init__(self) -> None:
        self.mended = False
        self._parts: list[str] = []
        self._begun = False
        self._said = 0
        """Characters told; they are the first of `text`."""
        self._rest = ""
        """What is not told yet, while all is sound: an unfinished word, or a comma that may be one too many."""
        self._comma = False
        self._sound = True
        self._in_string = False
        self._open: list[str] = []

    @property
    def text(self) -> str:
        """All that came."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def whole(self) -> bool:
        """Whether it is a JSON object already."""
        return read_object(self.text) is not None

    @property
    def untold(self) -> str:
        """What of it was not told."""
        return self.text[self._said :]

    def feed(self, fragment: str) -> str:
        """More of them: a piece, or for some vendors all so far once more."""
        if self._in_string and not self._rest and fragment[:1] != "{" and _plain(fragment):
            # Nearly every fragment of long arguments is this.
            self._parts.append(fragment)
            self._said += len(fragment)
            return fragment
        if not fragment:
            return ""
        if self._begun:
            if fragment[0] == "{" and len(fragment) >= _SNAPSHOT_FROM:
                text = self.text
                if len(text) >= _SNAPSHOT_FROM and fragment.startswith(text):
                    fragment = fragment[len(text) :]
            self._parts.append(fragment)
            return self._pass(fragment)
        if self._parts and fragment.lstrip().startswith("{") and self.text.strip() in _NOTHING:
            self._parts = []
        self._parts.append(fragment)
        start = self.text.lstrip()
        if start in _UNSURE:
            return ""
        self._begun = True
        self._sound = start.startswith("{")
        return self._pass(self.text)

    def close(self, cut: bool = False) -> str | None:
        """What is not told yet; None where the arguments are no object and no repair is certain. `cut` says that the
        answer was broken off by its limit: then they end where they are sound, as they are."""
        text = self.text
        if text.strip() in ("", "null"):
            return ""
        if read_object(text) is not None:
            return self.untold
        if cut:
            return ""
        whole = mend(text)
        if whole is None or not whole.startswith(text[: self._said]):
            return None
        self.mended = True
        return whole[self._said :]

    def _pass(self, fragment: str) -> str:
        """What of this may be told without a doubt."""
        if not self._sound:
            return ""
        text = self._rest + fragment
        end = self._sound_end(text)
        self._rest = text[end:]
        self._said += end
        return text[:end]

    def _sound_end(self, text: str) -> int:
        """Where what is sound beyond doubt ends. What is unsound sets `_sound`."""
        at, size = 0, len(text)
        comma: int | None = None
        """Where a comma is that no value follows yet."""
        while at < size:
            if self._in_string:
                at = _end(_STRING_REST, text, at)
                if at == size:
                    return size
                if text[at] != '"':
                    self._sound = self._in_string = _end(_ESCAPE_BEGUN, text, at) == size
                    return at
                self._in_string = False
                at += 1
                continue
            character = text[at]
            if character in " \t\r\n":
                at = _end(_BLANKS, text, at)
                continue
            if character in "}]":
                if comma is not None or not self._open or self._open.pop() != character:
                    self._sound = False
                    return at if comma is None else comma
                at += 1
                if not self._open:
                    # The object is whole. What follows it, if anything does, is none of it.
                    self._sound = False
                    return at
                continue
            if character == ",":
                if comma is not None:
                    self._sound = False
                    return comma
                comma = at
                at += 1
                continue
            if character in "{[":
                self._open.append(_CLOSER[character])
                at += 1
            elif character == ":":
                at += 1
            elif character == '"':
                self._in_string = True
                at += 1
            else:
                end = _end(_WORD, text, at)
                if end == size:
                    return at if comma is None else comma
                word = text[at:end]
                if word not in _SOUND_LITERALS and not _NUMBER.fullmatch(word):
                    self._sound = False
                    return at if comma is None else comma
                at = end
            comma = None
        return size if comma is None else comma


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


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
    written = _written(text)
    return written if written is not None and read_object(written) is not None else None


def _written(text: str) -> str | None:
    """The text with each of its tokens as JSON has it, up to where its object ends."""
    out: list[str] = []
    open_: list[str] = []
    comma = False
    last = ""
    at, size = 0, len(text)
    while at < size:
        character = text[at]
        if character in " \t\r\n":
            end = _end(_BLANKS, text, at)
            token = text[at:end]
        elif character in "{[":
            open_.append(_CLOSER[character])
            end, token = at + 1, character
        elif character in "}]":
            if not open_ or open_.pop() != character:
                return None
            if comma:
                _drop_comma(out)
            end, token = at + 1, character
        elif character in ":,":
            if comma:
                return None
            end, token = at + 1, character
        elif character == '"' or character == "'":
            found = (_DOUBLE_QUOTED if character == '"' else _QUOTED).match(text, at)
            if found is None:
                return None
            end, token = found.end(), f'"{_ESCAPE.sub(_escaped, found[1])}"'
        else:
            end = _end(_WORD, text, at)
            word = text[at:end]
            if not word:
                return None
            if last in ("{", ",") and open_[-1:] == ["}"] and _KEY_FOLLOWS.match(text, end):
                token = dumps_str(word)
            elif word in _LITERALS:
                token = _LITERALS[word]
            elif _NUMBER.fullmatch(word):
                token = word
            else:
                return None
        out.append(token)
        at = end
        if token.isspace():
            continue
        comma, last = token == ",", token
        if not open_:
            return "".join(out) if _says_no_more(text[at:], "".join(out)) else None
    # Missing brackets alone: a number might have gone on, and behind a comma or a colon something is missing.
    if last in ("", ",", ":") or _NUMBER.fullmatch(last):
        return None
    return "".join(out) + "".join(reversed(open_))


def _says_no_more(rest: str, whole: str) -> bool:
    """Whether what stands behind the whole object is nothing: brackets too many, or the same once more."""
    rest = rest.strip()
    return not rest.strip("}] \t\r\n") or rest == whole.strip()


def _drop_comma(out: list[str]) -> None:
    for place in range(len(out) - 1, -1, -1):
        if out[place] == ",":
            del out[place]
            return


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
