"""Requests of which each shows one thing that a client may ask, for the matrix of translations."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, frozen

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
    Part,
    Reasoning,
    Remote,
    Request,
    Role,
    Sampling,
    Stored,
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
from ccproxy.providers.catalogue import vendor

STATE = "c3RhdGUgb2YgdGhlIHZlbmRvcg=="
"""What stands for a vendor's own reasoning state: wherever it goes, it is found again in the body."""

PNG = Inline(
    "image/png", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = Inline("application/pdf", "JVBERi0xLjQKJSVFT0YK")

WAV = Inline("audio/wav", "UklGRiQAAABXQVZFZm10IA==")

UPSTREAM_MODELS = {
    "anthropic": ("anthropic", "claude-sonnet-4-6"),
    "openai_chat": ("openrouter", "qwen/qwen3-max"),
    "openai_responses": ("openai", "gpt-5.6"),
    "gemini": ("gemini", "gemini-3.8-flash"),
}
"""By dialect, the vendor and model that stand for its upstreams."""


def _typical(dialect: str) -> Quirks:
    name, model = UPSTREAM_MODELS[dialect]
    row = vendor(name)
    if row is None:
        raise LookupError(f"the catalogue has no vendor {name}")
    return evolve(Quirks(**row.overrides(model, dialect)), vendor=name, model=model, account="0123456789ab")


UPSTREAMS: Mapping[str, Quirks] = {dialect: _typical(dialect) for dialect in UPSTREAM_MODELS}

_SEALED: Mapping[str, Mapping[str, Any]] = {
    "openai_chat": {"t": "Think.", "details": [{"type": "reasoning.encrypted", "data": STATE}]},
    "openai_responses": {"i": {"id": "rs_1", "summary": [], "encrypted_content": STATE}},
    "gemini": {"call": STATE},
}


def own_seal(dialect: str) -> str:
    """The signature of reasoning that came from the upstream of this dialect: Anthropic's as it is, others sealed."""
    return STATE if dialect == "anthropic" else seal(UPSTREAMS[dialect], _SEALED[dialect])


@frozen
class Case:
    """One thing. `shows` names the fields of `translation.said` it is about; `request` makes it for the dialect of the
    upstream, which matters to reasoning alone."""

    title: str
    shows: frozenset[str]
    request: Callable[[str], Request]


WEATHER = Tool("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
TIME = Tool("time", "Tells the time.", {"type": "object", "properties": {}})
LIMIT = Sampling(max_tokens=16_000)
ASKED = Turn(Role.USER, (Text("What is the weather?"),))


def _request(*turns: Turn, **fields: Any) -> Request:
    return Request("model", turns or (ASKED,), **{"sampling": LIMIT, **fields})


def _plain(title: str, shows: str, *turns: Turn, **fields: Any) -> Case:
    request = _request(*turns, **fields)
    return Case(title, frozenset({shows}), lambda dialect: request)


def _user(*parts: Part) -> Turn:
    return Turn(Role.USER, parts)


def _model(*parts: Part) -> Turn:
    return Turn(Role.ASSISTANT, parts)


def _system(text: str) -> Turn:
    return Turn(Role.SYSTEM, (Text(text),))


def _call(number: int = 1, tool: str = "weather", arguments: str = '{"city":"Rome"}') -> ToolUse:
    return ToolUse(f"toolu_{number}", tool, arguments)


def _answered(title: str, *results: ToolResult) -> Case:
    return _plain(title, "turns", ASKED, _model(_call()), _user(*results), tools=(WEATHER,))


def _result(*parts: Text | Media | Opaque, number: int = 1, failed: bool = False) -> ToolResult:
    return ToolResult(f"toolu_{number}", parts, failed)


def _choice(title: str, choice: ToolChoice) -> Case:
    return _plain(title, "tool_choice", tools=(WEATHER, TIME), tool_choice=choice)


def _reasoning(title: str, reasoning: Reasoning) -> Case:
    return _plain(title, "reasoning", reasoning=reasoning, sampling=Sampling(max_tokens=32_000))


def _sampled(title: str, shows: str, **fields: Any) -> Case:
    return _plain(title, shows, sampling=Sampling(max_tokens=16_000, **fields))


def _thought(title: str, thinking: Callable[[str], Thinking], *shows: str) -> Case:
    def request(dialect: str) -> Request:
        turns = (ASKED, _model(thinking(dialect), _call()), _user(_result(Text("Sunny."))))
        return _request(*turns, tools=(WEATHER,), reasoning=Reasoning(Think.ADAPTIVE, Effort.HIGH))

    return Case(title, frozenset(shows), request)


_FOREIGN = seal(Quirks(vendor="elsewhere", model="other"), {"t": "Think.", "state": STATE})
_MARKED = {"anthropic": {"cache_control": {"type": "ephemeral"}}}
_ODD_NAME = Tool(
    "mcp__a-server-with-a-rather-long-name__and-a-tool-with-a-name-as-long-as-that",
    "Has a long name.",
    {"type": "object", "properties": {}},
)
_ODD_SCHEMA = Tool(
    "odd",
    "Has a schema with much in it.",
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "size": {"type": ["integer", "null"], "minimum": 1, "exclusiveMaximum": 10},
            "where": {"$ref": "#/$defs/place"},
            "which": {"oneOf": [{"const": "a"}, {"type": "string", "pattern": "^b"}]},
        },
        "$defs": {"place": {"type": "object", "properties": {"city": {"type": "string", "minLength": 1}}}},
        "additionalProperties": False,
    },
)
_PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}

CASES: Mapping[str, Case] = {
    "text": _plain(
        "Text", "turns", _user(Text("Hello."), Text("And more.")), _model(Text("Hi.")), _user(Text("Go on."))
    ),
    "system": _plain("System prompt", "turns", _system("Be brief."), ASKED),
    "late_system": _plain(
        "System turn in mid-conversation", "turns", ASKED, _model(Text("Sun.")), ASKED, _system("Stop.")
    ),
    "image": _plain("Image", "turns", _user(Text("Look:"), Media(Medium.IMAGE, PNG))),
    "remote_image": _plain(
        "Image by URL", "turns", _user(Text("Look:"), Media(Medium.IMAGE, Remote("https://example.com/a.png")))
    ),
    "audio": _plain("Sound", "turns", _user(Text("Hear:"), Media(Medium.AUDIO, WAV))),
    "pdf": _plain("PDF with a name", "turns", _user(Text("Read:"), Media(Medium.DOCUMENT, PDF, "report.pdf"))),
    "stored_file": _plain(
        "File uploaded elsewhere", "turns", _user(Media(Medium.DOCUMENT, Stored("file_1")), Text("Read."))
    ),
    "prefill": _plain("Beginning of the answer", "turns", ASKED, _model(Text("It is"))),
    "own_thinking": _thought(
        "Reasoning of this vendor", lambda dialect: Thinking("Think.", own_seal(dialect)), "state"
    ),
    "unsealed_thinking": _thought("Reasoning without a signature", lambda dialect: Thinking("Think."), "thinking"),
    "foreign_thinking": _thought(
        "Reasoning sealed by another vendor", lambda dialect: Thinking("Think.", _FOREIGN), "thinking"
    ),
    "withheld_thinking": _thought(
        "Reasoning withheld by Anthropic", lambda dialect: Thinking("", STATE, withheld=True), "state", "thinking"
    ),
    "tool_use": _plain(
        "Tool call and result",
        "turns",
        ASKED,
        _model(Text("Let me see."), _call()),
        _user(_result(Text("Sunny."))),
        tools=(WEATHER,),
    ),
    "parallel_tools": _plain(
        "Parallel tool calls",
        "turns",
        ASKED,
        _model(_call(1), _call(2, "time", "{}")),
        _user(_result(Text("Sunny.")), _result(Text("Noon."), number=2)),
        tools=(WEATHER, TIME),
    ),
    "result_image": _answered("Image in a tool result", _result(Text("See:"), Media(Medium.IMAGE, PNG))),
    "result_pdf": _answered("PDF in a tool result", _result(Media(Medium.DOCUMENT, PDF, "report.pdf"))),
    "result_failed": _answered("Failed tool result", _result(Text("No such city."), failed=True)),
    "result_empty": _answered("Empty tool result", _result()),
    "orphan_result": _plain(
        "Tool result without its call", "turns", ASKED, _model(Text("Hm.")), _user(_result(Text("Sunny.")), Text("So?"))
    ),
    "tools": _plain("Tools", "tools", tools=(WEATHER, TIME)),
    "long_tool_name": _plain("Tool with a long name", "tools", tools=(_ODD_NAME,)),
    "odd_tool_name": _plain(
        "Tool with odd characters in its name", "tools", tools=(evolve(TIME, name="notes.read/all"),)
    ),
    "strict_tool": _plain("Strict tool", "tools", tools=(Tool("place", "Names a place.", _PLACE, strict=True),)),
    "odd_schema": _plain("Tool with a rich schema", "tools", tools=(_ODD_SCHEMA,)),
    "choice_any": _choice("Some tool must be called", ToolChoice(Choose.ANY)),
    "choice_named": _choice("A named tool must be called", ToolChoice(Choose.NAMED, "time")),
    "choice_none": _choice("No tool may be called", ToolChoice(Choose.NONE)),
    "parallel_off": _choice("One call at a time", ToolChoice(parallel=False)),
    "web_search": _plain("Web search", "tools", tools=(WebSearch(),)),
    "web_search_beside": _plain("Web search beside other tools", "tools", tools=(WEATHER, WebSearch())),
    "web_search_limits": _plain(
        "Web search with limits", "tools", tools=(WebSearch(max_uses=3, allowed_domains=("example.com",)),)
    ),
    "too_long": _plain("More output than the model has", "max_tokens", sampling=Sampling(max_tokens=1_000_000)),
    "temperature": _sampled("Temperature", "temperature", temperature=0.5),
    "hot": _sampled("Temperature above 1", "temperature", temperature=1.5),
    "top_p": _sampled("top_p", "top_p", top_p=0.5),
    "top_k": _sampled("top_k", "top_k", top_k=5),
    "stop": _sampled("Stop sequences", "stop", stop=("END", "STOP")),
    "reasoning_off": _reasoning("Reasoning off", Reasoning(Think.OFF)),
    "reasoning_minimal": _reasoning("Effort minimal", Reasoning(Think.ADAPTIVE, Effort.MINIMAL)),
    "reasoning_low": _reasoning("Effort low", Reasoning(Think.ADAPTIVE, Effort.LOW)),
    "reasoning_medium": _reasoning("Effort medium", Reasoning(Think.ADAPTIVE, Effort.MEDIUM)),
    "reasoning_high": _reasoning("Effort high", Reasoning(Think.ADAPTIVE, Effort.HIGH)),
    "reasoning_xhigh": _reasoning("Effort xhigh", Reasoning(Think.ADAPTIVE, Effort.XHIGH)),
    "reasoning_max": _reasoning("Effort max", Reasoning(Think.ADAPTIVE, Effort.MAX)),
    "reasoning_budget": _reasoning("Reasoning with a budget", Reasoning(Think.BUDGET, budget=8_000)),
    "reasoning_hidden": _reasoning("Reasoning not shown", Reasoning(Think.ADAPTIVE, Effort.HIGH, shown=False)),
    "output_schema": _plain("JSON by a schema", "output", output=Output(_PLACE)),
    "output_any": _plain("JSON of any shape", "output", output=Output()),
    "cache_markers": _plain(
        "Cache markers", "cache", Turn(Role.SYSTEM, (Text("Be brief.", _MARKED),)), _user(Text("Hello.", _MARKED))
    ),
    "user": _plain("Name of the user", "user", user="someone"),
    "own_field": _plain(
        "Field that only OpenAI's chat knows", "extras", extras={"openai_chat": {"presence_penalty": 0.5}}
    ),
    "unknown_part": _plain(
        "Part that only Anthropic knows",
        "turns",
        _user(Text("Hello."), Opaque("anthropic", {"type": "novelty", "text": "New."})),
    ),
}
"""Every thing by its name."""
