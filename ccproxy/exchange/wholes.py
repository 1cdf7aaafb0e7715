"""A parser of streams for an upstream that answers whole: it collects, and at the end unfolds the reply."""

from collections.abc import Callable

from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Event, Failed
from ccproxy.model.replies import Response, unfold

LIMIT = 64 * 1024 * 1024
"""Bytes a whole reply may have, or the stream that one is made of: the largest known (images in base64) stay far
below."""


def too_large(size: int) -> ApiError | None:
    """What is wrong with so many bytes, if anything is."""
    if size <= LIMIT:
        return None
    return ApiError(Kind.BROKEN, f"the upstream sent a reply of more than {LIMIT} bytes")


class WholeParser:
    """Collects one reply, and tells it at its end."""

    complete = False

    def __init__(self, parse: Callable[[bytes, Quirks], Response], quirks: Quirks) -> None:
        self._parse = parse
        self._quirks = quirks
        self._parts: list[bytes] = []
        self._size = 0
        self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        if self._ended:
            return []
        self._parts.append(data)
        self._size += len(data)
        if error := too_large(self._size):
            self._ended = True
            return [Failed(error)]
        return []

    def close(self) -> list[Event]:
        if self._ended:
            return []
        self._ended = True
        body = b"".join(self._parts)
        if not body.strip():
            return [Failed(ApiError(Kind.BROKEN, "the upstream's answer was empty"))]
        if body.lstrip().startswith(b"<"):
            return [Failed(ApiError(Kind.BROKEN, "the upstream answered with a web page instead of a reply"))]
        try:
            return list(unfold(self._parse(body, self._quirks)))
        except ApiError as error:
            return [Failed(error)]
