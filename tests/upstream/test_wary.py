"""Names that lead where nobody should be sent."""

from collections.abc import Sequence

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import URI
from zope.interface import implementer
from zope.interface.verify import verifyObject

from ccproxy.upstream.endpoints import Endpoints
from ccproxy.upstream.wary import Wary


@implementer(IHostnameResolver)
class Names:
    """Knows where names lead, and gives literals back."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, ...]] = {}

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        resolutionReceiver.resolutionBegan(None)  # type: ignore[arg-type]
        for host in self.known.get(hostName, (hostName,)):
            kind = IPv6Address if ":" in host else IPv4Address
            resolutionReceiver.addressResolved(kind("TCP", host, portNumber))
        resolutionReceiver.resolutionComplete()
        return None  # type: ignore[return-value]


@implementer(IReactorPluggableNameResolver)
class Reactor(MemoryReactorClock):
    """Connects in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.nameResolver = Names()  # type: ignore[assignment]


class WaryTests(SynchronousTestCase):
    """Endpoints, by a reactor that knows names."""

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.names: dict[str, tuple[str, ...]] = self.reactor.nameResolver.known  # type: ignore[attr-defined]
        self.endpoints = Endpoints(self.reactor, 5)
        self.endpoints.leading(everywhere=False)

    def reached(self, url: bytes) -> list[str]:
        """The addresses that are tried, each for a while."""
        before = len(self.reactor.tcpClients)
        connecting = self.endpoints.endpointForURI(URI.fromBytes(url)).connect(Factory())
        connecting.addErrback(lambda failure: failure.trap(DNSLookupError))
        self.reactor.pump([0.5] * 12)
        return [client[0] for client in self.reactor.tcpClients[before:]]

    def test_interface(self) -> None:
        """It is a reactor as endpoints want one."""
        verifyObject(IReactorPluggableNameResolver, Wary(self.reactor))

    def test_names(self) -> None:
        """A name is followed where anybody may be sent, and nowhere else, however often it changes."""
        self.names["a.test"] = ("203.0.113.5", "169.254.169.254", "10.0.0.7")
        self.assertEqual(self.reached(b"http://a.test/v1"), ["203.0.113.5", "10.0.0.7"])
        self.names["a.test"] = ("169.254.169.254",)
        self.assertEqual(self.reached(b"http://a.test/v1"), [])
        self.names["a.test"] = ("127.0.0.1",)
        self.assertEqual(self.reached(b"http://a.test/v1"), ["127.0.0.1"])

    def test_metadata_hosts(self) -> None:
        """The names of metadata services lead nowhere, wherever they lead."""
        self.names["metadata.google.internal"] = ("203.0.113.5",)
        self.assertEqual(self.reached(b"http://metadata.google.internal/"), [])

    def test_addresses(self) -> None:
        """An address that stands in the URL itself is the operator's word."""
        self.assertEqual(self.reached(b"http://169.254.10.1/v1"), ["169.254.10.1"])

    def test_everywhere(self) -> None:
        """Where that is allowed, names lead where they lead."""
        self.names["a.test"] = ("169.254.169.254",)
        self.assertEqual(self.reached(b"http://a.test/v1"), [])
        self.endpoints.leading(everywhere=True)
        self.assertEqual(self.reached(b"http://a.test/v1"), ["169.254.169.254"])
