"""OpenAI's chat completions, which most vendors speak with an accent of their own: `Quirks` has the accents.

Towards an upstream: `outgoing` writes a request from `conversation`, `tools` and `reasoning`; `streams.Parser` reads
the answer with `blocks`, `calls` and `think_tags`; `responses.parse_response` is its fold; `errors` reads refusals.
Towards an OpenAI client: `requests` reads, `rendering` writes the stream and `responses.render_response` the whole
reply.
"""
