"""Usage and stop reasons, between the wire and the model."""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.anthropic.tables import STOP_WORDS, STOPS
from ccproxy.dialects.counts import count, part
from ccproxy.model.usage import Reason, Stop, Usage


def read_usage(value: Any) -> Usage:
    """The wire's figures; what is missing, null or no number is unknown."""
    if not isinstance(value, dict):
        return Usage()
    return Usage(
        input=count(value.get("input_tokens")),
        output=count(value.get("output_tokens")),
        cache_read=count(value.get("cache_read_input_tokens")),
        cache_written=count(value.get("cache_creation_input_tokens")),
        reasoning=count(part(value, "output_tokens_details").get("thinking_tokens")),
        web_searches=count(part(value, "server_tool_use").get("web_search_requests")),
        cache_written_long=count(part(value, "cache_creation").get("ephemeral_1h_input_tokens")),
        tier=tier if isinstance(tier := value.get("service_tier"), str) and tier != "standard" else None,
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """All four figures as numbers, for clients crash on null; the breakdowns only where they say something."""
    written: dict[str, Any] = {
        "input_tokens": usage.input or 0,
        "cache_creation_input_tokens": usage.cache_written or 0,
        "cache_read_input_tokens": usage.cache_read or 0,
        "output_tokens": usage.output or 0,
    }
    if usage.reasoning:
        written["output_tokens_details"] = {"thinking_tokens": min(usage.reasoning, usage.output or 0)}
    if usage.web_searches:
        # Clients in typed languages want both figures.
        written["server_tool_use"] = {"web_search_requests": usage.web_searches, "web_fetch_requests": 0}
    return written


def read_stop(value: Mapping[str, Any]) -> Stop:
    """The stop of a message or of a `message_delta`'s delta; a reason that is not there counts as a good end."""
    raw = value.get("stop_reason")
    if not isinstance(raw, str):
        return Stop(Reason.DONE)
    sequence, details = value.get("stop_sequence"), value.get("stop_details")
    explanation = details.get("explanation") if isinstance(details, dict) else None
    return Stop(
        STOPS.get(raw, Reason.OTHER),
        raw,
        sequence if isinstance(sequence, str) else None,
        explanation if isinstance(explanation, str) else None,
    )


def write_stop(stop: Stop, called: bool) -> dict[str, Any]:
    """`stop_reason` and what belongs to it. `called` says that the answer holds a call of a tool: then the client must
    run it, whatever word the upstream had, and without one it must not wait for results."""
    reason = stop.reason
    if called and reason in (Reason.DONE, Reason.STOP_SEQUENCE, Reason.OTHER):
        reason = Reason.TOOLS
    elif not called and reason is Reason.TOOLS:
        reason = Reason.DONE
    refusal = {"type": "refusal", "category": None, "explanation": stop.explanation}
    return {
        "stop_reason": STOP_WORDS[reason],
        "stop_sequence": stop.sequence if reason is Reason.STOP_SEQUENCE else None,
        "stop_details": refusal if reason is Reason.REFUSED else None,
    }
