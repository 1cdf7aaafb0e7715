"""Groq."""

from ccproxy.dialects.quirks import ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Rule, Vendor
from ccproxy.providers.vendors.efforts import LOW_TO_HIGH, NO_REASONING, efforts

GROQ = Vendor(
    name="groq",
    key_variable="GROQ_API_KEY",
    endpoints={"openai_chat": Endpoint("https://api.groq.com/openai/v1")},
    dialect="openai_chat",
    default_model="openai/gpt-oss-120b",
    quirks={
        "max_tokens_field": "max_completion_tokens",
        "max_tools": 128,
        # The usage comes with the last chunk, within `x_groq`; its SDK has no such field.
        "stream_usage": False,
        "replay_reasoning": ReplayReasoning.REASONING,
        **NO_REASONING,
    },
    rules=(
        Rule("llama-3*", {"window": 131_072, "max_output_tokens": 32_768, "images": False}),
        Rule("llama-3.1-8b*", {"max_output_tokens": 131_072}),
        Rule("*gpt-oss*", {**LOW_TO_HIGH, "window": 131_072, "max_output_tokens": 65_536, "images": False}),
        Rule(
            "*qwen3-*",
            {
                "reasoning": ReasoningControl.EFFORT,
                "efforts": efforts("none default default default default default default"),
                "body": {"reasoning_format": "parsed"},
                "window": 131_072,
                "max_output_tokens": 40_960,
                "images": False,
            },
        ),
        Rule(
            "*qwen3.*",
            {
                **LOW_TO_HIGH,
                "body": {"reasoning_format": "parsed"},
                "window": 131_072,
                "max_output_tokens": 16_384,
            },
        ),
        Rule("*kimi-k2*", {"window": 262_144, "max_output_tokens": 16_384, "images": False}),
        Rule("groq/compound*", {"window": 131_072, "max_output_tokens": 8_192, "images": False}),
    ),
)
