"""The size of pictures, from their first bytes."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.tokens.pictures import dimensions


def png(width: int, height: int) -> bytes:
    """The head of a PNG."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 6, 0, 0, 0) + b"\0\0\0\0"


def gif(width: int, height: int) -> bytes:
    """The head of a GIF."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0)


def jpeg(width: int, height: int, frame: int = 0xC2) -> bytes:
    """A JPEG with a profile, a table of Huffman codes and padding before its frame."""
    profile = b"\xff\xe1" + struct.pack(">H", 3002) + b"\xff\xc0" * 1500
    table = b"\xff\xc4" + struct.pack(">H", 21) + bytes(19)
    return b"\xff\xd8" + profile + table + b"\xff" + struct.pack(">BBHBHH", 0xFF, frame, 17, 8, height, width)


def webp(kind: bytes, width: int, height: int) -> bytes:
    """The head of a WebP of one of its three kinds."""
    head = b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0"
    match kind:
        case b"VP8 ":
            return head + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height | 0x4000)
        case b"VP8L":
            return head + b"\x2f" + struct.pack("<I", width - 1 | height - 1 << 14)
        case _:
            return head + bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


PICTURES = {
    "PNG": png(1200, 800),
    "GIF": gif(1200, 800),
    "JPEG": jpeg(1200, 800),
    "baseline JPEG": jpeg(1200, 800, 0xC0),
    "WebP": webp(b"VP8 ", 1200, 800),
    "lossless WebP": webp(b"VP8L", 1200, 800),
    "extended WebP": webp(b"VP8X", 1200, 800),
}


class Dimensions(SynchronousTestCase):
    """Width and height."""

    def test_kinds(self) -> None:
        """Every kind that vendors take is read, width first."""
        for kind, data in PICTURES.items():
            self.assertEqual(dimensions(data + bytes(50)), (1200, 800), kind)

    def test_cut(self) -> None:
        """A picture cut before its size is told is of unknown size, at whatever byte."""
        for kind, data in PICTURES.items():
            for end in range(len(data) - 12):
                self.assertIn(dimensions(data[:end]), (None, (1200, 800)), (kind, end))
            self.assertIsNone(dimensions(data[: len(data) // 2]), kind)

    def test_no_picture(self) -> None:
        """What is none, or one without an extent, has no size."""
        self.assertIsNone(dimensions(b"<svg width='10' height='10'/>"))
        self.assertIsNone(dimensions(png(0, 800)))
        self.assertIsNone(dimensions(b"\xff\xd8\x00\x00\x00"))

    @given(st.sampled_from(sorted(PICTURES)), st.binary(max_size=60), st.integers(0, 60))
    @settings(derandomize=True, max_examples=200, deadline=None)
    def test_rubbish(self, kind: str, rubbish: bytes, at: int) -> None:
        """Any bytes behind a picture's first ones give a size of two positive numbers, or none."""
        found = dimensions(PICTURES[kind][:at] + rubbish)
        self.assertTrue(found is None or min(found) > 0)
