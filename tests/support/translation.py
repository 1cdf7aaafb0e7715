"""What becomes of a request on its way to an upstream of each dialect, and the table of it in the documentation.

`python -m tests.support.translation` writes the table anew.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Extras,
    Media,
    Opaque,
    Part,
    Reasoning,
    Request,
    Text,
    Think,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Turn,
    WebSearch,
)
from tests.support.cases import CASES, STATE, UPSTREAM_MODELS, UPSTREAMS, Case

DOCUMENT = Path(__file__).parents[2] / "docs" / "translation.md"


LATE = "changes: told in the user's turn beside it, within `<system>` tags"
ORPHAN = "changes: told as text"
SHORTER = "changes: a shorter name with a hash; the client sees its own"
LEGAL = "changes: a legal name with a hash; the client sees its own"
NEAREST = "changes: the nearest word of effort"
FAILED = "changes: `Error:` before the text"
HASHED = "changes: a hash of it"
SHOWN = "changes: shown"

CHANGES: Mapping[tuple[str, str], tuple[frozenset[str], str]] = {
    ("late_system", "anthropic"): (frozenset({"turns"}), LATE),
    ("late_system", "openai_chat"): (frozenset({"turns"}), LATE),
    ("late_system", "gemini"): (frozenset({"turns"}), LATE),
    ("own_thinking", "openai_chat"): (frozenset({"thinking"}), "changes: sent in the vendor's own field"),
    ("own_thinking", "openai_responses"): (frozenset({"thinking", "turns"}), "changes: sent as the vendor's own item"),
    ("own_thinking", "gemini"): (frozenset({"thinking"}), "changes: the signature alone, on the call"),
    ("result_image", "openai_chat"): (frozenset({"turns"}), "changes: in the user's turn after the results"),
    ("result_pdf", "openai_chat"): (frozenset({"turns"}), "changes: in the user's turn after the results"),
    ("result_failed", "openai_chat"): (frozenset({"turns"}), FAILED),
    ("result_failed", "openai_responses"): (frozenset({"turns"}), FAILED),
    ("result_empty", "openai_chat"): (frozenset({"turns"}), "changes: an empty text"),
    ("orphan_result", "anthropic"): (frozenset({"turns"}), ORPHAN),
    ("orphan_result", "openai_chat"): (frozenset({"turns"}), ORPHAN),
    ("orphan_result", "openai_responses"): (frozenset({"turns"}), ORPHAN),
    ("orphan_result", "gemini"): (frozenset({"turns"}), ORPHAN),
    ("long_tool_name", "openai_chat"): (frozenset({"tools"}), SHORTER),
    ("long_tool_name", "openai_responses"): (frozenset({"tools"}), SHORTER),
    ("long_tool_name", "gemini"): (frozenset({"tools"}), SHORTER),
    ("odd_tool_name", "anthropic"): (frozenset({"tools"}), LEGAL),
    ("odd_tool_name", "openai_chat"): (frozenset({"tools"}), LEGAL),
    ("odd_tool_name", "openai_responses"): (frozenset({"tools"}), LEGAL),
    ("odd_tool_name", "gemini"): (frozenset({"tools"}), LEGAL),
    ("odd_schema", "openai_chat"): (frozenset({"tools"}), "changes: without `$schema`"),
    ("odd_schema", "openai_responses"): (frozenset({"tools"}), "changes: without `$schema`"),
    ("odd_schema", "gemini"): (
        frozenset({"tools"}),
        "changes: references resolved; what the vendor does not know is told in descriptions",
    ),
    ("reasoning_minimal", "anthropic"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_minimal", "openai_responses"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_minimal", "gemini"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_xhigh", "anthropic"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_xhigh", "gemini"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_max", "openai_chat"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_max", "gemini"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_budget", "openai_responses"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_budget", "gemini"): (frozenset({"reasoning"}), NEAREST),
    ("reasoning_hidden", "anthropic"): (frozenset({"reasoning"}), SHOWN),
    ("reasoning_hidden", "openai_chat"): (frozenset({"reasoning"}), SHOWN),
    ("output_any", "anthropic"): (frozenset({"output", "turns"}), "changes: asked for in the system prompt"),
    ("cache_markers", "openai_responses"): (frozenset({"cache"}), "changes: the vendor's own breakpoints"),
    ("cache_markers", "gemini"): (frozenset({"cache"}), "dropped: the vendor caches by itself"),
    ("user", "anthropic"): (frozenset({"user"}), HASHED),
    ("user", "openai_chat"): (frozenset({"user"}), HASHED),
    ("user", "openai_responses"): (frozenset({"user"}), HASHED),
}
"""By case and upstream: the fields that are said otherwise, and how, in the words of the documentation. What a renderer
names among its losses needs no entry."""

CHANGES_BETWEEN: Mapping[tuple[str, str, str], str] = {
    ("pdf", "gemini", "openai_chat"): "a document that has no name is given one",
    ("pdf", "gemini", "openai_responses"): "a document that has no name is given one",
    ("result_pdf", "gemini", "openai_responses"): "a document that has no name is given one",
    ("result_image", "openai_chat", "openai_responses"): "the texts of a result are joined",
    ("result_image", "openai_chat", "gemini"): "the texts of a result are joined",
    ("result_empty", "openai_chat", "anthropic"): "an empty text is left out",
    ("result_empty", "openai_chat", "openai_responses"): "an empty text is left out",
    ("result_empty", "openai_chat", "gemini"): "an empty text is left out",
    ("reasoning_off", "gemini", "anthropic"): "the least reasoning, hidden, is shown",
    ("reasoning_off", "gemini", "openai_chat"): "the least reasoning, hidden, is shown",
    ("reasoning_max", "openai_chat", "anthropic"): "a clipped effort falls to the next word the model knows",
}
"""By case, dialect of the client and upstream: what differs because of how that client says it."""


@frozen
class Outcome:
    """What became of one request: the fields that differ after the target's own parser read it, what the renderer
    declared lost, and the words of a refusal."""

    differs: Mapping[str, tuple[Any, Any]]
    losses: tuple[str, ...] = ()
    refusal: str = ""
    watched: bool = False
    """Whether ccproxy itself must watch for stop sequences."""
    body: bytes = b""


def said(request: Request) -> dict[str, Any]:
    """What a request says, by field, in a form in which only meaning differs: neighbouring turns of one role are one
    turn, arguments are values, and who says nothing of reasoning wants none. The model's name and streaming are the
    target's affair."""
    sampling = request.sampling
    parts = [part for turn in request.turns for part in turn.parts]
    reasoning = request.reasoning
    if reasoning.think in (Think.UNSAID, Think.OFF) and reasoning.effort is None:
        reasoning = Reasoning(Think.OFF)
    return {
        "turns": _turns(request.turns),
        "thinking": [part.text for part in parts if isinstance(part, Thinking) and part.text],
        "tools": [_tool(tool) for tool in request.tools],
        "tool_choice": request.tool_choice,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "stop": sampling.stop,
        "reasoning": reasoning,
        "output": request.output and (request.output.schema and dict(request.output.schema), request.output.name),
        "cache": [index for index, part in enumerate(_texts(parts)) if "cache_control" in _anthropic(part.extras)],
        "user": request.user,
        "extras": {name for fields in request.extras.values() for name in fields},
    }


def _texts(parts: list[Part]) -> list[Text]:
    return [part for part in parts if isinstance(part, Text)]


def _anthropic(extras: Extras) -> Mapping[str, Any]:
    return extras.get("anthropic", {})


def _turns(turns: tuple[Turn, ...]) -> list[tuple[str, list[Any]]]:
    merged: list[tuple[str, list[Any]]] = []
    for turn in turns:
        if not merged or merged[-1][0] != turn.role.value:
            merged.append((turn.role.value, []))
        merged[-1][1].extend(_part(part) for part in turn.parts if not isinstance(part, Thinking))
    return merged


def _part(part: Part) -> Any:
    match part:
        case Text(text):
            return text
        case ToolUse(id, name, arguments):
            return ("call", id, name, json.loads(arguments))
        case ToolResult(id, parts, failed):
            return ("result", id, [_part(inner) for inner in parts], failed)
        case Media(medium, source, name):
            return (medium, source, name)
        case Opaque(dialect, value):
            return (dialect, dict(value))
        case _:
            return part


def _tool(tool: Tool | WebSearch | Opaque) -> Any:
    match tool:
        case Tool(name, description, schema, strict):
            return (name, description, dict(schema), strict)
        case WebSearch(_, max_uses, allowed, blocked, location):
            return ("web search", max_uses, allowed, blocked, location)
        case Opaque(dialect, value):
            return (dialect, dict(value))


def outcome(request: Request, to: str) -> Outcome:
    """What becomes of a request on its way to an upstream of the dialect `to`."""
    dialect = DIALECTS[to]
    try:
        outgoing = dialect.render_request(request, UPSTREAMS[to])
    except ApiError as error:
        if error.kind is not Kind.UNTRANSLATABLE:
            raise
        return Outcome({}, refusal=error.message)
    before, after = said(request), said(dialect.parse_request({}, outgoing.body))
    after["stop"] += outgoing.unwatched_stops
    after["extras"] &= before["extras"]
    differs = {name: (value, after[name]) for name, value in before.items() if value != after[name]}
    return Outcome(
        differs,
        outgoing.losses,
        watched=bool(outgoing.unwatched_stops),
        body=outgoing.body,
    )


def direct(case: Case, to: str) -> Outcome:
    """What becomes of a case on its way to `to`. The state of reasoning, which no parser need understand, differs where
    it is not in the body as it was given."""
    found = outcome(case.request(to), to)
    if "state" in case.shows and STATE.encode() not in found.body:
        return evolve(found, differs={**found.differs, "state": (True, False)})
    return found


def as_client(case: Case, of: str, to: str) -> Request | None:
    """The case as a client of the dialect `of` says it; None where that dialect cannot."""
    dialect = DIALECTS[of]
    given = case.request(to)
    try:
        body = dialect.render_request(given, UPSTREAMS[of]).body
    except ApiError:
        return None
    read = dialect.parse_request({}, body)
    if "extras" not in case.shows:
        # What its SDK sends with every request, such as `stream_options`, is no part of the case.
        read = evolve(read, extras=given.extras)
    # A vendor that reasons unless told otherwise is told; a client that wants nothing is silent.
    return read if "reasoning" in case.shows else evolve(read, reasoning=given.reasoning)


def cell(name: str, to: str) -> str:
    """What becomes of a case, in the words of the table."""
    found = direct(CASES[name], to)
    if found.refusal:
        return f"refused: {found.refusal}"
    words = [f"dropped: {', '.join(found.losses)}"] if found.losses else []
    if (name, to) in CHANGES:
        words.append(CHANGES[name, to][1])
    return "; ".join(words) or ("passes: ccproxy watches for them" if found.watched else "passes")


def document() -> str:
    """The whole page, in Markdown."""
    upstreams = [f"`{to}`: {vendor}, {model}" for to, (vendor, model) in UPSTREAM_MODELS.items()]
    rows = [["", *DIALECTS], ["---"] * (len(DIALECTS) + 1)]
    rows += [[case.title, *(cell(name, to) for to in DIALECTS)] for name, case in CASES.items()]
    lines = [
        "# What passes, what changes, what is dropped",
        "",
        "Each row is a thing that a request may hold, each column the dialect of the upstream it goes to.",
        "",
        "- *passes*: the upstream is told the same.",
        "- *changes*: it is told in other words.",
        "- *dropped*: it is not told. Where words follow, they are those of the translation itself.",
        "- *refused*: the client gets this error instead of an answer.",
        "",
        "Another vendor or model of the same dialect may take more or less. The columns were made for",
        "",
        *(f"- {upstream}" for upstream in upstreams),
        "",
        "This page is written by `python -m tests.support.translation`; the tests compare it with what the code does.",
        "",
        *(f"| {' | '.join(entry.replace('|', chr(92) + '|') for entry in row)} |" for row in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document(), encoding="utf-8")
