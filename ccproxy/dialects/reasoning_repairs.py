"""Repairs of what requests say of reasoning, and of tools that must be called beside it.

Earlier reasoning that a vendor does not accept belongs to one conversation, so such repairs are not lasting.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ccproxy.dialects.repairs import Body, Repair, without

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


def forget_reasoning(body: Body, text: str) -> Iterator[Repair]:
    """Leaves out what was sealed, where it is not accepted."""
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


def give_reasoning(body: Body, text: str) -> Iterator[Repair]:
    """Adds the field that DeepSeek and Kimi miss."""
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


def free_choice(body: Body, text: str) -> Iterator[Repair]:
    """Frees the choice of tools, or gives up reasoning for a forced one."""
    if "tool_choice" not in body or not _CHOICE_REFUSED.search(text):
        return
    if _THINKING.search(text):
        yield Repair("no reasoning where a tool must be called", _call_without_thinking)
    yield Repair("tool_choice left to the model", partial(without, name="tool_choice"))


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
        after["output_config"] = without(config, "effort")
        if not after["output_config"]:
            del after["output_config"]
    return after


_ADAPTIVE_ALONE = re.compile(
    # Anthropic: "thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and …
    r"thinking\.type\.enabled[`'\"]? is not supported|use [`'\"]?thinking\.type\.adaptive",
    re.IGNORECASE,
)
_BUDGETS_ALONE = re.compile(
    # Anthropic, older models: adaptive thinking is not supported on this model; Input tag 'adaptive' found using 'type'
    # does not match any of the expected tags: 'disabled', 'enabled'
    r"adaptive[`'\"]? (?:thinking )?is not supported|input tag 'adaptive'",
    re.IGNORECASE,
)
_BUDGET = 8192
_LEAST_BUDGET = 1024
"""Tokens; Anthropic's least. As many are left for the answer."""


def other_thinking(body: Body, text: str) -> Iterator[Repair]:
    """Anthropic's two ways to ask for reasoning, the one for the other."""
    if _ADAPTIVE_ALONE.search(text):
        yield Repair("adaptive thinking for a budget", _adaptive)
    elif _BUDGETS_ALONE.search(text):
        yield Repair("a budget for adaptive thinking", _budgeted)


def _adaptive(before: Body) -> dict[str, Any]:
    thinking = before.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return dict(before)
    return {**before, "thinking": {**without(thinking, "budget_tokens"), "type": "adaptive"}}


def _budgeted(before: Body) -> dict[str, Any]:
    thinking = before.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "adaptive":
        return dict(before)
    budget = min(_BUDGET, before.get("max_tokens", 0) - _LEAST_BUDGET)
    if budget < _LEAST_BUDGET:
        return _switched_off(before)
    return {**before, "thinking": {**thinking, "type": "enabled", "budget_tokens": budget}}


_CONFLICTS = re.compile(
    # Anthropic: Expected `thinking` or `redacted_thinking`, but found `tool_use`
    r"expected [`'\"]?thinking[`'\"]? or [`'\"]?redacted_thinking[`'\"]?, but found"
    # Anthropic: `max_tokens` must be greater than `thinking.budget_tokens`
    r"|max_tokens[`'\"]? must be greater than [`'\"]?thinking\.budget_tokens"
    # Anthropic's and others' older models: adaptive thinking is not supported on this model
    r"|(?:adaptive|enabled)[`'\"]? (?:thinking )?is not supported|thinking is not supported|does not support thinking",
    re.IGNORECASE,
)


def stop_thinking(body: Body, text: str) -> Iterator[Repair]:
    """Solves what reasoning conflicts with, at its cost."""
    # DeepSeek: thinking options type cannot be disabled when reasoning_effort is set
    if re.search(r"cannot be disabled when reasoning_effort is set", text, re.IGNORECASE):
        yield Repair("reasoning_effort left out", partial(without, name="reasoning_effort"))
    if _CONFLICTS.search(text):
        lasting = "not support" in text
        yield Repair("no reasoning", _switched_off, lasting=lasting)
