"""Reasoning of earlier answers, sent back in the field where its vendor wants it.

It comes from the seals that the parser made for this vendor, or, where the vendor wants mere text, from reasoning
without a seal. What another vendor sealed is dropped, never sent on.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field

from ccproxy.dialects.losses import reasoning
from ccproxy.dialects.openai_chat.details import joined
from ccproxy.dialects.quirks import Quirks, ReplayReasoning
from ccproxy.dialects.seals import unseal
from ccproxy.model.messages import Part, Thinking, ToolUse


@define
class Replayed:
    """`fields` of the assistant message, content `parts` before its text, and for calls, by `id()` of the `ToolUse`,
    the `extra_content` that came with them."""

    fields: dict[str, Any] = field(factory=dict)
    parts: list[dict[str, Any]] = field(factory=list)
    extras: dict[int, Mapping[str, Any]] = field(factory=dict)


def replayed(parts: Iterable[Part], quirks: Quirks, losses: list[str]) -> Replayed:
    """What of an assistant's earlier reasoning goes back to this vendor. What does not is named in `losses`."""
    result = Replayed()
    texts: list[str] = []
    details: list[Any] = []
    extra: Any = None
    for part in parts:
        if isinstance(part, ToolUse) and extra is not None:
            result.extras[id(part)] = extra
            extra = None
        if not isinstance(part, Thinking):
            continue
        state = _state(part, quirks)
        if state is None or (not part.seal and quirks.replay_reasoning is ReplayReasoning.NEVER):
            losses.append(reasoning(part))
        if state is None:
            continue
        if isinstance(state.get("x"), dict):
            extra = state["x"]
        if isinstance(state.get("details"), list):
            details.append(state["details"])
        text = state.get("t")
        if not isinstance(text, str) or not text:
            continue
        texts.append(text)
        if quirks.replay_reasoning is ReplayReasoning.PARTS:
            signature = {"signature": state["s"]} if state.get("s") else {}
            thinking = [{"type": "text", "text": text}]
            result.parts.append({"type": "thinking", "thinking": thinking, **signature, "closed": True})
    spoken = "".join(texts)
    match quirks.replay_reasoning:
        case ReplayReasoning.CONTENT if spoken:
            result.fields["reasoning_content"] = spoken
        case ReplayReasoning.REASONING if spoken:
            result.fields["reasoning"] = spoken
        case ReplayReasoning.DETAILS if details:
            result.fields["reasoning_details"] = joined(details)
        case ReplayReasoning.DETAILS if spoken:
            result.fields["reasoning"] = spoken
        case _:
            pass
    return result


def _state(part: Thinking, quirks: Quirks) -> Mapping[str, Any] | None:
    """What the vendor's seal holds; for reasoning that nobody sealed, its text; None for what is not this vendor's."""
    if part.seal:
        return unseal(part.seal, quirks)
    return None if part.withheld else {"t": part.text}
