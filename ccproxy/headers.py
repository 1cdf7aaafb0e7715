"""Which headers pass to whom.

Headers belong to families. Those of the connection (RFC 9110 section 7.6.1) end with it. Those of the protocol
(`anthropic-*`, `x-claude-code-*` and what SDKs say of themselves) pass to an upstream of the client's own dialect,
known or not: Claude Code's contract calls them an open list. Everything else stays here, credentials above all.
"""

from collections.abc import Iterable, Mapping, Sequence

_PROTOCOL_FAMILIES = ("anthropic-", "x-claude-code-", "x-stainless-")
_PROTOCOL_NAMES = frozenset(("user-agent", "x-app", "accept", "x-client-request-id"))

_BACK_ALWAYS = frozenset(("request-id", "retry-after", "x-should-retry"))
_BACK_FAMILY = "anthropic-"
"""An account's limits and organisation: true for the client only if the account is its own."""


def joined(raw: Iterable[tuple[bytes, Sequence[bytes]]]) -> dict[str, str]:
    """Headers as dialects read them, from Twisted's: names in lower case, several values joined by `, `."""
    return {
        name.decode("latin-1").lower(): ", ".join(value.decode("latin-1") for value in values) for name, values in raw
    }


def to_upstream(headers: Mapping[str, str]) -> dict[str, str]:
    """The client's headers that an upstream of its own dialect gets as they came."""
    return {
        name: value for name, value in headers.items() if name in _PROTOCOL_NAMES or name.startswith(_PROTOCOL_FAMILIES)
    }


def back_to_client(headers: Mapping[str, str], own_login: bool) -> dict[str, str]:
    """The headers of an upstream's answer that go along to a client of its own dialect. What tells of the account goes
    to a client who asked with its own login, and to no other."""
    return {
        name: value
        for name, value in headers.items()
        if name in _BACK_ALWAYS or (own_login and name.startswith(_BACK_FAMILY))
    }
