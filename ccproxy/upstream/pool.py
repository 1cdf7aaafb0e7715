"""The agent below treq: connections kept and asked again, by origin."""

from collections.abc import Callable
from typing import Any, cast

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from twisted.web.client import URI, ResponseNeverReceived
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from ccproxy.upstream.body import Body
from ccproxy.upstream.connections import Connection

IDLE_PER_ORIGIN = 256
"""Connections kept for the next request. Most requests of a busy proxy would shake hands anew with few."""

IDLE_SECONDS = 55.0
"""How long one is kept: most servers and balancers close theirs after 60 s or more."""

URLS_REMEMBERED = 1024
"""Each target has one; the limit is for a configuration that generates them."""

Origin = tuple[bytes, bytes, int]


@frozen
class _Place:
    """Where a URL leads: its origin, how to get there, and the first lines of a request."""

    origin: Origin
    uri: URI
    lines: bytes


@implementer(IAgent)
class Pool:
    """Sends each request on an idle connection of its origin, the one used last, or on a new one. Requests are never
    repeated here: whether that is safe is for the exchange to know."""

    def __init__(self, clock: Any, endpoints: IAgentEndpointFactory) -> None:
        self._clock = clock
        self._endpoints = endpoints
        self._places: dict[tuple[bytes, bytes], _Place] = {}
        self._idle: dict[Origin, list[Connection]] = {}
        self._timers: dict[Connection, IDelayedCall] = {}
        self.opened = 0
        """Connections opened so far."""

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """Fires when the head of the answer is in. Cancelling closes the connection. Raises TypeError for a body that
        is not a `Body`."""
        if bodyProducer is not None and not isinstance(bodyProducer, Body):
            raise TypeError(f"the body of a request must be a Body, not {type(bodyProducer).__name__}")
        place = self._place(method, uri)
        body = b"" if bodyProducer is None else bodyProducer.body
        request = b"%b%bContent-Length: %d\r\n\r\n%b" % (place.lines, _lines(headers), len(body), body)
        idle = self._idle.get(place.origin)
        if idle:
            connection = idle.pop()
            self._timers.pop(connection).cancel()
            return connection.ask(request).addErrback(self._distrust, place.origin)
        return Deferred.fromCoroutine(self._ask_anew(place, request))

    async def _ask_anew(self, place: _Place, request: bytes) -> IResponse:
        factory = _Connecting(lambda connection: self._keep(place.origin, connection), self._forget(place.origin))
        connection = await _endpoint(self._endpoints, place.uri).connect(factory)
        self.opened += 1
        return await cast(Connection, connection).ask(request)

    def idle(self) -> dict[str, int]:
        """The connections that are kept, by origin."""
        return {
            f"{scheme.decode()}://{host.decode()}:{port}": len(kept)
            for (scheme, host, port), kept in self._idle.items()
            if kept
        }

    def close(self) -> None:
        """Close what is idle."""
        for origin in self._idle:
            self._close(origin)

    def _close(self, origin: Origin) -> None:
        idle, self._idle[origin] = self._idle[origin], []
        for connection in idle:
            self._timers.pop(connection).cancel()
            connection.close()

    def _distrust(self, failure: Failure, origin: Origin) -> Failure:
        """A kept connection had been closed by the other end, which most likely did as much to the others: a second try
        must not meet one of them."""
        if failure.check(ResponseNeverReceived):
            self._close(origin)
        return failure

    def _place(self, method: bytes, uri: bytes) -> _Place:
        place = self._places.get((method, uri))
        if place is None:
            if len(self._places) >= URLS_REMEMBERED:
                self._places.clear()
            parsed = URI.fromBytes(uri)
            usual = (parsed.scheme, parsed.port) in ((b"http", 80), (b"https", 443))
            host = b"[%b]" % parsed.host if b":" in parsed.host else parsed.host
            if not usual:
                host += b":%d" % parsed.port
            lines = b"%b %b HTTP/1.1\r\nHost: %b\r\nAccept-Encoding: identity\r\n" % (method, parsed.originForm, host)
            place = self._places[method, uri] = _Place((parsed.scheme, parsed.host, parsed.port), parsed, lines)
        return place

    def _keep(self, origin: Origin, connection: Connection) -> None:
        idle = self._idle.setdefault(origin, [])
        if len(idle) >= IDLE_PER_ORIGIN:
            connection.close()
            return
        idle.append(connection)
        self._timers[connection] = self._clock.callLater(IDLE_SECONDS, self._expire, origin, connection)

    def _expire(self, origin: Origin, connection: Connection) -> None:
        del self._timers[connection]
        self._idle[origin].remove(connection)
        connection.close()

    def _forget(self, origin: Origin) -> Callable[[Connection], None]:
        def forget(connection: Connection) -> None:
            timer = self._timers.pop(connection, None)
            if timer is not None:
                timer.cancel()
                self._idle[origin].remove(connection)

        return forget


def _endpoint(endpoints: IAgentEndpointFactory, uri: URI) -> IStreamClientEndpoint:
    endpoint: IStreamClientEndpoint = endpoints.endpointForURI(uri)
    return endpoint


def _lines(headers: Headers | None) -> bytes:
    """Header lines. Twisted has cleared the values of line ends. What treq says of encodings is ours to say: a
    compressed stream costs latency and buys nothing."""
    if headers is None:
        return b""
    return b"".join(
        b"%b: %b\r\n" % (name, value)
        for name, values in headers.getAllRawHeaders()
        if name.lower() not in (b"accept-encoding", b"content-length", b"host")
        for value in values
    )


class _Connecting(Factory):
    noisy = False

    def __init__(self, idle: Callable[[Connection], None], lost: Callable[[Connection], None]) -> None:
        self._idle = idle
        self._lost = lost

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        return Connection(self._idle, self._lost)
