"""Asking an upstream that counts exactly: Anthropic and Gemini have an endpoint for it, free of charge.

Only a request of Anthropic's dialect is ever asked for its count: no other dialect of clients has the question.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, frozen

from ccproxy.dialects.dialect import Dialect, Headers, Outgoing
from ccproxy.providers.target import Target
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
    dialects: Mapping[str, Dialect], asked: Dialect, headers: Headers, body: bytes, target: Target
) -> Question | None:
    """The question to `target` about a client's request, `body` in the dialect `asked`; None where it has no counter.
    Raises what reading and writing the request raise."""
    ask = _QUESTIONS.get(target.dialect)
    return None if ask is None else ask(dialects[target.dialect], asked, headers, body, target)


def _anthropic(upstream: Dialect, asked: Dialect, headers: Headers, body: bytes, target: Target) -> Question:
    """`POST /v1/messages/count_tokens` takes the body of the message as it stands."""
    outgoing = upstream.verbatim(headers, asked.with_model(body, target.model), target.quirks)
    return Question(evolve(outgoing, path=f"{outgoing.path}/count_tokens"), "input_tokens")


def _gemini(upstream: Dialect, asked: Dialect, headers: Headers, body: bytes, target: Target) -> Question:
    """`models.countTokens` counts tools and system instruction only where the whole request is given:
    https://ai.google.dev/api/tokens."""
    outgoing = upstream.render_request(asked.parse_request(headers, body), target.quirks)
    whole: dict[str, Any] = {"model": f"models/{target.model}", **jsontext.loads(outgoing.body)}
    path = f"{outgoing.path.rpartition(':')[0]}:countTokens"
    asking = evolve(outgoing, path=path, query="", body=jsontext.dumps({"generateContentRequest": whole}))
    return Question(asking, "totalTokens")


_QUESTIONS: Mapping[str, Callable[[Dialect, Dialect, Headers, bytes, Target], Question]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
}
