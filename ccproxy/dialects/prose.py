"""Errors that no API wrote: the page of a firewall, a redirect, a line of text."""

from ccproxy.dialects import wording
from ccproxy.dialects.dialect import Headers

_SHOWN = 500
"""Characters of such a body which are told."""


def shown(text: str) -> str:
    """As much of it as is told."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def text_of(body: bytes) -> str:
    """The beginning of a body, whatever it is."""
    return body[: 4 * _SHOWN].decode("utf-8", "replace").strip()


def is_web_page(headers: Headers, text: str) -> bool:
    """Whether it is a page for people."""
    return text[:200].lower().startswith(("<!doctype", "<html")) or "text/html" in headers.get("content-type", "")


def told(status: int, headers: Headers, body: bytes) -> str:
    """What is told of it."""
    if 300 <= status < 400:
        where = wording.redact(headers.get("location", "nowhere"))
        return f"the upstream redirects ({status}) to {where}: its base URL is probably wrong"
    text = text_of(body)
    if is_web_page(headers, text):
        return f"the upstream answered {status} with an HTML page, which no API does: {shown(text)}"
    return shown(text)


def without_secrets(body: bytes) -> bytes:
    """An upstream's own words, byte for byte but for secrets."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return body
    clean = wording.redact(text)
    return body if clean == text else clean.encode("utf-8")
