"""Requests in this dialect, read: the way back of `requests`, for clients of it and for tests of what we write."""

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from ccproxy.dialects import seals
from ccproxy.dialects.dialect import Headers
from ccproxy.dialects.gemini.tables import NAME, STOP_LIMIT
from ccproxy.errors import invalid
from ccproxy.model.messages import (
    EMPTY,
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
from ccproxy.wire.fields import read_body
from ccproxy.wire.jsontext import dumps_str

_ROLES = {"user": Role.USER, "model": Role.ASSISTANT, "function": Role.USER}
_CHOOSE = {"AUTO": Choose.AUTO, "VALIDATED": Choose.AUTO, "ANY": Choose.ANY, "NONE": Choose.NONE}
_OWN = frozenset({"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "model"})
_GENERATION = frozenset(
    {
        "maxOutputTokens",
        "temperature",
        "topP",
        "topK",
        "stopSequences",
        "thinkingConfig",
        "responseMimeType",
        "responseJsonSchema",
        "responseSchema",
    }
)


def parse_request(headers: Headers, body: bytes) -> Request:
    """The request a body holds; model and stream are in the path and stay unsaid. Raises INVALID with the place of what
    is wrong; what is unknown rides along in `extras`."""
    root = read_body(body)
    extras = {key: field for key, field in root.items() if key not in _OWN}
    generation = _object(root.get("generationConfig", {}), "generationConfig")
    unknown = {key: field for key, field in generation.items() if key not in _GENERATION}
    if unknown:
        extras["generationConfig"] = unknown
    tools, choice = _tools(root.get("tools", [])), _choice(root.get("toolConfig", {}))
    return Request(
        model="",
        turns=_turns(root),
        tools=tools,
        tool_choice=choice,
        sampling=_sampling(generation),
        reasoning=_reasoning(generation.get("thinkingConfig")),
        output=_output(generation),
        extras={NAME: extras} if extras else EMPTY,
    )


def _turns(root: Mapping[str, Any]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    system = root.get("systemInstruction")
    if system is not None:
        parts = _parts(_object(system, "systemInstruction"), "systemInstruction", [])
        turns.append(Turn(Role.SYSTEM, parts))
    calls: list[ToolUse] = []
    for index, content in enumerate(_list(root.get("contents"), "contents")):
        path = f"contents[{index}]"
        content = _object(content, path)
        role = content.get("role", "user")
        if role not in _ROLES:
            raise invalid(f"{path}.role", "user or model", role)
        parts = _parts(content, path, calls)
        if _ROLES[role] is Role.ASSISTANT:
            calls = [part for part in parts if isinstance(part, ToolUse)]
        turns.append(Turn(_ROLES[role], parts))
    return tuple(turns)


def _parts(content: Mapping[str, Any], path: str, calls: list[ToolUse]) -> tuple[Part, ...]:
    parts: list[Part] = []
    open_calls = list(calls)
    for index, part in enumerate(_list(content.get("parts", []), f"{path}.parts")):
        parts += _part(_object(part, f"{path}.parts[{index}]"), f"{path}.parts[{index}]", open_calls)
    return tuple(parts)


def _part(part: Mapping[str, Any], path: str, calls: list[ToolUse]) -> list[Part]:
    signature = part.get("thoughtSignature")
    seal = _seal(signature)
    before: list[Part] = [Thinking("", seal)] if seal and not part.get("thought") else []
    extras = {NAME: {"thoughtSignature": signature}} if signature and not seal else EMPTY
    if "functionCall" in part:
        call = _object(part["functionCall"], f"{path}.functionCall")
        name = _text(call.get("name"), f"{path}.functionCall.name")
        arguments = dumps_str(_object(call.get("args") or {}, f"{path}.functionCall.args"))
        return [*before, ToolUse(_id(call.get("id"), path, name, arguments), name, arguments, extras)]
    if "functionResponse" in part:
        return [_result(_object(part["functionResponse"], f"{path}.functionResponse"), path, calls)]
    if "text" in part:
        text = _text(part["text"], f"{path}.text")
        return [Thinking(text, seal)] if part.get("thought") else [*before, Text(text, extras)]
    media = _media(part, path)
    return [media if media is not None else Opaque(NAME, part)]


def _result(response: Mapping[str, Any], path: str, calls: list[ToolUse]) -> ToolResult:
    """A result; without an id it answers the next call of its name."""
    name = response.get("name")
    id = response.get("id")
    if not isinstance(id, str) or not id:
        id = next((call.id for call in calls if call.name == name), f"unknown_{name}")
    calls[:] = [call for call in calls if call.id != id]
    value = _object(response.get("response", {}), f"{path}.functionResponse.response")
    failed = "error" in value
    told = value.get("error") if failed else value.get("output", value.get("result", value))
    text = told if isinstance(told, str) else dumps_str(told)
    parts: list[Text | Media | Opaque] = [Text(text)] if text else []
    for index, inner in enumerate(_list(response.get("parts", []), f"{path}.functionResponse.parts")):
        place = f"{path}.functionResponse.parts[{index}]"
        inner = _object(inner, place)
        parts.append(_media(inner, place) or Opaque(NAME, inner))
    return ToolResult(id, tuple(parts), failed)


def _media(part: Mapping[str, Any], path: str) -> Media | None:
    if "inlineData" in part:
        data = _object(part["inlineData"], f"{path}.inlineData")
        type_ = _text(data.get("mimeType"), f"{path}.inlineData.mimeType")
        return Media(_medium(type_), Inline(type_, _text(data.get("data"), f"{path}.inlineData.data")))
    if "fileData" in part:
        file = _object(part["fileData"], f"{path}.fileData")
        type_ = file.get("mimeType") or ""
        url = _text(file.get("fileUri"), f"{path}.fileData.fileUri")
        return Media(_medium(_text(type_, f"{path}.fileData.mimeType")), Remote(url))
    return None


def _medium(media_type: str) -> Medium:
    if media_type.startswith("image/"):
        return Medium.IMAGE
    return Medium.AUDIO if media_type.startswith("audio/") else Medium.DOCUMENT


def _seal(signature: Any) -> str:
    """A seal of ours within a signature; `""` for a signature that is Google's."""
    if not isinstance(signature, str):
        return ""
    try:
        text = b64decode(signature, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return text if seals.is_ours(text) else ""


def _id(id: Any, path: str, name: str, arguments: str) -> str:
    if isinstance(id, str) and id:
        return id
    return "toolu_" + hashlib.sha256(f"{path} {name} {arguments}".encode()).hexdigest()[:24]


def _tools(value: Any) -> tuple[Tool | WebSearch | Opaque, ...]:
    tools: list[Tool | WebSearch | Opaque] = []
    for index, entry in enumerate(_list(value, "tools")):
        path = f"tools[{index}]"
        entry = dict(_object(entry, path))
        declarations = entry.pop("functionDeclarations", [])
        for place, one in enumerate(_list(declarations, f"{path}.functionDeclarations")):
            where = f"{path}.functionDeclarations[{place}]"
            one = _object(one, where)
            schema = one.get("parametersJsonSchema", one.get("parameters")) or {"type": "object", "properties": {}}
            description = _text(one.get("description", ""), f"{where}.description")
            tools.append(Tool(_text(one.get("name"), f"{where}.name"), description, _object(schema, where)))
        if entry.pop("googleSearch", None) is not None:
            tools.append(WebSearch())
        if entry:
            tools.append(Opaque(NAME, entry))
    return tuple(tools)


def _choice(value: Any) -> ToolChoice:
    config = _object(_object(value, "toolConfig").get("functionCallingConfig", {}), "toolConfig.functionCallingConfig")
    mode = config.get("mode", "AUTO")
    if mode not in _CHOOSE:
        raise invalid("toolConfig.functionCallingConfig.mode", "AUTO, ANY, NONE or VALIDATED", mode)
    names = _list(config.get("allowedFunctionNames", []), "toolConfig.functionCallingConfig.allowedFunctionNames")
    if mode == "ANY" and len(names) == 1:
        return ToolChoice(Choose.NAMED, str(names[0]))
    return ToolChoice(_CHOOSE[mode])


def _sampling(generation: Mapping[str, Any]) -> Sampling:
    stops = _list(generation.get("stopSequences", []), "generationConfig.stopSequences")
    if len(stops) > STOP_LIMIT:
        raise invalid("generationConfig.stopSequences", f"at most {STOP_LIMIT}", len(stops))
    top_k = _number(generation, "topK")
    max_tokens = _number(generation, "maxOutputTokens")
    return Sampling(
        max_tokens=None if max_tokens is None else int(max_tokens),
        temperature=_number(generation, "temperature"),
        top_p=_number(generation, "topP"),
        top_k=None if top_k is None else int(top_k),
        stop=tuple(_text(one, "generationConfig.stopSequences") for one in stops),
    )


def _reasoning(value: Any) -> Reasoning:
    if value is None:
        return Reasoning()
    config = _object(value, "generationConfig.thinkingConfig")
    shown = config.get("includeThoughts") is True
    level, budget = config.get("thinkingLevel"), config.get("thinkingBudget")
    if isinstance(level, str):
        word = level.lower()
        if word not in [effort.value for effort in Effort]:
            raise invalid("generationConfig.thinkingConfig.thinkingLevel", "a level such as LOW", level)
        return Reasoning(Think.ADAPTIVE, Effort(word), shown=shown)
    if isinstance(budget, int):
        if budget == 0:
            return Reasoning(Think.OFF)
        return Reasoning(Think.BUDGET, budget=budget, shown=shown) if budget > 0 else Reasoning(Think.ADAPTIVE)
    return Reasoning(Think.ADAPTIVE, shown=shown)


def _output(generation: Mapping[str, Any]) -> Output | None:
    if generation.get("responseMimeType") != "application/json":
        return None
    schema = generation.get("responseJsonSchema", generation.get("responseSchema"))
    return Output(None if schema is None else _object(schema, "generationConfig.responseJsonSchema"))


def _number(generation: Mapping[str, Any], key: str) -> float | None:
    value = generation.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid(f"generationConfig.{key}", "a number", value)
    return value


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise invalid(path, "an object", value)
    return value


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(path, "an array", value)
    return value


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise invalid(path, "a string", value)
    return value
