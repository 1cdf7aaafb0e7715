"""Token counts as Google tells them."""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.counts import count
from ccproxy.model.usage import Usage


def read_usage(metadata: Mapping[str, Any]) -> Usage:
    """Google's counts as ours: its prompt includes what was cached, and its candidates leave reasoning out, unless the
    total says otherwise. Some gateways spell the names with underscores."""

    def told(camel: str, snake: str) -> int | None:
        return count(metadata.get(camel, metadata.get(snake)))

    prompt = told("promptTokenCount", "prompt_token_count")
    tools = told("toolUsePromptTokenCount", "tool_use_prompt_token_count")
    cached = told("cachedContentTokenCount", "cached_content_token_count")
    answer = told("candidatesTokenCount", "candidates_token_count")
    thoughts = told("thoughtsTokenCount", "thoughts_token_count")
    total = told("totalTokenCount", "total_token_count")
    output = None if answer is None and thoughts is None else (answer or 0) + (thoughts or 0)
    if thoughts and answer is not None and answer >= thoughts and total == (prompt or 0) + (tools or 0) + answer:
        output = answer
    return Usage(
        input=None if prompt is None else max(0, prompt + (tools or 0) - (cached or 0)),
        output=output,
        cache_read=cached,
        reasoning=thoughts,
    )


def summed(before: Mapping[str, Any], counts: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of two requests as one: figures add up, and what is no figure is the later's."""
    both = {**before, **counts}
    for name, figure in before.items():
        if isinstance(figure, int) and isinstance(now := counts.get(name), int):
            both[name] = figure + now
    return both
