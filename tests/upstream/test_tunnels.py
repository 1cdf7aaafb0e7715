"""Connections that a proxy lends."""

from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import URI
from zope.interface.verify import verifyObject

from ccproxy.errors import Kind
from ccproxy.providers.wayout import Proxy, WayOut
from ccproxy.upstream.endpoints import Endpoints
from ccproxy.upstream.failures import explain
from ccproxy.upstream.tunnels import HEAD_LIMIT, ProxyRefused, Tunnel
from tests.support.transports import Abortable

LENT = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"


class User(Protocol):
    """What uses the connection: keeps what it hears."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost: list[Failure] = []

    def connectionMade(self) -> None:
        self.transport.write(b"hello")  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.append(reason)


class Way:
    """An endpoint whose connection is made by hand."""

    def __init__(self) -> None:
        self.transport = Abortable()
        self.protocol: Any = None
        self.cancelled = False

    def connect(self, factory: Any) -> Any:
        from twisted.internet.defer import Deferred

        def cancel(_: Any) -> None:
            self.cancelled = True

        self.factory = factory
        self.connecting: Deferred[Any] = Deferred(cancel)
        return self.connecting

    def open(self) -> None:
        self.protocol = self.factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        self.connecting.callback(self.protocol)


class TunnelTests(SynchronousTestCase):
    """One tunnel."""

    def setUp(self) -> None:
        self.way = Way()
        proxy = Proxy.of("http://me:pass@proxy.test:3128")
        self.tunnel = Tunnel(self.way, proxy, "api.test", 443)  # type: ignore[arg-type]
        self.result = self.tunnel.connect(Factory.forProtocol(User))

    def test_interface(self) -> None:
        """It is an endpoint."""
        verifyObject(IStreamClientEndpoint, self.tunnel)

    def test_lent(self) -> None:
        """The proxy is asked for the host, and the connection that it lends is used: however its answer is cut."""
        for cut in range(len(LENT) + 1):
            self.setUp()
            self.way.open()
            asked = self.way.transport.value()
            self.assertEqual(
                asked,
                b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n"
                b"Proxy-Authorization: Basic bWU6cGFzcw==\r\n\r\n",
            )
            self.assertNoResult(self.result)
            for piece in (LENT[:cut], LENT[cut:] + b"wel", b"come"):
                if piece:
                    self.way.protocol.dataReceived(piece)
            user = self.successResultOf(self.result)
            self.assertEqual(user.heard, b"welcome")
            self.assertEqual(self.way.transport.value(), asked + b"hello")
            self.way.protocol.connectionLost(Failure(ConnectionDone()))
            self.assertEqual(len(user.lost), 1)

    def test_refused(self) -> None:
        """A proxy that does not lend one says why, without its login; the connection is closed."""
        for answer, why in (
            (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required"),
            (b"HTTP/1.0 502 Bad Gateway\r\nX: y\r\n\r\n", "502 Bad Gateway"),
            (b"SSH-2.0-x\r\n\r\n", "no HTTP"),
            (b"H" * (HEAD_LIMIT + 1), "its answer is too long"),
        ):
            self.setUp()
            self.way.open()
            self.way.protocol.dataReceived(answer)
            failure = self.failureResultOf(self.result, ProxyRefused)
            self.assertTrue(self.way.transport.aborting)
            self.way.protocol.connectionLost(Failure(ConnectionDone()))
            error = explain(failure, "openai")
            self.assertIs(error.kind, Kind.UNREACHABLE)
            self.assertIn(why, error.message)
            self.assertNotIn("bWU6", error.message)

    def test_closed(self) -> None:
        """A proxy that closes the connection lends none."""
        self.way.open()
        self.way.protocol.connectionLost(Failure(ConnectionDone()))
        self.failureResultOf(self.result, ProxyRefused)

    def test_unreachable(self) -> None:
        """A proxy that cannot be reached is told as such a host is."""
        self.way.connecting.errback(Failure(ConnectionDone()))
        self.failureResultOf(self.result, ConnectionDone)

    def test_cancelled(self) -> None:
        """Giving up closes what is under way."""
        self.result.cancel()
        self.assertTrue(self.way.cancelled)
        self.failureResultOf(self.result, CancelledError)
        self.setUp()
        self.way.open()
        self.result.cancel()
        self.assertTrue(self.way.transport.aborting)
        self.failureResultOf(self.result, CancelledError)


class EndpointTests(SynchronousTestCase):
    """Which origins go through it."""

    def test_origins(self) -> None:
        """Https goes through the proxy, but for what is exempt; http does not. Another way out is used at once."""
        reactor = MemoryReactorClock()
        endpoints = Endpoints(reactor, 5)

        def host(url: bytes) -> str:
            endpoint: Any = endpoints.endpointForURI(URI.fromBytes(url))
            inner = getattr(endpoint, "_wrappedEndpoint", endpoint)
            return str(getattr(getattr(inner, "_way", inner), "_hostText", ""))

        self.assertEqual(host(b"https://api.test/"), "api.test")
        endpoints.through(WayOut.of("http://proxy.test:1", ["near.test"], {}))
        self.assertEqual(host(b"https://api.test/"), "proxy.test")
        self.assertEqual(host(b"https://near.test/"), "near.test")
        self.assertEqual(host(b"http://api.test/"), "api.test")
        endpoints.through(WayOut())
        self.assertEqual(host(b"https://api.test/"), "api.test")
        self.assertEqual(Clock().getDelayedCalls(), [])
