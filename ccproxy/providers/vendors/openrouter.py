"""OpenRouter: many vendors behind one address, with a vocabulary of its own for reasoning and for files."""

from ccproxy.dialects.quirks import LateSystem, ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Rule, Vendor
from ccproxy.providers.vendors.efforts import efforts
from ccproxy.providers.vendors.messages import PARTNER

OPENROUTER = Vendor(
    name="openrouter",
    key_variable="OPENROUTER_API_KEY",
    endpoints={
        # Its Anthropic endpoint gives no reasoning_details, without which Gemini's and OpenAI's tool loops break.
        "openai_chat": Endpoint("https://openrouter.ai/api/v1"),
        "anthropic": Endpoint("https://openrouter.ai/api", quirks=PARTNER),
    },
    dialect="openai_chat",
    default_model="openrouter/auto",
    quirks={
        "late_system": LateSystem.USER,
        "documents": True,
        "stop_limit": None,
        "top_k": True,
        "reasoning": ReasoningControl.OPENROUTER,
        "efforts": efforts("none minimal low medium high xhigh xhigh"),
        "replay_reasoning": ReplayReasoning.DETAILS,
        "web_plugin": True,
        # Tell OpenRouter which program asks; it takes an address of this machine where there is a title.
        "headers": {"http-referer": "http://localhost:3456", "x-title": "ccproxy"},
    },
    rules=(
        Rule("anthropic/*", {"cache_markers": True, "forced_choice_with_reasoning": False}),
        Rule("google/*", {"cache_markers": True}),
        Rule("qwen/*", {"cache_markers": True}),
        Rule("moonshotai/*", {"typed_branches": True}),
    ),
)
