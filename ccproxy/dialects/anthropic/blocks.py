"""The blocks of an answer as an upstream writes them, and web searches, which are two blocks there and one to us."""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.anthropic.tables import NAME
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block
from ccproxy.model.messages import Citation, Extras, Opaque, Searched, Source, Text, Thinking, ToolUse
from ccproxy.wire.jsontext import dumps_str

NATIVE: Extras = {NAME: {}}
"""Marks reasoning that an upstream of this very dialect wrote: it knew what the client had asked for."""

WEB_SEARCH = "web_search"


def read_block(value: Mapping[str, Any]) -> Block:
    """A whole block. Missing texts are empty; what is not known is opaque, and what is of no type is nothing."""
    match value.get("type") or _guessed(value):
        case "text":
            citations = value.get("citations")
            found = [one for one in citations if isinstance(one, dict)] if isinstance(citations, list) else []
            return Text(_text(value, "text"), citations=tuple(map(read_citation, found)))
        case "thinking":
            return Thinking(_text(value, "thinking"), _text(value, "signature"), extras=NATIVE)
        case "redacted_thinking":
            return Thinking("", _text(value, "data"), withheld=True, extras=NATIVE)
        case "tool_use":
            arguments = value.get("input")
            return ToolUse(_text(value, "id"), _text(value, "name"), dumps_str(arguments) if arguments else "")
        case str():
            return Opaque(NAME, value)
        case _:
            return Text("")


def _guessed(value: Mapping[str, Any]) -> str | None:
    """The type of a block that tells none: only what has this field is of it."""
    return next((kind for field, kind in _TELLING.items() if field in value), None)


def nameless() -> ApiError:
    """The error for a call of nothing."""
    return ApiError(Kind.BROKEN, "the upstream sent a tool call without a name")


_TELLING = {"text": "text", "thinking": "thinking", "input": "tool_use"}


class Searches:
    """Pairs a search with its result. `see` gives the block that is complete now, if one is; `rest` those whose other
    half never came."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[str, Mapping[str, Any]] = {}

    def see(self, block: Opaque) -> Searched | Opaque | None:
        value = block.value
        match value.get("type"), value.get("id"), value.get("tool_use_id"):
            case "server_tool_use", str(id), _ if value.get("name") == WEB_SEARCH:
                self._calls[id] = value
                return None
            case "web_search_tool_result", _, str(id) if id in self._calls:
                return _searched(id, self._calls.pop(id), value)
            case _:
                return block

    def rest(self) -> list[Opaque]:
        calls, self._calls = list(self._calls.values()), {}
        return [Opaque(NAME, call) for call in calls]


def _searched(id: str, call: Mapping[str, Any], result: Mapping[str, Any]) -> Searched:
    asked, found = call.get("input"), result.get("content")
    sources = [
        Source(_text(page, "url"), _text(page, "title"))
        for page in (found if isinstance(found, list) else [])
        if isinstance(page, dict) and page.get("type") == "web_search_result"
    ]
    query = _text(asked, "query") if isinstance(asked, dict) else ""
    return Searched(id, query, tuple(sources), {NAME: {"call": call, "result": result}})


def search_blocks(block: Searched) -> tuple[dict[str, Any], dict[str, Any]]:
    """The call and the result of a search: as they came, or, from another vendor, as Anthropic would write them. Pages
    of other vendors have no encrypted content."""
    own = block.extras.get(NAME, {})
    if own:
        return dict(own["call"]), dict(own["result"])
    call = {"type": "server_tool_use", "id": block.id, "name": WEB_SEARCH, "input": {"query": block.query}}
    pages = [
        {
            "type": "web_search_result",
            "url": source.url,
            "title": source.title or source.url,
            "encrypted_content": "",
            "page_age": None,
        }
        for source in block.sources
    ]
    return call, {"type": "web_search_tool_result", "tool_use_id": block.id, "content": pages}


def read_citation(value: Mapping[str, Any]) -> Citation:
    """A citation of any kind; those that name no page mean something to this dialect alone."""
    return Citation(_text(value, "url"), _text(value, "title"), _text(value, "cited_text"), extras={NAME: value})


def write_citation(citation: Citation) -> dict[str, Any] | None:
    """The citation as it came, or another vendor's as one of a search; None for what cannot be one. Those of other
    vendors have no encrypted index."""
    if own := citation.extras.get(NAME):
        return dict(own)
    if not citation.url:
        return None
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title or None,
        "cited_text": citation.quoted,
        "encrypted_index": "",
    }


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
