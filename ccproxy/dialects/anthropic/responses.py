"""Whole replies of /v1/messages: an upstream's read, and ours written."""

from typing import Any

from attrs import evolve

from ccproxy.dialects.anthropic.audience import Audience, message_id
from ccproxy.dialects.anthropic.blocks import Searches, nameless, read_block, search_blocks, write_citation
from ccproxy.dialects.anthropic.errors import in_band
from ccproxy.dialects.anthropic.usage import read_stop, read_usage, write_stop, write_usage
from ccproxy.dialects.citing import in_words
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolids import own_id
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block
from ccproxy.model.messages import Media, Opaque, Request, Searched, Text, Thinking, ToolUse
from ccproxy.model.replies import Response
from ccproxy.model.usage import Reason
from ccproxy.wire.jsontext import NotJson, dumps, loads


def parse_response(body: bytes, quirks: Quirks) -> Response:
    """Reads a message, and what is missing in it as empty. Raises the error that the body holds, or BROKEN."""
    try:
        value = loads(body)
    except NotJson as error:
        shown = body[:200].decode("utf-8", "replace")
        raise ApiError(Kind.BROKEN, f"the upstream's answer is not JSON ({error}): {shown}") from None
    if isinstance(value, dict) and (value.get("type") == "error" or ("content" not in value and "error" in value)):
        raise in_band(value, body)
    content = value.get("content") if isinstance(value, dict) else None
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        shown = body[:200].decode("utf-8", "replace")
        raise ApiError(Kind.BROKEN, f"the upstream's answer is no message, for it has no content: {shown}")
    id, model = value.get("id"), value.get("model")
    id = id if isinstance(id, str) else ""
    return Response(
        id,
        model if isinstance(model, str) else quirks.model,
        tuple(_read_blocks(content, id)),
        read_stop(value),
        read_usage(value.get("usage")),
    )


def _read_blocks(content: list[Any], answer: str) -> list[Block]:
    searches = Searches()
    blocks: list[Block] = []
    ids: set[str] = set()
    for value in content:
        if not isinstance(value, dict):
            continue
        try:
            block = read_block(value)
        except NotJson as error:
            raise ApiError(Kind.BROKEN, f"the upstream sent what cannot be written again: {error}") from None
        match block:
            case Opaque():
                whole = searches.see(block)
                if whole is not None:
                    blocks.append(whole)
            case ToolUse(name=""):
                raise nameless()
            case ToolUse():
                blocks.append(evolve(block, id=own_id(block.id, ids, answer)))
            case _:
                blocks.append(block)
    return [*blocks, *searches.rest()]


def render_response(response: Response, request: Request) -> bytes:
    """The reply for the client who asked. A call that the token limit cut off is left out, for it must not be run;
    raises BROKEN where arguments are no JSON object without such a reason."""
    audience = Audience(request)
    cut = response.stop.reason in (Reason.LENGTH, Reason.WINDOW)
    content: list[dict[str, Any]] = []
    for block in response.blocks:
        if audience.sees(block):
            content += _written(block, audience, cut)
    called = any(block["type"] == "tool_use" for block in content)
    return dumps(
        {
            "id": message_id(response.id),
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": content,
            **write_stop(response.stop, called),
            "usage": write_usage(response.usage),
        }
    )


def _written(block: Block, audience: Audience, cut: bool) -> list[dict[str, Any]]:
    match block:
        case Text(text):
            citations = [found for each in block.citations if (found := write_citation(each)) is not None]
            return [{"type": "text", "text": text, **({"citations": citations} if citations else {})}] if text else []
        case Media():
            return [{"type": "text", "text": in_words(block)}]
        case Thinking(_, seal, withheld=True):
            return [{"type": "redacted_thinking", "data": seal}] if seal else []
        case Thinking(text, seal):
            shown = text if audience.reads_thinking else ""
            return [{"type": "thinking", "thinking": shown, "signature": seal}] if text or seal else []
        case ToolUse(id, name, arguments):
            try:
                value = _arguments(name, arguments)
            except ApiError:
                if cut:
                    return []
                raise
            return [{"type": "tool_use", "id": audience.call_id(id), "name": audience.name(name), "input": value}]
        case Searched():
            return list(search_blocks(block))
        case Opaque(_, whole):
            return [dict(whole)]


def _arguments(name: str, text: str) -> dict[str, Any]:
    """The arguments as the object that clients want; some models write it into a string once more."""
    try:
        value = loads(text) if text.strip() else {}
        if isinstance(value, str):
            value = loads(value)
    except NotJson as error:
        raise ApiError(Kind.BROKEN, f"the upstream called {name} with arguments that are not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ApiError(Kind.BROKEN, f"the upstream called {name} with arguments that are no object")
    return value
