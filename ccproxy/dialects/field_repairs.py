"""Repairs of single fields: limits, roles, and what a request can be sent without."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from ccproxy.dialects.refusals import refused
from ccproxy.dialects.repairs import Body, Repair, without

# Limits of output. The wish is lowered, never raised.

_TOKEN_FIELDS = ("max_tokens", "max_completion_tokens", "max_output_tokens")

_MOST = re.compile(
    # OpenAI: max_tokens is too large: 32000. This model supports at most 16384 completion tokens
    r"supports at most (\d+) (?:completion|output) tokens"
    # Anthropic: max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens
    r"|max_tokens: \d+ > (\d+), which is the maximum"
    # DeepSeek, Qwen: the valid range of max_tokens is [1, 8192]; Range of max_tokens should be [1, 8192]
    r"|range of max_(?:completion_)?tokens (?:is|should be) \[\d+, ?(\d+)\]"
    # Groq: `max_tokens` must be less than or equal to `8192`
    r"|max_(?:completion_)?tokens[`'\"]? (?:must|should) be less than or equal to [`'\"]?(\d+)",
    re.IGNORECASE,
)


def lower_limit(body: Body, text: str) -> Iterator[Repair]:
    """Lowers the limit of output to the cap that is told."""
    if match := _MOST.search(text):
        most = int(next(filter(None, match.groups())))
        if most > 0:
            yield Repair(f"output limited to {most} tokens", partial(_limited, most=most))


def _limited(before: Body, most: int) -> dict[str, Any]:
    lower = {name: most for name in _TOKEN_FIELDS if isinstance(before.get(name), int) and before[name] > most}
    return {**before, **lower}


_RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


def rename_limit(body: Body, text: str) -> Iterator[Repair]:
    """Calls the limit of output by the vendor's name for it."""
    for way in refused(text):
        if way and (other := _RENAMED.get(way[-1])):
            yield Repair(f"{way[-1]} said as {other}", partial(_renamed, name=way[-1], other=other))


def _renamed(before: Body, name: str, other: str) -> dict[str, Any]:
    if other in before:
        return dict(before)
    return {other if key == name else key: value for key, value in before.items()}


# Roles.

_ROLE_REFUSED = re.compile(
    # serde (DeepSeek): unknown variant `developer`, expected one of `system`, `user`. OpenAI: 'developer' is not one of
    # ['system', …]. vLLM templates: Unexpected message role. Mistral: Input should be 'system'
    r"(?:unknown variant|unexpected|unsupported|invalid|not support).{0,60}developer"
    r"|developer.{0,40}(?:is not one of|not (?:be )?support|unsupported|invalid|unknown|not a valid)"
    r"|unexpected message role",
    re.IGNORECASE,
)


def plain_roles(body: Body, text: str) -> Iterator[Repair]:
    """Says as system what a developer said."""
    if _ROLE_REFUSED.search(text):
        yield Repair("the role developer said as system", _with_system)


def _with_system(before: Body) -> dict[str, Any]:
    after = dict(before)
    for name in ("messages", "input"):
        if isinstance(after.get(name), list):
            after[name] = [
                {**message, "role": "system"}
                if isinstance(message, dict) and message.get("role") == "developer"
                else message
                for message in after[name]
            ]
    return after


# Fields that are refused by name.

DROPPABLE = frozenset(
    {
        "cache_control", "context_management", "enable_thinking", "frequency_penalty", "include", "logit_bias",
        "logprobs", "metadata", "min_p", "n", "output_config", "parallel_tool_calls", "plugins", "presence_penalty",
        "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning", "reasoning_effort",
        "reasoning_format", "safety_identifier", "seed", "service_tier", "stop", "stop_sequences", "store",
        "stream_options", "temperature", "thinking", "thinking_budget", "tool_stream", "top_k", "top_logprobs",
        "top_p", "truncation", "user", "verbosity",
    }
)  # fmt: skip
"""Top-level fields that a request can be sent without: wishes, not what is to be answered. Never the model, the
conversation, the tools or the form of the answer."""

WITHIN = frozenset(
    {"cache_control", "extra_content", "phase", "prompt_cache_breakpoint", "reasoning", "reasoning_content",
     "reasoning_details", "strict"}
)  # fmt: skip
"""Fields within messages and tools that these can do without."""

_GENERATION = {
    "candidate_count": "candidateCount",
    "frequency_penalty": "frequencyPenalty",
    "include_thoughts": "includeThoughts",
    "presence_penalty": "presencePenalty",
    "seed": "seed",
    "stop_sequences": "stopSequences",
    "temperature": "temperature",
    "thinking_budget": "thinkingBudget",
    "thinking_config": "thinkingConfig",
    "thinking_level": "thinkingLevel",
    "top_k": "topK",
    "top_p": "topP",
}
"""Fields of Gemini's generationConfig of which the same is true."""


def drop(body: Body, text: str) -> Iterator[Repair]:
    """Leaves out the fields that are named."""
    for way in refused(text):
        name = way[-1] if way else ""
        if len(way) > 1 and way[-2] in DROPPABLE:
            yield Repair(f"{way[-2]}.{name} left out", partial(_without_inner, outer=way[-2], name=name))
        if name in DROPPABLE and way[0] not in _HOLDERS:
            yield Repair(f"{name} left out", partial(without, name=name))
        if name in WITHIN:
            yield Repair(f"{name} left out of messages and tools", partial(_without_within, name=name))
        for outer in _INNER.get(name, ()):
            yield Repair(f"{outer}.{name} left out", partial(_without_inner, outer=outer, name=name))


_INNER = {"effort": ("output_config", "reasoning"), "include_obfuscation": ("stream_options",)}
"""Fields that some name without the way to them."""


def _without_inner(before: Body, outer: str, name: str) -> dict[str, Any]:
    value = before.get(outer)
    if not isinstance(value, dict) or name not in value:
        return dict(before)
    inner = without(value, name)
    return {**before, outer: inner} if inner else without(before, outer)


def drop_generation(body: Body, text: str) -> Iterator[Repair]:
    """Leaves out those of Gemini's generationConfig."""
    for way in refused(text):
        if way and (name := _GENERATION.get(way[-1])):
            yield Repair(f"generationConfig.{name} left out", partial(_without_generation, name=name))


def _without_generation(before: Body, name: str) -> dict[str, Any]:
    config = before.get("generationConfig")
    if not isinstance(config, dict):
        return dict(before)
    config = without(config, name)
    if isinstance(config.get("thinkingConfig"), dict):
        config["thinkingConfig"] = without(config["thinkingConfig"], name)
    return {**before, "generationConfig": config}


_HOLDERS = ("messages", "input", "tools", "system")
_PARTS = ("content", "function", "tool_calls")
"""Where fields of ours may be, within these. Nothing else is looked into: arguments, schemas and results are the
client's own."""


def _without_within(before: Body, name: str) -> dict[str, Any]:
    after = dict(before)
    for holder in _HOLDERS:
        if isinstance(after.get(holder), list):
            after[holder] = _cleaned(after[holder], name)
    return after


def _cleaned(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_cleaned(part, name) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: _cleaned(part, name) if key in _PARTS else part for key, part in value.items() if key != name}
