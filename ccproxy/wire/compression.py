"""Request bodies that come compressed: gzip, deflate, br and zstd, with a limit on what they become.

Anthropic's own API answers the two faults with `request_body_encoding_unsupported` and `request_body_encoding_invalid`;
the messages here say the same in words.
"""

import zlib
from collections.abc import Callable

import brotli
import zstandard

from ccproxy.errors import ApiError, Kind

Inflate = Callable[[bytes, int], bytes]


def decode(body: bytes, encodings: str, limit: int) -> bytes:
    """The body without its content encodings (the header's value: the last applied stands last).

    Raises INVALID for an encoding we do not know or that does not fit the bytes, TOO_LARGE where the plain body would
    have more than `limit` bytes.
    """
    names = [name.strip().lower() for name in encodings.split(",") if name.strip()]
    for name in reversed(names):
        if name == "identity":
            continue
        inflate = _INFLATE.get(name)
        if inflate is None:
            known = ", ".join(sorted(_INFLATE))
            raise ApiError(
                Kind.INVALID, f"content-encoding {name[:40]!r} is not supported; send one of {known}, or none"
            )
        try:
            body = inflate(body, limit)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise ApiError(Kind.INVALID, f"the request body is not valid {name} ({error})") from None
    return body


def too_large(limit: int) -> ApiError:
    """The error for a body beyond the limit; clients match its words."""
    return ApiError(Kind.TOO_LARGE, f"Request exceeds the maximum size of {limit} bytes")


def _zlib(window: int) -> Inflate:
    def inflate(body: bytes, limit: int) -> bytes:
        machine = zlib.decompressobj(window)
        plain = machine.decompress(body, limit + 1)
        if len(plain) > limit:
            raise too_large(limit)
        if not machine.eof:
            raise zlib.error("it ends too early")
        return plain

    return inflate


def _deflate(body: bytes, limit: int) -> bytes:
    """RFC 9110 means the zlib format; some clients send it raw."""
    try:
        return _zlib(zlib.MAX_WBITS)(body, limit)
    except zlib.error:
        return _zlib(-zlib.MAX_WBITS)(body, limit)


def _brotli(body: bytes, limit: int) -> bytes:
    machine = brotli.Decompressor()
    plain: bytes = machine.process(body, output_buffer_limit=limit + 1)
    parts, size = [plain], len(plain)
    while size <= limit and not machine.is_finished() and not machine.can_accept_more_data():
        plain = machine.process(b"", output_buffer_limit=limit + 1 - size)
        parts.append(plain)
        size += len(plain)
    if size > limit:
        raise too_large(limit)
    if not machine.is_finished():
        raise brotli.error("it ends too early")
    return b"".join(parts)


def _zstd(body: bytes, limit: int) -> bytes:
    machine = zstandard.ZstdDecompressor().decompressobj()
    parts: list[bytes] = []
    size = 0
    for start in range(0, len(body), _ZSTD_STEP):
        plain = machine.decompress(body[start : start + _ZSTD_STEP])
        parts.append(plain)
        size += len(plain)
        if size > limit:
            raise too_large(limit)
    if not machine.eof:
        raise zstandard.ZstdError("it ends too early")
    return b"".join(parts)


_ZSTD_STEP = 1024
"""Bytes decompressed at once: zstd gives out all that they hold, which for a bomb is about 30 MiB."""

_INFLATE: dict[str, Inflate] = {
    "gzip": _zlib(zlib.MAX_WBITS | 16),
    "x-gzip": _zlib(zlib.MAX_WBITS | 16),
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
