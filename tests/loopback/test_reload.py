"""A daemon that takes over a new configuration while it serves."""

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import treq
from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase
from twisted.web.client import HTTPConnectionPool

from ccproxy.config.settings import Settings
from ccproxy.config.source import Source
from ccproxy.daemon.listening import Sockets
from ccproxy.daemon.reload import Reloaded, Told
from ccproxy.service import Configuration, make_service
from tests.loopback.test_service import ASK, HEAD, Reader, Upstream
from tests.support.wire import chat


class ReloadTests(TestCase):
    """Each test writes a file, and sends the signal."""

    timeout = 20

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute().with_suffix(".json")
        self.adopted: list[Settings] = []
        self.waiting: Deferred[Reloaded] = Deferred()

    def write(self, value: dict[str, Any]) -> None:
        self.path.write_text(json.dumps(value))

    def start(self) -> MultiService:
        source = Source.found(str(self.path), {})
        told = Told(after=lambda result: self.waiting.callback(result))
        service = make_service(source.read(), reactor, configuration=Configuration(source, self.adopted.append, told))
        service.startService()
        self.addCleanup(lambda: service.running and service.stopService())
        return service

    def sockets(self, service: MultiService) -> Sockets:
        (sockets,) = (part for part in service if isinstance(part, Sockets))
        return sockets

    def ports(self, service: MultiService) -> list[int]:
        return [listener.port.getHost().port for listener in self.sockets(service).listeners]

    def hang_up(self) -> "Deferred[Reloaded]":
        """What operators do."""
        self.waiting = Deferred()
        os.kill(os.getpid(), signal.SIGHUP)
        return self.waiting

    def upstream(self) -> tuple[Upstream, str]:
        upstream = Upstream()
        port = reactor.listenTCP(0, upstream, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return upstream, f"http://127.0.0.1:{port.getHost().port}/v1"

    def configuration(self, url: str, **more: Any) -> dict[str, Any]:
        provider = {"name": "up", "api_base_url": url, "api_key": "k", "models": ["m"], "dialect": "openai_chat"}
        return {"listen": ["tcp:0:interface=127.0.0.1"], "providers": [provider], **more}

    async def client(self, port: int) -> Reader:
        reader = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), Reader())
        self.addCleanup(reader.transport.abortConnection)
        return reader

    async def test_taken_over(self) -> None:
        """What runs goes on with the old configuration, what comes has the new one, and the socket stays the same."""
        old, old_url = self.upstream()
        new, new_url = self.upstream()
        self.write(self.configuration(old_url))
        service = self.start()
        (port,) = self.ports(service)
        first = await self.client(port)
        first.ask(ASK)
        asked = await old.asked
        stream = chat({"content": "Hel"}, {"content": "lo"})
        asked.transport.write(HEAD + stream[0])
        await first.when_received(b"Hel")

        self.write(self.configuration(new_url))
        result = await self.hang_up()
        self.assertTrue(result.ok, result.message)
        self.assertEqual(len(self.adopted), 1)
        self.assertEqual(self.ports(service), [port])

        second = await self.client(port)
        second.ask(ASK)
        answer = await new.asked
        answer.transport.write(HEAD + b"".join(chat({"content": "new"})))
        answer.transport.loseConnection()
        await second.lost
        self.assertIn(b"new", second.received)

        asked.transport.write(b"".join(stream[1:]))
        asked.transport.loseConnection()
        await first.lost
        self.assertIn(b"message_stop", first.received)

    async def test_bad_file(self) -> None:
        """A bad file changes nothing; why is told to the log, and on the status page."""
        _, url = self.upstream()
        self.write(self.configuration(url))
        service = self.start()
        self.path.write_text('{"prot": 1}')
        result = await self.hang_up()
        self.assertFalse(result.ok)
        self.assertIn("line 1: prot: found an unknown option", result.message)
        self.assertEqual(self.adopted, [])
        (port,) = self.ports(service)
        pool = HTTPConnectionPool(reactor, persistent=False)
        status = await treq.get(f"http://127.0.0.1:{port}/status", pool=pool)
        shown = json.loads(await status.content())["configuration"]
        self.assertEqual((shown["reloads"], shown["last_reload"]["ok"]), (1, False))
        self.assertIn("prot", shown["last_reload"]["message"])

    async def test_listen_elsewhere(self) -> None:
        """Another endpoint is opened, one that is gone is closed, one that stays is not touched."""
        _, url = self.upstream()
        unix = f"unix:{os.path.relpath(self.mktemp()[-80:])}"
        self.write(self.configuration(url))
        service = self.start()
        (before,) = self.ports(service)
        self.write(self.configuration(url, listen=["tcp:0:interface=127.0.0.1", unix]))
        self.assertTrue((await self.hang_up()).ok)
        kept, opened = self.sockets(service).listeners
        self.assertEqual(kept.port.getHost().port, before)
        self.assertTrue(Path(opened.port.getHost().name.decode()).is_socket())
        self.write(self.configuration(url, listen=[unix]))
        self.assertTrue((await self.hang_up()).ok)
        self.assertEqual([listener.description for listener in self.sockets(service).listeners], [unix])
        with self.assertRaises(ConnectionRefusedError):
            await self.client(before)

    async def test_same_port_wider(self) -> None:
        """A port moves from one address to all of them, though the kernel does not let both be open at once."""
        _, url = self.upstream()
        port = self.free_port()
        self.write(self.configuration(url, listen=[f"tcp:{port}:interface=127.0.0.1"]))
        service = self.start()
        self.write(self.configuration(url, listen=[f"tcp:{port}:interface=0.0.0.0"], apikey="k"))
        result = await self.hang_up()
        self.assertTrue(result.ok, result.message)
        self.assertEqual(self.ports(service), [port])

    async def test_port_taken(self) -> None:
        """A port that cannot be had leaves us where we were, old routes and all."""
        _, url = self.upstream()
        self.write(self.configuration(url))
        service = self.start()
        before = self.ports(service)
        taken = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
        self.addCleanup(taken.stopListening)
        self.write(self.configuration(url, listen=[f"tcp:{taken.getHost().port}:interface=127.0.0.1"]))
        result = await self.hang_up()
        self.assertIn("cannot listen", result.message)
        self.assertEqual(len(self.ports(service)), len(before))
        self.assertEqual(self.adopted, [])
        await self.client(self.ports(service)[0])

    async def test_port_of_metrics_taken(self) -> None:
        """A port that only the metrics cannot have leaves us where we listened as well."""
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        free = self.free_port()
        self.write(self.configuration("http://127.0.0.1:9/v1"))
        service = self.start()
        before = self.sockets(service).descriptions
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        moved = {"listen": [f"tcp:{free}:interface=127.0.0.1"], "metrics": {"listen": [endpoint]}}
        self.write({**self.configuration("http://127.0.0.1:9/v1"), **moved})
        result = await self.hang_up()
        self.assertFalse(result.ok)
        self.assertIn("cannot listen", result.message)
        self.assertEqual(self.sockets(service).descriptions, before)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", free), 1)

    def free_port(self) -> int:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            return int(found.getsockname()[1])
