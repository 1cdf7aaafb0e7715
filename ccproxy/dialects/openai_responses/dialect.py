"""OpenAI Responses as a dialect."""

from ccproxy.dialects.dialect import Dialect
from ccproxy.dialects.openai_responses.client_requests import parse_request
from ccproxy.dialects.openai_responses.client_streams import Renderer
from ccproxy.dialects.openai_responses.errors import error_frame, parse_error, render_error
from ccproxy.dialects.openai_responses.requests import peek, render_request, verbatim, with_model
from ccproxy.dialects.openai_responses.responses import parse_response, render_response
from ccproxy.dialects.openai_responses.streams import Parser
from ccproxy.dialects.openai_responses.tables import NAME

OPENAI_RESPONSES = Dialect(
    name=NAME,
    content_type="text/event-stream",
    peek=peek,
    with_model=with_model,
    parse_request=parse_request,
    render_request=render_request,
    verbatim=verbatim,
    parse_response=parse_response,
    render_response=render_response,
    parse_stream=Parser,
    render_stream=Renderer,
    parse_error=parse_error,
    render_error=render_error,
    error_frame=error_frame,
)
