"""Requests that a vendor refused for a field it named, made without that fault.

Rows of vendors and models are never complete: a new model refuses what its elders took. Where the refusal names what it
is about, the request is put right once and sent again. `repair` finds what to do by a vendor's words; nothing here
sends anything, and what is not understood stays refused.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from attrs import field, frozen

from ccproxy.dialects.refusals import refused

Body = Mapping[str, Any]

TEXT_LIMIT = 8192
"""Characters of a refusal that are looked at: some vendors repeat the whole request in it."""


@frozen
class Repair:
    """One thing put right. `apply` gives a new body, or one equal to the old where the fault is not in it, and never
    changes the one it is given. `lasting` is for faults of every request to a model: those are put right beforehand
    from then on."""

    name: str
    apply: Callable[[Body], dict[str, Any]] = field(eq=False, repr=False)
    lasting: bool = True


def repair(body: Body, words: str) -> Repair | None:
    """What would cure a refusal told in `words` (the message, or the whole error body); None where that is not known
    or `body` has nothing of it."""
    text = words[:TEXT_LIMIT]
    for find in _FINDERS:
        for found in find(body, text):
            if found.apply(body) != body:
                return found
    return None


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


def _lower_limit(body: Body, text: str) -> Iterator[Repair]:
    if match := _MOST.search(text):
        most = int(next(filter(None, match.groups())))
        if most > 0:
            yield Repair(f"output limited to {most} tokens", partial(_limited, most=most))


def _limited(before: Body, most: int) -> dict[str, Any]:
    lower = {name: most for name in _TOKEN_FIELDS if isinstance(before.get(name), int) and before[name] > most}
    return {**before, **lower}


_RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


def _rename_limit(body: Body, text: str) -> Iterator[Repair]:
    for way in refused(text):
        if way and (other := _RENAMED.get(way[-1])):
            yield Repair(f"{way[-1]} said as {other}", partial(_renamed, name=way[-1], other=other))


def _renamed(before: Body, name: str, other: str) -> dict[str, Any]:
    if other in before:
        return dict(before)
    return {other if key == name else key: value for key, value in before.items()}


# Reasoning of earlier turns that is not accepted. It belongs to one conversation, so nothing of it is remembered.

_UNSEALED = re.compile(
    # Anthropic: Invalid `signature` in `thinking` block
    r"invalid [`'\"]?signature[`'\"]? in [`'\"]?(?:redacted_)?thinking"
    # OpenAI: code invalid_encrypted_content, The encrypted content … could not be verified
    r"|invalid_encrypted_content|encrypted content.{0,200}could not be (?:verified|decrypted)"
    # OpenAI: Item 'rs_…' of type 'reasoning' was provided without its required following item
    r"|of type 'reasoning' was provided without its required following item"
    # Gemini: Corrupted thought signature; Invalid thought signature; Thought signature is not valid
    r"|(?:corrupted|invalid) thought[ _]?signature|thought[ _]?signature is (?:not valid|invalid)",
    re.IGNORECASE | re.DOTALL,
)
_SEALED_BLOCKS = frozenset({"thinking", "redacted_thinking", "reasoning"})
_SEALS = frozenset({"reasoning_details", "encrypted_content"})
_NO_SIGNATURE = "skip_thought_signature_validator"
"""Gemini takes it in the place of a signature that is not there."""


def _forget_reasoning(body: Body, text: str) -> Iterator[Repair]:
    if _UNSEALED.search(text):
        yield Repair("earlier reasoning left out", _without_reasoning, lasting=False)


def _without_reasoning(before: Body) -> dict[str, Any]:
    after = dict(before)
    for name in ("messages", "input", "contents"):
        if isinstance(after.get(name), list):
            after[name] = _unsealed(after[name])
    thinking = after.get("thinking")
    if after != before and isinstance(thinking, dict) and thinking.get("type") == "enabled" and _ends_in_calls(after):
        after["thinking"] = {"type": "disabled"}  # With a budget, a loop of tools must begin with reasoning.
    return after


def _ends_in_calls(body: Body) -> bool:
    said = [message for message in body.get("messages", ()) if message.get("role") == "assistant"]
    content = said[-1].get("content") if said else None
    return isinstance(content, list) and any(block.get("type") == "tool_use" for block in content)


def _unsealed(value: Any) -> Any:
    """The value without reasoning in it. A message that was nothing else goes too."""
    if isinstance(value, list):
        kept = [_unsealed(part) for part in value if not _is_sealed(part)]
        return [part for part in kept if not (isinstance(part, dict) and part.get("content") == [])]
    if not isinstance(value, dict):
        return value
    after = {}
    for name, part in value.items():
        if name in _SEALS:
            continue
        if name == "thoughtSignature":
            if "functionCall" in value:
                after[name] = _NO_SIGNATURE
            continue
        # What tools were called with, and what they said, is the client's own.
        after[name] = (
            part if name in ("args", "response", "arguments") or _is_tool_text(value, name) else _unsealed(part)
        )
    return after


def _is_tool_text(value: Mapping[str, Any], name: str) -> bool:
    return name == "input" and value.get("type") == "tool_use"


def _is_sealed(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in _SEALED_BLOCKS


_MISSING_REASONING = re.compile(
    # DeepSeek: The `reasoning_content` in the thinking mode must be passed back to the API; Missing `reasoning_content`
    # field in the assistant message. Kimi: reasoning_content is missing in assistant tool call message
    r"reasoning_content[`'\"]?.{0,60}must be passed back|missing [`'\"]?reasoning_content|"
    r"reasoning_content[`'\"]? is missing",
    re.IGNORECASE,
)


def _give_reasoning(body: Body, text: str) -> Iterator[Repair]:
    if _MISSING_REASONING.search(text):
        yield Repair("reasoning_content in every message of calls", _with_reasoning)


def _with_reasoning(before: Body) -> dict[str, Any]:
    messages = [
        {**message, "reasoning_content": ""}
        if isinstance(message, dict) and message.get("tool_calls") and "reasoning_content" not in message
        else message
        for message in before.get("messages", ())
    ]
    return {**before, "messages": messages} if "messages" in before else dict(before)


# Choice of tools, and reasoning together with it.

_CHOICE_REFUSED = re.compile(
    # DeepSeek: Thinking mode does not support this tool_choice. Moonshot: tool_choice 'required' is incompatible with
    # thinking enabled. Qwen: The tool_choice parameter does not support being set to required or object in thinking
    # mode. Anthropic: Thinking may not be enabled when tool_choice forces tool use. vLLM: "auto" tool choice requires …
    r"tool_choice.{0,80}(?:not (?:be )?support|unsupported|incompatible|invalid|not allowed|must be|only)"
    r"|(?:not (?:be )?support|unsupported|invalid|only|not be enabled).{0,80}tool_choice",
    re.IGNORECASE | re.DOTALL,
)
_THINKING = re.compile(r"thinking|reasoning", re.IGNORECASE)
_SWITCHES = ("thinking", "enable_thinking", "thinking_budget", "reasoning_effort", "reasoning")


def _free_choice(body: Body, text: str) -> Iterator[Repair]:
    if "tool_choice" not in body or not _CHOICE_REFUSED.search(text):
        return
    if _THINKING.search(text):
        yield Repair("no reasoning where a tool must be called", _call_without_thinking)
    yield Repair("tool_choice left to the model", partial(_without, name="tool_choice"))


def _forces(body: Body) -> bool:
    choice = body.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, dict) else choice
    return kind in ("required", "any", "tool", "function")


def _call_without_thinking(before: Body) -> dict[str, Any]:
    return _switched_off(before) if _forces(before) else dict(before)


def _switched_off(before: Body) -> dict[str, Any]:
    """The body with its reasoning off, in the words that it uses for reasoning."""
    after = {name: value for name, value in before.items() if name not in _SWITCHES}
    if "enable_thinking" in before:
        after["enable_thinking"] = False
    elif "thinking" in before:
        after["thinking"] = {"type": "disabled"}
    elif "reasoning" in before and "messages" in before:
        after["reasoning"] = {"enabled": False}
    elif "reasoning" in before or "reasoning_effort" in before:
        return dict(before)  # No word for it is sure to be taken.
    config = after.get("output_config")
    if after != dict(before) and isinstance(config, dict):
        after["output_config"] = _without(config, "effort")
        if not after["output_config"]:
            del after["output_config"]
    return after


_CONFLICTS = re.compile(
    # Anthropic: Expected `thinking` or `redacted_thinking`, but found `tool_use`
    r"expected [`'\"]?thinking[`'\"]? or [`'\"]?redacted_thinking[`'\"]?, but found"
    # Anthropic: `max_tokens` must be greater than `thinking.budget_tokens`
    r"|max_tokens[`'\"]? must be greater than [`'\"]?thinking\.budget_tokens"
    # Anthropic's and others' older models: adaptive thinking is not supported on this model
    r"|(?:adaptive|enabled)[`'\"]? (?:thinking )?is not supported|thinking is not supported|does not support thinking",
    re.IGNORECASE,
)


def _stop_thinking(body: Body, text: str) -> Iterator[Repair]:
    # DeepSeek: thinking options type cannot be disabled when reasoning_effort is set
    if re.search(r"cannot be disabled when reasoning_effort is set", text, re.IGNORECASE):
        yield Repair("reasoning_effort left out", partial(_without, name="reasoning_effort"))
    if _CONFLICTS.search(text):
        lasting = "not support" in text
        yield Repair("no reasoning", _switched_off, lasting=lasting)


# Roles.

_ROLE_REFUSED = re.compile(
    # serde (DeepSeek): unknown variant `developer`, expected one of `system`, `user`. OpenAI: 'developer' is not one of
    # ['system', …]. vLLM templates: Unexpected message role. Mistral: Input should be 'system'
    r"(?:unknown variant|unexpected|unsupported|invalid|not support).{0,60}developer"
    r"|developer.{0,40}(?:is not one of|not (?:be )?support|unsupported|invalid|unknown|not a valid)"
    r"|unexpected message role",
    re.IGNORECASE,
)


def _plain_roles(body: Body, text: str) -> Iterator[Repair]:
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


def _drop(body: Body, text: str) -> Iterator[Repair]:
    for way in refused(text):
        name = way[-1] if way else ""
        if len(way) > 1 and way[-2] in DROPPABLE:
            yield Repair(f"{way[-2]}.{name} left out", partial(_without_inner, outer=way[-2], name=name))
        if name in DROPPABLE and way[0] not in _HOLDERS:
            yield Repair(f"{name} left out", partial(_without, name=name))
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
    inner = _without(value, name)
    return {**before, outer: inner} if inner else _without(before, outer)


def _drop_generation(body: Body, text: str) -> Iterator[Repair]:
    for way in refused(text):
        if way and (name := _GENERATION.get(way[-1])):
            yield Repair(f"generationConfig.{name} left out", partial(_without_generation, name=name))


def _without_generation(before: Body, name: str) -> dict[str, Any]:
    config = before.get("generationConfig")
    if not isinstance(config, dict):
        return dict(before)
    config = _without(config, name)
    if isinstance(config.get("thinkingConfig"), dict):
        config["thinkingConfig"] = _without(config["thinkingConfig"], name)
    return {**before, "generationConfig": config}


def _without(before: Body, name: str) -> dict[str, Any]:
    return {key: value for key, value in before.items() if key != name}


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


_FINDERS = (
    _lower_limit,
    _rename_limit,
    _forget_reasoning,
    _give_reasoning,
    _free_choice,
    _stop_thinking,
    _plain_roles,
    _drop,
    _drop_generation,
)
"""In the order in which words are tried: those that say most come first."""
