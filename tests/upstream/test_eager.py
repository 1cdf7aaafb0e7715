"""What is written goes to the kernel at once, and never past what waits."""

import socket
from typing import Any

from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.upstream import eager


class Turns:
    """A reactor whose turn never comes: it only remembers who waits for one."""

    def __init__(self) -> None:
        self.writers: set[Any] = set()

    def addReader(self, reader: Any) -> None:
        pass

    def removeReader(self, reader: Any) -> None:
        pass

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)


class WriteTests(SynchronousTestCase):
    """Twisted's own transport over a pair of sockets."""

    def setUp(self) -> None:
        near, self.far = socket.socketpair()
        near.setblocking(False)
        self.far.setblocking(False)
        self.addCleanup(near.close)
        self.addCleanup(self.far.close)
        self.turns = Turns()
        self.transport: Any = Connection(near, Protocol(), self.turns)
        self.transport.connected = 1

    def arrived(self) -> bytes:
        found = b""
        while True:
            try:
                piece = self.far.recv(65536)
            except BlockingIOError:
                return found
            if not piece:
                return found
            found += piece

    def test_at_once(self) -> None:
        """It is there without a turn of the reactor, and none is asked for."""
        eager.write(self.transport, b"now")
        self.assertEqual(self.arrived(), b"now")
        self.assertEqual(self.turns.writers, set())

    def test_behind_what_waits(self) -> None:
        """While anything waits for the reactor, what is written waits behind it."""
        self.transport.write(b"first ")
        eager.write(self.transport, b"second")
        self.assertEqual(self.arrived(), b"")
        self.transport.doWrite()
        self.assertEqual(self.arrived(), b"first second")

    def test_what_the_kernel_does_not_take_waits(self) -> None:
        """A peer that does not read gets all of it, in order, once it does."""
        sent = b"".join(b"%08d" % number for number in range(200_000))
        for start in range(0, len(sent), 100_000):
            eager.write(self.transport, sent[start : start + 100_000])
        self.assertEqual(self.turns.writers, {self.transport})
        found = self.arrived()
        while self.turns.writers:
            self.transport.doWrite()
            found += self.arrived()
        self.assertEqual(found, sent)

    def test_a_peer_that_left(self) -> None:
        """It raises nothing: Twisted finds out at its next turn, and tells whom it concerns."""
        self.far.close()
        eager.write(self.transport, b"to nobody")
        self.assertEqual(self.turns.writers, {self.transport})
        self.assertIsInstance(self.transport.doWrite(), Exception)

    def test_other_transports(self) -> None:
        """Whatever is no socket of Twisted's is written to as usual."""
        transport = StringTransport()
        eager.write(transport, b"as usual")
        self.assertEqual(transport.value(), b"as usual")
