"""How far JSON text that comes in pieces is sound beyond doubt."""

import re

from ccproxy.dialects.jsontokens import BLANK, BLANKS, CLOSER, NUMBER, WORD, end_of

_STRING_REST = re.compile(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_ESCAPE_BEGUN = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")
_LITERALS = frozenset({"true", "false", "null"})


class Soundness:
    """Follows one text. `holds` until there is a doubt, or the object is whole: what follows it is none of it."""

    __slots__ = ("_open", "holds", "in_string")

    def __init__(self) -> None:
        self.holds = True
        self.in_string = False
        self._open: list[str] = []

    def end(self, text: str) -> int:
        """Where what is sound ends in this piece. Before a word that may go on, and before a comma that no value
        follows yet, it does not: the next piece is to begin with those."""
        at = 0
        comma: int | None = None
        """Where a comma is that no value follows yet."""
        while self.holds and at < len(text):
            start, was_string = at, self.in_string
            at = self._string(text, at) if was_string else self._token(text, at, comma is not None)
            if at == start:
                break
            if was_string or text[start] in BLANK:
                continue
            comma = start if text[start] == "," else None
        return at if comma is None else comma

    def _string(self, text: str, at: int) -> int:
        """Where the rest of a string ends, or what is sound of it."""
        end = end_of(_STRING_REST, text, at)
        if end == len(text):
            return end
        if text[end] == '"':
            self.in_string = False
            return end + 1
        self.holds = self.in_string = end_of(_ESCAPE_BEGUN, text, end) == len(text)
        return end

    def _token(self, text: str, at: int, after_comma: bool) -> int:
        """Where a token ends; where it begins, if it is unsound or may go on."""
        character = text[at]
        if character in BLANK:
            return end_of(BLANKS, text, at)
        if character in CLOSER:
            self._open.append(CLOSER[character])
        elif character == '"':
            self.in_string = True
        elif character in "}]":
            if after_comma or not self._open or self._open.pop() != character:
                self.holds = False
                return at
            self.holds = bool(self._open)
        elif character == ",":
            if after_comma:
                self.holds = False
                return at
        elif character != ":":
            return self._word(text, at)
        return at + 1

    def _word(self, text: str, at: int) -> int:
        end = end_of(WORD, text, at)
        if end == len(text):
            return at
        word = text[at:end]
        if word in _LITERALS or NUMBER.fullmatch(word):
            return end
        self.holds = False
        return at
