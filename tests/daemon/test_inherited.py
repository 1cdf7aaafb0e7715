"""Sockets that were open before the daemon was."""

import os
import socket
from typing import Any

from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.testing import MemoryReactor
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.systemd import ListenFDs
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.daemon.inherited import Given, Inheriting, extra, given

UNIT = Given(0, 3, socket.AF_INET, ("127.0.0.1", 3456))
SECOND = Given(1, 4, socket.AF_INET6, ("::1", 80))


class Adopting(MemoryReactor):
    """A reactor that remembers which sockets it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[tuple[int, int, Any]] = []

    def adoptStreamPort(self, descriptor: int, family: int, factory: Any) -> Any:
        """As the reactor does it, but for listening."""
        self.taken.append((descriptor, family, factory))
        return "a port"


class GivenTests(SynchronousTestCase):
    """What the environment hands over."""

    def descriptors(self, *sockets: socket.socket) -> int:
        """The first of descriptors in a row for these sockets."""
        first = 200
        for number, each in enumerate(sockets, first):
            os.dup2(each.fileno(), number)
            self.addCleanup(os.close, number)
            each.close()
        return first

    def environ(self, names: str) -> dict[str, str]:
        return {
            "LISTEN_PID": str(os.getpid()),
            "LISTEN_FDS": str(names.count(":") + 1),
            "LISTEN_FDNAMES": names,
        }

    def test_none(self) -> None:
        """Without any, and with those of another process, there is none."""
        self.assertEqual(given({}), ())
        self.assertEqual(given(self.environ("http") | {"LISTEN_PID": "1"}), ())

    def test_read_by_twisted(self) -> None:
        """Twisted takes out of the environment what says that there are any; they are found all the same."""
        first = self.descriptors(socket.create_server(("127.0.0.1", 0)))
        environ = self.environ("http")
        ListenFDs.fromEnvironment(environ, first)
        self.assertEqual([each.descriptor for each in given(environ, first)], [first])

    def test_untrue(self) -> None:
        """A descriptor that is no socket, is not listening, or is not there at all, is passed over."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        self.assertEqual(given(self.environ("http"), reading), ())
        first = self.descriptors(socket.socket())
        self.assertEqual(given(self.environ("http:other"), first), ())

    def test_found(self) -> None:
        """Each is told with its place and its address; a socket that is not TCP is passed over, and all stay open."""
        tcp = socket.create_server(("127.0.0.1", 0))
        tcp6 = socket.create_server(("::1", 0), family=socket.AF_INET6)
        unix = socket.socket(socket.AF_UNIX)
        ports = tcp.getsockname()[1], tcp6.getsockname()[1]
        first = self.descriptors(tcp, unix, tcp6)
        expected = (
            Given(0, first, socket.AF_INET, ("127.0.0.1", ports[0])),
            Given(2, first + 2, socket.AF_INET6, ("::1", ports[1])),
        )
        self.assertEqual(given(self.environ("http:other:more"), first), expected)
        for number in (first, first + 2):
            self.assertFalse(os.get_inheritable(number))

    def test_endpoint(self) -> None:
        """Twisted finds it by its position."""
        self.assertEqual(UNIT.endpoint, "systemd:domain=INET:index=0")
        self.assertEqual(SECOND.endpoint, "systemd:domain=INET6:index=1")


class InheritingTests(SynchronousTestCase):
    """Endpoints that find their socket open."""

    def setUp(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listening.close)
        self.port = self.listening.getsockname()[1]
        self.given = Given(0, self.listening.fileno(), socket.AF_INET, ("127.0.0.1", self.port))
        self.reactor = Adopting()
        self.inheriting = Inheriting(self.reactor, [self.given])

    def test_taken(self) -> None:
        """The socket with the address is taken, and nothing is bound."""
        factory = Factory()
        port = self.inheriting.listenTCP(self.port, factory, interface="127.0.0.1")
        self.assertEqual(port, "a port")
        self.assertEqual(self.reactor.taken, [(self.listening.fileno(), socket.AF_INET, factory)])
        self.assertEqual(self.reactor.tcpServers, [])
        self.assertFalse(os.get_blocking(self.listening.fileno()))

    def test_tls(self) -> None:
        """TLS is spoken over an inherited socket just as well."""
        self.inheriting.listenSSL(self.port, Factory(), CertificateOptions(), interface="127.0.0.1")
        self.assertIsInstance(self.reactor.taken[0][2], TLSMemoryBIOFactory)

    def test_others(self) -> None:
        """Another port, or all addresses, is bound as ever; what else a reactor can do, this one can."""
        self.inheriting.listenTCP(self.port + 1, Factory(), interface="127.0.0.1")
        self.inheriting.listenTCP(self.port, Factory())
        self.assertEqual(self.reactor.taken, [])
        self.assertEqual(len(self.reactor.tcpServers), 2)
        self.assertEqual(self.inheriting.running, self.reactor.running)


class ChoiceTests(SynchronousTestCase):
    """Which sockets are served though nobody asks for them."""

    def test_extra(self) -> None:
        """A socket is served even if no endpoint asks for it, and none is served twice."""
        self.assertEqual(extra([UNIT, SECOND], ["tcp:3456:interface=127.0.0.1"]), (SECOND.endpoint,))
        self.assertEqual(extra([UNIT, SECOND], ["tcp:80:interface=\\:\\:1", "unix:/s"]), (UNIT.endpoint,))
        self.assertEqual(extra([UNIT, SECOND], ["systemd:domain=INET:name=http"]), ())
