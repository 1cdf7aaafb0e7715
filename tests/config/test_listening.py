"""Endpoint strings: made, judged, and as Twisted itself reads them."""

from twisted.internet.endpoints import serverFromString
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.listening import endpoint, fault, host, is_private


class Endpoints(SynchronousTestCase):
    """What may be listened at without a key."""

    def test_made(self) -> None:
        """Twisted listens where host and port say, also at IPv6 addresses."""
        for address, expected in (
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("localhost", "127.0.0.1"),
        ):
            reactor = MemoryReactorClock()
            serverFromString(reactor, endpoint(address, 3456)).listen(None)  # type: ignore[arg-type]
            port, _, _, interface = reactor.tcpServers[0]
            self.assertEqual((port, interface), (3456, expected))

    def test_private(self) -> None:
        """Loopback addresses, unix sockets and sockets from systemd are private."""
        for description in (
            "tcp:1:interface=127.0.0.1",
            "tcp:1:interface=\\:\\:1",
            "tcp:port=1:interface=localhost",
            "ssl:1:privateKey=k:interface=127.0.0.2",
            "unix:/run/x",
            "unix:/run/x\\:y:mode=660",
            "systemd:domain=INET:index=0",
            "haproxy:tcp:1:interface=127.0.0.1",
        ):
            self.assertTrue(is_private(description), description)

    def test_open(self) -> None:
        """All addresses, other machines' networks and kinds that nobody knows are open."""
        for description in (
            "tcp:1",
            "tcp:1:interface=0.0.0.0",
            "tcp:1:interface=\\:\\:",
            "tcp6:1",
            "ssl:443",
            "onion:80",
            "haproxy:tcp:1",
            "tcp:1:interface=127.0.0.1.example.com",
            "tcp:127.0.0.1",
            endpoint("192.168.0.1", 1),
        ):
            self.assertFalse(is_private(description), description)

    def test_faults(self) -> None:
        """What Twisted would not take is told before it is asked."""
        for description in ("", "3456", "127.0.0.1:3456", "tcp:x", "tcp:", "tcp:65536", "tcp:-1", "ssl:interface=::1"):
            self.assertTrue(fault(description), description)
        for description in ("tcp:0", "tcp:65535:interface=127.0.0.1", "tcp:port=80", "unix:x", "systemd:domain=INET"):
            self.assertEqual(fault(description), "", description)

    def test_host(self) -> None:
        """The address listened at, where it is one."""
        self.assertEqual(host("tcp:1:interface=\\:\\:1"), "::1")
        self.assertEqual(host("tcp:1:interface=0.0.0.0"), "")
        self.assertEqual(host("unix:/run/x"), "")
