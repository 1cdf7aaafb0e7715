"""OpenAI's error envelope, as upstreams of its dialects write it."""

from ccproxy.wire.jsontext import NotJson, dumps, loads


def with_code(body: bytes, code: str) -> bytes | None:
    """An upstream's own error with this code, which clients act on and some upstreams leave out; the same bytes where
    it has it. None for what is no envelope."""
    try:
        value = loads(body)
    except NotJson:
        return None
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return None
    if error.get("code") == code:
        return body
    return dumps({**value, "error": {**error, "code": code}})
