"""What pictures, documents and sounds cost, as far as that can be told without looking at them properly.

The formulas are Anthropic's; other vendors' models take about as much or less. Where they differ by the model's age,
the dearer one stands: nobody's window overflows of it.
"""

import base64
import binascii
import math
import re

from ccproxy.model.messages import Inline, Media, Medium
from ccproxy.tokens.pictures import dimensions

PIXELS_PER_TOKEN = 750
"""https://docs.claude.com/en/docs/build-with-claude/vision: tokens = width x height / 750."""

LONGEST_EDGE = 2576
"""Pixels. A larger picture is scaled down to it before it is counted; models before Opus 4.7 scale to 1568."""

DEAREST_PICTURE = 4784
"""Tokens: the most a picture costs, on the same models."""

UNKNOWN_PICTURE = 1600
"""Tokens of a picture whose size we cannot see: what one of 1.15 megapixels costs, to which clients scale theirs."""

PAGE = 3000
"""Tokens of a PDF's page, its text and its picture: the dearer end of what Anthropic's documentation names."""

PAGE_BYTES = 50_000
"""Of a PDF whose pages are not to be seen, because it is compressed as a whole."""

MOST_PAGES = 600
"""Of one request, by Anthropic's limit. A count in the file beyond it is of bookmarks."""

UNKNOWN_DOCUMENT = 10 * PAGE
"""Tokens of a document that only the vendor can see."""

SOUND_BYTES_PER_TOKEN = 1600
"""Ten tokens a second, and 128 kbit/s."""

HEAD = 1 << 18
"""Base64 characters of a picture that are looked at. JPEGs tell their size behind their thumbnails and profiles."""

_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_PAGE_COUNT = re.compile(rb"/Count\s+(\d{1,5})(?!\d)")


def tokens(media: Media) -> int:
    """About how many tokens one piece of media costs."""
    if not isinstance(media.source, Inline):
        return UNKNOWN_DOCUMENT if media.medium is Medium.DOCUMENT else UNKNOWN_PICTURE
    data = media.source.data
    match media.medium:
        case Medium.IMAGE:
            return _picture(_decoded(data[:HEAD]))
        case Medium.DOCUMENT:
            return _document(_decoded(data), len(data))
        case Medium.AUDIO:
            return math.ceil(len(data) * 3 / 4 / SOUND_BYTES_PER_TOKEN)


def _picture(head: bytes) -> int:
    size = dimensions(head)
    if size is None:
        return UNKNOWN_PICTURE
    scale = min(1.0, LONGEST_EDGE / max(size))
    return min(DEAREST_PICTURE, math.ceil(size[0] * scale * size[1] * scale / PIXELS_PER_TOKEN))


def _document(data: bytes, base64_length: int) -> int:
    """By its pages: those that stand in the file as they are, or the greatest count in its page tree."""
    pages = len(_PAGE.findall(data))
    counted = max((int(count) for count in _PAGE_COUNT.findall(data)), default=0)
    guessed = math.ceil(base64_length * 3 / 4 / PAGE_BYTES)
    return PAGE * min(MOST_PAGES, max(pages, counted) or max(1, guessed))


def _decoded(data: str) -> bytes:
    """As much as can be read: cut anywhere, and with rubbish in it, base64 still tells something."""
    usable = data[: len(data) - len(data) % 4]
    try:
        return base64.b64decode(usable)
    except (binascii.Error, ValueError):
        return b""
