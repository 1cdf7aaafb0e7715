"""The record of the Messages dialect."""

from ccproxy.dialects.anthropic.errors import error_frame, parse_error, render_error
from ccproxy.dialects.anthropic.models import prefills
from ccproxy.dialects.anthropic.outgoing import render_request
from ccproxy.dialects.anthropic.requests import parse_request, peek, survey, verbatim, with_model
from ccproxy.dialects.anthropic.responses import parse_response, render_response
from ccproxy.dialects.anthropic.streams import Parser
from ccproxy.dialects.anthropic.tables import NAME
from ccproxy.dialects.anthropic.writing import Renderer
from ccproxy.dialects.dialect import Dialect

ANTHROPIC = Dialect(
    name=NAME,
    content_type="text/event-stream; charset=utf-8",
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
    survey=survey,
    prefills=prefills,
)
