"""Base URLs as people write them, as we need them.

Programs of this kind disagree whether a base URL ends in `/v1`, in a slash, or in the whole path of the one request
that is sent. All of these are taken.
"""

import re
from urllib.parse import urlsplit

PATHS = {
    # dialect: the paths behind a base URL that people write along, the longest first
    "anthropic": ("/v1/messages/count_tokens", "/v1/messages", "/v1"),
    "openai_chat": ("/chat/completions",),
    "openai_responses": ("/responses",),
    "gemini": ("/models",),
}
"""The dialects there are. Anthropic's own base URL is without `/v1`, OpenAI's with it."""

LISTS = {"anthropic": "/v1/models", "openai_chat": "/models", "openai_responses": "/models", "gemini": "/models"}
"""Where the dialects have their lists of models, behind the base URL."""

_GEMINI_CALL = re.compile(r"/models/[^/]*:[a-zA-Z]+$")
_TWICE = re.compile(r"(?:/v1){2,}(?=/|$)")


class BadUrl(ValueError):
    """The text is no URL to ask a provider at; `str()` says what was expected, and shows nothing of the text."""


def normalised(url: str, dialect: str) -> str:
    """The base URL that someone meant by `url` who wants to speak `dialect` there: without a slash at its end, without
    a repeated `/v1`, and without the path of a request. An OpenAI-type URL without any path gets `/v1`.

    Raises `BadUrl`.
    """
    text = url.strip()
    _check(text)
    parts = urlsplit(text)
    path = _TWICE.sub("/v1", parts.path.rstrip("/"))
    if dialect == "gemini":
        path = _GEMINI_CALL.sub("", path)
    cut = False
    for ending in PATHS.get(dialect, ()):
        if path.endswith(ending):
            path = path.removesuffix(ending).rstrip("/")
            cut = True
            break
    if not path and not cut:
        if dialect in ("openai_chat", "openai_responses"):
            path = "/v1"
        elif dialect == "gemini":
            path = "/v1beta"
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}"


def dialect_told_by(url: str) -> str:
    """The dialect that the path of a request at the end of `url` gives away; empty where it gives none."""
    path = urlsplit(url.strip()).path.rstrip("/")
    if path.endswith("/messages"):
        return "anthropic"
    if path.endswith("/chat/completions"):
        return "openai_chat"
    if path.endswith("/responses"):
        return "openai_responses"
    return "gemini" if _GEMINI_CALL.search(path) else ""


def _check(text: str) -> None:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise BadUrl("a URL of printable ASCII characters without spaces")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  (raises where it is no number)
    except ValueError:
        raise BadUrl("a URL such as https://api.example.com/v1") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise BadUrl("a URL that begins with http:// or https:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise BadUrl("a URL without a user or password in it: the key belongs in api_key")
    if parts.query or parts.fragment:
        raise BadUrl("a URL without `?` and `#`")
