"""All that one read of a socket brought, at once.

Twisted's HTTP client hands over a chunked body chunk by chunk, and most upstreams send each event as a chunk of its
own. Behind one read of the socket there are often dozens of them. Taken together they cost one pass through parser, renderer
and transport instead of dozens (measured: half of the CPU time of a burst). Nothing waits: the chunks are handed on
before the reactor does anything else.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint, ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer


class Reads:
    """Knows when a read of an upstream's socket ends."""

    def __init__(self) -> None:
        self._reading = False
        self._waiting: list[Callable[[], None]] = []

    def at_end(self, act: Callable[[], None]) -> None:
        """Acts when the present read ends; at once where none is under way."""
        if self._reading:
            self._waiting.append(act)
        else:
            act()

    def read(self, receive: Callable[[bytes], None], data: bytes) -> None:
        """One read: `receive` gets the data, and then those who wait for the end have their turn."""
        outer, self._reading = self._reading, True
        try:
            receive(data)
        finally:
            self._reading = outer
            if not outer:
                waiting, self._waiting = self._waiting, []
                for act in waiting:
                    act()


class Joined(Protocol):
    """A body's protocol that hands the pieces of one read on together, to the protocol it stands before."""

    def __init__(self, receiver: Protocol, reads: Reads) -> None:
        self._receiver = receiver
        self._reads = reads
        self._pieces: list[bytes] = []

    def makeConnection(self, transport: ITransport) -> None:
        self._receiver.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        self._pieces.append(data)
        if len(self._pieces) == 1:
            self._reads.at_end(self._hand_on)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._hand_on()
        self._receiver.connectionLost(reason)

    def _hand_on(self) -> None:
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            self._receiver.dataReceived(pieces[0] if len(pieces) == 1 else b"".join(pieces))


@implementer(IAgentEndpointFactory)
class Noted:
    """The endpoints of another factory, with their reads noted."""

    def __init__(self, endpoints: IAgentEndpointFactory, reads: Reads) -> None:
        self._endpoints = endpoints
        self._reads = reads

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """Twisted's Agent asks for each new connection."""
        return _NotedEndpoint(self._endpoints.endpointForURI(uri), self._reads)


@implementer(IStreamClientEndpoint)
class _NotedEndpoint:
    def __init__(self, endpoint: IStreamClientEndpoint, reads: Reads) -> None:
        self._endpoint = endpoint
        self._reads = reads

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        noted: Deferred[_NotedProtocol] = self._endpoint.connect(_NotedFactory(protocolFactory, self._reads))
        return noted.addCallback(lambda protocol: protocol.receiver)


class _NotedFactory(Factory):
    noisy = False

    def __init__(self, factory: IProtocolFactory, reads: Reads) -> None:
        self._factory = factory
        self._reads = reads

    def buildProtocol(self, addr: IAddress) -> "_NotedProtocol":
        return _NotedProtocol(self._factory.buildProtocol(addr), self._reads)


class _NotedProtocol(Protocol):
    """Stands before a connection's protocol and brackets what it receives."""

    def __init__(self, receiver: Protocol, reads: Reads) -> None:
        self.receiver = receiver
        self._reads = reads

    def makeConnection(self, transport: ITransport) -> None:
        self.receiver.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        self._reads.read(self.receiver.dataReceived, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.receiver.connectionLost(reason)
