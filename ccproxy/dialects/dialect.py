"""What a dialect is: a record of functions between its wire and the model.

A dialect can stand on either side of an exchange. Towards a client it reads requests (`peek`, `parse_request`) and
writes answers (`render_stream`, `render_response`, `render_error`); towards an upstream it writes requests
(`render_request`) and reads answers (`parse_stream`, `parse_response`, `parse_error`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from attrs import evolve, field, frozen

from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError
from ccproxy.model.events import Event
from ccproxy.model.messages import Request
from ccproxy.model.replies import Response
from ccproxy.wire.jsontext import dumps, loads

Headers = Mapping[str, str]
"""Header names in lower case, and their values; several values of one name are joined by `, `."""


@frozen
class Peek:
    """What routing must know of a body before anything is translated."""

    model: str
    stream: bool


@frozen
class Outgoing:
    """A request for an upstream. `path` and `query` follow the target's base URL; `headers` are the dialect's own,
    without credentials. `losses` names what the client asked for and this dialect or vendor cannot say."""

    path: str
    body: bytes
    headers: Headers = field(factory=dict)
    query: str = ""
    losses: tuple[str, ...] = ()
    method: str = "POST"
    unwatched_stops: tuple[str, ...] = ()
    """Stop sequences of the client that this vendor does not watch for: `dialects.stops` does, on the way back."""

    def with_fields(self, fields: Mapping[str, Any]) -> "Outgoing":
        """The same request, with these fields in its body besides."""
        return evolve(self, body=dumps({**loads(self.body), **fields}))


@frozen
class Answer:
    """A whole answer to a client: status, content type, body."""

    status: int
    body: bytes
    content_type: str = "application/json"


class StreamParser(Protocol):
    """Reads one upstream stream. Holds the state of that stream and of no other.

    After `Finished` or `Failed` nothing more comes out, whatever is fed. A parser reports what is wrong with the
    stream as `Failed`; it raises `ApiError` only from the limits of the wire.
    """

    @property
    def complete(self) -> bool:
        """The answer is all there and only the formal end is missing: `close()` would finish it well."""

    def feed(self, data: bytes) -> list[Event]:
        """The events of these bytes, cut anywhere."""

    def close(self) -> list[Event]:
        """The input ended: the events that were waiting for it, `Finished` or `Failed` last."""


@runtime_checkable
class Continuable(Protocol):
    """A parser of answers that may come in several bodies, each asked for by another request."""

    @property
    def continuation(self) -> Mapping[str, Any]:
        """After the end of a body: the fields with which the same request is to be sent again for the rest of the
        answer; empty where this was all of it."""

    def go_on(self) -> None:
        """What is fed next is the next body."""


class StreamRenderer(Protocol):
    """Writes one client's stream. It alone writes frames, and it cannot write them in an illegal order."""

    def render(self, event: Event) -> bytes:
        """The frames of this event; empty where the dialect waits for more."""

    def ping(self) -> bytes:
        """A frame that says nothing but that we are here; legal at any time before the end."""

    def pulse(self) -> bytes:
        """A frame that clients count as progress though it adds nothing; empty where none is legal now."""


def _never(_quirks: Quirks) -> bool:
    return False


@frozen
class Dialect:
    """One dialect, as functions. All are pure; `parse_stream` and `render_stream` make a machine for each stream."""

    name: str
    content_type: str
    """Of a stream."""
    peek: Callable[[bytes], Peek]
    """Reads a client's body just far enough to route it; raises INVALID where a required field is missing or wrong."""
    with_model: Callable[[bytes, str], bytes]
    """The same body, byte for byte but for the model's name: for the verbatim lane."""
    parse_request: Callable[[Headers, bytes], Request]
    """Reads a client's request whole; raises INVALID with the path of what is wrong."""
    render_request: Callable[[Request, Quirks], Outgoing]
    """Writes a request for an upstream; raises UNTRANSLATABLE for what must not be dropped silently."""
    verbatim: Callable[[Headers, bytes, Quirks], Outgoing]
    """A client's body in this very dialect as it stands, addressed: path and the headers that belong to the dialect."""
    parse_response: Callable[[bytes, Quirks], Response]
    """Reads an upstream's whole reply; raises the error it holds, or BROKEN."""
    render_response: Callable[[Response, Request], bytes]
    """Writes a whole reply for the client who asked."""
    parse_stream: Callable[[Quirks], StreamParser]
    render_stream: Callable[[Request], StreamRenderer]
    parse_error: Callable[[int, Headers, bytes], ApiError]
    """Reads an upstream's answer that is no success: its status, headers and body. Never raises."""
    render_error: Callable[[ApiError, str], Answer]
    """Tells the client an error before anything else was said; the second argument is the exchange's id."""
    error_frame: Callable[[ApiError, str], bytes]
    """Tells the client an error within a stream that has begun."""
    continues: bool = False
    """Whether its parser is `Continuable`."""
    survey: Callable[[Headers, bytes], Request] | None = None
    """Reads, for routing alone, a request that `parse_request` calls UNTRANSLATABLE, as far as the model has words."""
    prefills: Callable[[Quirks], bool] = _never
    """Whether a model takes a last turn of the assistant as the beginning of its answer, and goes on with it."""
