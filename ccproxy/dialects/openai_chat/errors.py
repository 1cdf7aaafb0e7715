"""Errors of chat completions: read in every envelope vendors put them in, written in OpenAI's own."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from ccproxy.dialects import prose, wording
from ccproxy.dialects.dialect import Answer, Headers
from ccproxy.dialects.envelopes import is_envelope, with_code
from ccproxy.dialects.openai_chat.tables import NAME, REFUSAL_CODES
from ccproxy.dialects.openai_words import OPENAI_ERRORS
from ccproxy.dialects.statuses import error_of, within_an_answer
from ccproxy.errors import ApiError, Kind, Original
from ccproxy.wire import sse
from ccproxy.wire.jsontext import NotJson, dumps, loads


@frozen
class Envelope:
    """What an error object says. `code` and `type` are the vendor's words; a numeric code is text here."""

    message: str
    code: str = ""
    type: str = ""

    @property
    def refuses(self) -> bool:
        """Whether a content filter declined, which is an answer and no failure."""
        return self.code in REFUSAL_CODES or self.type in REFUSAL_CODES


def read_envelope(value: Any) -> Envelope | None:
    """The error within a JSON value, or None where it holds none: `{error: {…}}`, `{error: "text"}`,
    `{object: "error", message}` (vLLM, Mistral), a list of one (Gemini), `{code, error: "text"}` (xAI), `{code,
    message}` (DashScope), `{detail: …}` (FastAPI), `{base_resp: {status_code, status_msg}}` (MiniMax)."""
    if isinstance(value, list):
        return read_envelope(value[0]) if value else None
    if not isinstance(value, dict):
        return None
    code, kind = _word(value.get("code")), _word(value.get("type"))
    error = value.get("error")
    if isinstance(error, dict):
        return _innermost(error)
    if isinstance(error, str) and error:
        return Envelope(error, code, kind)
    base = value.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return Envelope(_word(base.get("status_msg")) or "the upstream gave no reason", _word(base["status_code"]))
    if error:
        return Envelope(prose.shown(dumps(error).decode()), code, kind)
    if "choices" in value:
        return None
    if value.get("object") == "error" or isinstance(value.get("message"), str):
        return Envelope(_word(value.get("message")) or prose.shown(dumps(value).decode()), code, kind)
    if detail := value.get("detail"):
        return Envelope(detail if isinstance(detail, str) else prose.shown(dumps(detail).decode()), code, kind)
    if isinstance(errors := value.get("errors"), list) and errors:
        return read_envelope(errors[0])
    return None


def _innermost(error: Mapping[str, Any]) -> Envelope:
    message = _word(error.get("message"))
    code, kind = _word(error.get("code")), _word(error.get("type")) or _word(error.get("status"))
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and isinstance(raw := metadata.get("raw"), str) and raw:
        message = _told_by(raw, message)
    prompt, window = error.get("n_prompt_tokens"), error.get("n_ctx")
    if isinstance(prompt, int) and isinstance(window, int):
        message = f"{message} (n_prompt_tokens: {prompt}, n_ctx: {window})"
    inner = error.get("innererror")
    if isinstance(inner, dict) and _word(inner.get("code")) in REFUSAL_CODES:
        code = _word(inner["code"])
    return Envelope(message or prose.shown(dumps(error).decode()), code, kind)


def _told_by(raw: str, message: str) -> str:
    """OpenRouter's `metadata.raw` holds the answer of the provider behind it, of which `message` is a paraphrase."""
    try:
        inner = read_envelope(loads(raw))
    except NotJson:
        inner = None
    told = inner.message if inner else prose.shown(raw)
    return told if not message or message in told or message == "Provider returned error" else f"{message}: {told}"


def parse_error(status: int, headers: Headers, body: bytes) -> ApiError:
    """The error that an upstream's unsuccessful answer tells, whatever its body is."""
    original = Original(NAME, status, headers.get("content-type", ""), body)
    try:
        envelope = read_envelope(loads(body))
    except NotJson:
        envelope = None
    if envelope is None:
        return error_of(status, prose.told(status, headers, body), headers=headers, original=original)
    if status in (400, 403) and (envelope.refuses or (status == 403 and "flagged" in envelope.message)):
        return ApiError(Kind.INVALID, wording.redact(envelope.message), original=original)
    if envelope.code == _MISCALLED:
        return _miscalled(envelope, original)
    code = envelope.code if not envelope.code.isdigit() or wording.quota(envelope.code) else ""
    return error_of(status, envelope.message, code=code or envelope.type, headers=headers, original=original)


_MISCALLED = "tool_use_failed"
"""Groq blames the request for a call that its model wrote wrong. The same request often succeeds a second time."""


def _miscalled(envelope: Envelope, original: Original | None) -> ApiError:
    told = wording.redact(envelope.message)
    return ApiError(Kind.BROKEN, told, original=original, same_target_may_help=True)


_STATUSES = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "rate_limit_reached_error": 429,
    "1002": 429,
    "1039": 429,
    "1302": 429,
    "1305": 429,
    "RESOURCE_EXHAUSTED": 429,
    "overloaded": 529,
    "overloaded_error": 529,
    "server_is_overloaded": 529,
    "engine_overloaded_error": 529,
    "server_overloaded": 529,
    "server_busy": 503,
    "upstream_unreachable": 503,
    "service_unavailable": 503,
    "UNAVAILABLE": 503,
    "timeout": 504,
    "DEADLINE_EXCEEDED": 504,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "upstream_credential_refused": 401,
    "1004": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "request_too_large": 413,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "BAD_REQUEST": 400,
    "INVALID_ARGUMENT": 400,
    "BadRequestError": 400,
    "2013": 400,
}
"""The HTTP status that an error told within an answer of status 200 would have had: OpenAI's, Google's and our own
words (the upstream may be another ccproxy), MiniMax's and Zhipu's numbers. What is not here failed on the vendor's
side."""


def in_band(envelope: Envelope) -> ApiError:
    """The error told within an answer that began with status 200; `envelope.refuses` is the caller's to ask first."""
    if envelope.code == _MISCALLED:
        return within_an_answer(_miscalled(envelope, None))
    status = 500
    for word in (envelope.type, envelope.code):
        if word in _STATUSES:
            status = _STATUSES[word]
        elif len(word) == 3 and word.isdigit() and 400 <= int(word) < 600:
            status = int(word)
    return within_an_answer(error_of(status, envelope.message, code=envelope.code or envelope.type))


_ERRORS = {
    **OPENAI_ERRORS,
    Kind.BUSY: ("server_error", "server_busy"),
    Kind.OVERLOADED: ("server_error", "server_overloaded"),
    Kind.BROKEN: ("server_error", None),
}


def render_error(error: ApiError, exchange: str) -> Answer:
    """The error as a whole answer. An upstream's own, in this dialect, goes out as it came, but for secrets in it;
    never its refusal of *our* key. Anthropic's 529 is a 503 here, which OpenAI's clients know."""
    original = error.original
    status = 503 if error.status == 529 else error.status
    passes = original is not None and original.dialect == NAME and is_envelope(original.body)
    passes = passes and error.kind is not Kind.REFUSED_CREDENTIAL
    if passes and original is not None and error.kind is Kind.OVERFLOW:
        # Clients compact a conversation for this code alone, and some upstreams leave it out.
        body = with_code(original.body, "context_length_exceeded")
        original, passes = (None, False) if body is None else (evolve(original, body=body), True)
    if original is not None and passes:
        content_type = original.content_type or "application/json"
        return Answer(status, prose.without_secrets(original.body), content_type)
    return Answer(status, dumps(_envelope(error)))


def error_frame(error: ApiError, exchange: str) -> bytes:
    """The error within a stream that has begun: OpenAI's clients raise on the `error` key. Nothing follows it."""
    return sse.encode_data(dumps(_envelope(error)))


def _envelope(error: ApiError) -> dict[str, Any]:
    kind, code = _ERRORS[error.kind]
    if error.kind is Kind.OVERLOADED and error.status == 429:
        kind, code = _ERRORS[Kind.RATE]
    return {"error": {"message": error.message, "type": kind, "param": None, "code": code}}


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""
