"""How URLs become connections."""

from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface.verify import verifyObject

from ccproxy.upstream.endpoints import ENDPOINT_LIMIT, Endpoints


class EndpointsTests(SynchronousTestCase):
    """One endpoint an origin."""

    def test_interface(self) -> None:
        """The Agent can use it."""
        verifyObject(IAgentEndpointFactory, Endpoints(MemoryReactorClock(), 5))

    def test_remembered(self) -> None:
        """The same origin has the same endpoint; another port or scheme has another."""
        endpoints = Endpoints(MemoryReactorClock(), 5)

        def of(url: bytes) -> IStreamClientEndpoint:
            return endpoints.endpointForURI(URI.fromBytes(url))

        self.assertIs(of(b"http://a.test/x"), of(b"http://a.test/y?z"))
        self.assertIsNot(of(b"http://a.test/"), of(b"https://a.test/"))
        self.assertIsNot(of(b"http://a.test/"), of(b"http://a.test:81/"))
        for number in range(ENDPOINT_LIMIT + 10):
            of(b"http://h%d.test/" % number)
        self.assertTrue(IStreamClientEndpoint.providedBy(of(b"http://a.test/")))

    def test_time_to_connect(self) -> None:
        """How long connecting may take is what it was last said to be."""
        reactor = MemoryReactorClock()
        endpoints = Endpoints(reactor, 5)
        for seconds in (5, 7, 7):
            endpoints.within(seconds)
            endpoints.endpointForURI(URI.fromBytes(b"http://127.0.0.1/")).connect(Factory())
            self.assertEqual(reactor.tcpClients[-1][3], seconds)

    def test_inside(self) -> None:
        """A host that stands for something inside the process is asked for each time: it may move."""
        made: list[object] = []

        def inside() -> object:
            made.append(object())
            return made[-1]

        endpoints = Endpoints(Clock(), 5, inside={b"demo.invalid": inside})  # type: ignore[dict-item]
        for _ in range(2):
            self.assertIs(endpoints.endpointForURI(URI.fromBytes(b"http://demo.invalid/v1")), made[-1])
        self.assertEqual(len(made), 2)
