"""Token counts as chat completions tell them.

`prompt_tokens` includes what was read from and written to a cache, our `input` does not. Vendors put the cached share
in four places, and xAI leaves reasoning out of `completion_tokens`.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.counts import count, part
from ccproxy.model.usage import Usage

USUAL_TIERS = ("", "default", "auto", "standard")
"""Words for a `service_tier` that changes no price."""


def read_usage(value: Mapping[str, Any], reasoning_outside_output: bool = False, tier: Any = None) -> Usage:
    """Our counts for a `usage` object, and the `service_tier` beside it. What is no number counts as not said; what
    does not add up is never negative."""
    prompt = count(value.get("prompt_tokens"))
    completion = count(value.get("completion_tokens"))
    details = part(value, "prompt_tokens_details")
    cached = _first(
        count(details.get("cached_tokens")),
        count(value.get("prompt_cache_hit_tokens")),
        count(value.get("cached_tokens")),
    )
    written = _first(count(details.get("cache_write_tokens")), count(details.get("cache_creation_input_tokens")))
    fresh = prompt
    if prompt is not None:
        if cached and written and cached <= prompt and written <= prompt < cached + written:
            # OpenRouter tells of Gemini what was written and read at once: the same tokens, counted twice.
            written = max(0, written - cached)
        shared = (cached or 0) + (written or 0)
        fresh = prompt - shared if prompt >= shared else prompt
    reasoning = count(part(value, "completion_tokens_details").get("reasoning_tokens"))
    output = completion
    if completion is not None and reasoning:
        total = count(value.get("total_tokens"))
        if reasoning_outside_output or (total is not None and total == (prompt or 0) + completion + reasoning):
            output = completion + reasoning
        reasoning = min(reasoning, output or 0)
    searches = count(part(value, "server_tool_use").get("web_search_requests"))
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


def _first(*counts: int | None) -> int | None:
    known = [one for one in counts if one is not None]
    return next((one for one in known if one), known[0] if known else None)
