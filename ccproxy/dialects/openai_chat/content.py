"""What a message says: text, images and files as content parts, or as a plain string where text is all there is."""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import frozen

from ccproxy.dialects.digests import digest
from ccproxy.dialects.openai_chat.tables import NAME
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
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

Piece = dict[str, Any]
"""A content part as it is written."""

_PARAGRAPH = "\n\n"


@frozen
class Content:
    """Writes contents for one vendor; what it cannot take is replaced by a note and added to `losses`."""

    quirks: Quirks
    losses: list[str]

    def joined(self, parts: Sequence[Part]) -> str | list[Piece]:
        """Text for roles that take nothing else; parts only where cache markers are to be kept. Empty if nothing is
        said."""
        return self._written([piece for part in parts for piece in self._pieces(part, only_text=True)])

    def user(self, parts: Sequence[Part]) -> str | list[Piece]:
        """What a user says: a string, or parts where not all is text."""
        return self._written([piece for part in parts for piece in self._pieces(part, only_text=False)])

    def result(self, result: ToolResult, attached: int) -> tuple[str | list[Piece], list[Piece]]:
        """A tool result as text, and the parts that a user message must attach. `attached` counts those before."""
        pieces: list[Piece] = []
        media: list[Piece] = []
        for part in result.parts:
            if isinstance(part, Media) and (written := self._medium(part)) is not None and written["type"] != "text":
                number = attached + len(media) // 2 + 1
                noun = part.medium.value
                pieces.append(_text(f"[{noun} {number} attached below]"))
                media += [_text(f"[{noun} {number}]"), written]
            else:
                pieces += self._pieces(part, only_text=True)
        if result.failed:
            pieces = (
                [_text(f"Error: {pieces[0]['text']}") | _marked(pieces[0]), *pieces[1:]] if pieces else [_text("Error")]
            )
        marker = self._marker(result)
        if marker and pieces:
            pieces[-1] = {**pieces[-1], **marker}
        return self._written(pieces) or self.quirks.empty_tool_result, media

    def attach(self, parts: Iterable[Media]) -> list[Piece]:
        """Media that their own message cannot hold, for the next user message; each behind its number."""
        pieces: list[Piece] = []
        for part in parts:
            if (written := self._medium(part)) is not None:
                pieces += [_text(f"[{part.medium.value} {len(pieces) // 2 + 1}]"), written]
        return pieces

    def _written(self, pieces: list[Piece]) -> str | list[Piece]:
        """A string unless something else than text or a cache marker is in it. Where markers may come and go from turn
        to turn, several texts are always parts: the words must not change with the marker."""
        if all(piece.get("type") == "text" for piece in pieces):
            marked = any(len(piece) > len(_text("")) for piece in pieces)
            may_be_marked = self.quirks.cache_markers or self.quirks.cache_breakpoints
            if not marked and (len(pieces) < 2 or not may_be_marked):
                return _PARAGRAPH.join(piece["text"] for piece in pieces)
        return pieces

    def _pieces(self, part: Part, only_text: bool) -> list[Piece]:
        match part:
            case Text(text):
                return [_text(text) | self._marker(part)] if text.strip() else []
            case Media():
                written = self._medium(part)
                if written is None or (only_text and written["type"] != "text"):
                    return [_text(f"[{part.medium.value} omitted]")]
                return [written | self._marker(part)]
            case Opaque():
                if part.dialect == NAME and (not only_text or part.value.get("type") == "text"):
                    return [dict(part.value)]
                words = digest(part)
                self._lose(f"{part.value.get('type', 'unknown')} block")
                return [_text(words)] if words else []
            case ToolResult():
                spoken, media = self.result(part, 0)
                words = spoken if isinstance(spoken, str) else _PARAGRAPH.join(piece["text"] for piece in spoken)
                return [_text(f"[Result of the tool call {part.id}]\n{words}"), *([] if only_text else media)]
            case ToolUse():
                return [_text(f"[Call of the tool {part.name}: {part.arguments or '{}'}]")]
            case Searched(query=query, sources=sources):
                found = "".join(f"\n- {source.title} {source.url}" for source in sources)
                return [_text(f"[Web search: {query}]{found}")]
            case Thinking():
                return []

    def _medium(self, part: Media) -> Piece | None:
        """A content part, a note where the vendor does not take this, or None where nothing can be said of it."""
        if isinstance(part.source, Stored):
            raise ApiError(
                Kind.UNTRANSLATABLE,
                f"the {part.medium.value} {part.source.id} is stored at another vendor; send it inline, as base64",
            )
        medium = part.medium
        match medium:
            case Medium.IMAGE:
                if self.quirks.images:
                    detail = part.extras.get(NAME, {}).get("detail")
                    return {
                        "type": "image_url",
                        "image_url": {"url": _url(part.source), **({"detail": detail} if detail else {})},
                    }
                return self._note(part, "this model takes no images")
            case Medium.DOCUMENT:
                return self._document(part, part.source)
            case Medium.AUDIO:
                if isinstance(part.source, Inline) and (form := _AUDIO.get(part.source.media_type)):
                    return {"type": "input_audio", "input_audio": {"data": part.source.data, "format": form}}
                return self._note(part, "only WAV and MP3 can be sent")

    def _document(self, part: Media, source: Inline | Remote) -> Piece:
        if isinstance(source, Inline) and source.media_type.startswith("text/"):
            try:
                text = b64decode(source.data, validate=True).decode("utf-8", "replace")
            except binascii.Error:
                return self._note(part, "it is not base64")
            return _text(f"{part.name}\n{text}" if part.name else text)
        if not self.quirks.documents:
            return self._note(part, "this model takes no documents")
        return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": _url(source)}}

    def _note(self, part: Media, why: str) -> Piece:
        self._lose(f"{part.medium.value} ({why})")
        where = f" {part.source.url}" if isinstance(part.source, Remote) else ""
        name = f" {part.name!r}" if part.name else ""
        return _text(f"[{part.medium.value}{name}{where} omitted: {why}]")

    def _marker(self, part: Text | Media | ToolResult) -> Piece:
        """Anthropic's cache marker, which OpenRouter and Qwen take on their own parts, and OpenAI in its own words."""
        marker = part.extras.get("anthropic", {}).get("cache_control")
        if not isinstance(marker, dict):
            return {}
        if self.quirks.cache_breakpoints:
            return {"prompt_cache_breakpoint": {"mode": "explicit"}}
        return {"cache_control": marker} if self.quirks.cache_markers else {}

    def _lose(self, what: str) -> None:
        if what not in self.losses:
            self.losses.append(what)


_AUDIO = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


def said(parts: Iterable[Part]) -> str:
    """The text of these parts alone."""
    return _PARAGRAPH.join(part.text for part in parts if isinstance(part, Text) and part.text.strip())


def _text(text: str) -> Piece:
    return {"type": "text", "text": text}


def _marked(piece: Piece) -> Piece:
    return {key: value for key, value in piece.items() if key not in ("type", "text")}


def _url(source: Inline | Remote) -> str:
    match source:
        case Inline(media_type, data):
            return f"data:{media_type};base64,{data}"
        case Remote(url):
            return url
