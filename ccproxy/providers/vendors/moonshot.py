"""Moonshot, whose models are called Kimi."""

from ccproxy.dialects.quirks import ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Overrides, Rule, Vendor
from ccproxy.providers.vendors.efforts import LOW_HIGH_MAX, NO_REASONING, SWITCH, efforts
from ccproxy.providers.vendors.messages import OWN_MODELS

_QUIRKS: Overrides = {
    "tool_choices": frozenset({"auto", "none"}),
    "parallel_tool_field": False,
    "typed_branches": True,
    "empty_tool_result": "(no output)",
    "images": False,
    "stop_limit": 5,
    "max_temperature": 1.0,
    "cache_key": True,
    "user_field": "",
    "replay_reasoning": ReplayReasoning.CONTENT,
    **NO_REASONING,
}
_SEES: Overrides = {"images": True, "samples": False, "window": 262_144}
_RULES = (
    Rule("kimi-k2*", {"window": 262_144}),
    Rule("kimi-k2-0711*", {"window": 131_072, "max_output_tokens": 16_384}),
    Rule("kimi-k2.[5-9]*", _SEES),
    Rule("kimi-k2.5*", SWITCH),
    Rule(
        "kimi-k2.6*",
        {
            "reasoning": ReasoningControl.THINKING_EFFORT,
            "efforts": efforts("disabled low low high high max max"),
        },
    ),
    # It cannot be switched off, and refuses the effort `none`.
    Rule("kimi-k2.[7-9]*", {"reasoning": ReasoningControl.EFFORT, "efforts": efforts("- low low high high max max")}),
    Rule("kimi-k[3-9]*", {**LOW_HIGH_MAX, **_SEES, "window": 1_048_576}),
    Rule("kimi-for-coding*", _SEES),
    Rule("*thinking*", {"samples": False}),
    Rule("moonshot-v1-8k*", {"window": 8_192}),
    Rule("moonshot-v1-32k*", {"window": 32_768}),
    Rule("moonshot-v1-128k*", {"window": 131_072}),
    Rule("moonshot-v1-auto", {"window": 131_072}),
    Rule("moonshot-v1-*vision*", {"images": True}),
)


def _moonshot(name: str, key_variable: str, base_url: str, anthropic: str) -> Vendor:
    endpoints = {"openai_chat": Endpoint(base_url), "anthropic": Endpoint(anthropic, quirks=OWN_MODELS)}
    return Vendor(name, key_variable, endpoints, "openai_chat", quirks=_QUIRKS, rules=_RULES)


MOONSHOTS = (
    _moonshot("moonshot", "MOONSHOT_API_KEY", "https://api.moonshot.ai/v1", "https://api.moonshot.ai/anthropic"),
    _moonshot("moonshot-cn", "MOONSHOT_API_KEY", "https://api.moonshot.cn/v1", "https://api.moonshot.cn/anthropic"),
    _moonshot("kimi-coding", "KIMI_API_KEY", "https://api.kimi.com/coding/v1", "https://api.kimi.com/coding"),
)
