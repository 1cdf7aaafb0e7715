"""A proxy address that nobody may use: a client that was told to reach the world through it betrays itself."""

from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory, Protocol

from tests.support.connections import Tallied


class Tripwire:
    """Listens on `port`; `visits` has the first bytes of all who came. Each is sent away at once."""

    def __init__(self, reactor: ReactorBase) -> None:
        self.visits: list[bytes] = []
        factory = Factory.forProtocol(_Visit)
        factory.noisy = False
        factory.visits = self.visits
        self._connections = Tallied(factory)
        self._port: IListeningPort = reactor.listenTCP(0, self._connections, interface="127.0.0.1")

    @property
    def port(self) -> int:
        return self._port.getHost().port

    def check(self) -> None:
        """Fails if anybody came."""
        if self.visits:
            raise AssertionError(f"somebody tried to leave this machine: {self.visits}")

    def stop(self) -> "Deferred[None]":
        return self._connections.close(self._port)


class _Visit(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.factory.visits.append(data)
        self.transport.loseConnection()
