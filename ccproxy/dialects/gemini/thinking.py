"""How hard the model shall reason: `thinkingConfig`.

A client's wish becomes a level or a budget, never both: together they are refused.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.gemini.tables import Family
from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Choose, Effort, Request, Think

ANSWER = 1024
"""Tokens left for the answer where a budget would take all of `maxOutputTokens`, which counts reasoning too."""

_WORDS = ("off", *(effort.value for effort in Effort))
_BUDGETS = ((2048, "low"), (8192, "medium"), (24576, "high"))


def reasons(request: Request, quirks: Quirks) -> bool:
    """Whether the client asked for reasoning, and may have it."""
    return _wish(request, quirks) not in ("", "off")


def thinking_config(request: Request, quirks: Quirks, family: Family, max_tokens: int | None) -> dict[str, Any] | None:
    """The `thinkingConfig` for this wish; None where the model takes none or its default is meant."""
    efforts = quirks.efforts or family.efforts
    if not efforts:
        return None
    wish = _wish(request, quirks)
    if not wish:
        if family.always or "off" not in efforts:
            return None
        wish = "off"
    config: dict[str, Any] = {}
    if wish != "off" and request.reasoning.shown:
        config["includeThoughts"] = True
    if wish == "default":
        return config or None
    value = _nearest(efforts, wish)
    if isinstance(value, str) and not value.lstrip("-").isdecimal():
        config["thinkingLevel"] = value
        return config
    budget = int(value)
    if request.reasoning.budget is not None and wish != "off":
        budget = request.reasoning.budget
    config["thinkingBudget"] = _fitting(budget, family, max_tokens)
    if not config["thinkingBudget"]:
        config.pop("includeThoughts", None)
    return config


def _wish(request: Request, quirks: Quirks) -> str:
    """Our word of effort, `default` for the model's own measure, `""` where nobody said anything."""
    reasoning = request.reasoning
    forced = request.tools and request.tool_choice.choose in (Choose.ANY, Choose.NAMED)
    if reasoning.think is Think.OFF or (forced and not quirks.forced_choice_with_reasoning):
        return "off"
    if reasoning.effort is not None:
        return reasoning.effort.value
    match reasoning.think:
        case Think.BUDGET:
            budget = reasoning.budget
            if budget is None:
                return "default"
            return "off" if budget <= 0 else next((word for most, word in _BUDGETS if budget <= most), "xhigh")
        case Think.ADAPTIVE:
            return "default"
        case Think.UNSAID:
            return ""


def _nearest(efforts: Mapping[str, str | int] | Mapping[str, str], wish: str) -> str | int:
    """The vendor's word for ours: an absent one falls to the nearest below, and to the lowest where there is none."""
    place = _WORDS.index(wish)
    known = [word for word in _WORDS if word in efforts]
    below = [word for word in known if _WORDS.index(word) <= place]
    return efforts[below[-1] if below else known[0]] if known else 0


def _fitting(budget: int, family: Family, max_tokens: int | None) -> int:
    """A budget within the model's bounds that leaves room for an answer; a negative one leaves it to the model."""
    if budget < 0:
        return -1
    least, most = family.budgets or (1, budget)
    off = int(family.efforts["off"]) if family.budgets else 0
    budget = min(budget, most)
    if max_tokens is not None:
        budget = min(budget, max_tokens - ANSWER)
    return budget if budget >= least else off
