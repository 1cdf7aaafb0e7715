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
    states: list[Mapping[str, Any]] = []
    extra: Mapping[str, Any] | None = None
    for part in parts:
        if isinstance(part, ToolUse) and extra is not None:
            result.extras[id(part)] = extra
            extra = None
        if not isinstance(part, Thinking):
            continue
        state = _state(part, quirks)
        if state is None or (not part.seal and quirks.replay_reasoning is ReplayReasoning.NEVER):
            losses.append(reasoning(part))
        if state is not None:
            states.append(state)
            extra = state["x"] if isinstance(state.get("x"), dict) else extra
    spoken = [state for state in states if isinstance(state.get("t"), str) and state["t"]]
    if quirks.replay_reasoning is ReplayReasoning.PARTS:
        result.parts = [_part(state) for state in spoken]
    details = [state["details"] for state in states if isinstance(state.get("details"), list)]
    result.fields = _fields("".join(state["t"] for state in spoken), details, quirks)
    return result


def _part(state: Mapping[str, Any]) -> dict[str, Any]:
    signature = {"signature": state["s"]} if state.get("s") else {}
    return {"type": "thinking", "thinking": [{"type": "text", "text": state["t"]}], **signature, "closed": True}


def _fields(spoken: str, details: list[Any], quirks: Quirks) -> dict[str, Any]:
    """The vendor's field for reasoning beside the text."""
    match quirks.replay_reasoning:
        case ReplayReasoning.CONTENT if spoken:
            return {"reasoning_content": spoken}
        case ReplayReasoning.DETAILS if details:
            return {"reasoning_details": joined(details)}
        case ReplayReasoning.REASONING | ReplayReasoning.DETAILS if spoken:
            return {"reasoning": spoken}
        case _:
            return {}


def _state(part: Thinking, quirks: Quirks) -> Mapping[str, Any] | None:
    """What the vendor's seal holds; for reasoning that nobody sealed, its text; None for what is not this vendor's."""
    if part.seal:
        return unseal(part.seal, quirks)
    return None if part.withheld else {"t": part.text}
