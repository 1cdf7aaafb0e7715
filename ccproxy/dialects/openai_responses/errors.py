"""Errors of the Responses dialect: as an answer, and within a stream."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ccproxy.dialects import prose, wording
from ccproxy.dialects.dialect import Answer, Headers
from ccproxy.dialects.envelopes import is_envelope, with_code
from ccproxy.dialects.openai_responses.tables import BAD_INPUT, NAME, REFUSALS, STATUSES
from ccproxy.dialects.openai_words import OPENAI_ERRORS
from ccproxy.dialects.statuses import error_of, within_an_answer
from ccproxy.errors import ApiError, Kind, Original
from ccproxy.wire import sse
from ccproxy.wire.jsontext import NotJson, dumps, loads

_LAST = 2**31 - 1
"""The sequence number of a frame written by who does not know how many came before: higher than any of those."""


def parse_error(status: int, headers: Headers, body: bytes) -> ApiError:
    """The error that an upstream's unsuccessful answer tells, whatever its body is."""
    original = Original(NAME, status, headers.get("content-type", ""), body)
    try:
        told = read_error(loads(body))
    except NotJson:
        told = None
    if told is None:
        return error_of(status, prose.told(status, headers, body), headers=headers, original=original)
    code, message = told
    if code in REFUSALS and status in (400, 403):
        return ApiError(Kind.INVALID, wording.redact(message), original=original)
    return error_of(status, message, code=code, headers=headers, original=original)


def read_error(value: Any) -> tuple[str, str] | None:
    """Code and message of the error within a JSON value, or None where it holds none: `{error: {…}}`, `{error: text}`,
    `{code, message}` as in an `error` event, `{detail: …}`, or a list of one of these."""
    if isinstance(value, list):
        return read_error(value[0]) if value else None
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, str) and error:
        return _word(value.get("code")), error
    if isinstance(error, dict) and error:
        code = _word(error.get("code")) or _word(error.get("type"))
        return code, _word(error.get("message")) or prose.shown(dumps(error).decode())
    if isinstance(value.get("message"), str):
        return _word(value.get("code")), value["message"]
    if detail := value.get("detail"):
        return "", detail if isinstance(detail, str) else prose.shown(dumps(detail).decode())
    return None


def in_stream(code: str, message: str) -> ApiError:
    """The error told within a stream that began with status 200, before or after content."""
    message = message or f"the upstream failed ({code or 'without a reason'})"
    if code in STATUSES:
        status = STATUSES[code]
    elif len(code) == 3 and code.isdigit() and "400" <= code < "600":
        status = int(code)
    else:
        status = 400 if code.startswith(BAD_INPUT) else 500
    body = dumps({"error": {"message": message, "type": code or "server_error", "param": None, "code": code or None}})
    original = Original(NAME, status, "application/json", body)
    return within_an_answer(error_of(status, message, code=code, original=original))


def render_error(error: ApiError, exchange: str) -> Answer:
    """The error as a whole answer. An upstream's own, in this dialect, goes out as it came, but for secrets in it;
    never its refusal of *our* key. Anthropic's 529 is a 503 here, which OpenAI's clients know."""
    original = error.original
    passes = original is not None and original.dialect == NAME and is_envelope(original.body)
    passes = passes and error.kind is not Kind.REFUSED_CREDENTIAL
    if passes and original is not None and error.kind is Kind.OVERFLOW:
        # Clients compact a conversation for this code alone, and some upstreams leave it out.
        body = with_code(original.body, "context_length_exceeded")
        original, passes = (None, False) if body is None else (evolve(original, body=body), True)
    if original is not None and passes:
        return Answer(_told(error.status), prose.without_secrets(original.body), original.content_type or _JSON)
    kind, code = words(error)
    return Answer(
        _told(error.status),
        dumps({"error": {"message": error.message, "type": kind, "param": None, "code": code}}),
    )


def error_frame(error: ApiError, exchange: str) -> bytes:
    """The error within a stream that has begun, from who knows nothing of that stream."""
    return failure_frames(error, {"id": f"resp_{exchange}", "object": "response", "output": []}, _LAST - 1)


def failure_frames(error: ApiError, response: Mapping[str, Any], sequence: int) -> bytes:
    """The two last frames of a stream that failed, as OpenAI sends them: `error`, which SDKs raise if it has an object
    of that name (the reference has none), and `response.failed`, which is all that Codex CLI looks at. `response` is
    what was told of it so far."""
    kind, code = words(error)
    code = code or "invalid_prompt"
    message = error.message
    if code == "rate_limit_exceeded" and error.retry_after and "try again in" not in message.lower():
        # Codex CLI reads from these words how long to wait.
        message = f"{message} Please try again in {error.retry_after:g}s."
    told = {"code": code, "message": message, "param": None}
    first = {"type": "error", **told, "error": {"type": kind, **told}, "sequence_number": sequence}
    failed = {**response, "status": "failed", "error": {"code": code, "message": message}}
    second = {"type": "response.failed", "response": failed, "sequence_number": sequence + 1}
    return sse.encode(b"error", dumps(first)) + sse.encode(b"response.failed", dumps(second))


def words(error: ApiError) -> tuple[str, str | None]:
    """OpenAI's type and code for an error."""
    if error.kind is Kind.OVERLOADED and error.status == 429:
        return OPENAI_ERRORS[Kind.RATE]
    return OPENAI_ERRORS[error.kind]


_JSON = "application/json"


def _told(status: int) -> int:
    return 503 if status == 529 else status


def _word(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""
