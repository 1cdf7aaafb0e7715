"""How a request asks for reasoning: our words in the field and the words of each vendor."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ccproxy.dialects.openai_chat.tables import BUDGETS, EFFORTS
from ccproxy.dialects.quirks import Quirks, ReasoningControl
from ccproxy.model.messages import Effort, Reasoning, Think

_OFF = "off"


@frozen
class Asked:
    """The request `fields` that ask for reasoning, and whether the model will reason (`on`)."""

    fields: Mapping[str, Any]
    on: bool


def can_be_off(quirks: Quirks) -> bool:
    """Whether reasoning can be switched off; a model that has no such switch either always or never reasons."""
    return _OFF in quirks.efforts


def effort_of(reasoning: Reasoning) -> Effort | None:
    """The effort that is asked for: in words, or by the size of a budget; None where the vendor shall decide."""
    if reasoning.effort is not None:
        return reasoning.effort
    if reasoning.think is Think.BUDGET and reasoning.budget is not None:
        return next((effort for most, effort in BUDGETS if reasoning.budget <= most), Effort.XHIGH)
    return None


def vendor_word(effort: Effort, quirks: Quirks) -> str | None:
    """The vendor's word for an effort; for one that it lacks, that of the nearest below, or else above."""
    at = EFFORTS.index(effort)
    for candidate in (*reversed(EFFORTS[: at + 1]), *EFFORTS[at + 1 :]):
        if candidate.value in quirks.efforts:
            return quirks.efforts[candidate.value]
    return None


def ask(reasoning: Reasoning, quirks: Quirks, losses: list[str]) -> Asked:
    """The fields for what the client wants. Who says nothing wants no reasoning, as with Anthropic; models that cannot
    be without go their own way. An empty map of efforts means that no field is ever sent."""
    if not quirks.efforts or quirks.reasoning is ReasoningControl.NONE:
        if reasoning.effort is not None or reasoning.think is Think.BUDGET:
            losses.append("reasoning effort")
        return Asked({}, on=False)
    wants_none = reasoning.think is Think.OFF or (reasoning.think is Think.UNSAID and reasoning.effort is None)
    if wants_none:
        if can_be_off(quirks):
            return Asked(_switched_off(quirks), on=False)
        if reasoning.think is Think.OFF:
            losses.append("reasoning switched off (this model always reasons)")
        return Asked({}, on=True)
    effort = effort_of(reasoning)
    word = None if effort is None else vendor_word(effort, quirks)
    return Asked(_switched_on(reasoning, word, quirks), on=True)


def _switched_off(quirks: Quirks) -> dict[str, Any]:
    word = quirks.efforts[_OFF]
    match quirks.reasoning:
        case ReasoningControl.NONE:
            return {}
        case ReasoningControl.EFFORT:
            return {"reasoning_effort": word}
        case ReasoningControl.OPENROUTER:
            return {"reasoning": {"enabled": False}}
        case ReasoningControl.THINKING | ReasoningControl.THINKING_EFFORT:
            return {"thinking": {"type": "disabled"}}
        case ReasoningControl.ENABLE_THINKING:
            return {"enable_thinking": False}


def _switched_on(reasoning: Reasoning, word: str | None, quirks: Quirks) -> dict[str, Any]:
    """`word` None leaves the effort to the vendor: only switches that are off by default are then set."""
    match quirks.reasoning:
        case ReasoningControl.NONE:
            return {}
        case ReasoningControl.EFFORT | ReasoningControl.THINKING_EFFORT:
            return {"reasoning_effort": word} if word is not None else {}
        case ReasoningControl.OPENROUTER:
            if reasoning.effort is None and reasoning.budget is not None:
                return {"reasoning": {"max_tokens": reasoning.budget}}
            return {"reasoning": {"effort": word} if word is not None else {"enabled": True}}
        case ReasoningControl.THINKING:
            return {"thinking": {"type": word or vendor_word(Effort.HIGH, quirks) or "enabled"}}
        case ReasoningControl.ENABLE_THINKING:
            budget = {"thinking_budget": reasoning.budget} if reasoning.budget is not None else {}
            return {"enable_thinking": True, **budget}
