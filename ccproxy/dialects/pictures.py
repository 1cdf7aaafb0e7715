"""What a picture is by its first bytes: what is said of it is often wrong (programs that make screenshots call all of
them PNG), and vendors refuse one that is not what it is called."""

from base64 import b64decode
from binascii import Error as NotBase64

from attrs import evolve

from ccproxy.model.messages import Inline, Remote, Stored

_BEGINS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))
_LOOKED_AT = 16
"""Characters of base64 that tell: twelve bytes."""


def as_it_is(source: Inline | Remote | Stored) -> Inline | Remote | Stored:
    """The same picture under its own type, where its bytes tell one."""
    if not isinstance(source, Inline):
        return source
    type_ = _type(source.data[:_LOOKED_AT])
    return source if type_ is None or type_ == source.media_type else evolve(source, media_type=type_)


def _type(text: str) -> str | None:
    try:
        begin = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return None
    if begin[:4] == b"RIFF" and begin[8:12] == b"WEBP":
        return "image/webp"
    return next((type_ for magic, type_ in _BEGINS if begin.startswith(magic)), None)
