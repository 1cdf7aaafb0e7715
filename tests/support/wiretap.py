"""A listener between a client and a server on loopback: it forwards every byte, and keeps what the client asked.

What the daemon tells a client, and how often the client asks again, is seen here; the upstream sees only what the
daemon makes of it.
"""

from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort
from twisted.protocols.portforward import ProxyClient, ProxyClientFactory, ProxyFactory, ProxyServer

from tests.support.connections import Tallied
from tests.support.scripted_upstream import Received


class Wiretap:
    """Listens on `port` and forwards to `target` on loopback."""

    def __init__(self, reactor: ReactorBase, target: int) -> None:
        factory = ProxyFactory("127.0.0.1", target)
        factory.noisy = False
        factory.protocol = _Towards
        factory.tapped = self._tapped = []
        self._connections = Tallied(factory)
        self._port: IListeningPort = reactor.listenTCP(0, self._connections, interface="127.0.0.1")

    @property
    def port(self) -> int:
        return self._port.getHost().port

    @property
    def received(self) -> list[Received]:
        """Every whole request so far, connection by connection."""
        return [request for towards in self._tapped for request in requests(b"".join(towards.asked))]

    @property
    def answered(self) -> bytes:
        """Every byte that came back, connection by connection."""
        return b"".join(b"".join(towards.answered) for towards in self._tapped)

    def posted(self, path: str) -> list[Received]:
        """The POST requests to this path."""
        return [request for request in self.received if (request.method, request.path) == ("POST", path)]

    def stop(self) -> "Deferred[None]":
        return self._connections.close(self._port)


def requests(data: bytes) -> list[Received]:
    """The whole HTTP/1.1 requests in these bytes of one connection. Bodies have a length: no client here chunks."""
    found = []
    while b"\r\n\r\n" in data:
        head, data = data.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        if "transfer-encoding" in headers:
            raise AssertionError("a chunked request: the wiretap cannot tell where it ends")
        if len(data) < length:
            break
        found.append(Received(method, target.partition("?")[0], headers, data[:length]))
        data = data[length:]
    return found


class _Back(ProxyClient):
    def dataReceived(self, data: bytes) -> None:
        self.peer.answered.append(data)
        super().dataReceived(data)


class _BackFactory(ProxyClientFactory):
    noisy = False
    protocol = _Back


class _Towards(ProxyServer):
    clientProtocolFactory = _BackFactory

    def connectionMade(self) -> None:
        self.asked: list[bytes] = []
        self.answered: list[bytes] = []
        self.factory.tapped.append(self)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        self.asked.append(data)
        super().dataReceived(data)
