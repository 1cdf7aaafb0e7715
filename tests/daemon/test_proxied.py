"""A connection that a proxy passes on, byte by byte."""

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.daemon.proxied import Proxied
from tests.wire.test_proxyprotocol import GOOD

PROXY = IPv4Address("TCP", "10.0.0.1", 5)


class Heard(Protocol):
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.received = b""

    def dataReceived(self, data: bytes) -> None:
        self.received += data


class ProxiedTests(SynchronousTestCase):
    """What is behind the header sees the client, and none of the header."""

    def connect(self) -> tuple[Protocol, StringTransport]:
        connection = Proxied(Factory.forProtocol(Heard)).buildProtocol(PROXY)
        transport = StringTransport(peerAddress=PROXY)
        connection.makeConnection(transport)
        return connection, transport

    def test_bytes(self) -> None:
        """However the header is cut, the rest arrives whole, and the other end is the one it told."""
        for header, source in GOOD:
            connection, transport = self.connect()
            inner = connection.wrappedProtocol  # type: ignore[attr-defined]
            for byte in header + b"hello":
                connection.dataReceived(bytes([byte]))
            self.assertEqual(inner.received, b"hello")
            kind = IPv6Address if ":" in source.address else IPv4Address
            expected = kind("TCP", source.address, source.port) if source.address else PROXY
            self.assertEqual(inner.transport.getPeer(), expected)
            self.assertFalse(transport.disconnecting)

    def test_none(self) -> None:
        """Without a header the connection is closed, and nothing gets through."""
        connection, transport = self.connect()
        connection.dataReceived(b"GET / HTTP/1.1\r\n\r\n")
        self.assertTrue(transport.disconnecting)
        self.assertEqual(connection.wrappedProtocol.received, b"")  # type: ignore[attr-defined]
