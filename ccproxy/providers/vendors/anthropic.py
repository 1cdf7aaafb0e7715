"""Anthropic. What its models take of a request is in `dialects.anthropic.models`, which knows them by generation."""

from ccproxy.providers.target import Auth
from ccproxy.providers.vendor import Endpoint, Rule, Vendor

ANTHROPIC = Vendor(
    name="anthropic",
    key_variable="ANTHROPIC_API_KEY",
    endpoints={"anthropic": Endpoint("https://api.anthropic.com", Auth.X_API_KEY)},
    dialect="anthropic",
    passes_login=True,
    quirks={"documents": True, "cache_markers": True, "max_temperature": 1.0, "top_k": True, "stop_limit": None},
    rules=(
        Rule("claude-*", {"window": 200_000}),
        Rule("claude-*-4-[6-9]*", {"window": 1_000_000}),
        Rule("claude-opus-[5-9]*", {"window": 1_000_000}),
        Rule("claude-sonnet-[5-9]*", {"window": 1_000_000}),
        Rule("claude-fable-*", {"window": 1_000_000}),
    ),
)
