"""Asking an upstream that counts exactly: Anthropic and Gemini have an endpoint for it, free of charge.

Anthropic's takes the body of a message as it stands, and so only from clients of its own dialect.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, frozen

from ccproxy.dialects.dialect import Dialect, Headers, Outgoing
from ccproxy.dialects.quirks import Quirks
from ccproxy.wire import jsontext


@frozen
class Question:
    """What to send, and the field of the answer that has the number."""

    outgoing: Outgoing
    field: str

    def read(self, body: bytes) -> int | None:
        """The number of tokens in the upstream's answer; None where it says none."""
        try:
            answer = jsontext.loads(body)
        except jsontext.NotJson:
            return None
        found = answer.get(self.field) if isinstance(answer, dict) else None
        return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def question(
    upstream: Dialect, asked: Dialect, headers: Headers, body: bytes, model: str, quirks: Quirks
) -> Question | None:
    """The question to an upstream of the dialect `upstream` about a client's request, `body` in the dialect `asked`,
    for the upstream's `model`; None where the dialect has none. Raises what reading and writing the request raise."""
    ask = _QUESTIONS.get(upstream.name)
    if ask is None or (ask is _anthropic and asked.name != upstream.name):
        return None
    return ask(upstream, asked, headers, body, model, quirks)


def _anthropic(
    upstream: Dialect, asked: Dialect, headers: Headers, body: bytes, model: str, quirks: Quirks
) -> Question:
    """`POST /v1/messages/count_tokens` takes the body of the message as it stands."""
    outgoing = upstream.verbatim(headers, asked.with_model(body, model), quirks)
    return Question(evolve(outgoing, path=f"{outgoing.path}/count_tokens"), "input_tokens")


def _gemini(upstream: Dialect, asked: Dialect, headers: Headers, body: bytes, model: str, quirks: Quirks) -> Question:
    """`models.countTokens` counts tools and system instruction only where the whole request is given:
    https://ai.google.dev/api/tokens."""
    outgoing = upstream.render_request(evolve(asked.parse_request(headers, body), model=model), quirks)
    whole: dict[str, Any] = {"model": f"models/{model}", **jsontext.loads(outgoing.body)}
    path = f"{outgoing.path.rpartition(':')[0]}:countTokens"
    asking = evolve(outgoing, path=path, query="", body=jsontext.dumps({"generateContentRequest": whole}))
    return Question(asking, "totalTokens")


_QUESTIONS: Mapping[str, Callable[[Dialect, Dialect, Headers, bytes, str, Quirks], Question]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
}
