"""The turns of a conversation as the input items of a Responses upstream.

What the API demands of their order is done here: every call has its output before anyone speaks again, every output its
call, and reasoning stands right before the item it led to. Items carry no `id` but reasoning: with `store: false` an id
refers to nothing.
"""

from typing import Any

from ccproxy.dialects.digests import digest
from ccproxy.dialects.losses import reasoning
from ccproxy.dialects.openai_responses.tables import CALL_ID_LIMIT, NAME
from ccproxy.dialects.openai_responses.tools import unwrapped
from ccproxy.dialects.quirks import LateSystem, Quirks
from ccproxy.dialects.seals import unseal
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

Item = dict[str, Any]

REASONING_KEYS = ("id", "summary", "content", "encrypted_content")
"""What of a reasoning item is sealed and sent back."""

_INTERRUPTED = "(tool call was interrupted)"
_OMITTED = "[{} omitted: this model does not take any]"


def breakpoint_of(extras: Extras, quirks: Quirks) -> Item:
    """The field that marks the end of a prefix worth caching, where the client set one and the vendor takes it."""
    if quirks.cache_breakpoints and "cache_control" in extras.get("anthropic", {}):
        return {"prompt_cache_breakpoint": {"mode": "explicit"}}
    return {}


def system_item(turn: Turn, quirks: Quirks, role: str) -> Item | None:
    """A system turn as a message of its own; None where it says nothing."""
    parts = [
        {"type": "input_text", "text": part.text, **breakpoint_of(part.extras, quirks)}
        for part in turn.parts
        if isinstance(part, Text) and part.text
    ]
    return {"type": "message", "role": role, "content": parts} if parts else None


class Writer:
    """Writes the items of one request. `items()` gives them once all turns were added; `losses` names what could not be
    said.

    While calls are open nobody may speak: what stands between them and their outputs waits until all are answered.
    Calls that are still open when the model speaks again were interrupted.
    """

    def __init__(self, quirks: Quirks, names: Names) -> None:
        self._quirks = quirks
        self._names = names
        self._items: list[Item] = []
        self._open: dict[str, bool] = {}
        self._waiting: list[Item] = []
        self._answered: set[str] = set()
        self._model_speaks = False
        self.losses: list[str] = []

    def add(self, turn: Turn) -> None:
        match turn.role:
            case Role.SYSTEM:
                self._system(turn)
            case Role.USER:
                self._user(turn)
            case Role.ASSISTANT:
                self._assistant(turn)

    def items(self) -> list[Item]:
        """The items. A conversation that ends with the model is told to go on: no field of the API says it."""
        unanswered = self._model_speaks and not self._open
        self._listen()
        self._interrupt()
        if not self._items:
            self._items.append(_message("user", [_text(".")]))
        elif unanswered:
            self.losses.append("messages: the answer begins anew instead of continuing the last assistant message")
            self._items.append(_message("user", [_text("Continue.")]))
        return self._items

    def _system(self, turn: Turn) -> None:
        self._listen()
        if self._quirks.late_system is LateSystem.INLINE:
            item = system_item(turn, self._quirks, self._quirks.system_role)
        else:
            text = "\n\n".join(part.text for part in turn.parts if isinstance(part, Text) and part.text)
            item = _message("user", [_text(f"<system>\n{text}\n</system>")]) if text else None
        if item is not None:
            self._waiting.append(item)
        self._go_on()

    def _user(self, turn: Turn) -> None:
        self._listen()
        said: list[Item] = []
        for part in turn.parts:
            said += self._result(part) if isinstance(part, ToolResult) else self._input(part, "a user message")
        if said:
            self._waiting.append(_message("user", said))
        self._go_on()

    def _go_on(self) -> None:
        if not self._open:
            self._items += self._waiting
            self._waiting = []

    def _interrupt(self) -> None:
        for call_id, custom in self._open.items():
            self._items.append(_output(call_id, custom, _INTERRUPTED))
        self._open = {}
        self._go_on()

    def _listen(self) -> None:
        """The model's items end here. Reasoning that led to nothing is refused by the API, so it goes."""
        if self._model_speaks:
            self._model_speaks = False
            while self._items and self._items[-1].get("type") == "reasoning":
                self._items.pop()

    def _result(self, result: ToolResult) -> list[Item]:
        """Writes the output of an open call; gives what must be said as text since no call of the kind is open."""
        call_id = self._call_id(result.id)
        output = self._output(result)
        custom = self._open.pop(call_id, None)
        if custom is not None:
            self._answered.add(call_id)
            self._items.append(_output(call_id, custom, output))
            return []
        if call_id in self._answered:
            self.losses.append(f"messages: a second result for the call {result.id[:64]}")
            return []
        told: list[Item] = output if isinstance(output, list) else [_text(output)]
        return [_text(f"[Result of the earlier tool call {call_id}]"), *told]

    def _output(self, result: ToolResult) -> str | list[Item]:
        parts = [item for part in result.parts for item in self._input(part, "a tool result")]
        if result.failed:
            if parts and parts[0]["type"] == "input_text":
                parts[0] = {**parts[0], "text": f"Error: {parts[0]['text']}"}
            else:
                parts.insert(0, _text("Error: the tool failed"))
        if not parts:
            return self._quirks.empty_tool_result
        if all(part.keys() == {"type", "text"} for part in parts):
            return "\n".join(part["text"] for part in parts)
        return parts

    def _input(self, part: Part, where: str) -> list[Item]:
        match part:
            case Text(text, extras):
                return [{**_text(text), **breakpoint_of(extras, self._quirks)}] if text else []
            case Media():
                return [self._media(part)]
            case Opaque(dialect, value):
                if dialect == NAME:
                    return [dict(value)]
                self.losses.append(f"messages: {value.get('type', 'content')} in {where}, which only {dialect} knows")
                words = digest(part)
                return [_text(words)] if words else []
            case _:
                self.losses.append(f"messages: {type(part).__name__} in {where}")
                return []

    def _media(self, media: Media) -> Item:
        mark = breakpoint_of(media.extras, self._quirks)
        if media.medium is Medium.AUDIO:
            self.losses.append("messages: audio")
            return _text(_OMITTED.format("audio"))
        if isinstance(media.source, Stored) and NAME not in media.extras:
            raise ApiError(
                Kind.UNTRANSLATABLE,
                f"messages: the file {media.source.id[:64]!r} was uploaded to another provider; send what it holds",
            )
        if media.medium is Medium.IMAGE:
            if not self._quirks.images:
                self.losses.append("messages: images")
                return _text(_OMITTED.format("image"))
            detail = media.extras.get(NAME, {}).get("detail", "auto")
            return {"type": "input_image", "detail": detail, **_image(media.source), **mark}
        if not self._quirks.documents:
            self.losses.append("messages: documents")
            return _text(_OMITTED.format("document " + media.name if media.name else "document"))
        if media.name and isinstance(media.source, Remote):
            self.losses.append("messages: names of documents that stand at a URL")
        return {"type": "input_file", **_file(media), **mark}

    def _assistant(self, turn: Turn) -> None:
        if not self._model_speaks:
            self._interrupt()
        self._model_speaks = True
        last_text = max((index for index, part in enumerate(turn.parts) if isinstance(part, Text)), default=-1)
        calls = any(isinstance(part, ToolUse) for part in turn.parts)
        for index, part in enumerate(turn.parts):
            match part:
                case Text(text, extras) if text:
                    message: Item = {"type": "message", "role": "assistant", "content": text}
                    if self._quirks.phases:
                        derived = "commentary" if calls or index < last_text else "final_answer"
                        message["phase"] = extras.get(NAME, {}).get("phase") or derived
                    self._items.append(message)
                case Text():
                    pass
                case Thinking():
                    self._reasoning(part)
                case ToolUse():
                    self._call(part)
                case Searched(_, query, sources):
                    found = "".join(f"\n- {source.title} {source.url}" for source in sources)
                    self._items.append(
                        {"type": "message", "role": "assistant", "content": f"[Searched the web for: {query}]{found}"}
                    )
                case Opaque(dialect, value):
                    if dialect == NAME:
                        self._items.append(dict(value))
                    else:
                        self.losses.append(f"messages: {value.get('type', 'content')}, which only {dialect} knows")
                        if words := digest(part):
                            self._items.append({"type": "message", "role": "assistant", "content": words})
                case Media(extras=extras) if extras.get(NAME, {}).get("type") == "image_generation_call":
                    self._items.append(dict(extras[NAME]))
                case Media() | ToolResult():
                    self.losses.append(f"messages: {type(part).__name__} in an assistant message")

    def _reasoning(self, thinking: Thinking) -> None:
        state = unseal(thinking.seal, self._quirks)
        item = state.get("i") if state is not None else None
        if isinstance(item, dict):
            self._items.append({"type": "reasoning", **{key: item[key] for key in REASONING_KEYS if key in item}})
        else:
            self.losses.append(reasoning(thinking))

    def _call(self, call: ToolUse) -> None:
        call_id = self._call_id(call.id)
        name = self._names.shorten(call.name)
        custom = bool(call.extras.get(NAME, {}).get("custom"))
        if custom:
            written = {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": unwrapped(call.arguments)}
        else:
            arguments = call.arguments if call.arguments.strip() else "{}"
            written = {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}
        self._items.append(written)
        self._open[call_id] = custom

    def _call_id(self, id: str) -> str:
        return wire_id(id, self._quirks.tool_id_pattern, CALL_ID_LIMIT)


def _output(call_id: str, custom: bool, output: str | list[Item]) -> Item:
    kind = "custom_tool_call_output" if custom else "function_call_output"
    return {"type": kind, "call_id": call_id, "output": output}


def _message(role: str, content: list[Item]) -> Item:
    return {"type": "message", "role": role, "content": content}


def _text(text: str) -> Item:
    return {"type": "input_text", "text": text}


def _image(source: Inline | Remote | Stored) -> Item:
    match source:
        case Inline(media_type, data):
            return {"image_url": f"data:{media_type};base64,{data}"}
        case Remote(url):
            return {"image_url": url}
        case Stored(id):
            return {"file_id": id}


def _file(media: Media) -> Item:
    match media.source:
        case Inline(media_type, data):
            name = media.name or "document.pdf"
            return {"filename": name, "file_data": f"data:{media_type};base64,{data}"}
        case Remote(url):
            return {"file_url": url}
        case Stored(id):
            return {"file_id": id}
