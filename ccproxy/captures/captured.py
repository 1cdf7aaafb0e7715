"""A capture, read: what the client asked, what was sent to which upstream and what came back, what the client got.

Read as far as it goes: a daemon that was killed, or a disk that was full, leaves the beginning.
"""

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from ccproxy.captures.form import Frame, frames
from ccproxy.wire import jsontext


@frozen
class Body:
    """A body as it was kept. `size` is that of the whole one, `masked` counts the places where something is masked;
    `whole` is False for one whose end was not written."""

    data: bytes = b""
    size: int = 0
    cut: bool = False
    masked: int = 0
    whole: bool = False

    @property
    def complete(self) -> bool:
        """Whether this is all of it."""
        return self.whole and not self.cut


@frozen
class Message:
    """A request or an answer: its headers, its body, and when each began, in seconds from the request."""

    headers: Mapping[str, str]
    body: Body
    at: float = 0.0

    @property
    def is_stream(self) -> bool:
        """Whether its body is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")


@frozen
class Asked:
    """A request of HTTP."""

    method: str
    url: str
    message: Message


@frozen
class Answered:
    """An answer of HTTP. `how` tells why it ended before its end."""

    status: int
    message: Message
    how: str = ""


@frozen
class Leg:
    """One request that was sent to an upstream, and its answer; None where none came."""

    number: int
    target: str
    dialect: str
    quirks: Mapping[str, Any]
    asked: Asked
    answered: Answered | None = None


@frozen
class Captured:
    """An exchange, word for word."""

    id: str
    began: float
    dialect: str
    model: str
    stream: bool
    client: str
    asked: Asked
    legs: tuple[Leg, ...] = ()
    answered: Answered | None = None
    record: Mapping[str, Any] | None = None
    """As the ledger has it; None where there is none."""
    complete: bool = False
    """Whether it is here to its end."""


def read(text: bytes) -> Captured | None:
    """What a file tells; None where it does not even tell what was asked."""
    found: Captured | None = None
    legs: dict[int, Leg] = {}
    about: Mapping[str, Any] = {}
    for frame in frames(text):
        fields = frame.fields
        match frame.what:
            case "exchange":
                about = fields
            case "asked" if found is None:
                found = _of(about, frame)
            case "sent":
                number = _number(fields)
                legs[number] = _leg(number, frame)
            case "answered" if (leg := legs.get(_number(fields))) is not None:
                legs[leg.number] = evolve(leg, answered=_answered(frame))
            case "received" if (leg := legs.get(_number(fields))) is not None and leg.answered is not None:
                legs[leg.number] = evolve(leg, answered=_more(leg.answered, frame))
            case "told" if found is not None:
                found = evolve(found, answered=_answered(frame))
            case "said" if found is not None and found.answered is not None:
                found = evolve(found, answered=_more(found.answered, frame))
            case "over" if found is not None:
                found = evolve(found, record=_record(frame), complete=frame.whole)
    return None if found is None else evolve(found, legs=tuple(legs.values()))


def _of(about: Mapping[str, Any], frame: Frame) -> Captured:
    return Captured(
        _text(about, "id"),
        _figure(about, "began"),
        _text(about, "dialect"),
        _text(about, "model"),
        bool(about.get("stream")),
        _text(about, "client"),
        _asked(frame),
    )


def _leg(number: int, frame: Frame) -> Leg:
    fields = frame.fields
    quirks = fields.get("quirks")
    known = quirks if isinstance(quirks, dict) else {}
    return Leg(number, _text(fields, "target"), _text(fields, "dialect"), known, _asked(frame))


def _asked(frame: Frame) -> Asked:
    body = _body(frame, frame.data)
    return Asked(_text(frame.fields, "method"), _text(frame.fields, "url"), _message(frame, body))


def _answered(frame: Frame) -> Answered:
    return Answered(int(_figure(frame.fields, "status")), _message(frame, Body()))


def _more(answered: Answered, frame: Frame) -> Answered:
    """An answer with another piece of its body, or with its end, which tells of it."""
    before = answered.message.body
    data = before.data + frame.data
    if "size" not in frame.fields:
        return evolve(answered, message=evolve(answered.message, body=evolve(before, data=data, size=len(data))))
    message = evolve(answered.message, body=_body(frame, data))
    return evolve(answered, message=message, how=_text(frame.fields, "how"))


def _body(frame: Frame, data: bytes) -> Body:
    fields = frame.fields
    size, masked = int(_figure(fields, "size")), int(_figure(fields, "masked"))
    return Body(data, size, bool(fields.get("cut")), masked, frame.whole)


def _message(frame: Frame, body: Body) -> Message:
    headers = frame.fields.get("headers")
    known = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return Message(known, body, _figure(frame.fields, "at"))


def _record(frame: Frame) -> Mapping[str, Any] | None:
    try:
        record = jsontext.loads(frame.data)
    except jsontext.NotJson:
        return None
    return record if isinstance(record, dict) else None


def _number(fields: Mapping[str, Any]) -> int:
    return int(_figure(fields, "number"))


def _figure(fields: Mapping[str, Any], name: str) -> float:
    value = fields.get(name)
    return value if isinstance(value, (int, float)) else 0


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
