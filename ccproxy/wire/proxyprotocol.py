"""The header by which a proxy tells whose connection it passes on: the PROXY protocol, version 1 (text) and 2 (bytes).

Twisted has a reader of its own. It closes connections whose first bytes come in two pieces, and fails with a traceback
on lines that are not as they should be; anybody who reaches the port may send such.
"""

import ipaddress
import struct

from attrs import frozen

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""What begins version 2."""

LINE_LIMIT = 107
"""Bytes of a line of version 1, with its end, as its specification has it."""

BODY_LIMIT = 4096
"""Bytes that version 2 may have behind its head: addresses, and extensions that nobody here reads."""

_HEAD = struct.Struct("!12sBBH")
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESSES = {0x11: (4, ipaddress.IPv4Address), 0x21: (16, ipaddress.IPv6Address)}


class BadHeader(ValueError):
    """This is no header of the PROXY protocol."""


@frozen
class Source:
    """Whose connection it is. An empty address: the proxy's own, or one that it does not tell."""

    address: str = ""
    port: int = 0


def read(data: bytes) -> tuple[Source, bytes] | None:
    """The source in a header, and what follows it; None where more must come first. Raises `BadHeader`."""
    if data.startswith(SIGNATURE):
        return _second(data)
    if data.startswith(b"PROXY "):
        return _first(data)
    if SIGNATURE.startswith(data) or b"PROXY ".startswith(data):
        return None
    raise BadHeader


def _first(data: bytes) -> tuple[Source, bytes] | None:
    line, end, rest = data.partition(b"\r\n")
    if not end:
        if len(data) >= LINE_LIMIT:
            raise BadHeader
        return None
    words = line.split(b" ")
    if len(line) + 2 > LINE_LIMIT:
        raise BadHeader
    if words[1] == b"UNKNOWN":
        return Source(), rest
    kinds = {b"TCP4": ipaddress.IPv4Address, b"TCP6": ipaddress.IPv6Address}
    if len(words) != 6 or words[1] not in kinds:
        raise BadHeader
    try:
        kind = kinds[words[1]]
        kind(words[3].decode("ascii"))
        source = Source(str(kind(words[2].decode("ascii"))), _port(words[4]))
        _port(words[5])
    except ValueError:
        raise BadHeader from None
    return source, rest


def _port(word: bytes) -> int:
    if not word.isdigit() or len(word) > 5 or int(word) > 65535:
        raise BadHeader
    return int(word)


def _second(data: bytes) -> tuple[Source, bytes] | None:
    if len(data) < _HEAD.size:
        return None
    _, command, family, length = _HEAD.unpack_from(data)
    if command not in (_LOCAL, _PROXY) or length > BODY_LIMIT:
        raise BadHeader
    body, rest = data[_HEAD.size : _HEAD.size + length], data[_HEAD.size + length :]
    if len(body) < length:
        return None
    if command == _LOCAL or family not in _ADDRESSES:
        return Source(), rest
    size, kind = _ADDRESSES[family]
    if length < 2 * size + 4:
        raise BadHeader
    (port,) = struct.unpack_from("!H", body, 2 * size)
    return Source(str(kind(body[:size])), port), rest
