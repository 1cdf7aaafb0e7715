"""An exchange as spans of OpenTelemetry, by its conventions for generative AI: one for the exchange, one within it for
each target that was tried. They are written as OTLP's JSON, so no library is needed: theirs brings a thread, an HTTP
client and protocol buffers, for what is one POST now and then. The tests read it with theirs.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import ccproxy
from ccproxy.exchange.record import Attempt, Record
from ccproxy.exchange.telling import told
from ccproxy.wire.tracecontext import Trace

SERVER, CLIENT = 2, 3
ERROR = 2
"""Kinds of spans, and a status, as OTLP numbers them."""

NANO = 1_000_000_000


def spans(record: Record, trace: Trace) -> list[dict[str, Any]]:
    """The spans of one exchange, the whole before its parts."""
    shown = told(record)
    whole = _span(trace, 0, f"chat {shown['asked']}", SERVER, record.began, record.total, trace.parent)
    whole["attributes"] = _attributes(
        {
            **_asked(shown["asked"], shown["target"]),
            "gen_ai.conversation.id": shown["session"],
            "gen_ai.response.finish_reasons": [shown["stop"]] if shown["stop"] else None,
            "gen_ai.usage.input_tokens": record.usage.prompt if record.usage.input is not None else None,
            "gen_ai.usage.output_tokens": record.usage.output,
            "gen_ai.usage.cache_read.input_tokens": record.usage.cache_read,
            "gen_ai.usage.cache_creation.input_tokens": record.usage.cache_written,
            "error.type": shown["error"],
            "http.response.status_code": shown["status"],
            "ccproxy.request_id": record.id,
            "ccproxy.client": record.client,
            "ccproxy.agent": shown["agent"],
            "ccproxy.dialect": record.dialect,
            "ccproxy.route": shown["rule"],
            "ccproxy.plan": shown["plan"],
            "ccproxy.outcome": shown["outcome"],
            "ccproxy.cost_dollars": record.cost,
            "ccproxy.time_to_first_token": record.first_content,
        }
    )
    if shown["error"]:
        whole["status"] = {"code": ERROR, "message": shown["message"]}
    parts = [
        _attempt(trace, number, attempt, message["message"], record)
        for number, (attempt, message) in enumerate(zip(record.attempts, shown["attempts"], strict=True), 1)
    ]
    return [whole, *parts]


def _attempt(trace: Trace, number: int, attempt: Attempt, message: str, record: Record) -> dict[str, Any]:
    began = record.began + attempt.began
    model = attempt.target.partition(",")[2]
    span = _span(trace, number, f"chat {model}", CLIENT, began, attempt.seconds, trace.span())
    error = "" if attempt.error is None else attempt.error.kind.value
    span["attributes"] = _attributes({**_asked(model, attempt.target), "error.type": error})
    if error:
        span["status"] = {"code": ERROR, "message": message}
    return span


def _asked(model: str, target: str) -> dict[str, Any]:
    provider, _, answering = target.partition(",")
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.response.model": answering,
    }


def _span(trace: Trace, number: int, name: str, kind: int, began: float, seconds: float, parent: str) -> dict[str, Any]:
    start = int(began * NANO)
    return {
        "traceId": trace.trace,
        "spanId": trace.span(number),
        **({"parentSpanId": parent} if parent else {}),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(seconds * NANO)),
    }


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those that say something."""
    return [
        {"key": name, "value": _value(value)} for name, value in values.items() if value is not None and value != ""
    ]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(each) for each in value]}}
        case _:
            return {"stringValue": str(value)}


def request(found: Iterable[Mapping[str, Any]], service: str) -> dict[str, Any]:
    """An ExportTraceServiceRequest."""
    resource = _attributes({"service.name": service, "service.version": ccproxy.__version__})
    scope = {"name": "ccproxy", "version": ccproxy.__version__}
    return {
        "resourceSpans": [
            {"resource": {"attributes": resource}, "scopeSpans": [{"scope": scope, "spans": list(found)}]}
        ]
    }
