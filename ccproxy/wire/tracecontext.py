"""W3C trace context: the header `traceparent`, by which one trace leads through several programs.

Our own ids follow from the exchange's, so nobody has to carry them: whoever knows the exchange knows its spans.
"""

import hashlib
import re
from collections.abc import Callable, Mapping

from attrs import frozen

HEADER, STATE = "traceparent", "tracestate"

_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")

SAMPLED = 1


@frozen
class Trace:
    """Where an exchange belongs: its trace, the span that asked for it (empty for none), and its own span."""

    trace: str
    parent: str
    exchange: str
    sampled: bool = True

    @classmethod
    def of(cls, exchange: str, headers: Mapping[str, str], share: float = 1.0) -> "Trace":
        """The trace that a client's headers tell of, or a new one. A client that traces decides whether this exchange
        is told; of all others `share` are, from 0 to 1."""
        match = _FORM.fullmatch(headers.get(HEADER, "").strip())
        if match is not None:
            return cls(match[1], match[2], exchange, bool(int(match[3], 16) & SAMPLED))
        digest = hashlib.blake2b(exchange.encode(), digest_size=16).hexdigest()
        return cls(digest, "", exchange, int(digest[:8], 16) < share * 0x1_0000_0000)

    def span(self, attempt: int = 0) -> str:
        """The id of a span of the exchange: its own, or that of the attempt of this number, from 1 on."""
        return hashlib.blake2b(f"{self.exchange}/{attempt}".encode(), digest_size=8).hexdigest()

    def header(self, attempt: int) -> str:
        """The `traceparent` for an upstream."""
        return f"00-{self.trace}-{self.span(attempt)}-{int(self.sampled):02x}"


Traced = Callable[[str, Mapping[str, str], int], Mapping[str, str]]
"""The headers for an upstream, by the exchange's id, the client's headers, and the number of the attempt."""


def untraced(_exchange: str, _headers: Mapping[str, str], _attempt: int) -> Mapping[str, str]:
    """None, where nobody traces."""
    return {}


def traced(share: float) -> Traced:
    """What goes on to upstreams where `share` of all exchanges are traced: our span, and what else the client's trace
    carries along."""

    def headers(exchange: str, theirs: Mapping[str, str], attempt: int) -> Mapping[str, str]:
        trace = Trace.of(exchange, theirs, share)
        state = {STATE: theirs[STATE]} if trace.parent and theirs.get(STATE) else {}
        return {HEADER: trace.header(attempt), **state}

    return headers
