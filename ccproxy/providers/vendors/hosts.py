"""Services that run open models of many makers behind one address. Their own SDKs' types say what each takes."""

from ccproxy.dialects.quirks import LateSystem, ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Rule, Vendor
from ccproxy.providers.vendors.efforts import LOW_HIGH_MAX, LOW_TO_HIGH, NO_REASONING, NONE_TO_HIGH, efforts

CEREBRAS = Vendor(
    name="cerebras",
    key_variable="CEREBRAS_API_KEY",
    endpoints={"openai_chat": Endpoint("https://api.cerebras.ai/v1")},
    dialect="openai_chat",
    default_model="gpt-oss-120b",
    quirks={
        "max_tokens_field": "max_completion_tokens",
        "images": False,
        "cache_key": True,
        "replay_reasoning": ReplayReasoning.REASONING,
        **NO_REASONING,
    },
    rules=(
        Rule("gpt-oss*", {**LOW_TO_HIGH, "window": 131_072, "max_output_tokens": 40_960}),
        Rule("zai-glm-4*", {**NONE_TO_HIGH, "window": 131_072, "max_output_tokens": 40_960}),
        Rule("qwen-3.8*", {**NONE_TO_HIGH, "images": True, "window": 65_536, "max_output_tokens": 32_768}),
        Rule("gemma-4*", {"images": True, "window": 131_072, "max_output_tokens": 40_960}),
        Rule("zai-glm-5.3*", LOW_HIGH_MAX),
        Rule("kimi-k3*", LOW_HIGH_MAX),
    ),
)

TOGETHER = Vendor(
    name="together",
    key_variable="TOGETHER_API_KEY",
    endpoints={"openai_chat": Endpoint("https://api.together.xyz/v1")},
    dialect="openai_chat",
    quirks={
        "late_system": LateSystem.USER,
        "parallel_tool_field": False,
        "stop_limit": None,
        "top_k": True,
        "user_field": "",
        # The usage comes with the last chunk without being asked for.
        "stream_usage": False,
        "replay_reasoning": ReplayReasoning.NEVER,
        "think_tags": True,
        **NO_REASONING,
    },
    rules=(
        Rule("openai/gpt-oss*", {**LOW_TO_HIGH, "window": 131_072, "images": False}),
        # Thinking is their default, and with it they refuse a forced choice.
        Rule("deepseek-ai/deepseek-v4*", {"tool_choices": frozenset({"auto", "none"}), "images": False}),
    ),
)

FIREWORKS = Vendor(
    name="fireworks",
    key_variable="FIREWORKS_API_KEY",
    endpoints={
        "openai_chat": Endpoint("https://api.fireworks.ai/inference/v1"),
        "openai_responses": Endpoint("https://api.fireworks.ai/inference/v1"),
    },
    dialect="openai_chat",
    quirks={
        "late_system": LateSystem.USER,
        "stop_limit": 4,
        "top_k": True,
        "cache_key": True,
        "replay_reasoning": ReplayReasoning.CONTENT,
        "think_tags": True,
        **NO_REASONING,
    },
    rules=(
        Rule("*/deepseek-v3*", NONE_TO_HIGH),
        Rule(
            "*/deepseek-v4*",
            {"reasoning": ReasoningControl.EFFORT, "efforts": efforts("none low low medium high xhigh xhigh")},
        ),
        Rule("*/qwen3-*", NONE_TO_HIGH),
        Rule("*/qwen3-*-instruct*", NO_REASONING),
        Rule("*/qwen3-coder*", NO_REASONING),
        Rule("*/glm-4p*", NONE_TO_HIGH),
        Rule(
            "*/glm-5*",
            {"reasoning": ReasoningControl.EFFORT, "efforts": efforts("none high high high high max max")},
        ),
        Rule("*/glm-5p3*", LOW_HIGH_MAX),
        Rule("*/gpt-oss*", LOW_TO_HIGH),
        Rule("*/minimax-m2*", LOW_TO_HIGH),
        Rule("*/kimi-k2p[5-9]*", LOW_TO_HIGH),
        Rule("*/kimi-k2-thinking*", LOW_TO_HIGH),
    ),
)

NVIDIA = Vendor(
    name="nvidia",
    key_variable="NVIDIA_API_KEY",
    endpoints={"openai_chat": Endpoint("https://integrate.api.nvidia.com/v1")},
    dialect="openai_chat",
    quirks={
        "late_system": LateSystem.USER,
        # Fields that a model's own page does not name are refused.
        "user_field": "",
        "parallel_tool_field": False,
        "stop_limit": None,
        "think_tags": True,
        **NO_REASONING,
    },
    rules=(
        Rule("openai/gpt-oss*", {**LOW_TO_HIGH, "window": 131_072, "images": False}),
        Rule("meta/llama-3*", {"window": 128_000, "max_output_tokens": 4_096}),
    ),
)

HUGGINGFACE = Vendor(
    name="huggingface",
    key_variable="HF_TOKEN",
    endpoints={"openai_chat": Endpoint("https://router.huggingface.co/v1")},
    dialect="openai_chat",
    quirks={
        # What is behind the router differs by model and day: only what all of them take is said.
        "late_system": LateSystem.USER,
        "parallel_tool_field": False,
        "user_field": "",
        "think_tags": True,
        **NO_REASONING,
    },
    rules=(Rule("openai/gpt-oss*", {**LOW_TO_HIGH, "window": 131_072, "images": False}),),
)

PERPLEXITY = Vendor(
    name="perplexity",
    key_variable="PERPLEXITY_API_KEY",
    endpoints={"openai_chat": Endpoint("https://api.perplexity.ai")},
    dialect="openai_chat",
    default_model="sonar-pro",
    quirks={
        "late_system": LateSystem.USER,
        "alternate_roles": True,
        "tool_choices": frozenset({"auto", "none", "any"}),
        "stop_limit": None,
        "top_k": True,
        "user_field": "",
        # Every chunk has the usage so far.
        "stream_usage": False,
        "think_tags": True,
        **NO_REASONING,
    },
    rules=(
        Rule("sonar", {"window": 128_000, "max_output_tokens": 4_096}),
        Rule("sonar-pro*", {"window": 200_000, "max_output_tokens": 8_192}),
        Rule(
            "sonar-reasoning*",
            {
                "reasoning": ReasoningControl.EFFORT,
                "efforts": efforts("minimal minimal low medium high high high"),
                "window": 128_000,
            },
        ),
        Rule(
            "sonar-deep-research*",
            {
                "reasoning": ReasoningControl.EFFORT,
                "efforts": efforts("minimal minimal low medium high high high"),
                "window": 128_000,
                "max_output_tokens": 32_768,
            },
        ),
    ),
)
