"""Turns as `contents`: what was said, in the order that Gemini insists on.

Contents alternate between `user` and `model`, and a user begins and ends them. Each content with calls is followed at
once by one with as many responses, in the order of the calls, by name and id. Where a client's history breaks these
rules (a call was interrupted, a result lost its call), it is mended here.

Nothing depends on how long the conversation has grown since, so the contents of earlier turns stay the same to the byte
and the vendor's cache keeps them. That is why every unsigned step gets the substitute signature, and not only those of
the current turn, which alone are checked.
"""

import mimetypes
from collections.abc import Iterable
from typing import Any

from attrs import define, field

from ccproxy.dialects.digests import digest
from ccproxy.dialects.gemini.signatures import SENTINEL, State, unseal
from ccproxy.dialects.gemini.tables import NAME, Family
from ccproxy.dialects.losses import reasoning
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolids import wire_id
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Extras,
    Inline,
    Media,
    Medium,
    Opaque,
    Part,
    Remote,
    Role,
    Searched,
    Stored,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
)
from ccproxy.wire.jsontext import NotJson, loads

INTERRUPTED = "(tool call was interrupted)"
"""Said for the result of a call that the client never gave."""
OPENING = "."
"""Said for the user where a history begins with the model."""
CONTINUE = "Continue."
"""Said for the user where a history ends with the model."""

_IN_RESPONSES = frozenset({"image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"})
"""Media types that a `functionResponse` may hold from the third generation on."""

_GUESSED = {Medium.IMAGE: "image/jpeg", Medium.DOCUMENT: "application/pdf", Medium.AUDIO: "audio/mpeg"}
"""The type of remote media whose address does not tell."""


@define
class Step:
    """Neighbouring turns of one role."""

    model: bool
    parts: list[Part] = field(factory=list)


def steps(turns: Iterable[Turn]) -> list[Step]:
    """The turns, joined so that roles alternate; a system turn among them is the user's."""
    result: list[Step] = []
    for turn in turns:
        model = turn.role is Role.ASSISTANT
        if not result or result[-1].model is not model:
            result.append(Step(model))
        result[-1].parts += _late_system(turn) if turn.role is Role.SYSTEM else turn.parts
    return result


def _late_system(turn: Turn) -> list[Part]:
    others: list[Part] = [part for part in turn.parts if not isinstance(part, Text)]
    text = "\n\n".join(part.text for part in turn.parts if isinstance(part, Text) and part.text)
    return [Text(f"<system>\n{text}\n</system>"), *others] if text else others


class Contents:
    """Writes the contents of one request. What it must leave out it adds to `losses`."""

    def __init__(self, quirks: Quirks, family: Family, names: Names, losses: dict[str, None]) -> None:
        self._quirks = quirks
        self._family = family
        self._names = names
        self._losses = losses

    def write(self, turns: Iterable[Turn]) -> list[dict[str, Any]]:
        contents: list[dict[str, Any]] = []
        unanswered: list[ToolUse] = []
        for step in steps(turns):
            if step.model:
                parts, unanswered = self._model(step.parts), _calls(step.parts)
            else:
                parts, unanswered = self._user(step.parts, unanswered), []
            if not parts:
                continue
            role = "model" if step.model else "user"
            if not contents and step.model:
                contents.append(_user_says(OPENING))
            if contents and contents[-1]["role"] == role:
                contents[-1]["parts"] += parts
            else:
                contents.append({"role": role, "parts": parts})
        if unanswered:
            contents.append({"role": "user", "parts": self._user([], unanswered)})
        elif not contents:
            contents.append(_user_says(OPENING))
        elif contents[-1]["role"] == "model":
            self._losses["the beginning of the answer given by the client (prefill)"] = None
            contents.append(_user_says(CONTINUE))
        return contents

    def _model(self, said: list[Part]) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        call_signature = text_signature = ""
        first_call: dict[str, Any] | None = None
        for part in said:
            match part:
                case Thinking():
                    state = self._unsealed(part)
                    parts += state.parts
                    call_signature = state.call or call_signature
                    text_signature = state.text or text_signature
                case Text(text, extras):
                    if text or _signature(extras):
                        signature, text_signature = _signature(extras) or text_signature, ""
                        parts.append(_signed({"text": text}, signature))
                case ToolUse(extras=extras):
                    signature, call_signature = _signature(extras) or call_signature, ""
                    written = _signed({"functionCall": self._call(part)}, signature)
                    first_call = first_call or written
                    parts.append(written)
                case Searched(query=query, sources=sources):
                    found = "".join(f"\n- {source.title} {source.url}" for source in sources)
                    parts.append({"text": f"(Searched the web for: {query}){found}"})
                case Media(extras=extras):
                    parts += [_signed(written, _signature(extras)) for written in self._media(part)]
                case Opaque():
                    parts += self._opaque(part)
                case ToolResult():
                    self._losses["tool result said by the model"] = None
        if first_call is not None and self._family.signs_calls:
            first_call.setdefault("thoughtSignature", SENTINEL)
        return parts

    def _user(self, said: list[Part], calls: list[ToolUse]) -> list[dict[str, Any]]:
        """The responses first, whatever the order they came in: they answer the content before."""
        results: dict[str, ToolResult] = {}
        for part in said:
            if isinstance(part, ToolResult):
                results[part.id] = part
        parts: list[dict[str, Any]] = []
        beside: list[dict[str, Any]] = []
        for call in calls:
            written, more = self._response(call, results.get(call.id))
            parts.append({"functionResponse": written})
            beside += more
        parts += beside
        answered = {call.id for call in calls}
        for part in said:
            match part:
                case ToolResult(id) if id in answered:
                    pass
                case ToolResult(id):
                    if results.pop(id, None) is part:
                        text, media = self._result(part)
                        parts.append({"text": f"Result of an earlier tool call: {text}"})
                        parts += media
                    else:
                        self._losses["repeated tool result"] = None
                case Text(text):
                    if text:
                        parts.append({"text": text})
                case Media():
                    parts += self._media(part)
                case Opaque():
                    parts += self._opaque(part)
                case Searched() | Thinking() | ToolUse():
                    self._losses["model's part said by the user"] = None
        return parts

    def _call(self, call: ToolUse) -> dict[str, Any]:
        return {**self._id(call), "name": self._names.shorten(call.name), "args": arguments(call.arguments)}

    def _response(self, call: ToolUse, result: ToolResult | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The `functionResponse` to this call, and the parts that must stand beside it."""
        head = {**self._id(call), "name": self._names.shorten(call.name)}
        if result is None:
            return {**head, "response": {"error": INTERRUPTED}}, []
        text, media = self._result(result)
        response = {"error": text} if result.failed else {"output": text}
        inside = [part for part in media if self._may_be_inside(part)]
        beside = [part for part in media if not self._may_be_inside(part)]
        written = {**head, "response": response}
        return ({**written, "parts": inside} if inside else written), beside

    def _result(self, result: ToolResult) -> tuple[str, list[dict[str, Any]]]:
        texts: list[str] = []
        media: list[dict[str, Any]] = []
        for part in result.parts:
            match part:
                case Text(text):
                    texts.append(text)
                case Media():
                    media += self._media(part)
                case Opaque(dialect, value):
                    self._losses[f"{value.get('type', 'unknown')} in tool results, which only {dialect} knows"] = None
                    texts.append(digest(part))
        return "\n\n".join(filter(None, texts)) or self._quirks.empty_tool_result, media

    def _may_be_inside(self, part: dict[str, Any]) -> bool:
        inline = part.get("inlineData")
        return self._family.generation >= 3 and inline is not None and inline.get("mimeType") in _IN_RESPONSES

    def _media(self, media: Media) -> list[dict[str, Any]]:
        if media.medium is Medium.IMAGE and not self._quirks.images:
            self._losses["images"] = None
            return [{"text": "[an image that this model cannot see]"}]
        if media.name:
            self._losses["names of documents"] = None
        match media.source:
            case Inline(media_type, data):
                return [{"inlineData": {"mimeType": media_type, "data": data}}]
            case Remote(url):
                guessed = mimetypes.guess_type(url.partition("?")[0])[0] or _GUESSED[media.medium]
                return [{"fileData": {"mimeType": guessed, "fileUri": url}}]
            case Stored(id):
                raise ApiError(
                    Kind.UNTRANSLATABLE,
                    f"the file {id!r} was uploaded to another vendor; Gemini cannot read it: send its content instead",
                )

    def _opaque(self, part: Opaque) -> list[dict[str, Any]]:
        if part.dialect == NAME:
            return [dict(part.value)]
        self._losses[f"{part.value.get('type', 'unknown')} content, which only {part.dialect} knows"] = None
        words = digest(part)
        return [{"text": words}] if words else []

    def _unsealed(self, thinking: Thinking) -> State:
        state = unseal(thinking.seal, self._quirks)
        if state is None:
            if word := reasoning(thinking):
                self._losses[word] = None
            return State()
        return state

    def _id(self, call: ToolUse) -> dict[str, str]:
        pattern = self._quirks.tool_id_pattern
        return {"id": wire_id(call.id, pattern)} if pattern else {}


def arguments(text: str) -> dict[str, Any]:
    """The arguments of a call as the object that `args` must be; what is none, or was cut off, is wrapped in one."""
    if not text.strip():
        return {}
    try:
        value = loads(text)
    except NotJson:
        value = text
    return value if isinstance(value, dict) else {"input": value}


def _calls(parts: list[Part]) -> list[ToolUse]:
    return [part for part in parts if isinstance(part, ToolUse)]


def _signature(extras: Extras) -> str:
    signature = extras.get(NAME, {}).get("thoughtSignature", "")
    return signature if isinstance(signature, str) else ""


def _signed(part: dict[str, Any], signature: str) -> dict[str, Any]:
    return {**part, "thoughtSignature": signature} if signature else part


def _user_says(text: str) -> dict[str, Any]:
    return {"role": "user", "parts": [{"text": text}]}
