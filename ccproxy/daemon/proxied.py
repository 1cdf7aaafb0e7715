"""Connections that a proxy passes on: their other end is the one that its header tells.

Whether a proxy may be believed is judged later, for each request, by who really connected: see `web.door`.
"""

from typing import cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IProtocolFactory, ITransport
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from ccproxy.wire.proxyprotocol import BadHeader, Source, read

PREFIX = "haproxy:"
"""How an endpoint begins at which the PROXY protocol is spoken, as Twisted writes it."""


class ProxiedConnection(ProtocolWrapper):
    """Takes the header off; without a right one there is no connection."""

    _waiting: bytes | None = b""
    _source = Source()

    def dataReceived(self, data: bytes) -> None:
        if self._waiting is None:
            self.wrappedProtocol.dataReceived(data)
            return
        self._waiting += data
        try:
            found = read(self._waiting)
        except BadHeader:
            cast(ITransport, self.transport).loseConnection()
            return
        if found is not None:
            self._waiting = None
            self._source, rest = found
            if rest:
                self.wrappedProtocol.dataReceived(rest)

    def getPeer(self) -> IAddress:
        """Whose connection it is."""
        source = self._source
        if not source.address:
            return cast(ITransport, self.transport).getPeer()
        kind = IPv6Address if ":" in source.address else IPv4Address
        return kind("TCP", source.address, source.port)


class Proxied(WrappingFactory):
    """Wraps the factory of what is behind the header."""

    protocol = ProxiedConnection
    noisy = False

    def __init__(self, factory: IProtocolFactory) -> None:
        super().__init__(factory)
