"""Errors: an upstream's read, and ours told. Envelope and types are those of Anthropic's API reference."""

from typing import Any

from ccproxy.dialects import prose, wording
from ccproxy.dialects.anthropic.tables import ERROR_TYPES, ERRORS, NAME
from ccproxy.dialects.dialect import Answer, Headers
from ccproxy.dialects.statuses import error_of, within_an_answer
from ccproxy.errors import ApiError, Kind, Original
from ccproxy.wire import sse
from ccproxy.wire.jsontext import NotJson, dumps, loads


def parse_error(status: int, headers: Headers, body: bytes) -> ApiError:
    """What an upstream's refusal means; its own answer is kept, since clients act on Anthropic's words."""
    original = Original(NAME, status, headers.get("content-type", ""), body)
    found = _envelope_in(body)
    if found is not None:
        type_, message = found
        return error_of(status, message, code=type_, headers=headers, original=original)
    text = prose.text_of(body)
    shown = prose.shown(text)
    if prose.is_web_page(headers, text):
        # A firewall or a proxy in between: nothing that this key or request could cure.
        told = f"the upstream answered {status} with a web page instead of an API's error: {wording.redact(shown)}"
        return ApiError(Kind.BROKEN, told, original=original)
    return error_of(status, shown, headers=headers, original=original)


def in_band(value: dict[str, Any], data: bytes) -> ApiError:
    """The error that a body or frame of status 200 tells; `data` is it as it came."""
    type_, message = _read(value) or ("api_error", "")
    status, kind = ERRORS.get(type_, ERRORS["api_error"])
    original = Original(NAME, status, "application/json", data)
    error = error_of(status, message, code=type_, original=original)
    if error.kind in (Kind.OVERFLOW, Kind.QUOTA):
        return error
    error = ApiError(kind, error.message, status=error.status, retry_after=error.retry_after, original=original)
    return within_an_answer(error)


def render_error(error: ApiError, exchange: str) -> Answer:
    """The error as a whole answer. An upstream's own envelope goes out as it came, unless it speaks of *our* key, or
    tells an overflow in words that clients do not know. The status is ours: what a vendor means by one differs."""
    original = error.original
    passes = original is not None and original.dialect == NAME and error.kind is not Kind.REFUSED_CREDENTIAL
    if original is not None and passes and _says_as_much(original.body, error):
        return Answer(error.status, original.body, original.content_type or "application/json")
    return Answer(error.status, dumps(_envelope(error, exchange)))


def thread_not_found() -> ApiError:
    """What a client hears that goes on with a conversation which only Anthropic could have kept. By `error_code` its
    SDK knows to send the whole conversation, as its tool runners do without a word to their users."""
    message = "thread.previous_message_id: only Anthropic keeps conversations; send all messages"
    details = {"error_visibility": "user_facing", "error_code": "thread_not_found"}
    error = {"type": "invalid_request_error", "message": message, "details": details}
    original = Original(NAME, 400, "application/json", dumps({"type": "error", "error": error}))
    return ApiError(Kind.UNTRANSLATABLE, message, original=original)


def error_frame(error: ApiError, exchange: str) -> bytes:
    """The error within a stream that has begun. Nothing may follow it."""
    return sse.encode(b"error", dumps(_envelope(error, exchange)))


def _envelope(error: ApiError, exchange: str) -> dict[str, Any]:
    type_ = ERROR_TYPES.get(error.status, "invalid_request_error" if 400 <= error.status < 499 else "api_error")
    if error.kind is Kind.BROKEN:
        type_ = "api_error"  # Whatever its status: clients wait longer after an `overloaded_error`.
    envelope: dict[str, Any] = {"type": "error", "error": {"type": type_, "message": error.message}}
    if exchange:
        envelope["request_id"] = exchange
    return envelope


def _says_as_much(body: bytes, error: ApiError) -> bool:
    """Whether a client of this dialect learns from the upstream's own envelope what it would learn from ours."""
    try:
        value = loads(body)
    except NotJson:
        return False
    if not isinstance(value, dict) or not isinstance(value.get("error"), dict):
        return False
    return error.kind is not Kind.OVERFLOW or wording.known_to_clients(str(value["error"].get("message")))


def _envelope_in(body: bytes) -> tuple[str, str] | None:
    try:
        return _read(loads(body))
    except NotJson:
        return None


def _read(value: Any) -> tuple[str, str] | None:
    """Type and message of an envelope, Anthropic's or one of the others that vendors of this dialect send."""
    if not isinstance(value, dict):
        return None
    error = value.get("error", value if "message" in value else None)
    if isinstance(error, str):
        return "", error
    if not isinstance(error, dict):
        return None
    type_, message = error.get("type"), error.get("message")
    return type_ if isinstance(type_, str) else "", message if isinstance(message, str) else dumps(error).decode()
