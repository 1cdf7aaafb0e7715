"""OpenAI's error envelope, as upstreams of its dialects write it."""

from typing import Any

from ccproxy.wire.jsontext import NotJson, dumps, loads


def is_envelope(body: bytes) -> bool:
    """Whether clients of OpenAI's dialects can read it: what stands in between answers with web pages, too."""
    return _envelope(body) is not None


def _envelope(body: bytes) -> dict[str, Any] | None:
    try:
        value = loads(body)
    except NotJson:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("error"), dict) else None


def with_code(body: bytes, code: str) -> bytes | None:
    """An upstream's own error with this code, which clients act on and some upstreams leave out; the same bytes where
    it has it. None for what is no envelope."""
    value = _envelope(body)
    if value is None:
        return None
    if value["error"].get("code") == code:
        return body
    return dumps({**value, "error": {**value["error"], "code": code}})
