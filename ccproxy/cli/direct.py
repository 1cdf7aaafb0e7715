"""Asking over HTTP without Twisted, an event at a time: the daemon, or a target itself where no daemon runs.

What a daemon does beyond that for its clients, such as limits, breakers and records, is not done here: a question typed
at a terminal needs none of it.
"""

from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

from attrs import field, frozen

from ccproxy.cli.connections import FAILURES, connection, told
from ccproxy.dialects.dialect import Dialect, Outgoing, StreamParser
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Event, Failed
from ccproxy.model.messages import Request
from ccproxy.model.replies import unfold
from ccproxy.providers.target import Auth, Target
from ccproxy.providers.wayout import WayOut
from ccproxy.secret import Sought

SECONDS = 300.0
"""How long an answer may be silent."""

PIECE = 65536


@frozen
class Asked:
    """Who is asked: the base URL, what it speaks, and the headers that say who we are."""

    name: str
    base_url: str
    dialect: Dialect
    quirks: Quirks
    headers: Mapping[str, str]
    way: WayOut = field(factory=WayOut)

    @classmethod
    def target(cls, target: Target, way: WayOut) -> "Asked":
        """A target, with its key, by this way. Raises `ApiError` for a key that only a daemon looks for."""
        if isinstance(target.key, Sought):
            told = f"the key of {target.provider} is looked for by the daemon {target.key.masked()}: ccproxy start"
            raise ApiError(Kind.REFUSED_CREDENTIAL, told)
        key = target.key.reveal()
        auth = {"authorization": f"Bearer {key}"} if target.auth is Auth.BEARER else {target.auth.value: key}
        return cls(target.name, target.base_url, DIALECTS[target.dialect], target.quirks, auth if key else {}, way)

    @classmethod
    def daemon(cls, url: str, key: str, model: str) -> "Asked":
        """The daemon at this URL, as Claude Code asks it for a model."""
        return cls("ccproxy", url, DIALECTS["anthropic"], Quirks(model=model), {"x-api-key": key} if key else {})


def events(asked: Asked, request: Request) -> Iterator[Event]:
    """The answer, as it comes. Raises `ApiError` for one that never began; one that breaks off ends with `Failed`."""
    outgoing = asked.dialect.render_request(request, asked.quirks)
    try:
        wire = connection(asked.base_url, asked.way, SECONDS)
    except OSError as error:
        raise _unreachable(asked, error) from None
    try:
        response = _sent(wire, asked, outgoing)
        if response.status != 200:
            said = {name.lower(): value for name, value in response.getheaders()}
            raise asked.dialect.parse_error(response.status, said, response.read(PIECE))
        streamed = "json" not in (response.getheader("content-type") or "")
        yield from _streamed(asked, response) if streamed else _whole(asked, response)
    finally:
        wire.close()


def _unreachable(asked: Asked, error: Exception) -> ApiError:
    return ApiError(Kind.UNREACHABLE, f"{asked.name} {told(asked.base_url, asked.way, error)}")


def _sent(wire: HTTPConnection, asked: Asked, outgoing: Outgoing) -> HTTPResponse:
    path = f"{urlsplit(asked.base_url).path}{outgoing.path}" + (f"?{outgoing.query}" if outgoing.query else "")
    headers = {"user-agent": "ccproxy", **outgoing.headers, **asked.headers}
    try:
        wire.request("POST", path, outgoing.body, headers)
        return wire.getresponse()
    except FAILURES as error:
        raise _unreachable(asked, error) from None


def _streamed(asked: Asked, response: HTTPResponse) -> Iterator[Event]:
    parser: StreamParser = asked.dialect.parse_stream(asked.quirks)
    try:
        while piece := response.read1(PIECE):
            yield from parser.feed(piece)
    except FAILURES as error:
        yield Failed(ApiError(Kind.BROKEN, f"{asked.name} broke off: {error}"))
        return
    yield from parser.close()


def _whole(asked: Asked, response: HTTPResponse) -> Iterator[Event]:
    try:
        body = response.read()
    except FAILURES as error:
        raise ApiError(Kind.BROKEN, f"{asked.name} broke off: {error}") from None
    yield from unfold(asked.dialect.parse_response(body, asked.quirks))
