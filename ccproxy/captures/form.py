"""How a capture is written: frames, one behind the other, so that what is there can be read when the rest is not.

A frame is a line of JSON that says what it is and how many bytes follow, those bytes as they are, and a line end.
Bodies stand in it to the byte, so that `grep` finds in it whatever was said.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from ccproxy.wire import jsontext

VERSION = 1

HEAD_LIMIT = 16 * 1024 * 1024
"""Bytes of a frame's first line: headers may be many, but not without end."""


@frozen
class Frame:
    """One piece. `whole` is False for the last one of a file that ends in it: `data` is what there is."""

    what: str
    fields: Mapping[str, Any] = field(factory=dict)
    data: bytes = b""
    whole: bool = True


def encode(frame: Frame) -> bytes:
    """The frame as it is written."""
    head = jsontext.dumps({"what": frame.what, **frame.fields, "bytes": len(frame.data)})
    return b"%b\n%b\n" % (head, frame.data)


def frames(text: bytes) -> Iterator[Frame]:
    """The frames of a file, as far as it goes; what is no frame ends it."""
    at = 0
    while (end := text.find(b"\n", at, at + HEAD_LIMIT)) >= 0:
        try:
            fields = jsontext.loads(text[at:end])
        except jsontext.NotJson:
            return
        if not isinstance(fields, dict):
            return
        what, size = fields.pop("what", None), fields.pop("bytes", None)
        if not isinstance(what, str) or not isinstance(size, int) or size < 0:
            return
        data = text[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
        yield Frame(what, fields, data, len(data) == size)
