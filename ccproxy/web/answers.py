"""Small answers that are no exchange: JSON pages, and errors told to whoever speaks HTTP to us."""

from collections.abc import Mapping
from typing import Any, cast

from twisted.web.server import NOT_DONE_YET, Request

from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError
from ccproxy.exchange.naming import retry_headers, told_of
from ccproxy.exchange.reply import Reply
from ccproxy.headers import joined
from ccproxy.web.site import BoundedRequest
from ccproxy.wire import jsontext


def request_headers(request: Request) -> dict[str, str]:
    """A request's headers as dialects read them: lower case, several values joined."""
    return joined(request.requestHeaders.getAllRawHeaders())


def peer_address(request: Request) -> str | None:
    """The address of the client; None for a unix socket, whose other end is on this machine."""
    return cast(BoundedRequest, request).came_from


def page(request: Request, value: Mapping[str, Any], status: int = 200) -> bytes:
    """A JSON page."""
    request.setResponseCode(status)
    request.setHeader("content-type", "application/json")
    request.setHeader("cache-control", "no-store")
    return jsontext.dumps(value)


def tell(request: Request, dialect: Dialect, error: ApiError, exchange: str) -> int:
    """An error before there is an exchange, in the dialect of the path."""
    tell_by(Reply(request), dialect, error, exchange)
    return NOT_DONE_YET


def tell_by(
    reply: Reply, dialect: Dialect, error: ApiError, exchange: str, told: Mapping[str, str] | None = None
) -> None:
    """The same, where the reply is there already; `told` are the headers that name the exchange, where more is known of
    it than its id."""
    reply.answer(dialect.render_error(error, exchange), {**(told or told_of(exchange)), **retry_headers(error)})
