"""What is shown of a captured exchange, at the terminal, on the page and to programs: its request as the client sent it
beside what an upstream got, and that one's answer beside what the client got.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from ccproxy.captures.captured import Answered, Asked, Body, Captured, Leg
from ccproxy.captures.difference import Row, Side, difference
from ccproxy.captures.folded import folded, value
from ccproxy.captures.outline import Line, lines, outline, plain
from ccproxy.figures import size

OF_CONNECTIONS = frozenset(
    {"accept-encoding", "connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"}
)
"""Headers that each end has of its own, whatever is said."""

OURS = "x-ccproxy-"
"""How headers begin that every answer of ours has."""

SAME = "The bodies are the same, byte for byte."
SAME_AS_FAR_AS_SEEN = "The bodies are the same, as far as they can be seen."


class NoSuchAttempt(ValueError):
    """`str()` says which there are."""


@frozen
class Part:
    """One thing that is shown: `first` and `second` say whose rows with - and + are; with an empty `second` there is
    nothing to compare."""

    title: str
    first: str
    second: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    head: tuple[Row, ...] = ()
    """The rows that stand before those: of the first line and the headers."""


def chosen(captured: Captured, number: int | None = None) -> Leg | None:
    """The request upstream that is meant: the last one, unless another is asked for. Raises `NoSuchAttempt`."""
    if number is None:
        return captured.legs[-1] if captured.legs else None
    for leg in captured.legs:
        if leg.number == number:
            return leg
    count = len(captured.legs)
    told = f"{count} requests went upstream" if count != 1 else "one request went upstream"
    raise NoSuchAttempt(f"there is no attempt {number}: {told if count else 'nothing went upstream'}")


def parts(captured: Captured, number: int | None = None) -> Iterator[Part]:
    """What there is to see of an exchange, with one of the requests that went upstream. Raises `NoSuchAttempt`."""
    leg = chosen(captured, number)
    for other in captured.legs:
        if other is not leg:
            yield _in_short(other)
    if leg is None:
        body = captured.asked.message.body
        yield _alone("Request", "client", _asked(captured.asked), outline(body.data), body)
        if (mine := captured.answered) is not None:
            yield _alone("Answer", "client", _answered(mine), _said(captured, mine), mine.message.body)
        return
    yield _request(captured, leg)
    yield from _answer(captured, leg)


def _request(captured: Captured, leg: Leg) -> Part:
    mine, theirs = captured.asked, leg.asked
    head = difference(_asked(mine), _asked(theirs))
    same = _same(mine.message.body, theirs.message.body)
    rows = [] if same else difference(outline(mine.message.body.data), outline(theirs.message.body.data))
    notes = [*same, *_notes("client", mine.message.body), *_notes(leg.target, theirs.message.body)]
    return Part("Request", "as the client sent it", f"as {leg.target} got it", tuple(rows), tuple(notes), tuple(head))


def _answer(captured: Captured, leg: Leg) -> Iterator[Part]:
    theirs, mine = leg.answered, captured.answered
    if theirs is None:
        if mine is not None:
            yield _alone("Answer", "client", _answered(mine), _said(captured, mine), mine.message.body)
        return
    said = _of_leg(leg, theirs)
    if mine is None:
        yield _alone("Answer", leg.target, _answered(theirs), said, theirs.message.body)
        return
    head = difference(_answered(theirs), _answered(mine))
    same = _same(theirs.message.body, mine.message.body)
    rows = [] if same else difference(said, _said(captured, mine))
    notes = list(same)
    notes += [f"The answer of {leg.target} ended early: {plain(theirs.how)}"] if theirs.how else []
    notes += [*_notes(leg.target, theirs.message.body), *_notes("client", mine.message.body)]
    yield Part("Answer", f"as {leg.target} gave it", "as the client got it", tuple(rows), tuple(notes), tuple(head))


def _same(first: Body, second: Body) -> list[str]:
    """That two bodies are the same, where they are."""
    if first.data != second.data or first.size != second.size:
        return []
    seen = first.complete and second.complete and not first.masked
    return [SAME if seen else SAME_AS_FAR_AS_SEEN]


def _in_short(leg: Leg) -> Part:
    """Another request that went upstream: how it was answered."""
    title = f"Attempt {leg.number}"
    if leg.answered is None:
        return Part(title, f"of {leg.target}", "", (), ("No answer came.",))
    said = [Line(0, f"status {leg.answered.status}"), *_of_leg(leg, leg.answered)]
    return Part(title, f"as {leg.target} answered", "", _rows(said))


def _alone(title: str, whose: str, head: list[Line], said: list[Line], body: Body) -> Part:
    told = "as the client saw it" if whose == "client" else f"as {whose} gave it"
    return Part(title, told, "", _rows(said), _notes("", body), _rows(head))


def _rows(said: list[Line]) -> tuple[Row, ...]:
    return tuple(Row(Side.BOTH, str(line)) for line in said)


def _asked(asked: Asked) -> list[Line]:
    return [Line(0, f"{asked.method} {plain(asked.url)}"), *_headers(asked.message.headers)]


def _answered(answered: Answered) -> list[Line]:
    return [Line(0, f"status {answered.status}"), *_headers(answered.message.headers)]


def _headers(headers: Mapping[str, str]) -> Iterator[Line]:
    for name in sorted(headers):
        if name not in OF_CONNECTIONS and not name.startswith(OURS):
            yield Line(0, f"{plain(name)}: {plain(headers[name])}")


def _of_leg(leg: Leg, answered: Answered) -> list[Line]:
    return _words(leg.dialect, answered, leg.quirks)


def _said(captured: Captured, answered: Answered) -> list[Line]:
    return _words(captured.dialect, answered, {})


def _words(dialect: str, answered: Answered, quirks: Mapping[str, Any]) -> list[Line]:
    """What an answer says; its lines, where it is none of this dialect: an error, say, or a count."""
    response = folded(dialect, answered, quirks)
    return outline(answered.message.body.data) if response is None else list(lines(value(response)))


def _notes(whose: str, body: Body) -> tuple[str, ...]:
    of = f" on {'the client' if whose == 'client' else whose}'s side" if whose else ""
    notes = []
    if body.masked:
        notes.append(f"{body.masked} {'place is' if body.masked == 1 else 'places are'} masked{of}.")
    if body.cut:
        notes.append(f"Kept are the first {size(len(body.data))} of {size(body.size)}{of}.")
    elif not body.whole:
        notes.append(f"The end is missing{of}.")
    return tuple(notes)


def told(captured: Captured) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "id": captured.id,
        "began": captured.began,
        "client": captured.client,
        "dialect": captured.dialect,
        "complete": captured.complete,
        "request": _told_asked(captured.asked),
        "attempts": [
            {
                "number": leg.number,
                "target": leg.target,
                "dialect": leg.dialect,
                "request": _told_asked(leg.asked),
                "answer": _told_answered(leg.answered),
            }
            for leg in captured.legs
        ],
        "answer": _told_answered(captured.answered),
    }


def _told_asked(asked: Asked) -> dict[str, Any]:
    message = asked.message
    told = {"at": message.at, "method": asked.method, "url": asked.url, "headers": dict(message.headers)}
    return {**told, "body": _told_body(message.body)}


def _told_answered(answered: Answered | None) -> dict[str, Any] | None:
    if answered is None:
        return None
    message = answered.message
    told = {"at": message.at, "status": answered.status, "headers": dict(message.headers)}
    return {**told, "body": _told_body(message.body), "how": answered.how}


def _told_body(body: Body) -> dict[str, Any]:
    about = {"size": body.size, "cut": body.cut, "masked": body.masked, "whole": body.whole}
    try:
        return {"text": body.data.decode("utf-8"), **about}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body.data).decode("ascii"), **about}


def raw(captured: Captured, number: int | None = None) -> Iterator[bytes]:
    """Requests and answers as they are, those of one attempt or of all. Raises `NoSuchAttempt`."""
    legs = captured.legs if number is None else (chosen(captured, number),)
    yield from _raw("the client asked", captured.asked)
    for leg in legs:
        if leg is not None:
            yield from _raw(f"{leg.number}: sent to {leg.target}", leg.asked)
            if leg.answered is not None:
                yield from _raw(f"{leg.number}: {leg.target} answered", leg.answered)
    if captured.answered is not None:
        yield from _raw("the client got", captured.answered)


def _raw(title: str, one: Asked | Answered) -> Iterator[bytes]:
    first = f"{one.method} {one.url}" if isinstance(one, Asked) else f"status {one.status}"
    head = [f"== {title}", first, *(f"{name}: {text}" for name, text in one.message.headers.items()), "", ""]
    yield "\n".join(head).encode("utf-8", "surrogateescape")
    yield one.message.body.data
    yield b"\n\n"
