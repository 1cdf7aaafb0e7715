"""Records and running exchanges as plain values: one form for the ledger, the live stream, the pages and the terminal.

Nobody's words are in them but those of errors, and what looks like a key is cut out of these.
"""

from functools import lru_cache
from typing import Any

from ccproxy.exchange.meter import Meter
from ccproxy.exchange.record import Attempt, Record
from ccproxy.headers import redact

NAME_LIMIT = 500
"""Characters of a name that are kept."""

ERROR_LIMIT = 500
"""Characters of an error's message that are kept."""


def told(record: Record) -> dict[str, Any]:
    """An exchange that is over."""
    usage, error = record.usage, record.error
    return {
        "id": record.id,
        "began": record.began,
        "client": record.client,
        "session": _name(record.session),
        "agent": _name(record.agent),
        "dialect": record.dialect,
        "asked": _name(record.asked),
        "target": _name(record.target),
        "rule": _name(record.rule),
        "why": _name(record.why),
        "stream": record.stream,
        "plan": "" if record.plan is None else record.plan.value,
        "outcome": record.outcome.value,
        "stop": "" if record.stop is None else record.stop.reason.value,
        "error": "" if error is None else error.kind.value,
        "status": 200 if error is None else error.status,
        "message": "" if error is None else _short(error.message),
        "first_byte": _rounded(record.first_byte),
        "first_content": _rounded(record.first_content),
        "total": _rounded(record.total),
        "tokens_in": usage.input,
        "tokens_out": usage.output,
        "cache_read": usage.cache_read,
        "cache_written": usage.cache_written,
        "reasoning": usage.reasoning,
        "web_searches": usage.web_searches,
        "cost": record.cost,
        "estimated": record.estimated,
        "request_bytes": record.request_bytes,
        "response_bytes": record.response_bytes,
        "attempts": [_attempt(attempt) for attempt in record.attempts],
        "losses": list(record.losses),
    }


def glimpse(meter: Meter, now: float) -> dict[str, Any]:
    """An exchange that runs: what is known of it so far."""
    usage = meter.usage
    return {
        "id": meter.call.id,
        "began": meter.began,
        "age": _rounded(now - meter.began),
        "client": meter.call.principal.name,
        "session": _name(meter.session),
        "agent": _name(meter.agent),
        "dialect": meter.call.dialect.name,
        "asked": _name(meter.call.model),
        "target": _name(meter.target),
        "rule": _name(meter.rule),
        "attempts": meter.attempts,
        "first_content": _rounded(meter.first_content),
        "tokens_in": usage.prompt,
        "tokens_out": usage.output or 0,
        "response_bytes": meter.written,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    error = attempt.error
    return {
        "target": _name(attempt.target),
        "error": "" if error is None else error.kind.value,
        "message": "" if error is None else _short(error.message),
        "began": _rounded(attempt.began),
        "seconds": _rounded(attempt.seconds),
    }


@lru_cache(1024)
def _name(text: str) -> str:
    """What a client calls something: whatever it likes, even a key by mistake. The same names come again and again."""
    return redact(text[:NAME_LIMIT])


def _short(message: str) -> str:
    return redact(message[: 4 * ERROR_LIMIT])[:ERROR_LIMIT]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
