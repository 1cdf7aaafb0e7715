"""Alibaba's DashScope, whose models are called Qwen."""

from ccproxy.dialects.quirks import ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Overrides, Rule, Vendor
from ccproxy.providers.vendors.efforts import NO_REASONING, efforts
from ccproxy.providers.vendors.messages import OWN_MODELS

_QUIRKS: Overrides = {
    "tool_choices": frozenset({"auto", "none", "named"}),
    "forced_choice_with_reasoning": False,
    "max_temperature": 1.99,
    "top_k": True,
    "cache_markers": True,
    "user_field": "",
    "reasoning": ReasoningControl.ENABLE_THINKING,
    "efforts": efforts("off minimal low medium high xhigh max"),
    "replay_reasoning": ReplayReasoning.CONTENT,
}
_READS_ONLY: Overrides = {"images": False}
_RULES = (
    Rule("qwen-max*", {**NO_REASONING, **_READS_ONLY, "window": 32_768, "max_output_tokens": 8_192}),
    Rule("qwen-plus*", {**_READS_ONLY, "window": 1_000_000, "max_output_tokens": 32_768}),
    Rule("qwen-flash*", {**_READS_ONLY, "window": 1_000_000, "max_output_tokens": 32_768}),
    Rule("qwen-turbo*", {**_READS_ONLY, "window": 1_000_000, "max_output_tokens": 16_384}),
    Rule("qwen2*", NO_REASONING),
    Rule("qwen3-[0-9]*", _READS_ONLY),
    Rule("qwen3-max*", {**_READS_ONLY, "window": 262_144, "max_output_tokens": 65_536}),
    Rule("qwen3-next*", {**_READS_ONLY, "window": 131_072, "max_output_tokens": 32_768}),
    Rule("qwen3-coder*", {**NO_REASONING, **_READS_ONLY, "window": 1_000_000, "max_output_tokens": 65_536}),
    Rule("qwen3-coder-[0-9]*", {"window": 262_144}),
    Rule("qwen3.[5-9]*", {"window": 1_000_000, "max_output_tokens": 65_536}),
    Rule("qwen3.6-max*", {**_READS_ONLY, "window": 262_144}),
    Rule("qwen3.7-max*", _READS_ONLY),
    Rule("qwen3.8*", {"max_output_tokens": 131_072}),
    Rule("qwq*", {**NO_REASONING, **_READS_ONLY, "window": 131_072, "max_output_tokens": 8_192}),
    Rule("*-instruct*", NO_REASONING),
    Rule("*-thinking*", NO_REASONING),
)


def _qwen(name: str, host: str) -> Vendor:
    return Vendor(
        name,
        "DASHSCOPE_API_KEY",
        {
            "openai_chat": Endpoint(f"https://{host}/compatible-mode/v1"),
            "anthropic": Endpoint(f"https://{host}/apps/anthropic", quirks=OWN_MODELS),
        },
        "openai_chat",
        quirks=_QUIRKS,
        rules=_RULES,
    )


def _plan(name: str, key_variable: str, base_url: str) -> Vendor:
    return Vendor(name, key_variable, {"openai_chat": Endpoint(base_url)}, "openai_chat", quirks=_QUIRKS, rules=_RULES)


QWENS = (
    _qwen("qwen", "dashscope-intl.aliyuncs.com"),
    _qwen("qwen-cn", "dashscope.aliyuncs.com"),
    _plan("qwen-coding", "ALIBABA_CODING_PLAN_API_KEY", "https://coding-intl.dashscope.aliyuncs.com/v1"),
    _plan("qwen-coding-cn", "ALIBABA_CODING_PLAN_API_KEY", "https://coding.dashscope.aliyuncs.com/v1"),
    _plan(
        "qwen-token",
        "ALIBABA_TOKEN_PLAN_API_KEY",
        "https://token-plan.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1",
    ),
    _plan(
        "qwen-token-cn",
        "ALIBABA_TOKEN_PLAN_API_KEY",
        "https://token-plan.cn-beijing.maas.aliyuncs.com/compatible-mode/v1",
    ),
)
