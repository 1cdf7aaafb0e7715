"""The messages of an OpenAI client as turns of the model: each message one turn, in order, nothing merged."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ccproxy.dialects.openai_chat.tables import NAME
from ccproxy.dialects.pictures import as_it_is
from ccproxy.dialects.seals import is_ours
from ccproxy.errors import invalid
from ccproxy.model.messages import (
    EMPTY,
    Inline,
    Media,
    Medium,
    Opaque,
    Part,
    Remote,
    Role,
    Stored,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
)
from ccproxy.wire.jsontext import dumps_str

_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.USER,
    "function": Role.USER,
}
_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^;,]*)*?;base64,(.*)", re.DOTALL)
_AUDIO = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def read_turns(messages: Sequence[Any]) -> tuple[Turn, ...]:
    """All turns. Raises INVALID with the path of what is wrong."""
    turns: list[Turn] = []
    for at, message in enumerate(messages):
        path = f"messages[{at}]"
        if not isinstance(message, dict):
            raise invalid(path, "an object", message)
        role = message.get("role")
        if role not in _ROLES:
            raise invalid(f"{path}.role", "system, developer, user, assistant or tool", role)
        if role == "assistant":
            parts = _assistant(message, path)
        elif role in ("tool", "function"):
            parts = (_result(message, path),)
        else:
            parts = _content(message.get("content"), f"{path}.content")
        turns.append(Turn(_ROLES[role], parts))
    return tuple(turns)


def _assistant(message: Mapping[str, Any], path: str) -> tuple[Part, ...]:
    parts: list[Part] = [*_thinking(message)]
    if message.get("content") is not None:
        parts += _content(message["content"], f"{path}.content")
    images = message.get("images")
    parts += [_image(image.get("image_url"), f"{path}.images") for image in images or [] if isinstance(image, dict)]
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        parts.append(Text(refusal))
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise invalid(f"{path}.tool_calls", "an array", calls)
    for at, call in enumerate(calls or []):
        parts.append(_call(call, f"{path}.tool_calls[{at}]"))
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        parts.append(_function_call(legacy, _legacy_id(str(legacy.get("name"))), f"{path}.function_call"))
    return tuple(parts)


def _thinking(message: Mapping[str, Any]) -> list[Thinking]:
    """Reasoning that the client sends back: its text, and the seals that we hid in `reasoning_details`."""
    text = message.get("reasoning_content") or message.get("reasoning")
    if not isinstance(text, str):
        text = ""
    details = message.get("reasoning_details")
    seals = [
        detail["data"]
        for detail in (details if isinstance(details, list) else [])
        if isinstance(detail, dict) and isinstance(detail.get("data"), str) and is_ours(detail["data"])
    ]
    if not seals:
        return [Thinking(text)] if text else []
    return [Thinking(text if at == 0 else "", seal) for at, seal in enumerate(seals)]


def _call(call: Any, path: str) -> Part:
    if not isinstance(call, dict):
        raise invalid(path, "an object", call)
    id = call.get("id")
    if not isinstance(id, str):
        raise invalid(f"{path}.id", "a string", id)
    kind = call.get("type", "function")
    if kind != "function":
        custom = call.get(str(kind))
        if isinstance(custom, dict) and isinstance(custom.get("name"), str):
            return ToolUse(id, custom["name"], dumps_str({"input": custom.get("input")}))
        return Opaque(NAME, call)
    return _function_call(call.get("function"), id, f"{path}.function")


def _function_call(function: Any, id: str, path: str) -> ToolUse:
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str):
        raise invalid(f"{path}.name", "a tool's name", name)
    arguments = function.get("arguments")
    if arguments is None:
        arguments = ""
    elif not isinstance(arguments, str):
        arguments = dumps_str(arguments)
    return ToolUse(id, name, arguments)


def _legacy_id(name: str) -> str:
    """`function_call` and the `function` role have no ids: the name stands for one."""
    return f"function_{name}"


def _result(message: Mapping[str, Any], path: str) -> ToolResult:
    if message["role"] == "function":
        id: Any = _legacy_id(str(message.get("name")))
    else:
        id = message.get("tool_call_id")
        if not isinstance(id, str):
            raise invalid(f"{path}.tool_call_id", "the id of the call it answers", id)
    parts = _content(message.get("content"), f"{path}.content")
    return ToolResult(id, tuple(part for part in parts if isinstance(part, (Text, Media, Opaque))))


def _content(content: Any, path: str) -> tuple[Part, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    if not isinstance(content, list):
        raise invalid(path, "a string or an array of parts", content)
    return tuple(_part(part, f"{path}[{at}]") for at, part in enumerate(content))


def _part(part: Any, path: str) -> Part:
    if isinstance(part, str):
        return Text(part)
    if not isinstance(part, dict):
        raise invalid(path, "an object", part)
    kind = part.get("type")
    match kind:
        case "text" | "refusal":
            text = part.get(str(kind))
            if not isinstance(text, str):
                raise invalid(f"{path}.{kind}", "a string", text)
            marker = part.get("cache_control")
            return Text(text, {"anthropic": {"cache_control": marker}} if isinstance(marker, dict) else EMPTY)
        case "image_url":
            return _image(part.get("image_url"), f"{path}.image_url")
        case "input_audio":
            return _audio(part.get("input_audio"), f"{path}.input_audio")
        case "file":
            return _file(part.get("file"), f"{path}.file")
        case str():
            return Opaque(NAME, part)
        case _:
            raise invalid(f"{path}.type", "a part's type", kind)


def _image(image: Any, path: str) -> Media:
    given = image.get("url") if isinstance(image, dict) else image
    if not isinstance(given, str) or not given:
        raise invalid(f"{path}.url", "an address or a data: URL", given)
    detail = image.get("detail") if isinstance(image, dict) else None
    extras = {NAME: {"detail": detail}} if isinstance(detail, str) else EMPTY
    return Media(Medium.IMAGE, as_it_is(_source(given)), extras=extras)


def read_image_url(url: str) -> Media:
    """The picture at an address, or within a `data:` URL."""
    return Media(Medium.IMAGE, _source(url))


def _source(url: str) -> Inline | Remote:
    data = _DATA_URL.fullmatch(url)
    return Inline(data[1] or "application/octet-stream", data[2]) if data else Remote(url)


def _audio(audio: Any, path: str) -> Media:
    data = audio.get("data") if isinstance(audio, dict) else None
    if not isinstance(data, str):
        raise invalid(f"{path}.data", "base64", data)
    return Media(Medium.AUDIO, Inline(_AUDIO.get(audio.get("format"), "application/octet-stream"), data))


def _file(file: Any, path: str) -> Media:
    if not isinstance(file, dict):
        raise invalid(path, "an object", file)
    name = file.get("filename")
    name = name if isinstance(name, str) else ""
    if isinstance(data := file.get("file_data"), str):
        source = _source(data)
        if isinstance(source, Remote) and "://" not in data:
            source = Inline("application/pdf", data)
        return Media(Medium.DOCUMENT, source, name)
    if isinstance(id := file.get("file_id"), str):
        return Media(Medium.DOCUMENT, Stored(id), name)
    raise invalid(f"{path}.file_data", "a data: URL", data)
