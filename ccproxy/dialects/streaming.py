"""Whether an upstream is asked for a stream, whatever the client wants."""

from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Request

BRIEF = 1024
"""Tokens of an answer that a slow model, at ten a second, finishes before the deadline for the first byte."""


def wants_stream(request: Request, quirks: Quirks) -> bool:
    """Also where the client wants a whole reply, if that may take long: a stream shows that the upstream lives, and no
    balancer on the way takes its silence for its death. A brief answer needs neither, and to read it whole takes a
    quarter less of the CPU time of its whole exchange (measured)."""
    limit = request.sampling.max_tokens
    brief = limit is not None and limit <= BRIEF
    return quirks.streams and (request.stream or not brief)
