"""Requests of the model, which between them hold everything that can be said to a Responses upstream."""

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.seals import seal
from ccproxy.model.messages import (
    Choose,
    Effort,
    Inline,
    Media,
    Medium,
    Opaque,
    Output,
    Reasoning,
    Remote,
    Request,
    Role,
    Sampling,
    Searched,
    Source,
    Text,
    Think,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    WebSearch,
)

RICH_QUIRKS = Quirks(
    vendor="openai",
    model="gpt-5.6",
    account="k1",
    system_role="developer",
    efforts={"off": "none", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"},
    documents=True,
    strict_tools=True,
    phases=True,
    cache_key=True,
    cache_breakpoints=True,
    user_field="safety_identifier",
    max_output_tokens=128000,
    samples_while_reasoning=False,
)
"""OpenAI's own, with all that it knows."""

STATE = {"id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "gAAAA"}
SEAL = seal(RICH_QUIRKS, {"i": STATE})

CACHED = {"anthropic": {"cache_control": {"type": "ephemeral"}}}

BASH = Tool("Bash", "Run a command.", {"type": "object", "properties": {"command": {"type": "string"}}})
STRICT = Tool(
    "Add",
    "",
    {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"], "additionalProperties": False},
    strict=True,
)
PNG = Inline("image/png", "aGk=")


def user(*parts: Text | Media | ToolResult | Opaque, role: Role = Role.USER) -> Turn:
    """A turn of the user."""
    return Turn(role, parts)


def model(*parts: Text | Thinking | ToolUse | Searched | Opaque) -> Turn:
    """A turn of the model."""
    return Turn(Role.ASSISTANT, parts)


def system(text: str, marked: bool = False) -> Turn:
    """A system turn."""
    return Turn(Role.SYSTEM, (Text(text, CACHED) if marked else Text(text),))


CONVERSATIONS = {
    "plain": Request("m", (user(Text("Hi")),)),
    "everything of the top level": Request(
        "m",
        (system("Be kind."), system("Be brief."), user(Text("Hi", CACHED))),
        tools=(BASH, STRICT, WebSearch(allowed_domains=("a.org",), location={"type": "approximate", "city": "Bonn"})),
        tool_choice=ToolChoice(Choose.NAMED, "Bash", parallel=False),
        sampling=Sampling(max_tokens=64000, temperature=0.5, top_p=0.9, top_k=5, stop=("STOP",)),
        reasoning=Reasoning(Think.ADAPTIVE, Effort.HIGH),
        output=Output({"type": "object", "properties": {}, "additionalProperties": False}, "answer"),
        user="alice@example.org",
        session="s1",
        stream=True,
    ),
    "a tool loop with reasoning": Request(
        "m",
        (
            user(Text("List."), Media(Medium.IMAGE, PNG), Media(Medium.IMAGE, Remote("https://a.org/b.png"))),
            model(Thinking("Hm.", SEAL), Text("I look."), ToolUse("t1", "Bash", '{"command":"ls"}')),
            user(ToolResult("t1", (Text("a"), Media(Medium.IMAGE, PNG)))),
            model(Thinking("Hm.", SEAL), ToolUse("t2", "Bash", "")),
            user(ToolResult("t2", (), failed=True), Text("Go on.")),
        ),
        tools=(BASH,),
        tool_choice=ToolChoice(Choose.ANY),
        reasoning=Reasoning(Think.OFF),
    ),
    "documents, searches, late system turns": Request(
        "m",
        (
            system("Be kind.", marked=True),
            user(Media(Medium.DOCUMENT, Inline("application/pdf", "aGk="), "a.pdf")),
            model(Searched("ws", "news", (Source("https://a.org", "A"),)), Text("One."), Text("Two.")),
            system("Be brief."),
            user(Media(Medium.DOCUMENT, Remote("https://a.org/a.pdf")), Opaque("anthropic", {"type": "container"})),
        ),
        tools=(WebSearch(),),
        tool_choice=ToolChoice(Choose.NAMED, "web_search"),
        output=Output(),
        reasoning=Reasoning(Think.BUDGET, budget=9000, shown=False),
    ),
    "a custom tool": Request(
        "m",
        (
            user(Text("Patch.")),
            model(ToolUse("c1", "apply_patch", '{"input":"*** x"}', {"openai_responses": {"custom": True}})),
            user(ToolResult("c1", (Text("Done."),))),
        ),
        tools=(
            Tool(
                "apply_patch",
                "",
                {},
                extras={
                    "openai_responses": {
                        "name": "apply_patch",
                        "namespace": "",
                        "custom": True,
                        "tool": {"type": "custom", "name": "apply_patch", "format": {"type": "text"}},
                    }
                },
            ),
        ),
        extras={"openai_responses": {"truncation": "auto", "text": {"verbosity": "low"}}},
    ),
}
