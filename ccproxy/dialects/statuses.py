"""An upstream's refusal as one of our errors: by what its words mean, and else by its status.

Shared by the dialects that are not Anthropic's; each finds message and code in its own envelope first.
"""

from ccproxy.dialects import wording
from ccproxy.dialects.dialect import Headers
from ccproxy.errors import ApiError, Kind, Original

_KINDS: dict[int, tuple[Kind, int]] = {
    # upstream: our kind, the status told
    400: (Kind.INVALID, 400),
    401: (Kind.REFUSED_CREDENTIAL, 502),
    402: (Kind.QUOTA, 402),
    403: (Kind.REFUSED_CREDENTIAL, 502),
    404: (Kind.NO_ROUTE, 404),
    405: (Kind.INVALID, 400),
    408: (Kind.TIMEOUT, 504),
    409: (Kind.CONFLICT, 409),
    413: (Kind.TOO_LARGE, 413),
    415: (Kind.INVALID, 400),
    422: (Kind.INVALID, 400),
    425: (Kind.OVERLOADED, 429),
    429: (Kind.OVERLOADED, 429),
    498: (Kind.OVERLOADED, 529),
    503: (Kind.OVERLOADED, 529),
    504: (Kind.TIMEOUT, 504),
    529: (Kind.OVERLOADED, 529),
}

_NEVER_OVERFLOW = frozenset({401, 403, 408, 425, 429, 498, 503, 504, 529})
"""Statuses whose own meaning outweighs what their text reminds of."""


_READ = 64 * 1024
"""Bytes of an error's body that are searched for a delay."""


def error_of(
    status: int, message: str, *, code: str = "", headers: Headers | None = None, original: Original | None = None
) -> ApiError:
    """The error for an upstream's `status` and `message`; `code` is the vendor's own word or number, if it gave one.

    An empty account and an overflowing prompt are known by their words whatever the status (vendors use 400, 403, 413,
    422, 429 and 500 for them), an unknown model and a wrong key where the status blames the request. The message keeps
    the vendor's words, without secrets.
    """
    text = wording.redact(message).strip() or f"the upstream answered {status} without a message"
    body = original.body[:_READ].decode("utf-8", "replace") if original else message
    wait = wording.retry_after(headers or {}, body)
    if status == 402 or wording.quota(message) or wording.quota(code):
        return ApiError(Kind.QUOTA, text, original=original)
    if wording.rate(message) and status in (400, 413, 429):
        return ApiError(Kind.OVERLOADED, text, status=429, retry_after=wait, original=original)
    if status not in _NEVER_OVERFLOW and (words := wording.overflow(text, code)):
        return ApiError(Kind.OVERFLOW, words, original=original)
    if status == 400 and wording.bad_key(message):
        status = 401
    elif status == 400 and (wording.no_model(message) or wording.no_model(code)):
        return ApiError(Kind.NO_ROUTE, text, status=400, original=original)
    kind, told_status = _KINDS.get(status, (Kind.INVALID, 400) if 400 <= status < 500 else (Kind.BROKEN, 502))
    return ApiError(kind, text, status=told_status, retry_after=wait, original=original)


def within_an_answer(error: ApiError) -> ApiError:
    """The same error, told within an answer that began with status 200. A vendor that fails while it answers is asked
    again with better hope than one that cannot answer: 503, not 502."""
    if error.kind is Kind.BROKEN:
        error.status = 503
    return error
