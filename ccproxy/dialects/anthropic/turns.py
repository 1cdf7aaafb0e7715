"""The turns of a request as messages of this dialect, in the order that Anthropic insists on.

Neighbours of one role are one message. All results of an assistant's calls stand at the beginning of the message behind
it, in the order of the calls; a call without a result gets one, and a result without a call becomes text. What is
written depends only on what stands before it, so that the prefix of a growing conversation stays the same for caches.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field

from ccproxy.dialects.anthropic.blocks import search_blocks
from ccproxy.dialects.anthropic.history import may_return
from ccproxy.dialects.anthropic.models import Generation, generation
from ccproxy.dialects.anthropic.tables import NAME
from ccproxy.dialects.digests import digest
from ccproxy.dialects.losses import reasoning
from ccproxy.dialects.quirks import LateSystem, Quirks
from ccproxy.dialects.toolids import wire_id
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
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

Piece = dict[str, Any]

INTERRUPTED = "(tool call was interrupted)"
"""The result of a call that never got one."""
_NOBODY = "."
"""What the user says where the conversation does not begin with one."""
_GO_ON = "Continue."


@define
class Conversation:
    """Writes the turns for one model; what it cannot take is replaced by a note and added to `losses`."""

    quirks: Quirks
    names: Names
    losses: list[str]
    _messages: list[Piece] = field(factory=list)
    _calls: list[str] = field(factory=list)
    """The ids, as they are written, of calls that wait for their results."""
    _ids: dict[str, str] = field(factory=dict)
    """The written id of the latest call of each id."""
    _used: dict[str, int] = field(factory=dict)
    _carried: list[Piece] = field(factory=list)
    """Media that the message they came in cannot hold: they go into the user's next."""

    def system(self, turns: Sequence[Turn]) -> list[Piece]:
        """The system prompt: all system turns before the first other."""
        return [piece for turn in turns for part in turn.parts for piece in self._said(part)]

    def messages(self, turns: Sequence[Turn]) -> list[Piece]:
        """The messages of the turns behind the system prompt. The last is the user's, but where this model goes on
        with an answer that the client began."""
        model: Generation = generation(self.quirks.model)
        at = 0
        while at < len(turns):
            if turns[at].role is Role.ASSISTANT:
                self._assistant(turns[at])
                at += 1
                continue
            end = at
            while end < len(turns) and turns[end].role is not Role.ASSISTANT:
                end += 1
            self._others(turns[at:end], model.late_system and self.quirks.late_system is LateSystem.INLINE)
            at = end
        if self._calls or self._carried:
            self._others((), False)
        if not self._messages:
            self._say("user", [_text(_NOBODY)])
        if self._messages[-1]["role"] == "assistant":
            if model.prefill:
                self._strip_end()
            else:
                self.losses.append("the beginning of the answer given by the client (prefill)")
                self._say("user", [_text(_GO_ON)])
        return self._messages

    def _assistant(self, turn: Turn) -> None:
        if not self._messages:
            self._say("user", [_text(_NOBODY)])
        if self._calls and any(isinstance(part, ToolUse) for part in turn.parts):
            # A second step without results of the first: they must come between.
            self._others((), False)
        pieces: list[Piece] = []
        for part in turn.parts:
            match part:
                case Thinking():
                    pieces += self._thinking(part)
                case ToolUse():
                    pieces.append(self._call(part))
                case Media():
                    self._carried += self._medium(part)
                case _:
                    pieces += self._said(part)
        self._say("assistant", pieces)

    def _others(self, turns: Sequence[Turn], late_system: bool) -> None:
        """What stands between two assistants' messages."""
        calls, self._calls = self._calls, []
        results: dict[str, ToolResult] = {}
        rest: list[Turn] = []
        for turn in turns:
            kept: list[Part] = []
            for part in turn.parts:
                id = self._ids.get(part.id) if isinstance(part, ToolResult) else None
                if isinstance(part, ToolResult) and id in calls:
                    results[id] = part
                else:
                    kept.append(part)
            rest.append(Turn(turn.role, tuple(kept)))
        carried, self._carried = self._carried, []
        self._say("user", [*(self._result(id, results.get(id)) for id in calls), *carried])
        for turn in rest:
            if turn.role is Role.USER:
                self._say("user", [piece for part in turn.parts for piece in self._user(part)])
            elif late_system and self._messages:
                self._say("system", self.system([turn]))
            elif pieces := self.system([turn]):
                words = "\n\n".join(piece["text"] for piece in pieces)
                self._say("user", [_text(f"<system>\n{words}\n</system>")])

    def _strip_end(self) -> None:
        """An answer to go on with must not end in space."""
        content = self._messages[-1]["content"]
        if content[-1]["type"] == "text":
            content[-1]["text"] = content[-1]["text"].rstrip()

    def _say(self, role: str, pieces: list[Piece]) -> None:
        if not pieces:
            return
        if self._messages and self._messages[-1]["role"] == role:
            self._messages[-1]["content"] += pieces
        else:
            self._messages.append({"role": role, "content": pieces})

    def _call(self, call: ToolUse) -> Piece:
        """Some vendors count their ids from zero in every answer, and Anthropic wants each only once: from its second
        use on, an id is told apart by how often it was used before, which later turns do not change."""
        times = self._used.get(call.id, 0)
        self._used[call.id] = times + 1
        told_apart = call.id if call.id and not times else f"{call.id}\n{times}"
        id = wire_id(told_apart, self.quirks.tool_id_pattern)
        self._ids[call.id] = id
        self._calls.append(id)
        return {
            "type": "tool_use",
            "id": id,
            "name": self.names.shorten(call.name),
            "input": _input(call),
            **_mark(call),
        }

    def _result(self, id: str, result: ToolResult | None) -> Piece:
        if result is None:
            return {"type": "tool_result", "tool_use_id": id, "content": INTERRUPTED, "is_error": True}
        piece: Piece = {"type": "tool_result", "tool_use_id": id}
        content = [piece for part in result.parts for piece in self._user(part)]
        if content or self.quirks.empty_tool_result:
            piece["content"] = content or self.quirks.empty_tool_result
        if result.failed:
            piece["is_error"] = True
        return {**piece, **_mark(result)}

    def _thinking(self, part: Thinking) -> list[Piece]:
        if not may_return(part.seal, self.quirks.model) or not (part.text or part.seal):
            self.losses.append(reasoning(part))
            return []
        if part.withheld:
            return [{"type": "redacted_thinking", "data": part.seal}] if part.seal else []
        return [{"type": "thinking", "thinking": part.text, "signature": part.seal}]

    def _user(self, part: Part) -> list[Piece]:
        return self._medium(part) if isinstance(part, Media) else self._said(part)

    def _said(self, part: Part) -> list[Piece]:
        """What any role may say."""
        match part:
            case Text(text):
                return [{**_text(text), **_mark(part)}] if text.strip() else []
            case Media(medium):
                return [_text(f"[{medium.value} omitted]")]
            case Searched():
                result = part.extras.get(NAME)
                if result:
                    return list(search_blocks(part))
                found = "\n".join(f"{source.title} {source.url}".strip() for source in part.sources)
                return [_text(f"[Searched the web for: {part.query}]\n{found}".strip())]
            case Opaque(dialect, value):
                if dialect == NAME:
                    return [dict(value)]
                self.losses.append(f"a block of type {value.get('type', 'unknown')}")
                words = digest(part)
                return [_text(words)] if words else []
            case ToolResult():
                pieces = [piece for inner in part.parts for piece in self._user(inner)]
                return [_text(f"[Result of the tool call {part.id}]"), *pieces]
            case ToolUse(_, name, arguments):
                return [_text(f"[Call of the tool {name}: {arguments or '{}'}]")]
            case Thinking():
                return []

    def _medium(self, part: Media) -> list[Piece]:
        source = part.source
        if isinstance(source, Stored):
            raise ApiError(
                Kind.UNTRANSLATABLE,
                f"the {part.medium.value} {source.id} is stored at another vendor; send it inline, as base64",
            )
        if part.medium is Medium.AUDIO:
            return self._omitted(part, "Anthropic's models take no sound")
        if part.medium is Medium.IMAGE and not self.quirks.images:
            return self._omitted(part, "this model takes no images")
        if part.medium is Medium.IMAGE:
            return [{"type": "image", "source": _source(source), **_mark(part)}]
        title = {"title": part.name} if part.name else {}
        if isinstance(source, Inline) and source.media_type.startswith("text/"):
            try:
                data = b64decode(source.data, validate=True).decode("utf-8", "replace")
            except NotBase64:
                return self._omitted(part, "it is not base64")
            text = {"type": "text", "media_type": "text/plain", "data": data}
            return [{"type": "document", "source": text, **title, **_mark(part)}]
        return [{"type": "document", "source": _source(source), **title, **_mark(part)}]

    def _omitted(self, part: Media, why: str) -> list[Piece]:
        self.losses.append(f"{part.medium.value} ({why})")
        return [_text(f"[{part.medium.value} omitted: {why}]")]


def calls_without_thinking(messages: Sequence[Piece]) -> bool:
    """Whether the last answer called tools, is followed by their results alone, and does not begin with thinking:
    with a budget for thinking, Anthropic refuses to go on from there."""
    last = next((message for message in reversed(messages) if message["role"] == "assistant"), None)
    if last is None or not any(block["type"] == "tool_use" for block in last["content"]):
        return False
    return last["content"][0]["type"] not in ("thinking", "redacted_thinking")


def limit_marks(marked: Iterable[Piece]) -> None:
    """Takes the cache markers off all but the last four blocks: Anthropic refuses more. It refuses too what is kept for
    an hour behind what is kept for minutes, so a marker before one of an hour is of an hour."""
    places = [place for piece in marked for place in (piece, *_within(piece)) if "cache_control" in place]
    for place in places[:-4]:
        del place["cache_control"]
    kept = places[-4:]
    last_of_an_hour = max((at for at, place in enumerate(kept) if _is_long(place["cache_control"])), default=-1)
    for place in kept[: max(0, last_of_an_hour)]:
        place["cache_control"] = {**place["cache_control"], "ttl": "1h"}


def _is_long(marker: Any) -> bool:
    return isinstance(marker, Mapping) and marker.get("ttl") == "1h"


def _within(piece: Piece) -> list[Piece]:
    content = piece.get("content")
    return [inner for inner in content if isinstance(inner, dict)] if isinstance(content, list) else []


def _input(call: ToolUse) -> Mapping[str, Any]:
    """Arguments as the object that they must be here; what a model garbled is kept for it to see."""
    try:
        value = loads(call.arguments) if call.arguments.strip() else {}
    except NotJson:
        value = None
    return value if isinstance(value, dict) else {"unparsed_arguments": call.arguments}


def _source(source: Inline | Remote) -> Piece:
    match source:
        case Inline(media_type, data):
            return {"type": "base64", "media_type": media_type, "data": data}
        case Remote(url):
            return {"type": "url", "url": url}


def _text(text: str) -> Piece:
    return {"type": "text", "text": text}


def _mark(part: Text | Media | ToolUse | ToolResult) -> Piece:
    marker = part.extras.get(NAME, {}).get("cache_control")
    return {"cache_control": marker} if isinstance(marker, dict) else {}
