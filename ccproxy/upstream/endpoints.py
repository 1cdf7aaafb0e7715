"""How a URL becomes a connection: the seam through which tests, the demo and proxies reach in.

Endpoints are made once for each origin. Twisted's Agent would make one for every request, which with its IDNA encoding
is 7 % of the cost of a small one (measured).
"""

from collections.abc import Callable, Mapping

from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.web.client import URI, BrowserLikePolicyForHTTPS
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from ccproxy.providers.wayout import Proxy, WayOut
from ccproxy.upstream.tunnels import Tunnel
from ccproxy.upstream.wary import Wary

ENDPOINT_LIMIT = 1024
"""Origins remembered. A configuration has a few; the limit is for one that generates them."""


@implementer(IAgentEndpointFactory)
class Endpoints:
    """The endpoint of each origin. `inside` names hosts that stand for endpoints of this very process (the demo)."""

    def __init__(
        self,
        reactor: object,
        connect_timeout: float,
        policy: IPolicyForHTTPS | None = None,
        inside: Mapping[bytes, Callable[[], IStreamClientEndpoint]] | None = None,
    ) -> None:
        self._reactor = reactor
        self._connect_timeout = connect_timeout
        self._policy = BrowserLikePolicyForHTTPS() if policy is None else policy
        self._inside = inside or {}
        self._way_out = WayOut()
        self._everywhere = True
        self._known: dict[tuple[bytes, bytes, int], IStreamClientEndpoint] = {}

    def through(self, way_out: WayOut) -> None:
        """How https hosts are reached from now on."""
        if way_out != self._way_out:
            self._way_out = way_out
            self._known.clear()

    def within(self, connect_timeout: float) -> None:
        """How long connecting may take from now on."""
        if connect_timeout != self._connect_timeout:
            self._connect_timeout = connect_timeout
            self._known.clear()

    def leading(self, everywhere: bool) -> None:
        """Whether names may lead to addresses where nobody should be sent, from now on."""
        if everywhere != self._everywhere:
            self._everywhere = everywhere
            self._known.clear()

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """Twisted's Agent asks for each request."""
        if uri.host in self._inside:
            return self._inside[uri.host]()
        origin = (uri.scheme, uri.host, uri.port)
        endpoint = self._known.get(origin)
        if endpoint is None:
            if len(self._known) >= ENDPOINT_LIMIT:
                self._known.clear()
            endpoint = self._known[origin] = self._make(uri)
        return endpoint

    def _make(self, uri: URI) -> IStreamClientEndpoint:
        host = uri.host.decode("ascii").strip("[]")
        if uri.scheme != b"https":
            return self._host(host, uri.port)
        proxy = self._way_out.to(host, uri.port)
        endpoint = self._host(host, uri.port) if proxy is None else self._tunnel(proxy, host, uri.port)
        return wrapClientTLS(self._policy.creatorForNetloc(uri.host, uri.port), endpoint)

    def _host(self, host: str, port: int) -> IStreamClientEndpoint:
        reactor = self._reactor if self._everywhere else Wary(self._reactor)
        return HostnameEndpoint(reactor, host, port, timeout=self._connect_timeout)

    def _tunnel(self, proxy: Proxy, host: str, port: int) -> IStreamClientEndpoint:
        way = self._host(proxy.host, proxy.port)
        if proxy.tls:
            way = wrapClientTLS(self._policy.creatorForNetloc(proxy.host.encode("ascii"), proxy.port), way)
        return Tunnel(way, proxy, host, port)
