"""Hearing one exchange, in the reactor: what comes by is noted as it is, and all work with it is done elsewhere.

Bytes are not copied; of a body, those beyond the limit are only counted. Whatever goes wrong here ends the capture and
not the exchange.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.components import proxyForInterface
from twisted.python.failure import Failure
from twisted.web.iweb import IResponse

import ccproxy
from ccproxy.captures.folded import reading
from ccproxy.captures.form import VERSION
from ccproxy.captures.note import Note
from ccproxy.captures.spool import Spool
from ccproxy.dialects.dialect import Headers
from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Outcome, Record
from ccproxy.exchange.telling import told
from ccproxy.headers import is_credential, joined
from ccproxy.providers.target import Target
from ccproxy.upstream.failures import ended_well
from ccproxy.wire import jsontext
from ccproxy.wire.masking import OVERLAP

log = Logger()


class Capture:
    """One exchange, from its request on: an `exchange.witness.Witness`. Where it is wanted only `if_sent`, nothing is
    kept of an exchange that asks no upstream."""

    def __init__(self, call: Call, spool: Spool, if_sent: bool = False) -> None:
        self._id = call.id
        self._spool = spool
        self._began = spool.now()
        self._limit = spool.body_limit + OVERLAP
        self._kept: dict[str, int] = {}
        """How much is kept so far of each body that is on its way."""
        self._sent = 0
        self._in_lines = False
        """Whether the client gets a stream."""
        self._over = False
        self._held: list[Note] | None = [] if if_sent else None
        about = {
            "version": VERSION,
            "id": call.id,
            "began": self._began,
            "ccproxy": ccproxy.__version__,
            "dialect": call.dialect.name,
            "model": call.model,
            "stream": call.stream,
            "client": call.principal.name,
        }
        self._note("exchange", about)
        asked = {"method": "POST", "url": call.uri.decode("latin-1"), "headers": dict(call.headers)}
        self._whole("asked", asked, call.body if call.sent is None else call.sent, call.headers)

    def sent(self, target: Target, method: str, url: str, headers: Headers, body: bytes) -> "_Sent":
        """A request goes to an upstream."""
        held, self._held = self._held, None
        for note in held or ():
            self._put(note)
        self._sent += 1
        number = self._sent
        fields = {"number": number, "target": target.name, "dialect": target.dialect, "method": method, "url": url}
        self._whole("sent", {**fields, "quirks": reading(target.quirks), "headers": dict(headers)}, body, headers)
        return _Sent(self, number)

    def answered(self, number: int, status: int, headers: Headers) -> None:
        """The headers of an answer came."""
        shown = {name: value for name, value in headers.items() if value}
        self._note("answered", {"number": number, "status": status, "headers": shown}, headers)

    def received(self, number: int, data: bytes, in_lines: bool) -> None:
        """A piece of an answer came."""
        self._piece("received", f"received {number}", data, {"number": number, "in_lines": in_lines})

    def ended(self, number: int, how: str) -> None:
        """An answer came to its end; `how` is empty for a good one."""
        self._end("received", f"received {number}", {"number": number, "how": how})

    def told(self, status: int, headers: Headers) -> None:
        """The client is told a status and headers."""
        self._note("told", {"status": status, "headers": dict(headers)})
        self._in_lines = _in_lines(headers)

    def said(self, data: bytes) -> None:
        """The client is told this of the body."""
        self._piece("said", "said", data, {"in_lines": self._in_lines})

    def over(self, record: Record | None) -> None:
        """Nothing more comes."""
        well = record is not None and record.outcome is Outcome.FINISHED
        for body in tuple(self._kept):
            what, _, number = body.partition(" ")
            how = "" if well else "the exchange was over before it"
            self._end(what, body, {"number": int(number), "how": how} if number else {})
        self._put(Note(self._id, "over", {"at": self._at()}, _text(record), "over", whole=True, last=True))
        self._over = True

    def _at(self) -> float:
        return round(self._spool.now() - self._began, 4)

    def _note(self, what: str, fields: Mapping[str, Any], headers: Headers | None = None) -> None:
        secrets = tuple(_secrets(headers or {}))
        self._put(Note(self._id, what, {"at": self._at(), **fields}, secrets=secrets))

    def _whole(self, what: str, fields: Mapping[str, Any], body: bytes, headers: Headers) -> None:
        fields = {"at": self._at(), **fields, "came": len(body)}
        kept = body if len(body) <= self._limit else body[: self._limit]
        self._put(Note(self._id, what, fields, kept, what, whole=True, secrets=tuple(_secrets(headers))))

    def _piece(self, what: str, body: str, data: bytes, fields: Mapping[str, Any]) -> None:
        kept = self._kept.get(body, 0)
        self._kept[body] = kept + len(data)
        room = max(self._limit - kept, 0)
        size = len(data)
        self._put(Note(self._id, what, {"at": self._at(), **fields, "came": size}, data[:room], body))

    def _end(self, what: str, body: str, fields: Mapping[str, Any]) -> None:
        self._kept.pop(body, None)
        self._put(Note(self._id, what, {"at": self._at(), **fields}, body=body, whole=True))

    def _put(self, note: Note) -> None:
        if self._over:
            return
        if self._held is not None:
            self._held.append(note)
            return
        try:
            self._spool.note(note)
        except Exception:
            log.failure("capturing {exchange} failed: a fault of ours", exchange=self._id)
            self._over = True


class _Sent:
    """One request that was sent, and the answer to it."""

    def __init__(self, capture: Capture, number: int) -> None:
        self._capture = capture
        self._number = number

    def answered(self, response: IResponse) -> IResponse:
        headers = joined(response.headers.getAllRawHeaders())
        self._capture.answered(self._number, response.code, headers)
        overheard: IResponse = _Overheard(response, self._capture, self._number, _in_lines(headers))
        return overheard


class _Overheard(proxyForInterface(IResponse, "_response")):  # type: ignore[misc]
    """A response whose body is heard by the way."""

    def __init__(self, response: IResponse, capture: Capture, number: int, in_lines: bool) -> None:
        self._response = response
        self._capture = capture
        self._number = number
        self._in_lines = in_lines

    def deliverBody(self, protocol: Protocol) -> None:
        """To whoever reads it, and before that to the capture."""
        self._response.deliverBody(_Ear(protocol, self._capture, self._number, self._in_lines))


class _Ear(Protocol):
    """Hears a body on its way to whoever reads it, who alone moves its transport."""

    def __init__(self, reader: Protocol, capture: Capture, number: int, in_lines: bool) -> None:
        self._reader = reader
        self._capture = capture
        self._number = number
        self._in_lines = in_lines

    def makeConnection(self, transport: ITransport) -> None:
        self._reader.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        self._capture.received(self._number, data, self._in_lines)
        self._reader.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._capture.ended(self._number, "" if ended_well(reason) else reason.getErrorMessage())
        self._reader.connectionLost(reason)


def _text(record: Record | None) -> bytes:
    """A record as it is kept; nothing where it cannot be."""
    try:
        return b"" if record is None else jsontext.dumps(told(record))
    except jsontext.NotJson:
        return b""


def _in_lines(headers: Headers) -> bool:
    """Whether a body comes as a stream of lines."""
    return headers.get("content-type", "").startswith(("text/event-stream", "application/x-ndjson"))


def _secrets(headers: Headers) -> Iterator[str]:
    """The keys in headers, with and without the scheme of a login."""
    for name, value in headers.items():
        if value and is_credential(name):
            yield value
            scheme, _, key = value.partition(" ")
            if key and scheme.lower() in ("bearer", "basic"):
                yield key.strip()
