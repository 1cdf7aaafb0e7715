"""A call: one inbound request, read as far as routing needs it."""

from functools import cached_property
from typing import Any

from attrs import field, frozen

from ccproxy.access.principals import Principal
from ccproxy.dialects.dialect import Dialect, Headers
from ccproxy.routing.survey import Survey


@frozen
class Call:
    """Who asks, in which dialect, for what. `body` is decoded but otherwise as the client sent it, unless what it
    names was filled in."""

    id: str
    """Of the exchange: in every log line about it, and in the answer's headers."""
    dialect: Dialect
    headers: Headers
    body: bytes = field(repr=False)
    model: str
    """The name asked for."""
    stream: bool
    principal: Principal
    uri: bytes = b""
    """Path and query, as they came."""
    sent: bytes | None = field(default=None, repr=False)
    """What the client sent, where somebody has had a hand in the `body` since."""
    notes: dict[str, Any] = field(factory=dict, eq=False, repr=False)
    """What hooks keep from one of their calls to the next."""

    @cached_property
    def facts(self) -> Survey:
        """What is known of it beyond that, each when somebody asks."""
        return Survey(self.model, self.headers, self.body, self.principal.name, dialect=self.dialect)
