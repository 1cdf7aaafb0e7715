"""Whole replies of chat completions: read as a stream of one chunk, and written for clients."""

import time
from collections.abc import Callable
from typing import Any

from ccproxy.dialects.openai_chat.citations import annotation, written_image
from ccproxy.dialects.openai_chat.errors import in_band, read_envelope
from ccproxy.dialects.openai_chat.rendering import (
    completion_id,
    finish_word,
    sealed_detail,
    unusable,
    whole_call,
)
from ccproxy.dialects.openai_chat.streams import Parser
from ccproxy.dialects.openai_chat.usage import write_usage
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolids import ClientIds
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block
from ccproxy.model.messages import Citation, Media, Opaque, Request, Searched, Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.model.usage import Reason, Stop
from ccproxy.wire.jsontext import NotJson, dumps, loads

_PARAGRAPH = "\n\n"


def parse_response(body: bytes, quirks: Quirks) -> Response:
    """The reply in an upstream's body. Raises the error that it tells instead, or BROKEN where it tells nothing."""
    value = _object(body)
    if not value.get("choices"):
        envelope = read_envelope(value)
        if envelope is not None and not envelope.refuses:
            raise in_band(envelope)
        if envelope is None:
            raise ApiError(Kind.BROKEN, "the upstream's answer has no choices")
    return fold(Parser(quirks).whole(value))


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = loads(body)
    except NotJson as error:
        text = body[:500].decode("utf-8", "replace").strip()
        what = "an HTML page" if text.lower().startswith(("<!doctype", "<html")) else f"no JSON ({error})"
        raise ApiError(Kind.BROKEN, f"the upstream answered with {what}: {text}") from None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise ApiError(Kind.BROKEN, "the upstream's answer is no JSON object")
    return value


def render_response(response: Response, request: Request, clock: Callable[[], float] = time.time) -> bytes:
    """The reply for an OpenAI client. A call that the limit of tokens cut is left out: it must not be run. Raises
    BROKEN for one that cannot be read and was not cut. `clock` gives the seconds since 1970 that `created` tells."""
    cut = response.stop.reason in (Reason.LENGTH, Reason.WINDOW)
    message = _Message(Names(request.tools), ClientIds(request), cut)
    for block in response.blocks:
        message.add(block)
    created = int(clock())
    choice = {
        "index": 0,
        "message": message.written(response.stop),
        "logprobs": None,
        "finish_reason": finish_word(response.stop, bool(message.calls)),
    }
    return dumps(
        {
            "id": completion_id(response.id, created),
            "object": "chat.completion",
            "created": created,
            "model": request.model,
            "choices": [choice],
            "usage": write_usage(response.usage),
        }
    )


class _Message:
    """The assistant's message, as its blocks make it: all texts are one, and so are all thoughts."""

    def __init__(self, names: Names, ids: ClientIds, cut: bool) -> None:
        self.calls: list[dict[str, Any]] = []
        self._ids = ids
        self._names = names
        self._cut = cut
        self._texts: dict[type, str] = {Text: "", Thinking: ""}
        self._apart: set[type] = set()
        """Of what something else was said since: what follows is a paragraph of its own."""
        self._details: list[dict[str, Any]] = []
        self._images: list[dict[str, Any]] = []
        self._cited: list[dict[str, Any]] = []

    def add(self, block: Block) -> None:
        """One more."""
        match block:
            case Text(text):
                self._say(Text, text)
                self._cite(block.citations, text)
                self._apart.add(Thinking)
            case Thinking(text):
                self._say(Thinking, text)
                self._apart.add(Text)
                if block.seal:
                    self._details.append(sealed_detail(len(self._details), block.seal))
            case ToolUse():
                self._call(block)
                self._apart |= {Text, Thinking}
            case Media():
                if (image := written_image(block, len(self._images))) is not None:
                    self._images.append(image)
            case Searched() | Opaque():
                pass

    def _say(self, kind: type, text: str) -> None:
        if text:
            gap = _PARAGRAPH if kind in self._apart and self._texts[kind] else ""
            self._texts[kind] += gap + text
            self._apart.discard(kind)

    def _cite(self, citations: tuple[Citation, ...], text: str) -> None:
        """The pages that the text said last has something from."""
        begin = len(self._texts[Text]) - len(text)
        pages = [page for page in citations if page.url]
        self._cited += [annotation(page, at, begin, text) for at, page in enumerate(pages, len(self._cited))]

    def _call(self, block: ToolUse) -> None:
        call = whole_call(block, self._ids, self._names)
        if _is_object(call["function"]["arguments"]):
            self.calls.append(call)
        elif not self._cut:
            raise unusable(block)

    def written(self, stop: Stop) -> dict[str, Any]:
        """All of it. Where there is no text its place is empty, or null beside calls or a refusal."""
        text = self._texts[Text]
        refusal = stop.explanation if stop.reason is Reason.REFUSED and not text else None
        more = {
            "reasoning_content": self._texts[Thinking],
            "reasoning_details": self._details,
            "annotations": self._cited,
            "images": self._images,
            "tool_calls": self.calls,
        }
        return {
            "role": "assistant",
            "content": text or (None if self.calls or refusal else ""),
            "refusal": refusal,
            **{name: value for name, value in more.items() if value},
        }


def _is_object(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except NotJson:
        return False
