"""Z.ai, in China Zhipu, whose models are called GLM."""

from ccproxy.dialects.quirks import ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Overrides, Rule, Vendor
from ccproxy.providers.vendors.efforts import LOW_HIGH_MAX, NO_REASONING, SWITCH, efforts
from ccproxy.providers.vendors.messages import OWN_MODELS

_QUIRKS: Overrides = {
    "tool_choices": frozenset({"auto"}),
    "parallel_tool_field": False,
    "schema_output": False,
    "empty_tool_result": "(no output)",
    "images": False,
    "stop_limit": 1,
    "max_temperature": 1.0,
    "user_field": "",
    "replay_reasoning": ReplayReasoning.CONTENT,
    **SWITCH,
}
_RULES = (
    Rule("glm-4-*", NO_REASONING),
    Rule("glm-4.5*", {"window": 131_072, "max_output_tokens": 98_304}),
    Rule("glm-4.[67]*", {"window": 204_800, "max_output_tokens": 131_072}),
    Rule("glm-4.7-flash*", {"window": 200_000}),
    Rule("glm-5*", {"window": 200_000, "max_output_tokens": 131_072}),
    Rule(
        "glm-5.2*",
        {
            "reasoning": ReasoningControl.THINKING_EFFORT,
            "efforts": efforts("disabled minimal low medium high xhigh max"),
            "window": 1_000_000,
        },
    ),
    Rule("glm-5.[3-9]*", {**LOW_HIGH_MAX, "window": 1_000_000}),
    Rule("glm-5.3-flash*", {"images": True}),
    Rule("glm-[45]v*", {"images": True}),
    Rule("glm-4.[0-9]v*", {"images": True}),
)


def _glm(name: str, key_variable: str, base_url: str, anthropic: str) -> Vendor:
    return Vendor(
        name,
        key_variable,
        {
            # Without tool_stream the arguments of a call come in one piece.
            "openai_chat": Endpoint(base_url, quirks={"body": {"tool_stream": True}}),
            "anthropic": Endpoint(anthropic, quirks=OWN_MODELS),
        },
        "openai_chat",
        quirks=_QUIRKS,
        rules=_RULES,
    )


GLMS = (
    _glm("zai", "ZAI_API_KEY", "https://api.z.ai/api/paas/v4", "https://api.z.ai/api/anthropic"),
    _glm("zai-coding", "ZAI_API_KEY", "https://api.z.ai/api/coding/paas/v4", "https://api.z.ai/api/anthropic"),
    _glm("zhipu", "ZHIPU_API_KEY", "https://open.bigmodel.cn/api/paas/v4", "https://open.bigmodel.cn/api/anthropic"),
    _glm(
        "zhipu-coding",
        "ZHIPU_API_KEY",
        "https://open.bigmodel.cn/api/coding/paas/v4",
        "https://open.bigmodel.cn/api/anthropic",
    ),
)
