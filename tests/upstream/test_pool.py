"""Which connection a request goes out on, how it is written, and how long connections are kept."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import URI, FileBodyProducer, ResponseNeverReceived
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer
from zope.interface.verify import verifyObject

from ccproxy.upstream.body import Body
from ccproxy.upstream.pool import IDLE_PER_ORIGIN, IDLE_SECONDS, URLS_REMEMBERED, Pool
from tests.support.transports import Abortable

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class Dialled:
    """A connection the pool asked for."""

    def __init__(self, factory: IProtocolFactory) -> None:
        self._factory = factory
        self.cancelled = False
        self.connecting: Deferred[Any] = Deferred(lambda _: setattr(self, "cancelled", True))
        self.transport = Abortable()
        self.protocol: Any = None

    def accept(self) -> "Dialled":
        self.protocol = self._factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        self.connecting.callback(self.protocol)
        return self

    def answer(self) -> None:
        self.protocol.dataReceived(NO_CONTENT)

    def request(self) -> bytes:
        """What was written since one last looked."""
        written: bytes = self.transport.value()
        self.transport.clear()
        return written


@implementer(IAgentEndpointFactory, IStreamClientEndpoint)
class Network:
    """Every connection the pool asks for, in order."""

    def __init__(self) -> None:
        self.dialled: list[Dialled] = []
        self.uris: list[URI] = []

    def endpointForURI(self, uri: URI) -> "Network":
        self.uris.append(uri)
        return self

    def connect(self, factory: IProtocolFactory) -> "Deferred[Any]":
        self.dialled.append(Dialled(factory))
        return self.dialled[-1].connecting


class PoolCase(SynchronousTestCase):
    """A pool, a network without wires, and a clock."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.network = Network()
        self.pool = Pool(self.clock, self.network)

    def ask(self, uri: bytes = b"http://a.test/", **more: Any) -> "Deferred[IResponse]":
        return self.pool.request(more.pop("method", b"POST"), uri, **more)

    def connections(self, count: int, uri: bytes = b"http://a.test/") -> list[Dialled]:
        """So many new connections to one origin, each with a request under way."""
        for _ in range(count):
            self.ask(uri)
        return [dialled.accept() for dialled in self.network.dialled[-count:]]

    def written(self, uri: bytes, **more: Any) -> bytes:
        """The request that goes out on a new connection."""
        self.ask(uri, **more)
        return self.network.dialled[-1].accept().request()


class RequestTests(PoolCase):
    """What goes over the wire."""

    def test_interfaces(self) -> None:
        """The pool is an agent as treq takes one, and its bodies are what agents take."""
        verifyObject(IAgent, self.pool)
        body = Body(b"hello")
        verifyObject(IBodyProducer, body)
        transport = Abortable()
        self.successResultOf(body.startProducing(transport))
        self.assertEqual((transport.value(), body.length), (b"hello", 5))

    def test_whole_request(self) -> None:
        """A request is written at once: its line, its headers and its body. No compression is asked for."""
        headers = Headers({"X-A": ["b", "c"], "Accept-Encoding": ["gzip"], "Content-Length": ["9"], "Host": ["evil"]})
        self.assertEqual(
            self.written(b"https://a.test/v1/x?y=z", headers=headers, bodyProducer=Body(b"hello")),
            b"POST /v1/x?y=z HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: identity\r\n"
            b"X-A: b\r\nX-A: c\r\nContent-Length: 5\r\n\r\nhello",
        )

    def test_no_body(self) -> None:
        """A request without a body says so."""
        self.assertTrue(self.written(b"http://a.test/").endswith(b"\r\nContent-Length: 0\r\n\r\n"))

    def test_other_bodies(self) -> None:
        """A body in another form is refused: nobody would write it."""
        with self.assertRaises(TypeError) as caught:
            self.ask(bodyProducer=FileBodyProducer.__new__(FileBodyProducer))
        self.assertIn("FileBodyProducer", str(caught.exception))

    def test_host(self) -> None:
        """The Host header names the port unless it is the scheme's own, and puts addresses of IPv6 in brackets."""
        for uri, host in (
            (b"http://a.test", b"a.test"),
            (b"http://a.test:80/x", b"a.test"),
            (b"https://a.test:443/x", b"a.test"),
            (b"https://a.test:80/x", b"a.test:80"),
            (b"http://a.test:443/x", b"a.test:443"),
            (b"http://a.test:8080/x", b"a.test:8080"),
            (b"http://[::1]/x", b"[::1]"),
            (b"http://[::1]:80/x", b"[::1]"),
            (b"http://[::1]:8080/x", b"[::1]:8080"),
        ):
            self.assertIn(b"\r\nHost: %b\r\n" % host, self.written(uri), uri)

    def test_header_lines(self) -> None:
        """A header's value cannot begin another header."""
        request = self.written(b"http://a.test/", headers=Headers({"A": ["b\r\nEvil: c"]}))
        self.assertNotIn(b"\nEvil", request)

    def test_methods(self) -> None:
        """One URL can be asked with several methods."""
        for method in (b"POST", b"GET"):
            self.assertTrue(self.written(b"http://a.test/", method=method).startswith(method + b" / HTTP/1.1\r\n"))

    def test_many_urls(self) -> None:
        """More URLs than are remembered are asked like the first ones."""
        for number in range(URLS_REMEMBERED + 2):
            self.ask(b"http://a.test/%d" % number)
        for number in (0, URLS_REMEMBERED + 1):
            self.assertIn(b" /%d " % number, self.network.dialled[number].accept().request())


class ReuseTests(PoolCase):
    """Connections that are asked again."""

    def test_last_used_first(self) -> None:
        """The connection used last is asked next: it is the one most surely alive."""
        first, second, third = self.connections(3)
        for connection in (first, third, second):
            connection.answer()
            connection.request()
        for connection in (second, third, first):
            asked = self.ask()
            self.assertIn(b"POST", connection.request())
            connection.answer()
            self.assertEqual(self.successResultOf(asked).code, 204)
            self.ask()  # Keeps it busy.
        self.assertEqual(len(self.network.dialled), 3)
        self.ask()
        self.assertEqual(len(self.network.dialled), 4)

    def test_origins_apart(self) -> None:
        """A connection serves its own scheme, host and port, whatever the path."""
        (connection,) = self.connections(1, b"http://a.test/x")
        connection.answer()
        connection.request()
        for uri in (b"https://a.test:80/x", b"http://b.test/x", b"http://a.test:81/x"):
            self.ask(uri)
            self.assertEqual(connection.request(), b"", uri)
        self.ask(b"http://a.test:80/y")
        self.assertIn(b"POST /y ", connection.request())

    def test_idle_for_too_long(self) -> None:
        """A connection is closed when nobody used it for some time, and not while a request is under way."""
        (connection,) = self.connections(1)
        self.clock.advance(IDLE_SECONDS * 2)
        connection.answer()
        self.clock.advance(IDLE_SECONDS - 1)
        self.assertFalse(connection.transport.disconnecting)
        self.ask()
        connection.answer()
        self.clock.advance(IDLE_SECONDS - 1)
        self.assertFalse(connection.transport.disconnecting)
        self.clock.advance(1)
        self.assertTrue(connection.transport.disconnecting)
        self.ask()
        self.assertEqual(len(self.network.dialled), 2)

    def test_limit(self) -> None:
        """So many connections of an origin are kept, and no more."""
        connections = self.connections(IDLE_PER_ORIGIN + 1)
        for connection in connections:
            connection.answer()
        self.assertEqual([c.transport.disconnecting for c in connections], [False] * IDLE_PER_ORIGIN + [True])
        (other,) = self.connections(1, b"http://b.test/")
        other.answer()
        self.assertFalse(other.transport.disconnecting)

    def test_closed_by_the_upstream(self) -> None:
        """A connection that the upstream closed while it was idle is not asked, and leaves no timer."""
        (connection,) = self.connections(1)
        connection.answer()
        connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.ask()
        self.assertEqual(len(self.network.dialled), 2)

    def test_words_while_idle(self) -> None:
        """A connection on which the upstream spoke unasked is not asked, not even before it is lost."""
        (connection,) = self.connections(1)
        connection.answer()
        connection.protocol.dataReceived(NO_CONTENT)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.ask()
        self.assertEqual(len(self.network.dialled), 2)

    def test_close(self) -> None:
        """Closing the pool closes what is idle and leaves no timer; a request under way goes on."""
        idle, busy = self.connections(2)
        idle.answer()
        self.pool.close()
        self.assertTrue(idle.transport.disconnecting)
        self.assertFalse(busy.transport.disconnecting)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        idle.protocol.connectionLost(Failure(ConnectionDone()))


class FailureTests(PoolCase):
    """Requests that come to nothing."""

    def test_refused(self) -> None:
        """What the network says of a connection that cannot be made is what the request fails with."""
        asked = self.ask()
        self.network.dialled[0].connecting.errback(Failure(ConnectionRefusedError()))
        self.failureResultOf(asked, ConnectionRefusedError)

    def test_stale(self) -> None:
        """Where a kept connection turns out to have been closed, the others to its origin are not met by a second try;
        what is under way there, and what leads elsewhere, stays."""
        stale, kept, busy = self.connections(3)
        (elsewhere,) = self.connections(1, b"http://b.test/")
        for connection in (elsewhere, kept, stale):
            connection.answer()
        asked = self.ask()
        stale.protocol.connectionLost(Failure(ConnectionDone()))
        self.failureResultOf(asked, ResponseNeverReceived)
        self.assertTrue(kept.transport.disconnecting)
        self.assertFalse(busy.transport.disconnecting)
        self.ask()
        self.assertEqual(len(self.network.dialled), 5)
        self.assertEqual(self.pool.idle(), {"http://b.test:80": 1})
        kept.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_new_and_lost(self) -> None:
        """A new connection that is closed without an answer says nothing about those that are kept, nor does a request
        that is given up."""
        (kept,) = self.connections(1)
        asked = self.ask()
        self.network.dialled[1].accept().protocol.connectionLost(Failure(ConnectionDone()))
        kept.answer()
        self.failureResultOf(asked, ResponseNeverReceived)
        given_up = self.ask()
        (other,) = self.connections(1)
        other.answer()
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        self.assertFalse(other.transport.disconnecting)

    def test_cancel_while_connecting(self) -> None:
        """Giving up a request that has no connection yet gives up connecting."""
        asked = self.ask()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertTrue(self.network.dialled[0].cancelled)

    def test_cancel_while_waiting(self) -> None:
        """Giving up a request closes its connection, new or used before, and it is not asked again."""
        asked = self.ask()
        first = self.network.dialled[0].accept()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertTrue(first.transport.aborting)
        (second,) = self.connections(1)
        second.answer()
        asked = self.ask()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertTrue(second.transport.aborting)
        self.ask()
        self.assertEqual(len(self.network.dialled), 3)
        self.assertEqual(self.clock.getDelayedCalls(), [])
