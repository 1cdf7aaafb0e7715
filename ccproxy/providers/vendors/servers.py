"""Programs that people run themselves. A row's name stands for the program, not for a place: `localhost` is where each
listens unless told otherwise."""

from ccproxy.dialects.quirks import LateSystem, ReasoningControl, ReplayReasoning
from ccproxy.providers.vendor import Endpoint, Overrides, Rule, Vendor
from ccproxy.providers.vendors.efforts import LOW_TO_HIGH, NO_REASONING, efforts
from ccproxy.providers.vendors.messages import OWN_MODELS

LOCAL_HOST = "localhost"

_ANY: Overrides = {
    # Most chat templates allow one system message, and that first.
    "late_system": LateSystem.USER,
    "stop_limit": None,
    "user_field": "",
    "think_tags": True,
    **NO_REASONING,
}

_THINKS: Overrides = {
    "reasoning": ReasoningControl.EFFORT,
    "efforts": efforts("none low low medium high xhigh max"),
}


def _server(name: str, port: int, quirks: Overrides, rules: tuple[Rule, ...] = (), anthropic: bool = False) -> Vendor:
    """`anthropic`: it has `/v1/messages` too. Chat is the default all the same: its templates see the same words, and
    tool_choice, documents and late system turns are put so that they can be understood."""
    root = f"http://{LOCAL_HOST}:{port}"
    endpoints = {"openai_chat": Endpoint(f"{root}/v1")}
    if anthropic:
        endpoints["anthropic"] = Endpoint(root, quirks=OWN_MODELS)
    return Vendor(name, "", endpoints, "openai_chat", quirks={**_ANY, **quirks}, rules=rules)


SERVERS = (
    _server(
        "ollama",
        11434,
        {
            # It reads none of them, so the tools that must not be called are not told.
            "tool_choices": frozenset({"auto"}),
            "parallel_tool_field": False,
            "replay_reasoning": ReplayReasoning.REASONING,
        },
        (
            Rule("qwen3*", _THINKS),
            Rule("deepseek-r1*", _THINKS),
            Rule("deepseek-v3*", _THINKS),
            Rule("gpt-oss*", LOW_TO_HIGH),
        ),
        anthropic=True,
    ),
    _server("vllm", 8000, {"top_k": True, "replay_reasoning": ReplayReasoning.REASONING}, anthropic=True),
    _server("lmstudio", 1234, {"tool_choices": frozenset({"auto", "none", "any"}), "top_k": True}, anthropic=True),
    _server(
        "llamacpp",
        8080,
        {
            "tool_choices": frozenset({"auto", "none", "any"}),
            "top_k": True,
            "replay_reasoning": ReplayReasoning.CONTENT,
        },
        anthropic=True,
    ),
    _server("sglang", 30000, {"top_k": True, "replay_reasoning": ReplayReasoning.CONTENT}),
    _server("llamafile", 8080, {"top_k": True}),
    _server("localai", 8080, {"top_k": True}),
    _server("jan", 1337, {}),
    _server("koboldcpp", 5001, {"top_k": True}),
    _server("xinference", 9997, {}),
    _server("litellm", 4000, {"documents": True}),
)
