"""A connection that a proxy lends, as an endpoint."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IAddress, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ccproxy.providers.wayout import Proxy, refusal

HEAD_LIMIT = 16 * 1024
"""Bytes of a proxy's answer."""


class ProxyRefused(ConnectError):
    """The proxy did not lend a connection; `why` says it in its own words."""

    def __init__(self, why: str) -> None:
        super().__init__(string=why)
        self.why = why


@implementer(IStreamClientEndpoint)
class Tunnel:
    """Connects to a host through a proxy that `way` leads to. What then is said is the host's affair, TLS included."""

    def __init__(self, way: IStreamClientEndpoint, proxy: Proxy, host: str, port: int) -> None:
        self._way = way
        self._request = proxy.request(host, port)

    def connect(self, factory: IProtocolFactory) -> "Deferred[Any]":
        """Fires with the factory's protocol when the proxy has connected it; fails with `ProxyRefused`. Cancelling
        closes the connection."""
        asking: list[_Asking] = []

        def cancel(_: "Deferred[Any]") -> None:
            connecting.cancel()
            for each in asking:
                each.abort()

        result: Deferred[Any] = Deferred(cancel)

        def build() -> "_Asking":
            asking.append(_Asking(self._request, factory, result))
            return asking[-1]

        connecting = self._way.connect(_Once(build))
        connecting.addErrback(lambda failure: None if result.called else result.errback(failure))
        return result


class _Once(Factory):
    """Makes the one protocol of a connection."""

    noisy = False

    def __init__(self, build: Any) -> None:
        self._build = build

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        made: _Asking = self._build()
        made.address = addr
        return made


class _Asking(Protocol):
    """Asks a proxy for a connection, and then is a mere pipe between it and the protocol that uses it."""

    def __init__(self, request: bytes, factory: IProtocolFactory, result: "Deferred[Any]") -> None:
        self.address: IAddress | None = None
        self._request = request
        self._factory = factory
        self._result = result
        self._head = b""
        self._user: Any = None

    def abort(self) -> None:
        """Close now."""
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]

    def connectionMade(self) -> None:
        self.transport.write(self._request)  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        if self._user is not None:
            self._user.dataReceived(data)
            return
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end:
            if len(head) > HEAD_LIMIT:
                self._refuse("its answer is too long")
            return
        self._head = b""
        if why := refusal(head):
            self._refuse(why)
            return
        self._user = self._factory.buildProtocol(self.address)  # type: ignore[arg-type]
        self._user.makeConnection(self.transport)
        self._result.callback(self._user)
        if rest:
            self._user.dataReceived(rest)

    def _refuse(self, why: str) -> None:
        self._fail(why)
        self.abort()

    def _fail(self, why: str) -> None:
        if not self._result.called:
            self._result.errback(Failure(ProxyRefused(why)))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._user is not None:
            self._user.connectionLost(reason)
        else:
            self._fail("it closed the connection")
