"""What every answer says about itself, and what an error says besides its body: the headers that clients obey."""

import math

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.meter import Meter

RETRY_AFTER_LIMIT = 60
"""Seconds. Claude Code gives up at once on a longer wait."""

HEADER_LENGTH = 300
"""Characters of a name that a header shows."""


def exchange_headers(call: Call, meter: Meter) -> dict[str, str]:
    """What every answer says about itself."""
    return {**told_of(call.id, meter.rule, meter.target, meter.attempts), **meter.told}


def told_of(exchange: str, rule: str = "", target: str = "", attempts: int = 0) -> dict[str, str]:
    """The headers that name an exchange, what it took, and where it went; `none` where it came to nothing."""
    return {
        "request-id": exchange,
        "x-ccproxy-request-id": exchange,
        "x-ccproxy-route": _for_header(rule) or "none",
        "x-ccproxy-target": _for_header(target) or "none",
        "x-ccproxy-attempts": str(attempts),
    }


def _for_header(text: str) -> str:
    """A name that clients made up as a header can hold it: some read nothing but ASCII, and none a line of 64 KiB."""
    shown = text[:HEADER_LENGTH].encode("ascii", "backslashreplace").decode("ascii")
    return "".join(character if character.isprintable() else "?" for character in shown)


def error_headers(error: ApiError, call: Call, meter: Meter) -> dict[str, str]:
    """What an error says besides its body: the headers that clients obey."""
    return exchange_headers(call, meter) | retry_headers(error)


def retry_headers(error: ApiError) -> dict[str, str]:
    """Whether and when a retry makes sense. What an upstream said of it about a client's own login stands."""
    headers = dict(error.headers)
    told_about_own_login = error.kind is Kind.AUTH and error.original is not None
    if error.retry_is_vain and not told_about_own_login:
        headers["x-should-retry"] = "true" if error.another_time_may_help else "false"
    if error.retry_after is not None:
        headers["retry-after"] = str(min(math.ceil(error.retry_after), RETRY_AFTER_LIMIT))
    return headers
