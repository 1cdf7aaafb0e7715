"""Sockets of real ports, as they are closed."""

import socket
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from ccproxy.daemon.listening import Listener


class Clients(Factory):
    """Whoever has connected; they are sent away when the test ends."""

    noisy = False

    def __init__(self) -> None:
        self.accepted: list[Protocol] = []
        self.gone: list[Deferred[None]] = []

    def buildProtocol(self, addr: Any) -> Protocol:
        client = Client()
        self.accepted.append(client)
        self.gone.append(client.gone)
        return client


class Client(Protocol):
    """One of them."""

    def __init__(self) -> None:
        self.gone: Deferred[None] = Deferred()

    def connectionLost(self, reason: Any = None) -> None:
        self.gone.callback(None)


class ListenerTests(TestCase):
    """One endpoint."""

    timeout = 10

    async def test_queue(self) -> None:
        """Whoever has connected before the socket is closed is not reset, though nobody had accepted them yet."""
        clients = Clients()
        listener = Listener(reactor, "tcp:0:interface=127.0.0.1", clients)
        listener.startService()
        assert listener.port is not None
        address = ("127.0.0.1", listener.port.getHost().port)
        # The kernel answers them: our reactor has had no turn.
        queued = [socket.create_connection(address, 5) for _ in range(20)]
        self.assertEqual(clients.accepted, [])
        stopped = listener.stopService()
        self.assertEqual(len(clients.accepted), 20)
        await stopped
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(address, 5)
        for client in queued:
            client.close()
        for gone in clients.gone:
            await gone
