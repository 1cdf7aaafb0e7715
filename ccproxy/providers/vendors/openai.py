"""OpenAI, and the clouds that serve its models: Azure, and what was GitHub Models."""

from ccproxy.providers.target import Auth
from ccproxy.providers.vendor import Endpoint, Overrides, Rule, Vendor
from ccproxy.providers.vendors.efforts import NO_REASONING, efforts
from ccproxy.providers.vendors.messages import PARTNER

_REASONS: Overrides = {"samples_while_reasoning": False, "stop_limit": 0}

_RULES = (
    Rule(
        "gpt-[34]*",
        {"system_role": "system", "efforts": {}, "stop_limit": 4, "samples_while_reasoning": True},
    ),
    Rule("gpt-3.5*", {"window": 16_385, "max_output_tokens": 4_096, "images": False}),
    Rule("gpt-4", {"window": 8_192, "max_output_tokens": 8_192, "images": False}),
    Rule("gpt-4-turbo*", {"window": 128_000, "max_output_tokens": 4_096}),
    Rule("gpt-4o*", {"window": 128_000, "max_output_tokens": 16_384}),
    Rule("gpt-4o-2024-05-13", {"max_output_tokens": 4_096}),
    Rule("gpt-4.1*", {"window": 1_047_576, "max_output_tokens": 32_768}),
    Rule(
        "o[0-9]*",
        {
            **_REASONS,
            "samples": False,
            "efforts": efforts("low low low medium high high high"),
            "window": 200_000,
            "max_output_tokens": 100_000,
        },
    ),
    Rule("o3-mini*", {"images": False}),
    Rule(
        "gpt-5*",
        {
            **_REASONS,
            "samples": False,
            "efforts": efforts("minimal minimal low medium high high high"),
            "window": 400_000,
            "max_output_tokens": 128_000,
        },
    ),
    Rule("gpt-5-pro*", {"efforts": efforts("high high high high high high high"), "max_output_tokens": 272_000}),
    Rule("gpt-5.[1-9]*", {"samples": True, "efforts": efforts("none low low medium high high high")}),
    Rule("gpt-5.1-codex-max*", {"efforts": efforts("none low low medium high xhigh xhigh")}),
    Rule("gpt-5.[2-5]*", {"efforts": efforts("none low low medium high xhigh xhigh")}),
    Rule("gpt-5.[45]*", {"window": 1_050_000}),
    Rule("gpt-5.4-mini*", {"window": 400_000}),
    Rule("gpt-5.4-nano*", {"window": 400_000}),
    Rule("gpt-5.3-codex-spark*", {"window": 128_000, "max_output_tokens": 32_000}),
    Rule("gpt-5*-chat*", {"efforts": {}, "samples": True, "window": 128_000, "max_output_tokens": 16_384}),
    Rule("gpt-5.[6-9]*", {"efforts": efforts("none low low medium high xhigh max"), "window": None}),
    Rule("gpt-[6-9]*", {**_REASONS, "efforts": efforts("none low low medium high xhigh max")}),
    Rule("gpt-6*-astra*", {"efforts": efforts("low low low medium high xhigh max")}),
    Rule("gpt-6.[1-9]*", {"efforts": efforts("low low low medium high xhigh max")}),
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

_QUIRKS: Overrides = {
    "max_tokens_field": "max_completion_tokens",
    "system_role": "developer",
    "strict_tools": True,
    "max_tools": 128,
    "cache_key": True,
}

OPENAI = Vendor(
    name="openai",
    key_variable="OPENAI_API_KEY",
    endpoints={
        "openai_chat": Endpoint("https://api.openai.com/v1"),
        "openai_responses": Endpoint("https://api.openai.com/v1"),
    },
    dialect="openai_chat",
    default_model="gpt-6-sol",
    quirks={**_QUIRKS, "documents": True, "user_field": "safety_identifier"},
    rules=_RULES,
)

_FOUNDRY: Overrides = {
    # Answers 422 to OpenAI's newer words.
    "max_tokens_field": "max_tokens",
    "system_role": "system",
    "strict_tools": False,
    "cache_key": False,
    "user_field": "",
    **NO_REASONING,
}

_AZURE = "https://${AZURE_RESOURCE_NAME}.openai.azure.com/openai/v1"

AZURE = Vendor(
    name="azure",
    key_variable="AZURE_API_KEY",
    endpoints={
        # Its chat takes no files; Responses does.
        "openai_chat": Endpoint(_AZURE, Auth.AZURE, quirks={"documents": False}),
        "openai_responses": Endpoint(_AZURE, Auth.AZURE),
        "anthropic": Endpoint(
            "https://${AZURE_RESOURCE_NAME}.services.ai.azure.com/anthropic",
            Auth.X_API_KEY,
            quirks={**PARTNER, "cache_markers": True, "max_temperature": 1.0, "top_k": True, "stop_limit": None},
        ),
    },
    dialect="openai_chat",
    quirks={**_QUIRKS, "documents": True},
    # Deployments are asked by the name that their owner gave them: these hold for those called as their model is.
    rules=(
        *_RULES,
        Rule("*mistral*", _FOUNDRY),
        Rule("*ministral*", _FOUNDRY),
        Rule("*llama*", _FOUNDRY),
        Rule("*phi-*", _FOUNDRY),
        Rule("*deepseek*", _FOUNDRY),
        Rule("*grok*", _FOUNDRY),
        Rule("claude-*", {"window": 200_000}, dialect="anthropic"),
    ),
)

GITHUB = Vendor(
    # Retired by GitHub on 30 July 2026; the row stands for those who still have the address in a configuration.
    name="github",
    key_variable="GITHUB_TOKEN",
    endpoints={"openai_chat": Endpoint("https://models.github.ai/inference")},
    dialect="openai_chat",
    quirks={"user_field": "", "parallel_tool_field": False, "efforts": {}},
    rules=(
        Rule("openai/*", {"parallel_tool_field": True, "window": 128_000, "max_output_tokens": 16_384}),
        Rule(
            "openai/o[0-9]*",
            {
                **_REASONS,
                "max_tokens_field": "max_completion_tokens",
                "system_role": "developer",
                "samples": False,
                "efforts": efforts("low low low medium high high high"),
                "window": 200_000,
                "max_output_tokens": 100_000,
            },
        ),
        Rule(
            "openai/gpt-5*",
            {
                **_REASONS,
                "max_tokens_field": "max_completion_tokens",
                "system_role": "developer",
                "samples": False,
                "efforts": efforts("minimal minimal low medium high high high"),
                "window": 200_000,
                "max_output_tokens": 100_000,
            },
        ),
        Rule("openai/gpt-5-chat*", {"efforts": {}}),
        Rule("mistral-ai/*", {"tool_id_pattern": "[a-zA-Z0-9]{9}", "user_may_follow_tool": False}),
    ),
)
