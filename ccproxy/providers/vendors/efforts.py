"""How models are asked to reason: the words of effort that vendors have in common."""

from collections.abc import Mapping

from ccproxy.dialects.quirks import ReasoningControl
from ccproxy.providers.vendor import Overrides

_WORDS = ("off", "minimal", "low", "medium", "high", "xhigh", "max")


def efforts(line: str) -> Mapping[str, str]:
    """The vendor's words in the order of ours, `off minimal low medium high xhigh max`; a dash where it has none. A
    model that cannot stop to think has its least effort, or a dash, for `off`."""
    return {ours: theirs for ours, theirs in zip(_WORDS, line.split(), strict=True) if theirs != "-"}


NO_REASONING: Overrides = {"reasoning": ReasoningControl.NONE}
"""For models that do not reason, and for those that always do and cannot be told how much."""

LOW_TO_HIGH: Overrides = {"reasoning": ReasoningControl.EFFORT, "efforts": efforts("low low low medium high high high")}
"""Always reasons, in three degrees."""

NONE_TO_HIGH: Overrides = {
    "reasoning": ReasoningControl.EFFORT,
    "efforts": efforts("none low low medium high high high"),
}
"""Reasons in three degrees, or not."""

LOW_HIGH_MAX: Overrides = {"reasoning": ReasoningControl.EFFORT, "efforts": efforts("low low low high high max max")}
"""Always reasons, in the three degrees of GLM 5.3 and Kimi K3, whoever serves them."""

SWITCH: Overrides = {
    "reasoning": ReasoningControl.THINKING,
    "efforts": efforts("disabled enabled enabled enabled enabled enabled enabled"),
}
"""Reasons or not, without degrees."""
