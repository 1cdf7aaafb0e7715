"""Traces of a running daemon, at a collector of our own."""

import json
from typing import Any

import treq
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from ccproxy.config.settings import Settings, TracingSettings
from ccproxy.secret import Secret
from ccproxy.service import make_service
from tests.loopback.test_ledger import port_of
from tests.metrics.test_traces import PARENT, attributes, read


class Collector(Resource):
    """Takes everything."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.taken: Deferred[tuple[bytes, Any]] = Deferred()

    def render_POST(self, request: Any) -> bytes:
        self.taken.callback((request.content.read(), request))
        return b"{}"


class TracingTests(TestCase):
    """From an exchange to a collector."""

    timeout = 20

    async def test_sent(self) -> None:
        """What ended is sent when the daemon stops at the latest, with the header that the collector wants."""
        collector = Collector()
        port = reactor.listenTCP(0, Site(collector), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        endpoint = f"http://127.0.0.1:{port.getHost().port}/v1/traces"
        tracing = TracingSettings(endpoint, {"Authorization": Secret("Bearer c")}, service="mine")
        service = make_service(Settings(listen=("tcp:0:interface=127.0.0.1",), tracing=tracing), reactor)
        service.startService()
        self.addCleanup(lambda: service.running and service.stopService())
        body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
        answer = await treq.post(
            f"http://127.0.0.1:{port_of(service)}/v1/messages",
            json.dumps(body).encode(),
            headers={"traceparent": PARENT},
            persistent=False,
            reactor=reactor,
        )
        await answer.content()
        stopped = service.stopService()
        data, request = await collector.taken
        await stopped
        self.assertEqual(request.path, b"/v1/traces")
        self.assertEqual(request.requestHeaders.getRawHeaders("authorization"), ["Bearer c"])
        (resource,) = read(data).resource_spans
        self.assertEqual(attributes(resource.resource)["service.name"], "mine")
        whole, attempt = resource.scope_spans[0].spans
        self.assertEqual(whole.trace_id.hex(), PARENT.split("-")[1])
        self.assertEqual(attributes(attempt)["gen_ai.provider.name"], "demo")
