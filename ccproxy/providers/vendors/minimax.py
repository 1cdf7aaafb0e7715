"""MiniMax."""

from ccproxy.dialects.quirks import ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Rule, Vendor
from ccproxy.providers.vendors.efforts import NO_REASONING, efforts
from ccproxy.providers.vendors.messages import OWN_MODELS


def _minimax(name: str, host: str) -> Vendor:
    return Vendor(
        name=name,
        key_variable="MINIMAX_API_KEY",
        endpoints={
            "anthropic": Endpoint(f"https://{host}/anthropic", quirks=OWN_MODELS),
            "openai_chat": Endpoint(
                f"https://{host}/v1",
                quirks={
                    # Else the reasoning comes within the text.
                    "body": {"reasoning_split": True},
                    "replay_reasoning": ReplayReasoning.DETAILS,
                    "think_tags": True,
                    **NO_REASONING,
                },
                rules=(
                    Rule(
                        "minimax-m[3-9]*",
                        {
                            "reasoning": ReasoningControl.THINKING,
                            "efforts": efforts("disabled adaptive adaptive adaptive adaptive adaptive adaptive"),
                        },
                    ),
                ),
            ),
        },
        dialect="anthropic",
        quirks={
            "tool_choices": frozenset({"auto", "none"}),
            "empty_tool_result": "(no output)",
            "parallel_tool_field": False,
            "images": False,
            # It refuses 0.
            "min_temperature": 0.01,
            "max_temperature": 1.0,
            "user_field": "",
        },
        rules=(
            Rule("minimax-m2*", {"window": 204_800, "max_output_tokens": 131_072}),
            Rule("minimax-m2", {"window": 196_608, "max_output_tokens": 128_000}),
            Rule("minimax-m[3-9]*", {"images": True, "window": 1_000_000, "max_output_tokens": 128_000}),
        ),
    )


MINIMAXES = (_minimax("minimax", "api.minimax.io"), _minimax("minimax-cn", "api.minimaxi.com"))
