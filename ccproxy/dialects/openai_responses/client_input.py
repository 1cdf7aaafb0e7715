"""The `input` of a client's request, read into turns.

Items that the model said and that stand together are one turn of its; so are outputs of calls that stand together.
"""

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ccproxy.dialects.openai_responses.signatures import uncarry
from ccproxy.dialects.openai_responses.tables import NAME
from ccproxy.dialects.openai_responses.tools import AnyTool, flat_name, read_tools, wrapped
from ccproxy.dialects.pictures import as_it_is
from ccproxy.errors import ApiError, Kind, invalid
from ccproxy.model.messages import (
    Inline,
    Media,
    Medium,
    Opaque,
    Part,
    Remote,
    Role,
    Searched,
    Source,
    Stored,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
)

_ROLES = {
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
}
_TEXTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})
_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?:;[^,]*)?,(?P<data>.*)", re.DOTALL | re.IGNORECASE)


class Items:
    """Reads `input` into turns. `tools` are those that items declare in mid-conversation."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.tools: list[AnyTool] = []
        self._outputs = False

    def instruct(self, instructions: Any) -> None:
        """What stands before all of it. Raises INVALID."""
        if instructions is not None and not isinstance(instructions, str):
            raise invalid("instructions", "a string", instructions)
        if instructions:
            self.turns.append(Turn(Role.SYSTEM, (Text(instructions),)))

    def read(self, value: Any) -> None:
        """All of it. Raises INVALID with the path of what is wrong."""
        if isinstance(value, str):
            self._message(Role.USER, (Text(value),))
            return
        if not isinstance(value, list):
            raise invalid("input", "a string or an array of items", value)
        for index, item in enumerate(value):
            path = f"input[{index}]"
            if not isinstance(item, dict):
                raise invalid(path, "an object", item)
            self._item(item, path)

    def _item(self, item: Mapping[str, Any], path: str) -> None:
        kind = item.get("type")
        if kind is None and "role" in item:
            kind = "message"
        match kind:
            case "message":
                self._role_message(item, path)
            case "reasoning":
                self._said(_thinking(item))
            case "function_call":
                self._said(_call(item, path))
            case "custom_tool_call":
                self._said(_custom_call(item, path))
            case "function_call_output" | "custom_tool_call_output":
                self._output(
                    ToolResult(_required(item, "call_id", path), _result(item.get("output"), f"{path}.output"))
                )
            case "web_search_call":
                self._said(_search(item))
            case "image_generation_call" if _string(item.get("result")):
                form = _string(item.get("output_format")) or "png"
                source = Inline(f"image/{form}", _string(item["result"]))
                self._said(Media(Medium.IMAGE, source, extras={NAME: item}))
            case "item_reference":
                raise ApiError(Kind.UNTRANSLATABLE, f"{path}: no such item is kept here; send the item itself")
            case "additional_tools" | "tool_search_output":
                self.tools += read_tools(item.get("tools") or [], f"{path}.tools")
            case str():
                if kind.endswith(("_output", "_response")):
                    self._output(Opaque(NAME, item))
                else:
                    self._said(Opaque(NAME, item))
            case _:
                raise invalid(f"{path}.type", "the type of an item", kind)

    def _role_message(self, item: Mapping[str, Any], path: str) -> None:
        role = item.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise invalid(f"{path}.role", "user, assistant, system or developer", role)
        content = _content(item.get("content"), f"{path}.content")
        if _ROLES[role] is not Role.ASSISTANT:
            self._message(_ROLES[role], content)
            return
        phase = item.get("phase")
        for part in content:
            if isinstance(part, Text) and isinstance(phase, str):
                part = evolve(part, extras={NAME: {"phase": phase}})
            self._said(part)

    def _message(self, role: Role, parts: tuple[Part, ...]) -> None:
        self._outputs = False
        self.turns.append(Turn(role, parts))

    def _said(self, part: Part) -> None:
        self._outputs = False
        self._join(Role.ASSISTANT, part, bool(self.turns) and self.turns[-1].role is Role.ASSISTANT)

    def _output(self, part: Part) -> None:
        self._join(Role.USER, part, self._outputs)
        self._outputs = True

    def _join(self, role: Role, part: Part, joins: bool) -> None:
        if joins:
            self.turns[-1] = evolve(self.turns[-1], parts=(*self.turns[-1].parts, part))
        else:
            self.turns.append(Turn(role, (part,)))


def _thinking(item: Mapping[str, Any]) -> Part:
    text = _texts(item.get("summary")) or _texts(item.get("content"))
    encrypted = _string(item.get("encrypted_content"))
    if not encrypted:
        return Thinking(text)
    carried = uncarry(encrypted)
    return Opaque(NAME, item) if carried is None else Thinking(text, *carried)


def _texts(parts: Any) -> str:
    texts = [part["text"] for part in _list(parts) if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return "\n\n".join(texts)


def _call(item: Mapping[str, Any], path: str) -> ToolUse:
    arguments = item.get("arguments")
    if not isinstance(arguments, str):
        raise invalid(f"{path}.arguments", "a string of JSON", arguments)
    name = flat_name(_string(item.get("namespace")), _required(item, "name", path))
    return ToolUse(_required(item, "call_id", path), name, arguments)


def _custom_call(item: Mapping[str, Any], path: str) -> ToolUse:
    given = item.get("input")
    if not isinstance(given, str):
        raise invalid(f"{path}.input", "a string", given)
    name = flat_name(_string(item.get("namespace")), _required(item, "name", path))
    return ToolUse(_required(item, "call_id", path), name, wrapped(given), {NAME: {"custom": True}})


def _search(item: Mapping[str, Any]) -> Part:
    action = item.get("action")
    if not isinstance(action, dict) or action.get("type", "search") != "search":
        return Opaque(NAME, item)
    queries = [query for query in _list(action.get("queries")) if isinstance(query, str)]
    sources = tuple(
        Source(source["url"], _string(source.get("title")))
        for source in _list(action.get("sources"))
        if isinstance(source, dict) and isinstance(source.get("url"), str)
    )
    return Searched(_string(item.get("id")), _string(action.get("query")) or "; ".join(queries), sources)


def _result(value: Any, path: str) -> tuple[Text | Media | Opaque, ...]:
    if isinstance(value, str):
        return (Text(value),) if value else ()
    if isinstance(value, list):
        return _content(value, path)
    raise invalid(path, "a string or an array of content", value)


def _content(value: Any, path: str) -> tuple[Text | Media | Opaque, ...]:
    if isinstance(value, str):
        return (Text(value),) if value else ()
    if not isinstance(value, list):
        raise invalid(path, "a string or an array of content", value)
    return tuple(_part(part, f"{path}[{index}]") for index, part in enumerate(value))


def _part(part: Any, path: str) -> Text | Media | Opaque:
    if not isinstance(part, dict):
        raise invalid(path, "an object", part)
    kind = part.get("type")
    if not isinstance(kind, str):
        raise invalid(f"{path}.type", "the type of a content part", kind)
    if kind in _TEXTS:
        text = part.get("text")
        if not isinstance(text, str):
            raise invalid(f"{path}.text", "a string", text)
        return Text(text)
    match kind:
        case "refusal":
            return Text(_string(part.get("refusal")))
        case "input_image":
            return _image(part, path)
        case "input_file":
            return _file(part, path)
        case "input_audio":
            audio = part.get("input_audio")
            if not isinstance(audio, dict) or not isinstance(audio.get("data"), str):
                raise invalid(f"{path}.input_audio.data", "base64", audio)
            return Media(Medium.AUDIO, Inline(f"audio/{_string(audio.get('format')) or 'wav'}", audio["data"]))
    return Opaque(NAME, part)


def _image(part: Mapping[str, Any], path: str) -> Media:
    detail = part.get("detail")
    extras = {NAME: {"detail": detail}} if detail not in (None, "auto") else {}
    if isinstance(file := part.get("file_id"), str) and file:
        return Media(Medium.IMAGE, Stored(file), extras={NAME: {"detail": detail or "auto"}})
    url = part.get("image_url")
    if not isinstance(url, str) or not url:
        raise invalid(f"{path}.image_url", "a URL or a data URL", url)
    return Media(Medium.IMAGE, as_it_is(_source(url, "image/png")), extras=extras)


def _file(part: Mapping[str, Any], path: str) -> Media:
    name = _string(part.get("filename"))
    if isinstance(file := part.get("file_id"), str) and file:
        return Media(Medium.DOCUMENT, Stored(file), name, {NAME: {}})
    if isinstance(data := part.get("file_data"), str) and data:
        url = data if data.startswith("data:") else f"data:application/pdf;base64,{data}"
        return Media(Medium.DOCUMENT, _source(url, "application/pdf"), name)
    link = part.get("file_url")
    if not isinstance(link, str) or not link:
        raise invalid(path, "a file with file_data, file_url or file_id", part)
    return Media(Medium.DOCUMENT, _source(link, "application/pdf"), name)


def _source(url: str, default: str) -> Inline | Remote:
    data = _DATA_URL.fullmatch(url)
    return Inline(data["type"] or default, data["data"]) if data else Remote(url)


def _required(item: Mapping[str, Any], key: str, path: str) -> str:
    found = item.get(key)
    if not isinstance(found, str) or not found:
        raise invalid(f"{path}.{key}", "a string", found)
    return found


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
