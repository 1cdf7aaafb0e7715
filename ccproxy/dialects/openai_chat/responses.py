"""Whole replies of chat completions: read as a stream of one chunk, and written for clients."""

import time
from collections.abc import Callable
from typing import Any

from ccproxy.dialects.openai_chat.citations import annotations, written_image
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
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Media, Opaque, Request, Searched, Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.model.usage import Reason
from ccproxy.wire.jsontext import NotJson, dumps, loads

_PARAGRAPH = "\n\n"


def parse_response(body: bytes, quirks: Quirks) -> Response:
    """The reply in an upstream's body. Raises the error that it tells instead, or BROKEN where it tells nothing."""
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
    if not value.get("choices"):
        envelope = read_envelope(value)
        if envelope is not None and not envelope.refuses:
            raise in_band(envelope)
        if envelope is None:
            raise ApiError(Kind.BROKEN, "the upstream's answer has no choices")
    return fold(Parser(quirks).whole(value))


def render_response(response: Response, request: Request, clock: Callable[[], float] = time.time) -> bytes:
    """The reply for an OpenAI client. A call that the limit of tokens cut is left out: it must not be run. Raises
    BROKEN for one that cannot be read and was not cut. `clock` gives the seconds since 1970 that `created` tells."""
    names = Names(request.tools)
    cut = response.stop.reason in (Reason.LENGTH, Reason.WINDOW)
    texts: dict[type, str] = {Text: "", Thinking: ""}
    calls: list[dict[str, Any]] = []
    details: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    cited: list[dict[str, Any]] = []
    apart: set[type] = set()
    for block in response.blocks:
        match block:
            case Text(text) | Thinking(text):
                kind = type(block)
                if text:
                    gap = _PARAGRAPH if kind in apart and texts[kind] else ""
                    texts[kind] += gap + text
                    apart.discard(kind)
                if isinstance(block, Text):
                    cited += annotations(block.citations, text)
                apart.add(Thinking if kind is Text else Text)
                if isinstance(block, Thinking) and block.seal:
                    details.append(sealed_detail(len(details), block.seal))
            case ToolUse():
                apart |= {Text, Thinking}
                call = whole_call(block, names)
                if _is_object(call["function"]["arguments"]):
                    calls.append(call)
                elif not cut:
                    raise unusable(block)
            case Media():
                if (image := written_image(block, len(images))) is not None:
                    images.append(image)
            case Searched() | Opaque():
                pass
    refusal = response.stop.explanation if response.stop.reason is Reason.REFUSED and not texts[Text] else None
    message: dict[str, Any] = {
        "role": "assistant",
        "content": texts[Text] or (None if calls or refusal else ""),
        "refusal": refusal,
    }
    if texts[Thinking]:
        message["reasoning_content"] = texts[Thinking]
    if details:
        message["reasoning_details"] = details
    if cited:
        message["annotations"] = [{**one, "index": at} for at, one in enumerate(cited)]
    if images:
        message["images"] = images
    if calls:
        message["tool_calls"] = calls
    created = int(clock())
    finish = finish_word(response.stop, bool(calls))
    return dumps(
        {
            "id": completion_id(response.id, created),
            "object": "chat.completion",
            "created": created,
            "model": request.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
            "usage": write_usage(response.usage),
        }
    )


def _is_object(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except NotJson:
        return False
