"""xAI."""

from ccproxy.dialects.quirks import ReasoningControl
from ccproxy.providers.vendor import Endpoint, Overrides, Rule, Vendor
from ccproxy.providers.vendors.efforts import LOW_TO_HIGH, NO_REASONING, efforts

_ENCRYPTED: Overrides = {"body": {"include": ["reasoning.encrypted_content"]}}
"""For models that reason and have no field by which to ask for it: their reasoning comes back sealed all the same."""

XAI = Vendor(
    name="xai",
    key_variable="XAI_API_KEY",
    endpoints={
        "openai_chat": Endpoint(
            "https://api.x.ai/v1",
            quirks={"max_tokens_field": "max_completion_tokens", "reasoning_outside_output": True},
        ),
        "openai_responses": Endpoint(
            "https://api.x.ai/v1",
            # Obfuscation is OpenAI's alone, and so is the option that turns it off.
            quirks={"stream_usage": False, "cache_key": True, "documents": True},
            rules=(
                Rule("grok-4", _ENCRYPTED),
                Rule("grok-4-*", _ENCRYPTED),
                Rule("grok-4.[12]*", _ENCRYPTED),
                Rule("grok-code*", _ENCRYPTED),
                Rule("grok-build*", _ENCRYPTED),
                Rule("*non-reasoning*", {"body": {}}),
            ),
        ),
    },
    # xAI calls its chat completions deprecated: they have no field for earlier reasoning.
    dialect="openai_responses",
    default_model="grok-4.6",
    quirks={"stop_limit": 0, "max_tools": 128, **NO_REASONING},
    rules=(
        Rule("grok-4*", {"window": 256_000}),
        Rule("grok-4.2*", {"window": 1_000_000}),
        Rule("grok-4.3*", {"window": 1_000_000}),
        Rule("grok-4.[5-9]*", {"window": 500_000}),
        Rule("grok-code*", {"window": 256_000}),
        Rule("grok-build*", {"window": 256_000}),
        Rule("grok-4.[3-9]*", LOW_TO_HIGH),
        Rule("grok-4.3*", {"efforts": efforts("none low low medium high high high")}),
        Rule("grok-4.6*", {"efforts": efforts("low low low medium high xhigh xhigh")}),
        Rule(
            "grok-3-mini*", {"reasoning": ReasoningControl.EFFORT, "efforts": efforts("low low low low high high high")}
        ),
        Rule("grok-3*", {"window": 131_072, "images": False}),
        Rule("grok-2*", {"stop_limit": 4}),
        Rule("*non-reasoning*", {"stop_limit": 4, **NO_REASONING}),
    ),
)
