"""Gemini's generateContent as one record of functions."""

from ccproxy.dialects.dialect import Dialect
from ccproxy.dialects.gemini.errors import error_frame, parse_error, render_error
from ccproxy.dialects.gemini.inbound import parse_request
from ccproxy.dialects.gemini.requests import peek, render_request, verbatim, with_model
from ccproxy.dialects.gemini.responses import parse_response, render_response
from ccproxy.dialects.gemini.streams import parse_stream, render_stream
from ccproxy.dialects.gemini.tables import NAME

GEMINI = Dialect(
    name=NAME,
    content_type="text/event-stream",
    peek=peek,
    with_model=with_model,
    parse_request=parse_request,
    render_request=render_request,
    verbatim=verbatim,
    parse_response=parse_response,
    render_response=render_response,
    parse_stream=parse_stream,
    render_stream=render_stream,
    parse_error=parse_error,
    render_error=render_error,
    error_frame=error_frame,
    continues=True,
)
