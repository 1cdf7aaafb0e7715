"""Values that nobody is to see, masked in bodies without touching another byte of them.

A name stands for the field of that name in JSON, wherever it is: at any depth, and in JSON that is told as a text
within JSON, as the arguments of tools are. A body need not be whole, nor be JSON at all: only the text around a name is
looked at, and a value without an end is masked to the end.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

MASK = b"<redacted>"

PIECE = 128 * 1024
"""Bytes that are looked through in one go: whoever looks for words or expressions lets nobody else run."""

OVERLAP = 4096
"""Bytes that neighbouring pieces share, so that nothing is missed where they meet: more than any key or name has."""

EXPECTED = "the name of a field, or a regular expression between slashes"

_QUOTE = re.compile(rb'(\\*+)"')
_TOKEN = re.compile(rb'(\\*+)"|[\[{\]}]')
_SCALAR = re.compile(rb'[^,\]}\s"\\]++')
_SPACE = re.compile(rb"[ \t\r\n]*+")
_DEEPEST = 15
"""Backslashes before a quote: four texts within each other."""


def wrong(text: str) -> str:
    """What was expected of an entry that says what is to be masked; empty where it is right."""
    if not text.strip("/"):
        return EXPECTED
    if _is_pattern(text):
        try:
            re.compile(text[1:-1].encode())
        except re.error as error:
            return f"a regular expression between slashes ({error})"
    return ""


def names_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Those entries that name fields."""
    return tuple(text for text in texts if not _is_pattern(text))


def patterns_in(texts: Iterable[str]) -> tuple["re.Pattern[bytes]", ...]:
    """Those that are regular expressions."""
    return tuple(re.compile(text[1:-1].encode()) for text in texts if _is_pattern(text))


def _is_pattern(text: str) -> bool:
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


class Fields:
    """The fields of some names. Where `texts_only` is set, an object or a list is no value to hide: it tells of such a
    field, as the schema of a tool does."""

    def __init__(self, names: Sequence[str], texts_only: bool = False) -> None:
        written = b"|".join(re.escape(name.encode()) for name in names)
        self._name = re.compile(rb'"(?i:%b)(?P<escape>\\*+)"\s*+:' % written) if names else None
        words = {name.lower().encode() for name in names}
        self._words = [word for word in words if not any(other in word for other in words - {word})]
        self._texts_only = texts_only

    def mask(self, data: bytes) -> tuple[bytes, int]:
        """The body with their values masked, and how many were."""
        parts: list[bytes] = []
        at = count = 0
        for start, end, quote in self.spans(data):
            parts += [data[at:start], quote, MASK, quote if _has_end(data, start, end, quote) else b""]
            at = end
            count += 1
        return (b"".join([*parts, data[at:]]), count) if count else (data, 0)

    def spans(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Where their values begin and end, and the quote that a text has where they are."""
        if self._name is None or b'"' not in data:
            return
        at = 0
        for found in finds(self._name, data, self._may_be_in):
            escape = len(found["escape"])
            opens = found.start() - escape
            if opens < at or data[opens : found.start()] != found["escape"]:
                continue  # Within a value that was found already; or no name at all.
            if escape > _DEEPEST or escape & (escape + 1):
                continue
            quote = found["escape"] + b'"'
            start = _after_space(data, found.end())
            if self._texts_only and not data.startswith(quote, start):
                continue
            end = _end(data, start, escape)
            if end > start:
                yield start, end, quote
                at = end

    def _may_be_in(self, piece: bytes) -> bool:
        """Whether there is anything to find: to look for words is much faster than to look for what is around them."""
        return any(map(piece.lower().__contains__, self._words))


def finds(
    pattern: "re.Pattern[bytes]", data: bytes, may_be_in: Callable[[bytes], bool] | None = None
) -> Iterator["re.Match[bytes]"]:
    """As `finditer` does, a piece at a time, but for pieces in which there can be nothing."""
    at = 0
    for start in range(0, len(data), PIECE):
        end = start + PIECE
        if may_be_in is not None and not may_be_in(data[start : end + OVERLAP]):
            continue
        while match := pattern.search(data, max(at, start), end + OVERLAP):
            if match.start() >= end:
                break
            at = max(match.end(), match.start() + 1)
            yield match


def _after_space(data: bytes, at: int) -> int:
    found = _SPACE.match(data, at)
    return at if found is None else found.end()


def _end(data: bytes, start: int, escape: int) -> int:
    """Where the value ends that begins here, in a text whose quotes have so many backslashes before them."""
    if data[start : start + escape + 1] == b"\\" * escape + b'"':
        return _end_of_text(data, start + escape + 1, escape)
    if data[start : start + 1] in (b"{", b"["):
        return _end_of_brackets(data, start, escape)
    found = _SCALAR.match(data, start)
    return start if found is None else found.end()


def _has_end(data: bytes, start: int, end: int, quote: bytes) -> bool:
    """Whether a value is whole: a text that is told in pieces goes on elsewhere."""
    return not data.startswith(quote, start) or (end - start >= 2 * len(quote) and data.endswith(quote, start, end))


def _end_of_text(data: bytes, at: int, escape: int) -> int:
    for quote in _QUOTE.finditer(data, at):
        before = len(quote[1])
        if before % (2 * (escape + 1)) == escape:
            return quote.end()
        if before % (escape + 1) != escape:
            return quote.start()  # The text around this one ends here.
    return len(data)


def _end_of_brackets(data: bytes, start: int, escape: int) -> int:
    depth, at = 0, start
    while token := _TOKEN.search(data, at):
        byte = data[token.end() - 1 : token.end()]
        at = token.end()
        if byte == b'"':
            if len(token[1]) % (escape + 1) != escape:
                return token.start()
            at = _end_of_text(data, at, escape)
        elif byte in b"{[":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return at
    return len(data)


def condensed(value: bytes, quote: bytes) -> bytes:
    """A value that has no end yet, as short as can be: what comes behind it ends it where it would end the whole one.
    `quote` is that of a text where it is."""
    escape = len(quote) - 1
    if value.startswith(quote):
        return quote + _backslashes(value[len(quote) :])
    opened: list[bytes] = []
    at = 0
    while token := _TOKEN.search(value, at):
        byte = value[token.end() - 1 : token.end()]
        at = token.end()
        if byte == b'"':
            # With something behind it, a text that has no end yet reaches there.
            end = _end_of_text(value + b"x", at, escape)
            if end > len(value):
                return b"".join(opened) + quote + _backslashes(value[at:])
            at = end
        elif byte in b"{[":
            opened.append(byte)
        elif opened:
            opened.pop()
    return b"".join(opened) or value[:1]


def _backslashes(text: bytes) -> bytes:
    """Those at the end, which say whether a quote behind them ends a text."""
    return text[len(text.rstrip(b"\\")) :]
