"""The whole daemon over real sockets: what only they can show."""

import json
from pathlib import Path
from typing import Any

import treq
from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint, connectProtocol, serverFromString
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from ccproxy.config.settings import PerformanceSettings, ProviderSettings, RouteSettings, Settings
from ccproxy.daemon.listening import CannotListen, Sockets
from ccproxy.secret import Secret
from ccproxy.service import make_service
from tests.support.certificates import self_signed
from tests.support.wire import chat, frames, text_of

ASK = {"model": "m", "max_tokens": 100, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def settings(upstream_port: int | None = None, scheme: str = "http", **more: Any) -> Settings:
    """A daemon on a free port, before this upstream or before the demo."""
    providers = ()
    routes = {}
    if upstream_port is not None:
        url = f"{scheme}://127.0.0.1:{upstream_port}/v1"
        providers = (ProviderSettings("up", url, Secret("k"), models=("m",), dialect="openai_chat"),)
        routes = {"default": RouteSettings("up", "m")}
    return Settings(**{"listen": ("tcp:0:interface=127.0.0.1",), "providers": providers, "routes": routes, **more})


class Scripted(Protocol):
    """An upstream that reads a request and says what it is told to, as fast as it is read."""

    def __init__(self, upstream: "Upstream") -> None:
        self._upstream = upstream
        self.received = b""

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        head, _, body = self.received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) == length:
            self._upstream.asked.callback(self)

    def connectionLost(self, reason: object = None) -> None:
        self._upstream.lost.callback(None)


class Upstream(Factory):
    """One connection of an upstream: `asked` fires with it when a request is in, `lost` when it is gone."""

    def __init__(self) -> None:
        self.asked: Deferred[Scripted] = Deferred()
        self.lost: Deferred[None] = Deferred()

    def buildProtocol(self, addr: object) -> Scripted:
        return Scripted(self)


class Reader(Protocol):
    """A client that sends bytes and keeps what it gets."""

    def __init__(self) -> None:
        self.received = b""
        self.lost: Deferred[None] = Deferred()
        self._awaited: list[tuple[bytes, Deferred[None]]] = []

    def ask(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.transport.write(
            b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
            % (len(data), data)
        )

    def when_received(self, marker: bytes) -> "Deferred[None]":
        deferred: Deferred[None] = Deferred()
        self._awaited.append((marker, deferred))
        self._look()
        return deferred

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self._look()

    def _look(self) -> None:
        for entry in [entry for entry in self._awaited if entry[0] in self.received]:
            self._awaited.remove(entry)
            entry[1].callback(None)

    def connectionLost(self, reason: object = None) -> None:
        self.lost.callback(None)


class ServiceTests(TestCase):
    """A running daemon."""

    timeout = 20

    def start(self, options: Settings) -> MultiService:
        service = make_service(options, reactor)
        service.startService()
        self.addCleanup(lambda: service.running and service.stopService())
        return service

    def port(self, service: MultiService) -> int:
        (sockets,) = (part for part in service if isinstance(part, Sockets))
        (listener,) = sockets.listeners
        return listener.port.getHost().port

    def upstream(self, description: str = "tcp:0:interface=127.0.0.1") -> tuple[Upstream, int]:
        upstream = Upstream()
        port = self.successResultOf(serverFromString(reactor, description).listen(upstream))
        self.addCleanup(port.stopListening)
        return upstream, port.getHost().port

    async def client(self, port: int) -> Reader:
        reader = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), Reader())
        self.addCleanup(reader.transport.abortConnection)
        return reader

    async def test_demo(self) -> None:
        """With nothing configured the demo answers, through the whole path, and says so."""
        port = self.port(self.start(settings()))
        pool = HTTPConnectionPool(reactor, persistent=False)
        answer = await treq.post(f"http://127.0.0.1:{port}/v1/messages", json=ASK, pool=pool)
        events = frames(await answer.content())
        self.assertIn("demo", text_of(events))
        self.assertEqual(events[-1][0], "message_stop")

    async def test_unix_socket(self) -> None:
        """It listens on unix sockets, whose clients are local."""
        path = self.mktemp()[-80:]
        self.start(settings(listen=(f"unix:{path}",)))

        @implementer(IAgentEndpointFactory)
        class Local:
            def endpointForURI(self, uri: object) -> UNIXClientEndpoint:
                return UNIXClientEndpoint(reactor, path)

        agent = Agent.usingEndpointFactory(reactor, Local(), HTTPConnectionPool(reactor, persistent=False))
        answer = await treq.client.HTTPClient(agent).post("http://localhost/v1/messages", json=ASK)
        self.assertIn("demo", text_of(frames(await answer.content())))

    async def test_slow_reader(self) -> None:
        """A client that does not read stops the upstream; when it leaves, the upstream is let go of."""
        upstream, upstream_port = self.upstream()
        client = await self.client(self.port(self.start(settings(upstream_port))))
        client.ask(ASK)
        connection = await upstream.asked
        client.transport.pauseProducing()
        flood = Flood(connection.transport)
        connection.transport.write(HEAD)
        connection.transport.registerProducer(flood, True)
        flood.resumeProducing()
        await flood.paused_for_good
        self.assertLess(flood.sent, 64 * 1024 * 1024)
        client.transport.abortConnection()
        await upstream.lost

    async def test_drain(self) -> None:
        """A stop waits for running answers, and takes no new ones."""
        upstream, upstream_port = self.upstream()
        service = self.start(settings(upstream_port))
        port = self.port(service)
        client = await self.client(port)
        client.ask(ASK)
        connection = await upstream.asked
        stream = chat({"content": "Hel"}, {"content": "lo"})
        connection.transport.write(HEAD + stream[0])
        await client.when_received(b"Hel")
        stopping = service.stopService()
        with self.assertRaises(ConnectionRefusedError):
            await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), Reader())
        self.assertFalse(stopping.called)
        connection.transport.write(b"".join(stream[1:]))
        connection.transport.loseConnection()
        await client.lost
        self.assertIn(b"message_stop", client.received)
        await stopping

    async def test_tls_upstream(self) -> None:
        """An upstream whose certificate nobody vouches for is not talked to, and the client learns why."""
        key, certificate = self_signed("127.0.0.1")
        path = self.mktemp()
        Path(path).write_bytes(key + certificate)
        _, upstream_port = self.upstream(f"ssl:0:interface=127.0.0.1:privateKey={path}:certKey={path}")
        port = self.port(self.start(settings(upstream_port, "https")))
        client = await self.client(port)
        client.ask(ASK)
        await client.lost
        self.assertIn(b"502", client.received.split(b"\r\n")[0])
        self.assertIn(b"TLS connection failed", client.received)
        self.assertIn(b"certificate", client.received)

    async def test_settings_reach_the_exchange(self) -> None:
        """A deadline of the configuration is the one that is kept."""
        _, upstream_port = self.upstream()
        quick = PerformanceSettings(first_byte_timeout=0.05)
        client = await self.client(self.port(self.start(settings(upstream_port, performance=quick))))
        client.ask(ASK)
        await client.lost
        self.assertIn(b"504", client.received.split(b"\r\n")[0])

    def test_port_in_use(self) -> None:
        """A port that is taken stops the start, with its name."""
        taken = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
        self.addCleanup(taken.stopListening)
        port = taken.getHost().port
        return self._cannot_listen(f"tcp:{port}:interface=127.0.0.1", "choose another port")

    def test_no_such_address(self) -> None:
        """Nor does it start at an address that this machine does not have, with the ones that it has."""
        return self._cannot_listen("tcp:0:interface=192.0.2.7", "127.0.0.1 and 0.0.0.0 are always there")

    def test_no_inherited_socket(self) -> None:
        """A socket that systemd should have handed over, and did not, stops the start too."""
        return self._cannot_listen("systemd:domain=INET:index=7", "inherited socket")

    def _cannot_listen(self, description: str, words: str) -> "Deferred[None]":
        service = make_service(settings(listen=(description,)), reactor)
        with self.assertRaises(CannotListen) as caught:
            service.startService()
        self.assertIn(f"cannot listen at {description}", str(caught.exception))
        self.assertIn(words, str(caught.exception))
        return service.stopService()


class Flood:
    """A push producer of content without end. `paused_for_good` fires when it was not allowed to go on for a while."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._paused = True
        self._chunk = b"".join(chat({"content": "x" * 1000}, finish=None)[:1]) * 64
        self._resumed = 0
        self.sent = 0
        self.paused_for_good: Deferred[None] = Deferred()

    def resumeProducing(self) -> None:
        self._paused = False
        self._resumed += 1
        reactor.callLater(0, self._go_on)

    def pauseProducing(self) -> None:
        self._paused = True
        resumed = self._resumed
        reactor.callLater(0.5, lambda: self._check(resumed))

    def stopProducing(self) -> None:
        self._paused = True

    def _check(self, resumed: int) -> None:
        if self._resumed == resumed and not self.paused_for_good.called:
            self.paused_for_good.callback(None)

    def _go_on(self) -> None:
        if not self._paused and self.sent < 256 * 1024 * 1024:
            self._transport.write(self._chunk)
            self.sent += len(self._chunk)
            reactor.callLater(0, self._go_on)
