"""Requests and answers translated as the daemon would, from bytes to bytes, and without it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from ccproxy.dialects.dialect import Dialect
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError
from ccproxy.model.events import Event, Failed
from ccproxy.model.messages import Request
from ccproxy.model.replies import unfold
from ccproxy.wire.sse import Decoder

REQUEST, REPLY, STREAM = "request", "reply", "stream"


@frozen
class Recorded:
    """What a text is, as far as it tells: a request, a whole reply or a stream; an empty `dialect` is not told."""

    kind: str
    dialect: str


@frozen
class Translated:
    """The bytes in the other dialect. `losses` name what it cannot say; `path` is where a request goes."""

    body: bytes
    losses: tuple[str, ...] = ()
    path: str = ""
    headers: Mapping[str, str] = field(factory=dict)
    failure: ApiError | None = None


class Unrecognised(ValueError):
    """`str()` says what was expected."""


def recognised(data: bytes) -> Recorded:
    """What these bytes are. Raises `Unrecognised`."""
    text = data.lstrip()
    if not text:
        raise Unrecognised("nothing was given: expected a request, a reply or a stream")
    if text[:1] not in (b"{", b"["):
        return Recorded(STREAM, _dialect_of_stream(text))
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Unrecognised(f"this is neither JSON nor a stream of events: {error}") from None
    if isinstance(value, list):
        value = value[0] if value and isinstance(value[0], dict) else {}
        return Recorded(STREAM, "gemini" if "candidates" in value else "")
    if dialect := _of_reply(value):
        return Recorded(REPLY, dialect)
    return Recorded(REQUEST, _of_request(value))


def _of_reply(value: Mapping[str, Any]) -> str:
    if "choices" in value:
        return "openai_chat"
    if "candidates" in value:
        return "gemini"
    if value.get("object") == "response" or "output" in value:
        return "openai_responses"
    return "anthropic" if value.get("type") == "message" else ""


def _of_request(value: Mapping[str, Any]) -> str:
    if "contents" in value:
        return "gemini"
    if "input" in value:
        return "openai_responses"
    messages = value.get("messages")
    if not isinstance(messages, list):
        raise Unrecognised("this is no request, reply or stream of a dialect that ccproxy knows")
    roles = {message.get("role") for message in messages if isinstance(message, dict)}
    tools = value.get("tools")
    functions = isinstance(tools, list) and any(isinstance(tool, dict) and "function" in tool for tool in tools)
    chat = functions or bool(roles & {"system", "developer", "tool"}) or "max_completion_tokens" in value
    if chat:
        return "openai_chat"
    return "anthropic" if "system" in value or "max_tokens" in value else ""


def _dialect_of_stream(text: bytes) -> str:
    """By the first event that tells it."""
    for frame in Decoder().feed(text if text.endswith(b"\n\n") else text + b"\n\n"):
        if frame.event.startswith(b"response."):
            return "openai_responses"
        try:
            value = json.loads(frame.data)
        except ValueError:
            continue
        if isinstance(value, dict) and str(value.get("type", "")).startswith(("message_", "content_block_")):
            return "anthropic"
        if isinstance(value, dict) and (dialect := _of_reply(value)):
            return dialect
    return ""


def request(data: bytes, source: Dialect, target: Dialect, quirks: Quirks, headers: Mapping[str, str]) -> Translated:
    """A client's request as an upstream would get it. Raises `ApiError`."""
    outgoing = target.render_request(source.parse_request(headers, data), quirks)
    path = outgoing.path + (f"?{outgoing.query}" if outgoing.query else "")
    return Translated(outgoing.body, outgoing.losses, path, outgoing.headers)


def stream(data: bytes, source: Dialect, target: Dialect, quirks: Quirks, model: str) -> Translated:
    """An upstream's stream as a client would get it."""
    parser = source.parse_stream(quirks)
    return _rendered([*parser.feed(data), *parser.close()], target, model)


def reply(data: bytes, source: Dialect, target: Dialect, quirks: Quirks, model: str) -> Translated:
    """An upstream's whole reply as a client would get it. Raises `ApiError`."""
    return Translated(target.render_response(source.parse_response(data, quirks), Request(model=model, turns=())))


def reply_as_stream(data: bytes, source: Dialect, target: Dialect, quirks: Quirks, model: str) -> Translated:
    """An upstream's whole reply as a client would get it who wants a stream. Raises `ApiError`."""
    return _rendered(unfold(source.parse_response(data, quirks)), target, model)


def _rendered(events: Iterable[Event], target: Dialect, model: str) -> Translated:
    renderer = target.render_stream(Request(model=model, turns=(), stream=True))
    body, failure = b"", None
    for event in events:
        body += renderer.render(event)
        failure = event.error if isinstance(event, Failed) else failure
    return Translated(body, failure=failure)
