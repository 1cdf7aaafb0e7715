"""DeepSeek."""

from ccproxy.dialects.quirks import ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Rule, Vendor
from ccproxy.providers.vendors.efforts import NO_REASONING, efforts
from ccproxy.providers.vendors.messages import OWN_MODELS

DEEPSEEK = Vendor(
    name="deepseek",
    key_variable="DEEPSEEK_API_KEY",
    endpoints={
        "openai_chat": Endpoint("https://api.deepseek.com"),
        "anthropic": Endpoint("https://api.deepseek.com/anthropic", quirks=OWN_MODELS),
    },
    dialect="openai_chat",
    default_model="deepseek-v4-pro",
    quirks={
        # "Thinking mode does not support this tool_choice": without thinking it does.
        "forced_choice_with_reasoning": False,
        "parallel_tool_field": False,
        "images": False,
        "schema_output": False,
        "stop_limit": 16,
        "reasoning": ReasoningControl.THINKING_EFFORT,
        "efforts": efforts("disabled low low high high high max"),
        "replay_reasoning": ReplayReasoning.CONTENT,
        "user_field": "",
    },
    rules=(
        Rule("deepseek-v4*", {"window": 1_000_000, "max_output_tokens": 384_000}),
        Rule("deepseek-flash*", {"window": 1_000_000, "max_output_tokens": 384_000}),
        Rule("*flash*", {"images": True}),
        Rule("deepseek-chat*", {**NO_REASONING, "window": 1_000_000, "max_output_tokens": 384_000}),
        Rule(
            "deepseek-reasoner*",
            {
                **NO_REASONING,
                "efforts": {},
                "tool_choices": frozenset({"auto", "none"}),
                "window": 1_000_000,
                "max_output_tokens": 384_000,
            },
        ),
    ),
)
