"""Mistral."""

from ccproxy.dialects.quirks import LateSystem, ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Overrides, Rule, Vendor
from ccproxy.providers.vendors.efforts import NO_REASONING, efforts

_REASONS: Overrides = {
    "reasoning": ReasoningControl.EFFORT,
    "efforts": efforts("none low low medium high xhigh max"),
    "replay_reasoning": ReplayReasoning.PARTS,
}

MISTRAL = Vendor(
    name="mistral",
    key_variable="MISTRAL_API_KEY",
    endpoints={"openai_chat": Endpoint("https://api.mistral.ai/v1")},
    dialect="openai_chat",
    default_model="mistral-large-latest",
    quirks={
        "late_system": LateSystem.USER,
        "user_may_follow_tool": False,
        "empty_tool_result": "(no output)",
        "tool_id_pattern": "[a-zA-Z0-9]{9}",
        "stop_limit": None,
        "max_temperature": 1.5,
        "cache_key": True,
        "user_field": "",
        # Its last chunk has the usage without being asked, and unknown fields are refused.
        "stream_usage": False,
        **NO_REASONING,
    },
    rules=(
        Rule("mistral-*", {"window": 262_144}),
        Rule("mistral-medium*", _REASONS),
        Rule("mistral-small*", _REASONS),
        Rule("mistral-large-4*", {**_REASONS, "window": 1_048_576}),
        Rule("mistral-large-2411*", {"window": 131_072, "max_output_tokens": 16_384, "images": False}),
        Rule("magistral*", {**NO_REASONING, "replay_reasoning": ReplayReasoning.PARTS, "window": 262_144}),
        Rule("devstral*", {"window": 262_144, "images": False}),
        Rule("codestral*", {"window": 128_000, "images": False}),
        Rule("ministral*", {"window": 262_144}),
        Rule("ministral-3b*", {"window": 131_072}),
        Rule("open-*", {"images": False}),
    ),
)
