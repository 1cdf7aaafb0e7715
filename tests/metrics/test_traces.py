"""Traces: read as OpenTelemetry's own messages, sent over HTTP, and passed on to upstreams."""

import base64
import json
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.record import Outcome, Record
from ccproxy.metrics.exporter import BATCH_LIMIT, QUEUE_LIMIT, SEND_EVERY, Exporter
from ccproxy.metrics.spans import request, spans
from ccproxy.wire import jsontext
from ccproxy.wire.tracecontext import Trace, traced
from tests.ledger.records import RECORD, record
from tests.support.wire import CLAUDE, OPENAI, Wire

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def read(body: bytes) -> ExportTraceServiceRequest:
    """A body as a collector reads it. Ids are hexadecimal in OTLP's JSON, which protocol buffers write in base 64."""

    def converted(value: Any) -> Any:
        if isinstance(value, list):
            return [converted(each) for each in value]
        if not isinstance(value, dict):
            return value
        ids = ("traceId", "spanId", "parentSpanId")
        return {
            name: base64.b64encode(bytes.fromhex(each)).decode() if name in ids else converted(each)
            for name, each in value.items()
        }

    return json_format.Parse(json.dumps(converted(json.loads(body))), ExportTraceServiceRequest())


def told(one: Record, trace: Trace) -> list[Any]:
    """The spans of a record, through bytes."""
    body = jsontext.dumps(request(spans(one, trace), "ccproxy"))
    (resource,) = read(body).resource_spans
    (scope,) = resource.scope_spans
    return list(scope.spans)


def attributes(span: Any) -> dict[str, Any]:
    """The attributes of a span, by name."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


class ContextTests(SynchronousTestCase):
    """The header `traceparent`."""

    def test_taken_up(self) -> None:
        """A client's trace goes on, and its decision whether to tell it stands."""
        trace = Trace.of("req_1", {"traceparent": PARENT}, 0.0)
        self.assertEqual((trace.trace, trace.parent), ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"))
        self.assertTrue(trace.sampled)
        self.assertFalse(Trace.of("req_1", {"traceparent": PARENT[:-1] + "0"}).sampled)

    def test_begun(self) -> None:
        """Without one, or with one that is none, a trace begins, and the same exchange has the same one always."""
        for bad in (
            "",
            "x",
            PARENT.upper(),
            PARENT.replace("0af", "000", 1)[:20],
            f"ff{PARENT[2:]}",
            "00-" + "0" * 32 + PARENT[35:],
        ):
            trace = Trace.of("req_1", {"traceparent": bad})
            self.assertEqual((trace.parent, len(trace.trace)), ("", 32), bad)
            self.assertEqual(trace, Trace.of("req_1", {}))

    def test_share(self) -> None:
        """About so many exchanges are traced as are wanted."""
        count = sum(Trace.of(f"req_{number}", {}, 0.25).sampled for number in range(2000))
        self.assertTrue(400 < count < 600, count)
        self.assertFalse(any(Trace.of(f"req_{number}", {}, 0.0).sampled for number in range(100)))

    def test_passed_on(self) -> None:
        """Each upstream that is asked gets the trace, with the span of its own attempt; without tracing none does."""
        wire = Wire((OPENAI, CLAUDE), traced=traced(1.0))
        wire.ask({"traceparent": PARENT, "tracestate": "a=b"})
        first = wire.upstream()
        first.whole(b'{"error": {"message": "busy"}}', 503)
        second = wire.upstream()
        trace = Trace.of("req_0", {"traceparent": PARENT})
        for upstream, number in ((first, 1), (second, 2)):
            headers = upstream.request[1]
            self.assertEqual(headers["traceparent"], f"00-{trace.trace}-{trace.span(number)}-01")
            self.assertEqual(headers["tracestate"], "a=b")
        for target in (OPENAI, CLAUDE):
            wire = Wire((target,))
            wire.ask({"traceparent": PARENT})
            self.assertNotIn("traceparent", wire.upstream().request[1])


class SpanTests(SynchronousTestCase):
    """What a collector reads."""

    def test_spans(self) -> None:
        """The exchange, within the client's span; each attempt within it; names and figures by the conventions."""
        trace = Trace.of("req_1", {"traceparent": PARENT})
        whole, first, second = told(RECORD, trace)
        self.assertEqual(whole.trace_id.hex(), trace.trace)
        self.assertEqual(whole.parent_span_id.hex(), "b7ad6b7169203331")
        self.assertEqual((whole.name, whole.kind), ("chat claude-x", Span.SPAN_KIND_SERVER))
        self.assertEqual(whole.end_time_unix_nano - whole.start_time_unix_nano, 1_500_000_000)
        self.assertEqual((first.parent_span_id, second.parent_span_id), (whole.span_id, whole.span_id))
        self.assertEqual(second.span_id.hex(), trace.span(2))
        self.assertEqual(first.status.code, Status.STATUS_CODE_ERROR)
        self.assertEqual(second.kind, Span.SPAN_KIND_CLIENT)
        found = attributes(whole)
        for name, value in {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "groq",
            "gen_ai.request.model": "claude-x",
            "gen_ai.response.model": "llama",
            "gen_ai.usage.input_tokens": 15,
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.conversation.id": "s-1",
            "ccproxy.cost_dollars": 0.5,
        }.items():
            self.assertEqual(found[name], value, name)
        self.assertEqual(attributes(first)["error.type"], "overloaded")

    def test_refused(self) -> None:
        """An exchange that failed is an error, without any attempt."""
        error = ApiError(Kind.NO_ROUTE, "no")
        (whole,) = told(record(1, attempts=(), error=error, outcome=Outcome.REFUSED), Trace.of("req_1", {}))
        self.assertEqual((whole.status.code, whole.status.message), (Status.STATUS_CODE_ERROR, "no"))
        self.assertEqual(whole.parent_span_id, b"")


class ExporterTests(SynchronousTestCase):
    """Gathering and sending."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.sent: list[tuple[bytes, Deferred[None]]] = []
        self.exporter = Exporter(self.clock)
        self.call = Wire()
        self.call.ask()
        (meter,) = self.call.running
        self.observed = meter.call

    def send(self, body: bytes) -> "Deferred[None]":
        self.sent.append((body, Deferred()))
        return self.sent[-1][1]

    def observe(self, count: int) -> None:
        for number in range(count):
            self.exporter.observe(self.observed, record(number))

    def test_off(self) -> None:
        """Without a collector nothing is kept."""
        self.observe(3)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.successResultOf(self.exporter.close())

    def test_together(self) -> None:
        """What ended within some seconds is sent together, one request at a time."""
        self.exporter.follow(self.send, "ccproxy")
        self.observe(BATCH_LIMIT + 5)
        self.clock.advance(SEND_EVERY)
        self.clock.advance(60)
        ((body, taken),) = self.sent
        self.assertEqual(len(read(body).resource_spans[0].scope_spans[0].spans), BATCH_LIMIT * 3)
        taken.callback(None)
        self.clock.advance(SEND_EVERY)
        self.assertEqual(len(self.sent), 2)
        self.sent[1][1].callback(None)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_collector_that_fails(self) -> None:
        """What it does not take is lost, and exchanges go on; what waits is bounded."""
        self.exporter.follow(self.send, "ccproxy")
        self.observe(1)
        self.clock.advance(SEND_EVERY)
        self.sent[0][1].errback(ApiError(Kind.UNREACHABLE, "nobody there"))
        self.observe(QUEUE_LIMIT + 50)
        closed = self.exporter.close()
        self.assertEqual(len(self.sent), 2)
        self.sent[1][1].callback(None)
        self.successResultOf(closed)
