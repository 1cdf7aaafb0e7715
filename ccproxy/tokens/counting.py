"""How many tokens a whole request is: everything the model reads, not the messages alone.

Proxies that count messages only were 93 % too low on an agent's request, whose bulk is system prompt and tools.
"""

from collections.abc import Iterator
from typing import Any

from ccproxy.model.messages import (
    Media,
    Opaque,
    Part,
    Request,
    Searched,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    WebSearch,
)
from ccproxy.tokens import media
from ccproxy.tokens.ranks import Measure
from ccproxy.wire import jsontext

TURN = 4
"""Tokens around a turn: who speaks, where it starts and ends."""

BLOCK = 8
"""Tokens around a tool call, its result, or a tool's definition."""

TOOLS = 346
"""Tokens of the system prompt that Anthropic adds where a request has tools. Clients subtract it to show what each tool
costs by itself."""

ANSWER = 3
"""Tokens that open the answer."""


def count(request: Request, measure: Measure) -> int:
    """About how many tokens `request` is, its texts by `measure`."""
    fixed = ANSWER + TURN * len(request.turns) + (TOOLS if request.tools else 0)
    texts: list[str] = []
    for tool in request.tools:
        fixed += BLOCK
        texts += _tool(tool)
    for turn in request.turns:
        for part in turn.parts:
            fixed += _fixed(part)
            texts += _texts(part)
    if request.output is not None and request.output.schema is not None:
        texts.append(_json(request.output.schema))
    # Counted as one: joining costs a token for each text, and a call for each would cost more time.
    return fixed + measure("\n".join(texts))


def _tool(tool: Tool | WebSearch | Opaque) -> Iterator[str]:
    match tool:
        case Tool():
            yield tool.name
            yield tool.description
            yield _json(tool.schema)
        case WebSearch():
            yield tool.name
        case Opaque():
            yield _json(tool.value)


def _fixed(part: Part) -> int:
    match part:
        case Media():
            return media.tokens(part)
        case ToolResult():
            return BLOCK + sum(_fixed(inner) for inner in part.parts)
        case ToolUse() | Searched():
            return BLOCK
        case Text() | Thinking() | Opaque():
            return 0


def _texts(part: Part) -> Iterator[str]:
    match part:
        case Text():
            yield part.text
        case Thinking():
            # Withheld reasoning is as long as its seal tells: base64 of what was encrypted.
            yield part.seal if part.withheld else part.text
        case ToolUse():
            yield part.name
            yield part.arguments
        case ToolResult():
            for inner in part.parts:
                yield from _texts(inner)
        case Searched():
            yield part.query
            for source in part.sources:
                yield source.url
                yield source.title
        case Media():
            yield part.name
        case Opaque():
            yield _json(part.value)


def _json(value: Any) -> str:
    return jsontext.dumps(value).decode("utf-8")
