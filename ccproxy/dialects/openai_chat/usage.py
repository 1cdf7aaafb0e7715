"""Token counts as chat completions tell them.

`prompt_tokens` includes what was read from and written to a cache, our `input` does not. Vendors put the cached share
in four places, and xAI leaves reasoning out of `completion_tokens`.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.model.usage import Usage

USUAL_TIERS = ("", "default", "auto", "standard")
"""Words for a `service_tier` that changes no price."""


def read_usage(value: Mapping[str, Any], reasoning_outside_output: bool = False, tier: Any = None) -> Usage:
    """Our counts for a `usage` object, and the `service_tier` beside it. What is no number counts as not said; what
    does not add up is never negative."""
    prompt = _count(value, "prompt_tokens")
    completion = _count(value, "completion_tokens")
    details = _object(value, "prompt_tokens_details")
    cached = _first(
        _count(details, "cached_tokens"), _count(value, "prompt_cache_hit_tokens"), _count(value, "cached_tokens")
    )
    written = _first(_count(details, "cache_write_tokens"), _count(details, "cache_creation_input_tokens"))
    fresh = prompt
    if prompt is not None:
        shared = (cached or 0) + (written or 0)
        fresh = prompt - shared if prompt >= shared else prompt
    reasoning = _count(_object(value, "completion_tokens_details"), "reasoning_tokens")
    output = completion
    if completion is not None and reasoning:
        total = _count(value, "total_tokens")
        if reasoning_outside_output or (total is not None and total == (prompt or 0) + completion + reasoning):
            output = completion + reasoning
        reasoning = min(reasoning, output or 0)
    searches = _count(_object(value, "server_tool_use"), "web_search_requests")
    charged = value.get("cost")
    if isinstance(charged, bool) or not isinstance(charged, (int, float)) or not 0 <= charged < 1e9:
        charged = None
    named = tier if isinstance(tier, str) and tier not in USUAL_TIERS else None
    return Usage(fresh, output, cached, written, reasoning, searches, charged=charged, tier=named)


def write_usage(usage: Usage) -> dict[str, Any]:
    """The `usage` object for a client; what nobody counted is zero, since clients want numbers."""
    prompt, output = usage.prompt, usage.output or 0
    value: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    details = {"cached_tokens": usage.cache_read or 0}
    if usage.cache_written:
        details["cache_write_tokens"] = usage.cache_written
    value["prompt_tokens_details"] = details
    if usage.reasoning is not None:
        value["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return value


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _count(value: Mapping[str, Any], key: str) -> int | None:
    found = value.get(key)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found < 1e15:
        return None
    return int(found)


def _first(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return next((count for count in known if count), known[0] if known else None)
