"""The size in pixels of a PNG, JPEG, GIF or WebP picture, read from its first bytes and nothing else."""

import struct
from collections.abc import Callable


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height of the picture that begins with `data`; None where it is of another kind, or where `data` ends
    before they are told."""
    for reader in (_png, _gif, _webp, _jpeg):
        try:
            found = reader(data)
        except (struct.error, IndexError):
            continue
        if found is not None and min(found) > 0:
            return found
    return None


def _png(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int] | None:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _webp(data: bytes) -> tuple[int, int] | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    read = _WEBP.get(data[12:16])
    return None if read is None else read(data)


def _lossy(data: bytes) -> tuple[int, int]:
    """RFC 6386 section 9.1: 14 bits each, behind the start code."""
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _lossless(data: bytes) -> tuple[int, int]:
    """14 bits each, less one, behind the signature byte."""
    (bits,) = struct.unpack_from("<I", data, 21)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _extended(data: bytes) -> tuple[int, int]:
    """24 bits each, less one: the canvas."""
    if len(data) < 30:
        raise IndexError
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1


_WEBP: dict[bytes, Callable[[bytes], tuple[int, int]]] = {b"VP8 ": _lossy, b"VP8L": _lossless, b"VP8X": _extended}

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers that start a frame, whatever the coding: SOF0 to SOF15, between which DHT, JPG and DAC lie."""


def _jpeg(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(b"\xff\xd8"):
        return None
    position = 2
    while data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # Padding.
            position += 1
            continue
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + length
    return None
