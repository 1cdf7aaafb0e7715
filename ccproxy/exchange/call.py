"""A call: one inbound request, read as far as routing needs it."""

from attrs import field, frozen

from ccproxy.access.principals import Principal
from ccproxy.dialects.dialect import Dialect, Headers


@frozen
class Call:
    """Who asks, in which dialect, for what. `body` is decoded but otherwise as the client sent it."""

    id: str
    """Of the exchange: in every log line about it, and in the answer's headers."""
    dialect: Dialect
    headers: Headers
    body: bytes = field(repr=False)
    model: str
    """The name asked for."""
    stream: bool
    principal: Principal
