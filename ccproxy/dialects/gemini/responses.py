"""Whole replies of generateContent. One is read as the only piece of a stream, and written as the fold of one."""

from ccproxy.dialects.gemini.chunks import Reader
from ccproxy.dialects.gemini.streams import ending, written
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Event
from ccproxy.model.messages import Media, Opaque, Request, Searched, Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.wire.jsontext import NotJson, dumps, loads


def parse_response(body: bytes, quirks: Quirks) -> Response:
    """The reply; an array is taken for the pieces of one. Raises the error that it holds, or BROKEN."""
    try:
        value = loads(body)
    except NotJson as error:
        raise ApiError(Kind.BROKEN, f"the upstream's answer is not JSON: {error}") from None
    reader = Reader(quirks)
    events: list[Event] = []
    for piece in value if isinstance(value, list) else [value]:
        events += reader.read(piece, body)
    return fold([*events, *reader.close()])


def render_response(response: Response, request: Request) -> bytes:
    """The reply as Gemini would give it, with the client's own names of tools."""
    names = Names(request.tools)
    parts: list[dict[str, object]] = []
    for block in response.blocks:
        match block:
            case Text(text):
                parts.append({"text": text})
            case Thinking(text, seal):
                if text:
                    parts.append({"text": text, "thought": True})
                parts += written(block, "", seal, names)
            case ToolUse(arguments=arguments):
                parts += written(block, arguments, "", names)
            case Media() | Searched() | Opaque():
                parts += written(block, "", "", names)
    model = request.model or response.model
    return dumps(ending(response.id, model, parts, response.stop, response.usage))
