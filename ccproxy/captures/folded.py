"""Answers as what they say: streams are folded by the parsers that read them when they came, so that an upstream's
answer and the client's can be compared, whatever dialect each is in and however it was cut into pieces."""

from collections.abc import Mapping
from typing import Any

from attrs import fields

from ccproxy.captures.captured import Answered
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError
from ccproxy.model.events import Block, BlockStarted, Event, Failed, Finished, Started
from ccproxy.model.messages import Media, Opaque, Searched, Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire import jsontext

CUT = "(it broke off)"
"""In the place of a stop reason."""

READING = ("vendor", "model", "think_tags", "reasoning_outside_output")
"""Quirks that matter to whoever reads an answer."""


def reading(quirks: Quirks) -> dict[str, Any]:
    """What is kept of a target's quirks, for `folded`."""
    return {name: getattr(quirks, name) for name in READING}


def folded(dialect: str, answered: Answered | None, quirks: Mapping[str, Any] | None = None) -> Response | None:
    """What an answer says, as far as it goes; None where there is none, or it is no answer of this dialect."""
    spoken = DIALECTS.get(dialect)
    if spoken is None or answered is None or answered.status != 200:
        return None
    known = Quirks(**{name: value for name, value in (quirks or {}).items() if name in READING})
    body = answered.message.body.data
    whole = not answered.message.is_stream and body.lstrip()[:1] == b"{"
    try:
        if whole:
            return _told(list(unfold(spoken.parse_response(body, known))))
        parser = spoken.parse_stream(known)
        return _told([*parser.feed(body), *parser.close()])
    except ApiError:
        return None


def _told(events: list[Event]) -> Response | None:
    """What these say, also where they have no end."""
    if not any(isinstance(event, (Started, BlockStarted)) for event in events):
        return None
    told = [event for event in events if not isinstance(event, Failed)]
    if not isinstance(told[0], Started):
        told.insert(0, Started("", "", Usage()))
    if not isinstance(told[-1], Finished):
        told.append(Finished(Stop(Reason.OTHER, CUT), Usage()))
    return fold(told)


def value(response: Response) -> dict[str, Any]:
    """A response as a plain value, in words of our own."""
    usage = {one.name: getattr(response.usage, one.name) for one in fields(Usage)}
    stop = {"reason": response.stop.reason.value, "raw": response.stop.raw, "sequence": response.stop.sequence}
    return {
        "model": response.model,
        "blocks": [_block(block) for block in response.blocks],
        "stop": {name: said for name, said in stop.items() if said},
        "usage": {name: count for name, count in usage.items() if count},
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text(text):
            cited = [one.url or one.title for one in block.citations]
            return {"text": text, **({"citations": cited} if cited else {})}
        case Thinking(text, seal):
            return {"thinking": text, **({"sealed": True} if seal else {})}
        case ToolUse(_, name, arguments):
            return {"tool": name, "arguments": _json(arguments)}
        case Searched(_, query, sources):
            return {"searched": query, "found": [source.url for source in sources]}
        case Media(medium):
            return {"media": medium.value}
        case Opaque(dialect, inner):
            return {dialect: dict(inner)}


def _json(text: str) -> Any:
    try:
        return jsontext.loads(text) if text.strip() else {}
    except jsontext.NotJson:
        return text
