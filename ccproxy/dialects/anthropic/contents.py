"""What a client's messages hold: blocks to parts. What is unknown becomes opaque, what is wrong names its place."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ccproxy.dialects.anthropic.blocks import Searches
from ccproxy.dialects.anthropic.tables import ATTRIBUTION, NAME
from ccproxy.dialects.pictures import as_it_is
from ccproxy.errors import ApiError, Kind, invalid
from ccproxy.model.messages import (
    EMPTY,
    Extras,
    Inline,
    Media,
    Medium,
    Opaque,
    Part,
    Remote,
    Searched,
    Stored,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from ccproxy.wire import fields
from ccproxy.wire.fields import Object, below
from ccproxy.wire.jsontext import NotJson, dumps_str


def parts(value: Any, path: str) -> list[Part]:
    """The parts of a content, which is a string or an array of blocks."""
    if isinstance(value, str):
        return [Text(value)] if value else []
    if not isinstance(value, list):
        raise invalid(path, "a string or an array of blocks", value)
    searches = Searches()
    found: list[Part] = []
    for at, block in enumerate(value):
        for part in _read(fields.as_object(block, f"{path}[{at}]"), f"{path}[{at}]"):
            whole = searches.see(part) if isinstance(part, Opaque) else part
            if whole is not None:
                found.append(whole)
    return [*found, *searches.rest()]


def without_attribution(found: list[Part]) -> list[Part]:
    """A system prompt's parts without the attribution line, be it a block of its own or the first line of one."""
    kept: list[Part] = []
    for part in found:
        if isinstance(part, Text) and part.text.lstrip().startswith(ATTRIBUTION):
            rest = part.text.lstrip().partition("\n")[2].lstrip("\n")
            if not rest:
                continue
            part = Text(rest, part.extras)
        kept.append(part)
    return kept


def extras(block: Object, *known: str) -> Extras:
    """The fields of a block that only this dialect knows."""
    rest = {key: field for key, field in block.items() if key not in known and key != "type" and field is not None}
    return {NAME: rest} if rest else EMPTY


def _read(block: Object, path: str) -> Iterator[Part]:
    read = _READERS.get(fields.text(block, "type", path))
    if read is None:
        yield Opaque(NAME, block)
    else:
        yield from read(block, path)


def _text(block: Object, path: str) -> Iterator[Part]:
    text = fields.text(block, "text", path)
    if text:
        yield Text(text, extras(block, "text"))


def _image(block: Object, path: str) -> Iterator[Part]:
    source = _source(fields.mapping(block, "source", path), below(path, "source"))
    if source is None:
        yield Opaque(NAME, block)
    else:
        yield Media(Medium.IMAGE, as_it_is(source), extras=extras(block, "source"))


def _source(source: Object, path: str) -> Inline | Remote | Stored | None:
    match fields.text(source, "type", path):
        case "base64":
            data = "".join(fields.text(source, "data", path).split())
            return Inline(fields.text(source, "media_type", path), data)
        case "url":
            return Remote(fields.text(source, "url", path))
        case "file":
            return Stored(fields.text(source, "file_id", path))
        case _:
            return None


def _document(block: Object, path: str) -> Iterator[Part]:
    """A file stays one. Plain text becomes text below its title, and so does what is made of blocks."""
    source, place = fields.mapping(block, "source", path), below(path, "source")
    title, context = fields.optional_text(block, "title", path), fields.optional_text(block, "context", path)
    heading = "\n".join(words for words in (title, context) if words)
    own = extras(block, "source", "title", "context")
    match source.get("type"):
        case "text":
            text = fields.text(source, "data", place)
            yield Text(f"{heading}\n{text}" if heading else text, own)
        case "content":
            if heading:
                yield Text(heading)
            yield from parts(source.get("content"), below(place, "content"))
        case _:
            found = _source(source, place)
            yield Opaque(NAME, block) if found is None else Media(Medium.DOCUMENT, found, title, own)


def _search_result(block: Object, path: str) -> Iterator[Part]:
    heading = [fields.optional_text(block, key, path) for key in ("title", "source")]
    inner = parts(block.get("content") or "", below(path, "content"))
    words = [*heading, *(part.text for part in inner if isinstance(part, Text))]
    yield Text("\n".join(filter(None, words)) or "(empty search result)", extras(block, "title", "source", "content"))


def _thinking(block: Object, path: str) -> Iterator[Part]:
    signature = fields.optional_text(block, "signature", path)
    yield Thinking(fields.optional_text(block, "thinking", path), signature)


def _redacted_thinking(block: Object, path: str) -> Iterator[Part]:
    yield Thinking("", fields.optional_text(block, "data", path), withheld=True)


def _tool_use(block: Object, path: str) -> Iterator[Part]:
    given = fields.optional_mapping(block, "input", path)
    try:
        arguments = dumps_str(given or {})
    except NotJson as error:
        raise ApiError(Kind.INVALID, f"{below(path, 'input')}: {error}") from None
    id, name = fields.text(block, "id", path), fields.text(block, "name", path)
    yield ToolUse(id, name, arguments, extras(block, "id", "name", "input"))


def _tool_result(block: Object, path: str) -> Iterator[Part]:
    content = block.get("content")
    place = below(path, "content")
    inner = [] if content is None else parts(content, place)
    found: list[Text | Media | Opaque] = []
    for part in inner:
        match part:
            case Text() | Media() | Opaque():
                found.append(part)
            case Thinking() | ToolUse() | ToolResult() | Searched():
                raise invalid(place, "text, images, documents and the like", "calls, results or thinking")
    id, failed = fields.text(block, "tool_use_id", path), fields.flag(block, "is_error", path)
    yield ToolResult(id, tuple(found), failed, extras(block, "tool_use_id", "content", "is_error"))


def _tool_reference(block: Object, path: str) -> Iterator[Part]:
    """What a search for tools found. The tool itself is among the request's from now on; here it is only told."""
    yield Text(f"Tool {fields.text(block, 'tool_name', path)} is now available.")


def _nothing(block: Object, path: str) -> Iterator[Part]:
    """Changes of the tools are made before the messages are read."""
    yield from ()


_READERS: Mapping[str, Callable[[Object, str], Iterator[Part]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "tool_reference": _tool_reference,
    "tool_addition": _nothing,
    "tool_removal": _nothing,
}
