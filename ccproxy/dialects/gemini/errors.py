"""Errors of Google's APIs, read and written: `{"error": {"code", "message", "status", "details"}}`, sometimes as the
one element of an array."""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects import wording
from ccproxy.dialects.dialect import Answer, Headers
from ccproxy.dialects.gemini.tables import NAME, STATUS, STATUS_OF
from ccproxy.dialects.statuses import error_of, within_an_answer
from ccproxy.errors import ApiError, Original
from ccproxy.wire.jsontext import NotJson, dumps, loads
from ccproxy.wire.sse import encode_data

_BAD_KEYS = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED", "ACCESS_TOKEN_EXPIRED"})
"""Reasons that Google tells as 400 or 403 and that mean: the operator's key is no good."""

_PLAIN = 500
"""Characters told of an answer that is no JSON."""


def parse_error(status: int, headers: Headers, body: bytes) -> ApiError:
    """An answer that is no success. The wait is in a `RetryInfo` among the details: Google sends no header for it."""
    original = Original(NAME, status, headers.get("content-type", "application/json"), body)
    try:
        value: Any = loads(body)
    except NotJson:
        value = body.decode("utf-8", "replace")[:_PLAIN]
    return told(error_in(value) or value, status, headers, original)


def error_in(value: Any) -> Any:
    """What `error` holds in an object or in the first object of an array; None where there is none."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value.get("error") if isinstance(value, Mapping) else None


def in_stream(error: Any, raw: bytes) -> ApiError:
    """An error that a stream of status 200 tells."""
    return within_an_answer(told(error, 500, {}, Original(NAME, 200, "application/json", raw), in_stream=True))


def told(error: Any, status: int, headers: Headers, original: Original, *, in_stream: bool = False) -> ApiError:
    """The error that Google's words say. In a stream the only status is the one within."""
    if not isinstance(error, Mapping):
        message = error if isinstance(error, str) else ""
        return error_of(status, message, headers=headers, original=original)
    word = error.get("status")
    word = word if isinstance(word, str) else ""
    code = error.get("code")
    if in_stream:
        status = code if isinstance(code, int) and 400 <= code <= 599 else STATUS.get(word, status)
    details = error.get("details")
    details = [one for one in details if isinstance(one, Mapping)] if isinstance(details, list) else []
    if any(one.get("reason") in _BAD_KEYS for one in details):
        status = 401
    words = error.get("message")
    delay = next((str(one["retryDelay"]) for one in details if "retryDelay" in one), "")
    answer = error_of(status, words if isinstance(words, str) else "", code=word, headers=headers, original=original)
    if delay and "retry-after" not in headers:
        wait = wording.retry_after({"retry-after": delay.removesuffix("s")}, "")
        answer.retry_after = wait if wait is not None else answer.retry_after
    return answer


def render_error(error: ApiError, exchange: str) -> Answer:
    """The error as Google tells one; its own body where it came from Google."""
    if error.original is not None and error.original.dialect == NAME and error.original.status >= 400:
        return Answer(error.status, error.original.body, error.original.content_type)
    return Answer(error.status, dumps(_envelope(error, exchange)))


def error_frame(error: ApiError, exchange: str) -> bytes:
    """The error within a stream that has begun."""
    return encode_data(dumps(_envelope(error, exchange)))


def _envelope(error: ApiError, exchange: str) -> dict[str, Any]:
    word = STATUS_OF.get(error.status, "INVALID_ARGUMENT" if error.status < 500 else "INTERNAL")
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": exchange},
    ]
    if error.retry_after is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{error.retry_after:g}s"})
    return {"error": {"code": error.status, "message": error.message, "status": word, "details": details}}
