"""Reading and replacing one value of a JSON object without touching another byte of it.

A body that is passed on verbatim may still need another model name. Parsing and writing it again would change numbers,
escapes and the bytes that signatures cover, and costs milliseconds for a megabyte; here the text is only walked, and
mostly not even to its end.
"""

import re
from collections.abc import Iterator

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")
_SCALAR = re.compile(rb"[^,\]}\s]++")
_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{\]}]', re.DOTALL)
_BOM = b"\xef\xbb\xbf"


class NoSuchKey(ValueError):
    """The text is no JSON object, or has no such key at its top level."""


def splice(body: bytes, key: str, value: bytes) -> bytes:
    """The same JSON object with `value`, which is JSON too, in place of the value of its top-level `key`.

    `body` is known to be JSON, and `key` is ASCII. Where the key stands several times every value is replaced, since
    readers differ in which of them counts; keys of the same name within other values stay. Raises `NoSuchKey`.
    """
    spans: list[tuple[int, int]] = []
    for name, start, end in _members(body):
        if _is(name, key):
            spans.append((start, end))
            if not _may_hold(body, end, key):
                break
    if not spans:
        raise NoSuchKey(f"no key {key!r} at the top level")
    parts: list[bytes] = []
    at = 0
    for start, end in spans:
        parts += [body[at:start], value]
        at = end
    return b"".join([*parts, body[at:]])


def member(body: bytes, key: str) -> bytes | None:
    """The value of a top-level `key`, as it is written; None where there is none. Of several the last one counts, as it
    does for most readers."""
    found = None
    for name, start, end in _members(body):
        if _is(name, key):
            found = body[start:end]
            if not _may_hold(body, end, key):
                break
    return found


def put(body: bytes, key: str, value: bytes) -> bytes:
    """The same JSON object with `value` for `key`: in place of the value that is there, else as the first member.
    Raises `NoSuchKey` for what is no object."""
    try:
        return splice(body, key, value)
    except NoSuchKey:
        brace = _space(body, len(_BOM) if body.startswith(_BOM) else 0)
        if body[brace : brace + 1] != b"{":
            raise
        comma = b"" if body[_space(body, brace + 1) :].startswith(b"}") else b","
        return b'%b"%b":%b%b%b' % (body[: brace + 1], key.encode("ascii"), value, comma, body[brace + 1 :])


def _members(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The members of the object: the key as it is written, and where its value begins and ends."""
    at = _space(body, len(_BOM) if body.startswith(_BOM) else 0)
    if body[at : at + 1] != b"{":
        return
    while body[at : at + 1] in (b"{", b","):
        name = _STRING.match(body, _space(body, at + 1))
        if name is None:
            return
        colon = _space(body, name.end())
        start = _space(body, colon + 1)
        end = _end_of_value(body, start)
        if body[colon : colon + 1] != b":" or end <= start:
            return
        yield name.group(), start, end
        at = _space(body, end)


def _end_of_value(body: bytes, start: int) -> int:
    first = body[start : start + 1]
    if first in (b"{", b"["):
        depth = 0
        for token in _BRACKETS.finditer(body, start):
            byte = body[token.start()]
            if byte in b"{[":
                depth += 1
            elif byte in b"}]":
                depth -= 1
                if depth == 0:
                    return token.end()
        return start
    found = (_STRING if first == b'"' else _SCALAR).match(body, start)
    return start if found is None else found.end()


def _space(body: bytes, at: int) -> int:
    found = _SPACE.match(body, at)
    return at if found is None else found.end()


_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


def _is(name: bytes, key: str) -> bool:
    if b"\\" not in name:
        return name[1:-1] == key.encode("utf-8")
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)).encode("utf-8", "replace") if found[1] else found[2], name)
    return plain[1:-1] == key.encode("utf-8")


def _may_hold(body: bytes, at: int, key: str) -> bool:
    """Whether the key could come again behind `at`: as it is, or with escapes for its letters."""
    if body.find(b'"%b"' % key.encode("utf-8"), at) >= 0:
        return True
    return any(body.find(b"\\u%03x" % prefix, at) >= 0 for prefix in {ord(letter) >> 4 for letter in key})
