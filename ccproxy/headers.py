"""Which HTTP headers pass through us, in which direction, and what of a text must never be shown.

Names are in lower case, as `dialects.dialect.Headers` has them. What is in no family here stops at us: headers of the
connection, of proxies and of browsers mean nothing at the other end, or too much.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of one connection (RFC 9110, section 7.6.1), and what `Connection` names besides."""

CREDENTIALS = frozenset(
    {"api-key", "authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "x-goog-api-key"}
)
"""Headers that say who someone is: they are written where a request is signed, and nowhere else."""

_CREDENTIAL_WORDS = re.compile(
    r"(?:^|[-_])(?:key|token|secret|auth|authorization|authentication|cookie|passw(?:or)?d|credentials?|signature|jwt)(?:$|[-_])"
)

_ANTHROPIC_FAMILIES = ("anthropic-", "x-claude-", "x-stainless-")
"""The protocol's own headers, Claude Code's and the SDK's. The lists are open: what is new passes too, since a
feature's header and its body field must arrive together or the request is refused."""
_ANTHROPIC_NAMES = frozenset({"accept", "user-agent", "x-app", "x-client-request-id"})

_ANSWER_NAMES = frozenset({"request-id", "x-should-retry"})
_ACCOUNT_FAMILIES = ("anthropic-",)
"""Rate limits and organisation: of the account that was charged."""


@lru_cache(1024)
def is_credential(name: str) -> bool:
    """Whether a header of this name says who someone is, as far as its name tells."""
    return name in CREDENTIALS or _CREDENTIAL_WORDS.search(name) is not None


def joined(raw: Iterable[tuple[bytes, Sequence[bytes]]]) -> dict[str, str]:
    """Headers as dialects read them, from Twisted's: names in lower case, several values of one joined by `, `."""
    return {
        name.decode("latin-1").lower(): ", ".join(value.decode("latin-1") for value in values) for name, values in raw
    }


def to_anthropic(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of a client's headers that go along to an upstream of Anthropic's dialect, values as they came."""
    named = _named_by_connection(headers)
    return {
        name: value
        for name, value in headers.items()
        if (name in _ANTHROPIC_NAMES or name.startswith(_ANTHROPIC_FAMILIES))
        and name not in HOP_BY_HOP
        and name not in CREDENTIALS
        and name not in named
    }


def back_to_client(headers: Mapping[str, str], *, own_login: bool) -> dict[str, str]:
    """Those of an upstream's headers that go back to the client. What speaks of the account goes only to a client whose
    own login was charged (`own_login`): the limits of an operator's account would mislead its users."""
    families = _ACCOUNT_FAMILIES if own_login else ()
    return {
        name: value
        for name, value in headers.items()
        if name in _ANSWER_NAMES or (families and name.startswith(families))
    }


def _named_by_connection(headers: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in headers.get("connection", "").split(","))


_REDACTED = "<redacted>"
_HEADER = re.compile(
    r"""(?ix)
    (?P<name> \b (?: proxy-authorization | authorization | x-goog-api-key | x-api-key | api[-_]?key
        | set-cookie | cookie | (?: access | refresh | auth ) [-_]? token ) ["']?
        \s* [:=] \s* (?: b(?=["']) | ["'\[] )* )
    (?P<scheme> (?: bearer | basic ) \s+ )?
    (?P<secret> [^\s"',;\])}]+ )
    """
)
KEY_PREFIXES = (
    *("sk", "pk", "rk", "gsk", "xai", "pplx", "csk", "nvapi", "hf"),
    *("ghp", "gho", "ghu", "github_pat", "tgp_v1"),
)
"""How vendors' keys begin, before a hyphen or an underscore."""

_ALONE = re.compile(
    r"(?i)(?<=\bbearer )[a-z0-9._~+/=-]{8,}"
    rf"|(?<![a-z0-9])(?:{'|'.join(KEY_PREFIXES)})[-_][a-z0-9._-]{{8,}}"
    r"|AIza[0-9a-z_-]{10,}"
    r"|(?<![a-z0-9])eyJ[a-z0-9_-]{8,}\.[a-z0-9_-]{4,}(?:\.[a-z0-9_-]*)?"
    r"|(?<=[?&]key=)[^&\s\"']+"
)


def redact(text: str) -> str:
    """A line for the log without the values of headers of credentials, and without whatever looks like a key."""
    return _ALONE.sub(_REDACTED, _HEADER.sub(rf"\g<name>\g<scheme>{_REDACTED}", text))
