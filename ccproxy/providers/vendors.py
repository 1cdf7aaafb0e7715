"""The vendors, one row each: where they are, what their key is called, and how they depart from their dialect.

What vendors say of themselves changes; a row states what was known of it when it was written, and `quirks` in the
configuration corrects it. Anything left out here is as in `dialects.quirks.Quirks`. The words of effort are those of
`Quirks.efforts`; a model that cannot stop thinking maps `off` to its least effort.
"""

from collections.abc import Mapping

from ccproxy.dialects.quirks import LateSystem, ReasoningControl, ReplayReasoning
from ccproxy.providers.target import Auth
from ccproxy.providers.vendor import Endpoint, Overrides, Rule, Vendor

LOCAL_HOST = "localhost"
"""Where the rows for servers of one's own expect them: their names stand for a program, not for a place."""

_WORDS = ("off", "minimal", "low", "medium", "high", "xhigh", "max")


def _efforts(line: str) -> Mapping[str, str]:
    """The vendor's words in the order of ours: `off minimal low medium high xhigh max`."""
    return dict(zip(_WORDS, line.split(), strict=True))


_NO_REASONING: Overrides = {"reasoning": ReasoningControl.NONE}
_EFFORT_LOW_TO_HIGH: Overrides = {
    "reasoning": ReasoningControl.EFFORT,
    "efforts": _efforts("low low low medium high high high"),
}
_THINKING_SWITCH: Overrides = {
    "reasoning": ReasoningControl.THINKING,
    "efforts": _efforts("disabled enabled enabled enabled enabled enabled enabled"),
}
_OPENAI_REASONS: Overrides = {"samples_while_reasoning": False, "stop_limit": 0}

_OPENAI_RULES = (
    Rule(
        "gpt-[34]*",
        {"system_role": "system", "efforts": {}, "stop_limit": 4, "samples_while_reasoning": True},
    ),
    Rule("gpt-4o*", {"window": 128_000, "max_output_tokens": 16_384}),
    Rule("gpt-4.1*", {"window": 1_047_576, "max_output_tokens": 32_768}),
    Rule("o[0-9]*", {**_OPENAI_REASONS, "samples": False, "efforts": _efforts("low low low medium high high high")}),
    Rule("o[34]*", {"window": 200_000, "max_output_tokens": 100_000}),
    Rule(
        "gpt-5*",
        {
            **_OPENAI_REASONS,
            "samples": False,
            "efforts": _efforts("minimal minimal low medium high high high"),
            "window": 400_000,
            "max_output_tokens": 128_000,
        },
    ),
    Rule("gpt-5.[1-9]*", {"samples": True, "efforts": _efforts("none low low medium high high high")}),
    Rule("gpt-5.1-codex-max*", {"efforts": _efforts("none low low medium high xhigh xhigh")}),
    Rule("gpt-5.[2-5]*", {"efforts": _efforts("none low low medium high xhigh xhigh")}),
    Rule("gpt-5*-chat*", {"efforts": {}, "samples": True, "window": 128_000, "max_output_tokens": 16_384}),
    Rule("gpt-5.[6-9]*", {"efforts": _efforts("none low low medium high xhigh max"), "window": None}),
    Rule(
        "gpt-[6-9]*",
        {**_OPENAI_REASONS, "efforts": _efforts("none low low medium high xhigh max")},
    ),
    Rule("gpt-6*-astra*", {"efforts": _efforts("low low low medium high xhigh max")}),
    Rule("gpt-6.[1-9]*", {"efforts": _efforts("low low low medium high xhigh max")}),
    Rule("gpt-5.3-codex*", {"phases": True}),
    Rule("gpt-5.[4-9]*", {"phases": True}),
    Rule("gpt-5.[6-9]*", {"cache_breakpoints": True}),
    Rule("gpt-[6-9]*", {"phases": True, "cache_breakpoints": True}),
    # Chat completions refuse function tools together with reasoning from 5.4 on, and know these others not at all.
    Rule("gpt-5.[4-9]*", dialect="openai_responses"),
    Rule("gpt-[6-9]*", dialect="openai_responses"),
    Rule("*codex*", dialect="openai_responses"),
    Rule("*-pro", dialect="openai_responses"),
    Rule("*-pro-*", dialect="openai_responses"),
    Rule("*-deep-research*", dialect="openai_responses"),
    Rule("computer-use-*", dialect="openai_responses"),
)

_OPENAI = Vendor(
    name="openai",
    key_variable="OPENAI_API_KEY",
    endpoints={
        "openai_chat": Endpoint("https://api.openai.com/v1"),
        "openai_responses": Endpoint("https://api.openai.com/v1"),
    },
    dialect="openai_chat",
    default_model="gpt-6-sol",
    quirks={
        "max_tokens_field": "max_completion_tokens",
        "system_role": "developer",
        "strict_tools": True,
        "max_tools": 128,
        "documents": True,
        "cache_key": True,
        "user_field": "safety_identifier",
    },
    rules=_OPENAI_RULES,
)

_ANTHROPIC = Vendor(
    name="anthropic",
    key_variable="ANTHROPIC_API_KEY",
    endpoints={"anthropic": Endpoint("https://api.anthropic.com", Auth.X_API_KEY)},
    dialect="anthropic",
    passes_login=True,
    quirks={"documents": True, "cache_markers": True, "max_temperature": 1.0, "top_k": True, "stop_limit": None},
)

_GEMINI = Vendor(
    name="gemini",
    key_variable="GEMINI_API_KEY",
    endpoints={
        "openai_chat": Endpoint(
            "https://generativelanguage.googleapis.com/v1beta/openai",
            quirks={
                "efforts": _efforts("none minimal low medium high high high"),
                "user_field": "",
                "parallel_tool_field": False,
            },
            rules=(
                Rule("gemini-2.5-pro*", {"efforts": _efforts("low low low medium high high high")}),
                Rule("gemini-[3-9]*", {"efforts": _efforts("minimal minimal low medium high high high")}),
                Rule("gemini-*-pro*", {"efforts": _efforts("low low low medium high high high")}),
                Rule("gemini-2.0*", _NO_REASONING),
            ),
        ),
        "gemini": Endpoint("https://generativelanguage.googleapis.com/v1beta", Auth.GOOGLE),
    },
    dialect="gemini",
    default_model="gemini-3.8-flash",
    quirks={"stop_limit": 5, "documents": True, "window": 1_048_576},
)

_OPENROUTER = Vendor(
    name="openrouter",
    key_variable="OPENROUTER_API_KEY",
    endpoints={
        "openai_chat": Endpoint("https://openrouter.ai/api/v1"),
        "anthropic": Endpoint("https://openrouter.ai/api"),
    },
    dialect="openai_chat",
    default_model="openrouter/auto",
    quirks={
        "late_system": LateSystem.USER,
        "documents": True,
        "stop_limit": None,
        "top_k": True,
        "reasoning": ReasoningControl.OPENROUTER,
        "efforts": _efforts("none minimal low medium high xhigh xhigh"),
        "replay_reasoning": ReplayReasoning.DETAILS,
        "web_plugin": True,
        "headers": {"x-title": "ccproxy"},
    },
    rules=(
        Rule("anthropic/*", {"cache_markers": True, "forced_choice_with_reasoning": False}),
        Rule("google/*", {"cache_markers": True}),
        Rule("qwen/*", {"cache_markers": True}),
    ),
)

_DEEPSEEK = Vendor(
    name="deepseek",
    key_variable="DEEPSEEK_API_KEY",
    endpoints={
        "openai_chat": Endpoint("https://api.deepseek.com"),
        "anthropic": Endpoint("https://api.deepseek.com/anthropic"),
    },
    dialect="openai_chat",
    default_model="deepseek-v4-pro",
    quirks={
        "tool_choices": frozenset({"auto", "none"}),
        "forced_choice_with_reasoning": False,
        "parallel_tool_field": False,
        "images": False,
        "schema_output": False,
        "stop_limit": 16,
        "reasoning": ReasoningControl.THINKING_EFFORT,
        "efforts": _efforts("disabled low low high high high max"),
        "replay_reasoning": ReplayReasoning.CONTENT,
        "user_field": "",
    },
)

_GROQ = Vendor(
    name="groq",
    key_variable="GROQ_API_KEY",
    endpoints={"openai_chat": Endpoint("https://api.groq.com/openai/v1")},
    dialect="openai_chat",
    default_model="openai/gpt-oss-120b",
    quirks={
        "max_tokens_field": "max_completion_tokens",
        "max_tools": 128,
        "replay_reasoning": ReplayReasoning.REASONING,
        **_NO_REASONING,
    },
    rules=(
        Rule("*gpt-oss*", {**_EFFORT_LOW_TO_HIGH, "window": 131_072, "images": False}),
        Rule(
            "*qwen3-*",
            {
                "reasoning": ReasoningControl.EFFORT,
                "efforts": _efforts("none default default default default default default"),
                "body": {"reasoning_format": "parsed"},
            },
        ),
        Rule("*qwen3.*", {**_EFFORT_LOW_TO_HIGH, "body": {"reasoning_format": "parsed"}}),
    ),
)

_MISTRAL_REASONS: Overrides = {
    "reasoning": ReasoningControl.EFFORT,
    "efforts": _efforts("none low low medium high xhigh max"),
    "replay_reasoning": ReplayReasoning.PARTS,
}
_MISTRAL = Vendor(
    name="mistral",
    key_variable="MISTRAL_API_KEY",
    endpoints={"openai_chat": Endpoint("https://api.mistral.ai/v1")},
    dialect="openai_chat",
    default_model="mistral-large-latest",
    quirks={
        "late_system": LateSystem.USER,
        "user_may_follow_tool": False,
        "tool_id_pattern": "[a-zA-Z0-9]{9}",
        "stop_limit": None,
        "max_temperature": 1.5,
        "cache_key": True,
        "user_field": "",
        # Its last chunk has the usage without being asked, and unknown fields are refused.
        "stream_usage": False,
        **_NO_REASONING,
    },
    rules=(
        Rule("mistral-medium*", _MISTRAL_REASONS),
        Rule("mistral-small*", _MISTRAL_REASONS),
        Rule("magistral*", {**_NO_REASONING, "replay_reasoning": ReplayReasoning.PARTS}),
    ),
)

_XAI = Vendor(
    name="xai",
    key_variable="XAI_API_KEY",
    endpoints={
        "openai_chat": Endpoint("https://api.x.ai/v1"),
        "openai_responses": Endpoint("https://api.x.ai/v1"),
    },
    dialect="openai_chat",
    default_model="grok-4.6",
    quirks={
        "max_tokens_field": "max_completion_tokens",
        "stop_limit": 0,
        "reasoning_outside_output": True,
        **_NO_REASONING,
    },
    rules=(
        Rule("grok-4.[3-9]*", _EFFORT_LOW_TO_HIGH),
        Rule("grok-4.3*", {"efforts": _efforts("none low low medium high high high")}),
        Rule("grok-4.6*", {"efforts": _efforts("low low low medium high xhigh xhigh")}),
        Rule("grok-2*", {"stop_limit": 4}),
        Rule("*non-reasoning*", {"stop_limit": 4, **_NO_REASONING}),
    ),
)

_MOONSHOT_QUIRKS: Overrides = {
    "tool_choices": frozenset({"auto", "none"}),
    "parallel_tool_field": False,
    "stop_limit": 5,
    "max_temperature": 1.0,
    "cache_key": True,
    "user_field": "",
    "replay_reasoning": ReplayReasoning.CONTENT,
    **_NO_REASONING,
}
_MOONSHOT_RULES = (
    Rule("kimi-k2.[5-9]*", {**_THINKING_SWITCH, "samples": False}),
    Rule(
        "kimi-k[3-9]*",
        {
            "reasoning": ReasoningControl.THINKING_EFFORT,
            "efforts": _efforts("disabled low low high high max max"),
            "samples": False,
        },
    ),
    Rule("*thinking*", {"samples": False}),
)


def _moonshot(name: str, key_variable: str, base_url: str, anthropic: str = "") -> Vendor:
    endpoints = {"openai_chat": Endpoint(base_url)}
    if anthropic:
        endpoints["anthropic"] = Endpoint(anthropic)
    return Vendor(name, key_variable, endpoints, "openai_chat", quirks=_MOONSHOT_QUIRKS, rules=_MOONSHOT_RULES)


_GLM_QUIRKS: Overrides = {
    "tool_choices": frozenset({"auto"}),
    "parallel_tool_field": False,
    "schema_output": False,
    "stop_limit": 1,
    "max_temperature": 1.0,
    "user_field": "",
    "replay_reasoning": ReplayReasoning.CONTENT,
    **_THINKING_SWITCH,
}
_GLM_RULES = (
    Rule(
        "glm-5.2*",
        {
            "reasoning": ReasoningControl.THINKING_EFFORT,
            "efforts": _efforts("disabled minimal low medium high xhigh max"),
        },
    ),
    Rule(
        "glm-5.[3-9]*",
        {"reasoning": ReasoningControl.EFFORT, "efforts": _efforts("low low low high high max max")},
    ),
)


def _glm(name: str, key_variable: str, base_url: str, anthropic: str) -> Vendor:
    return Vendor(
        name,
        key_variable,
        {
            # Without tool_stream the arguments of a call come in one piece.
            "openai_chat": Endpoint(base_url, quirks={"body": {"tool_stream": True}}),
            "anthropic": Endpoint(anthropic),
        },
        "openai_chat",
        quirks=_GLM_QUIRKS,
        rules=_GLM_RULES,
    )


_QWEN_QUIRKS: Overrides = {
    "tool_choices": frozenset({"auto", "none", "named"}),
    "forced_choice_with_reasoning": False,
    "max_temperature": 1.99,
    "top_k": True,
    "cache_markers": True,
    "user_field": "",
    "reasoning": ReasoningControl.ENABLE_THINKING,
    "efforts": _efforts("off minimal low medium high xhigh max"),
    "replay_reasoning": ReplayReasoning.CONTENT,
}


def _qwen(name: str, host: str) -> Vendor:
    return Vendor(
        name,
        "DASHSCOPE_API_KEY",
        {
            "openai_chat": Endpoint(f"https://{host}/compatible-mode/v1"),
            "anthropic": Endpoint(f"https://{host}/apps/anthropic"),
        },
        "openai_chat",
        quirks=_QWEN_QUIRKS,
    )


_MINIMAX = Vendor(
    name="minimax",
    key_variable="MINIMAX_API_KEY",
    endpoints={
        "anthropic": Endpoint("https://api.minimax.io/anthropic"),
        "openai_chat": Endpoint(
            "https://api.minimax.io/v1",
            quirks={
                "body": {"reasoning_split": True},
                "replay_reasoning": ReplayReasoning.DETAILS,
                "think_tags": True,
                **_THINKING_SWITCH,
            },
        ),
    },
    dialect="anthropic",
    quirks={"tool_choices": frozenset({"auto", "none"}), "max_temperature": 1.0, "user_field": ""},
)

_SERVER_OF_ONES_OWN: Overrides = {
    "late_system": LateSystem.USER,
    "stop_limit": None,
    "user_field": "",
    "think_tags": True,
    **_NO_REASONING,
}


def _local(name: str, port: int, quirks: Overrides, rules: tuple[Rule, ...] = ()) -> Vendor:
    endpoint = Endpoint(f"http://{LOCAL_HOST}:{port}/v1")
    quirks = {**_SERVER_OF_ONES_OWN, **quirks}
    return Vendor(name, "", {"openai_chat": endpoint}, "openai_chat", quirks=quirks, rules=rules)


_OLLAMA_THINKS: Overrides = {
    "reasoning": ReasoningControl.EFFORT,
    "efforts": _efforts("none low low medium high xhigh max"),
}


def _compatible(name: str, key_variable: str, base_url: str, quirks: Overrides | None = None) -> Vendor:
    """A vendor of the OpenAI chat dialect of which only the address is known, or little more. No reasoning is asked
    for: what such a vendor would make of the field is not known."""
    return Vendor(
        name,
        key_variable,
        {"openai_chat": Endpoint(base_url)},
        "openai_chat",
        quirks={**_NO_REASONING, "replay_reasoning": ReplayReasoning.NEVER, "think_tags": True, **(quirks or {})},
    )


VENDORS: tuple[Vendor, ...] = (
    _ANTHROPIC,
    _OPENAI,
    _GEMINI,
    _OPENROUTER,
    _DEEPSEEK,
    _GROQ,
    _MISTRAL,
    _XAI,
    _moonshot(
        "moonshot", "MOONSHOT_API_KEY", "https://api.moonshot.ai/v1", anthropic="https://api.moonshot.ai/anthropic"
    ),
    _moonshot(
        "moonshot-cn", "MOONSHOT_API_KEY", "https://api.moonshot.cn/v1", anthropic="https://api.moonshot.cn/anthropic"
    ),
    _moonshot("kimi-coding", "KIMI_API_KEY", "https://api.kimi.com/coding/v1"),
    _glm("zai", "ZAI_API_KEY", "https://api.z.ai/api/paas/v4", "https://api.z.ai/api/anthropic"),
    _glm("zai-coding", "ZAI_API_KEY", "https://api.z.ai/api/coding/paas/v4", "https://api.z.ai/api/anthropic"),
    _glm(
        "zhipu",
        "ZHIPU_API_KEY",
        "https://open.bigmodel.cn/api/paas/v4",
        "https://open.bigmodel.cn/api/anthropic",
    ),
    _qwen("qwen", "dashscope-intl.aliyuncs.com"),
    _qwen("qwen-cn", "dashscope.aliyuncs.com"),
    _MINIMAX,
    _local(
        "ollama",
        11434,
        {
            "tool_choices": frozenset({"auto"}),
            "parallel_tool_field": False,
            "replay_reasoning": ReplayReasoning.REASONING,
        },
        (
            Rule("qwen3*", _OLLAMA_THINKS),
            Rule("deepseek-r1*", _OLLAMA_THINKS),
            Rule("deepseek-v3*", _OLLAMA_THINKS),
            Rule("gpt-oss*", _EFFORT_LOW_TO_HIGH),
        ),
    ),
    _local("vllm", 8000, {"top_k": True, "replay_reasoning": ReplayReasoning.REASONING}),
    _local("lmstudio", 1234, {"tool_choices": frozenset({"auto", "none", "any"})}),
    _local(
        "llamacpp",
        8080,
        {
            "tool_choices": frozenset({"auto", "none", "any"}),
            "top_k": True,
            "replay_reasoning": ReplayReasoning.CONTENT,
        },
    ),
    _compatible("together", "TOGETHER_API_KEY", "https://api.together.xyz/v1"),
    _compatible("fireworks", "FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1"),
    _compatible(
        "cerebras",
        "CEREBRAS_API_KEY",
        "https://api.cerebras.ai/v1",
        {"max_tokens_field": "max_completion_tokens"},
    ),
    _compatible("perplexity", "PERPLEXITY_API_KEY", "https://api.perplexity.ai"),
    _compatible("nvidia", "NVIDIA_API_KEY", "https://integrate.api.nvidia.com/v1"),
    _compatible("huggingface", "HF_TOKEN", "https://router.huggingface.co/v1"),
    _compatible("github", "GITHUB_TOKEN", "https://models.github.ai/inference"),
    _compatible("sambanova", "SAMBANOVA_API_KEY", "https://api.sambanova.ai/v1"),
    _compatible("deepinfra", "DEEPINFRA_API_KEY", "https://api.deepinfra.com/v1/openai"),
    _compatible("hyperbolic", "HYPERBOLIC_API_KEY", "https://api.hyperbolic.xyz/v1"),
    _compatible("siliconflow", "SILICONFLOW_API_KEY", "https://api.siliconflow.com/v1"),
)
