"""Whole replies of the Responses dialect. Both ways they go through the machines of the streams, so that there is one
path: a whole reply is what its last event would have held."""

from ccproxy.dialects.openai_responses.client_streams import Keep, Renderer
from ccproxy.dialects.openai_responses.errors import in_stream, read_error
from ccproxy.dialects.openai_responses.streams import Reader
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Request
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.wire.jsontext import NotJson, dumps, loads


def parse_response(body: bytes, quirks: Quirks) -> Response:
    """Reads an upstream's whole reply. Raises the error that it tells, or BROKEN for what is no reply."""
    try:
        value = loads(body)
    except NotJson as error:
        raise ApiError(Kind.BROKEN, f"the upstream's reply is not JSON: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("output"), list):
        if told := read_error(value):
            raise in_stream(*told)
        if not isinstance(value, dict) or not isinstance(value.get("status"), str):
            raise ApiError(Kind.BROKEN, "the upstream's reply is no response: it has no output")
    reader = Reader(quirks)
    return fold(reader.read({"type": "response.completed", "response": value}) + reader.close())


def render_response(response: Response, request: Request, keep: Keep | None = None) -> bytes:
    """Writes a whole reply for the client who asked, and has it kept by whoever means to."""
    renderer = Renderer(request, keep)
    for event in unfold(response):
        renderer.render(event)
    return dumps(renderer.response)
