"""Google's Gemini by its developer API. Which model takes which wish to reason is in `dialects.gemini.tables`."""

from ccproxy.providers.target import Auth
from ccproxy.providers.vendor import Endpoint, Rule, Vendor
from ccproxy.providers.vendors.efforts import NO_REASONING, efforts

GEMINI = Vendor(
    name="gemini",
    key_variable="GEMINI_API_KEY",
    endpoints={
        "openai_chat": Endpoint(
            "https://generativelanguage.googleapis.com/v1beta/openai",
            quirks={
                "efforts": efforts("none minimal low medium high high high"),
                "user_field": "",
                "parallel_tool_field": False,
            },
            rules=(
                Rule("gemini-2.5-pro*", {"efforts": efforts("low low low medium high high high")}),
                Rule("gemini-[3-9]*", {"efforts": efforts("minimal minimal low medium high high high")}),
                Rule("gemini-*-pro*", {"efforts": efforts("low low low medium high high high")}),
                Rule("gemini-2.0*", NO_REASONING),
            ),
        ),
        "gemini": Endpoint("https://generativelanguage.googleapis.com/v1beta", Auth.GOOGLE),
    },
    # Its own: the other has no place for signed reasoning that is not on a call, nor for documents.
    dialect="gemini",
    default_model="gemini-3.8-flash",
    quirks={"stop_limit": 5, "documents": True, "window": 1_048_576},
    rules=(
        Rule("gemini-*", {"max_output_tokens": 65_536}),
        Rule("gemini-2.0*", {"max_output_tokens": 8_192}),
        Rule("gemma-*", {"window": 262_144, "max_output_tokens": 32_768}),
    ),
)
