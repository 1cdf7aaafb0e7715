"""Requests and answers as lines, so that two of them can be laid side by side.

One field is a line; what a text says over several lines stands below it, line by line, as it was written. So the words
of a prompt are the same lines in every dialect, however each wraps them; JSON that is told as a text, as the arguments
of tools are, is laid out like any other.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from attrs import frozen

from ccproxy.wire import jsontext

LONGEST = 2000
"""Characters of one line. What is longer has no reader; a digest tells whether two such are alike."""

DEEPEST = 100
"""How deep what is shown may be."""

INDENT = "  "


@frozen
class Line:
    """One line. Its depth does not count when lines are compared: each dialect wraps the same words otherwise."""

    depth: int
    text: str

    def __str__(self) -> str:
        return INDENT * self.depth + self.text


ORDER = (
    *("model", "system", "instructions", "systemInstruction", "system_instruction"),
    *("messages", "input", "contents", "tools", "functions"),
)
"""Fields of a request that come first, in this order: the system prompt stands before the messages, as it does where it
is one of them. What each dialect has besides follows in its own order."""


def outline(body: bytes) -> list[Line]:
    """A body: of JSON its fields, of anything else its lines."""
    try:
        value = jsontext.loads(body)
    except jsontext.NotJson:
        return [Line(0, plain(line)) for line in body.decode("utf-8", "backslashreplace").splitlines()]
    return list(lines(_arranged(value) if isinstance(value, dict) else value))


def _arranged(value: dict[str, Any]) -> dict[str, Any]:
    first = {name: value[name] for name in ORDER if name in value}
    return {**first, **value}


def lines(value: Any, depth: int = 0) -> Iterator[Line]:
    """A value, in lines."""
    match value:
        case dict() if value:
            for name, part in value.items():
                yield from _named(f"{plain(str(name))}:", part, depth)
        case list() | tuple() if value:
            for part in value:
                yield from _item(part, depth)
        case _:
            yield from _named("", value, depth)


def _named(label: str, value: Any, depth: int) -> Iterator[Line]:
    """A value behind its name, or below it."""
    start = f"{label} " if label else ""
    if depth >= DEEPEST:
        yield Line(depth, f"{start}…")
        return
    match value:
        case {} | [] | () if not value:
            yield Line(depth, f"{start}{'{}' if isinstance(value, Mapping) else '[]'}")
        case dict() | list() | tuple():
            yield Line(depth, label)
            yield from lines(value, depth + 1)
        case str():
            yield from _text(label, value, depth)
        case _:
            yield Line(depth, f"{start}{jsontext.dumps_str(value)}")


def _text(label: str, text: str, depth: int) -> Iterator[Line]:
    start = f"{label} " if label else ""
    if text[:1] in ("{", "[") and (inner := _inner(text)) is not None:
        yield Line(depth, f"{start}(JSON in a text)")
        yield from lines(inner, depth + 1)
    elif "\n" in text.strip("\n"):
        yield Line(depth, f"{start}|")
        for line in text.split("\n"):
            yield Line(depth + 1, plain(line))
    else:
        yield Line(depth, f"{start}{plain(text)}" if text else f'{start}""')


def _inner(text: str) -> Any:
    """What a text tells, if it is JSON that is worth laying out."""
    try:
        value = jsontext.loads(text)
    except jsontext.NotJson:
        return None
    return value or None


def _item(value: Any, depth: int) -> Iterator[Line]:
    """A part of a list: its first line has the dash."""
    inner = list(lines(value, depth + 1))
    first, *rest = inner or [Line(depth + 1, "")]
    yield Line(depth, f"- {first.text}")
    yield from rest


def plain(text: str) -> str:
    """A text as a terminal and a page can show it: one line, without what moves cursors, and not endless."""
    if len(text) > LONGEST:
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{plain(text[:80])}… ({len(text):,} characters, {digest})"
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else "    " if one == "\t" else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
