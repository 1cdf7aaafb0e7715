"""Token counts as the Responses dialect tells them: its `input_tokens` include what a cache gave or took."""

from collections.abc import Mapping
from typing import Any

from ccproxy.model.usage import Usage


def read_usage(value: Any, searches: int, tier: Any = None) -> Usage:
    """Our counts for a `usage` object; `searches` is how many web searches the answer told of, `tier` its
    `service_tier`. What is no number counts
    as not said. xAI may report more cached tokens than prompt tokens: its prompt then leaves them out."""
    usage = value if isinstance(value, dict) else {}
    prompt, output = _count(usage, "input_tokens"), _count(usage, "output_tokens")
    details = _object(usage, "input_tokens_details")
    cached, written = _count(details, "cached_tokens"), _count(details, "cache_write_tokens")
    shared = (cached or 0) + (written or 0)
    fresh = prompt - shared if prompt is not None and prompt >= shared else prompt
    reasoning = _count(_object(usage, "output_tokens_details"), "reasoning_tokens")
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


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _count(value: Mapping[str, Any], key: str) -> int | None:
    found = value.get(key)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found < 1e15:
        return None
    return int(found)
