"""The PROXY protocol: every form of its header, however it is cut, and whatever else is sent in its place."""

import socket
import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.wire.proxyprotocol import LINE_LIMIT, SIGNATURE, BadHeader, Source, read


def second(source: str = "203.0.113.5", command: int = 0x21, family: int | None = None, more: bytes = b"") -> bytes:
    """A header of version 2."""
    kind = socket.AF_INET6 if ":" in source else socket.AF_INET
    body = socket.inet_pton(kind, source) * 2 + struct.pack("!HH", 40000, 3456) + more
    family = family if family is not None else 0x21 if ":" in source else 0x11
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


GOOD = [
    (b"PROXY TCP4 203.0.113.5 10.0.0.1 40000 3456\r\n", Source("203.0.113.5", 40000)),
    (b"PROXY TCP6 2001:db8::1 ::1 40000 3456\r\n", Source("2001:db8::1", 40000)),
    (b"PROXY UNKNOWN\r\n", Source()),
    (b"PROXY UNKNOWN what ever it says\r\n", Source()),
    (second(), Source("203.0.113.5", 40000)),
    (second("2001:db8::1"), Source("2001:db8::1", 40000)),
    (second(more=b"\x03\x00\x04abcd"), Source("203.0.113.5", 40000)),
    (second(command=0x20), Source()),
    (second(family=0x00), Source()),
    (second(family=0x31), Source()),
    (second(family=0x12), Source()),
]
BAD = [
    b"GET / HTTP/1.1\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4\r\n",
    b"PROXY TCP4 203.0.113.5 10.0.0.1 40000\r\n",
    b"PROXY TCP4 203.0.113.5 10.0.0.1 40000 3456 5\r\n",
    b"PROXY TCP4 2001:db8::1 ::1 40000 3456\r\n",
    b"PROXY TCP4 203.0.113.999 10.0.0.1 40000 3456\r\n",
    b"PROXY TCP4 203.0.113.5 nobody 40000 3456\r\n",
    b"PROXY TCP4 203.0.113.5 10.0.0.1 x 3456\r\n",
    b"PROXY TCP4 203.0.113.5 10.0.0.1 40000 65536\r\n",
    b"PROXY TCP4 203.0.113.5 10.0.0.1 -1 3456\r\n",
    b"PROXY TCP4 \xff 10.0.0.1 40000 3456\r\n",
    b"PROXY UDP4 203.0.113.5 10.0.0.1 40000 3456\r\n",
    b"PROXY UNKNOWN " + b"x" * LINE_LIMIT + b"\r\n",
    b"PROXY " + b"x" * LINE_LIMIT,
    second(command=0x22),
    second(command=0x11),
    SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 4) + b"1234",
    SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 65535),
]


class HeaderTests(SynchronousTestCase):
    """The tables above."""

    def test_good(self) -> None:
        """Each is read, whole or not at all, wherever it is cut; what follows is left as it is."""
        for header, source in GOOD:
            for rest in (b"", b"GET / HTTP/1.1\r\n\r\n"):
                self.assertEqual(read(header + rest), (source, rest), header)
            for end in range(len(header)):
                self.assertIsNone(read(header[:end]), header[:end])

    def test_bad(self) -> None:
        """Whatever else is sent is refused, and more of it helps nothing."""
        for data in BAD:
            self.assertRaises(BadHeader, read, data)
            self.assertRaises(BadHeader, read, data + b"more")

    @settings(max_examples=500, deadline=None)
    @given(st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\x00\x0c"]), st.binary())
    def test_any_bytes(self, start: bytes, data: bytes) -> None:
        """Any bytes are a header, the beginning of one, or a `BadHeader`."""
        try:
            found = read(start + data)
        except BadHeader:
            return
        if found is not None:
            self.assertTrue((start + data).endswith(found[1]))

    @settings(max_examples=200, deadline=None)
    @given(st.ip_addresses(), st.integers(0, 65535))
    def test_any_address(self, address: object, port: int) -> None:
        """Every address and port arrives as it was sent, in both versions."""
        text = str(address)
        line = f"PROXY TCP{'6' if ':' in text else '4'} {text} {text} {port} 1\r\n".encode()
        self.assertEqual(read(line), (Source(text, port), b""))
        if "%" not in text:
            found = read(second(text))
            assert found is not None
            self.assertEqual(found[0].address, text)
