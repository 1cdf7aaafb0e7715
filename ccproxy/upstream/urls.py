"""URLs as treq takes them, taken apart once.

treq parses, normalises and writes out the URL of every request anew, with IDNA: 140 of the 200 microseconds that it
costs (measured). A daemon has a few URLs and asks each of them for ever.
"""

from functools import lru_cache
from typing import cast

from hyperlink import EncodedURL

REMEMBERED = 1024
"""Each target has one; the limit is for a configuration that generates them."""


class ReadyURL(EncodedURL):
    """A URL that is normal already, and knows its text."""

    __slots__ = ("_text",)

    _text: str

    def to_uri(self, encoding: str = "utf-8") -> "ReadyURL":
        """Itself."""
        return self

    def to_text(self, with_password: bool = False) -> str:
        """As it was normalised. A base URL holds no password: the configuration refuses one."""
        return self._text


@lru_cache(REMEMBERED)
def ready(text: str) -> ReadyURL:
    """The URL of this text."""
    parsed = EncodedURL.from_text(text)
    # The address of IPv6 is no name that IDNA could encode: hyperlink would raise.
    normal = parsed.to_text() if ":" in parsed.host else parsed.to_uri().to_text()
    url = cast(ReadyURL, ReadyURL.from_text(normal))
    url._text = normal
    return url
