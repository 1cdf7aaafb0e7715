"""Compressed request bodies."""

import gzip
import zlib

import brotli
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.wire.compression import decode

PLAIN = b'{"model":"m"}' * 1000


def raw_deflate(data: bytes) -> bytes:
    """Deflate without its wrapping, as some clients send it."""
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(data) + machine.flush()


PACK = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


class DecodeTests(SynchronousTestCase):
    """What comes out, and what is refused."""

    def test_each_encoding(self) -> None:
        """Every encoding we promise gives the plain body; so does none, and identity."""
        for name, pack in PACK.items():
            self.assertEqual(decode(pack(PLAIN), name.upper(), len(PLAIN)), PLAIN, name)
        self.assertEqual(decode(raw_deflate(PLAIN), "deflate", len(PLAIN)), PLAIN)
        self.assertEqual(decode(PLAIN, "", 0), PLAIN)
        self.assertEqual(decode(PLAIN, "identity", 0), PLAIN)

    def test_stacked(self) -> None:
        """The last encoding applied is taken off first."""
        self.assertEqual(decode(brotli.compress(gzip.compress(PLAIN)), "gzip, br", len(PLAIN)), PLAIN)

    def test_bombs(self) -> None:
        """A body that would grow beyond the limit is refused with 413, without growing."""
        bomb = b"\0" * 50_000_000
        for name, pack in PACK.items():
            with self.assertRaises(ApiError) as caught:
                decode(pack(bomb), name, 1_000_000)
            self.assertIs(caught.exception.kind, Kind.TOO_LARGE, name)

    def test_cut_off(self) -> None:
        """A body that ends too early is told as such."""
        for name, pack in PACK.items():
            with self.assertRaises(ApiError) as caught:
                decode(pack(PLAIN)[:-5], name, len(PLAIN))
            self.assertIn(f"not valid {name}", caught.exception.message)

    def test_unknown(self) -> None:
        """An encoding nobody promised is refused by name."""
        with self.assertRaises(ApiError) as caught:
            decode(PLAIN, "compress", 10)
        self.assertIn("'compress' is not supported", caught.exception.message)

    @settings(derandomize=True, max_examples=150)
    @given(st.binary(max_size=60), st.sampled_from(sorted(PACK)))
    def test_any_bytes(self, data: bytes, name: str) -> None:
        """No bytes do more than be refused."""
        try:
            decode(data, name, 1000)
        except ApiError as error:
            self.assertIn(error.kind, (Kind.INVALID, Kind.TOO_LARGE))
