"""Chat completions as a dialect."""

from ccproxy.dialects.dialect import Dialect
from ccproxy.dialects.openai_chat.errors import error_frame, parse_error, render_error
from ccproxy.dialects.openai_chat.outgoing import render_request, verbatim
from ccproxy.dialects.openai_chat.rendering import Renderer
from ccproxy.dialects.openai_chat.requests import parse_request, peek, with_model
from ccproxy.dialects.openai_chat.responses import parse_response, render_response
from ccproxy.dialects.openai_chat.streams import Parser
from ccproxy.dialects.openai_chat.tables import NAME

OPENAI_CHAT = Dialect(
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
)
