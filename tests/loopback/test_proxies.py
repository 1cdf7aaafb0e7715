"""The PROXY protocol over real sockets: whose a request is behind HAProxy and its like."""

import socket
import struct
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import TestCase

from ccproxy.config.settings import Settings
from ccproxy.daemon.listening import Sockets
from ccproxy.service import make_service

ASK = b"GET /v1/models HTTP/1.0\r\nHost: localhost\r\n\r\n"


def v1(source: str) -> bytes:
    """The header in text."""
    family = "TCP6" if ":" in source else "TCP4"
    other = "::1" if ":" in source else "127.0.0.1"
    return f"PROXY {family} {source} {other} 40000 3456\r\n".encode()


def v2(source: str, command: int = 0x21) -> bytes:
    """The binary header."""
    kind = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = socket.inet_pton(kind, source) * 2 + struct.pack("!HH", 40000, 3456)
    family = 0x21 if ":" in source else 0x11
    head = b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", command, family, len(addresses))
    return head + addresses


class Said(Protocol):
    """Sends, and collects what comes until the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.received = b""
        self.ended: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        self.transport.write(self._data)

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: object = None) -> None:
        self.ended.callback(self.received)


class ProxyProtocol(TestCase):
    """A keyless daemon behind `haproxy:`, which serves this machine only: the header says who that is."""

    timeout = 20

    async def status(self, header: bytes, trusted: tuple[str, ...] = ("127.0.0.1",)) -> int:
        """The status of the answer; 0 where the connection was closed without one."""
        settings = Settings(listen=("haproxy:tcp:0:interface=127.0.0.1",), trusted_proxies=trusted)
        service = make_service(settings, reactor)
        service.startService()
        (sockets,) = (part for part in service if isinstance(part, Sockets))
        (listener,) = sockets.listeners
        port: Any = listener.port
        client = await connectProtocol(
            TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), Said(header + ASK)
        )
        try:
            received = await client.ended
        finally:
            await service.stopService()
        return int(received.split(b" ")[1]) if received else 0

    async def test_believed(self) -> None:
        """From a trusted proxy, either form of the header tells the client's address, of either family."""
        for form in (v1, v2):
            self.assertEqual(await self.status(form("203.0.113.5")), 403, form)
            self.assertEqual(await self.status(form("127.0.0.1")), 200, form)
            self.assertEqual(await self.status(form("2001:db8::1")), 403, form)
            self.assertEqual(await self.status(form("::1")), 200, form)

    async def test_not_believed(self) -> None:
        """From anyone else it tells nothing: what counts is the address that we see."""
        self.assertEqual(await self.status(v1("203.0.113.5"), ("10.0.0.1",)), 200)
        self.assertEqual(await self.status(v2("203.0.113.5"), ("10.0.0.1",)), 200)

    async def test_proxys_own_question(self) -> None:
        """A proxy that asks how we are speaks for itself."""
        self.assertEqual(await self.status(v2("203.0.113.5", command=0x20)), 200)

    async def test_without(self) -> None:
        """Whoever sends no header there, or a wrong one, is not served."""
        self.assertEqual(await self.status(b""), 0)
        self.assertEqual(await self.status(b"PROXY TCP4 nobody nowhere 1 2\r\n"), 0)
        self.assertEqual(await self.status(b"PROXY TCP4 127.0.0.1\r\n"), 0)
        self.assertEqual(await self.status(v2("203.0.113.5", command=0x2F)), 0)
