"""Token counts as the Responses dialect tells them: its `input_tokens` include what a cache gave or took."""

from typing import Any

from ccproxy.dialects.counts import count, part
from ccproxy.model.usage import Usage


def read_usage(value: Any, searches: int, tier: Any = None) -> Usage:
    """Our counts for a `usage` object; `searches` is how many web searches the answer told of, `tier` its
    `service_tier`. What is no number counts as not said. xAI may report more cached tokens than prompt tokens: its
    prompt then leaves them out."""
    usage = value if isinstance(value, dict) else {}
    prompt, output = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    details = part(usage, "input_tokens_details")
    cached, written = count(details.get("cached_tokens")), count(details.get("cache_write_tokens"))
    shared = (cached or 0) + (written or 0)
    fresh = prompt - shared if prompt is not None and prompt >= shared else prompt
    reasoning = count(part(usage, "output_tokens_details").get("reasoning_tokens"))
    if reasoning is not None and output is not None:
        reasoning = min(reasoning, output)
    named = tier if isinstance(tier, str) and tier not in ("", "default", "auto") else None
    return Usage(fresh, output, cached, written, reasoning, searches or None, tier=named)


def write_usage(usage: Usage) -> dict[str, Any]:
    """The `usage` object for a client, who wants every count: what nobody counted is zero."""
    prompt, output = usage.prompt, usage.output or 0
    return {
        "input_tokens": prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read or 0,
            "cache_write_tokens": usage.cache_written or 0,
        },
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": prompt + output,
    }
