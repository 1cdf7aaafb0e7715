"""How long an answer may be: what the prompt leaves of the model's window.

Claude Code asks for 32,000 tokens of output whatever the model is. Vendors with small windows, and servers that people
run themselves, refuse a request whose prompt and wished output together pass the window. The wish is lowered to what is
left, by an estimate of the prompt; it is never raised.
"""

from collections.abc import Callable

from attrs import evolve

from ccproxy.dialects.losses import fewer_tokens
from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Request

MARGIN = 0.05
"""Of the estimated prompt: vocabularies differ."""

LEAST = 1024
"""Tokens that are always asked for, if they are wished: where the estimate leaves fewer it may be wrong, and where it
is right the vendor says that the prompt is too long, which clients know what to do about."""


def fitted(request: Request, quirks: Quirks, size: int, prompt: Callable[[], int]) -> tuple[Request, tuple[str, ...]]:
    """The request with no more output than fits, and what was lost by it. `size` is the request's in bytes, which no
    prompt has more tokens than; only where those might not fit is `prompt`, its tokens, asked for."""
    wished, window = request.sampling.max_tokens, quirks.window
    if wished is None or window is None:
        return request, ()
    most = wished if quirks.max_output_tokens is None else min(wished, quirks.max_output_tokens)
    if size + most <= window:
        return request, ()
    left = max(window - int(prompt() * (1 + MARGIN)), LEAST)
    if most <= left:
        return request, ()
    return evolve(request, sampling=evolve(request.sampling, max_tokens=left)), (fewer_tokens(left),)
