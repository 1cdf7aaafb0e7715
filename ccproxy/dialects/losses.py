"""What a client asked and an upstream is not told, in the same words for every dialect."""

from collections.abc import Iterable

from ccproxy.model.messages import Request, Thinking

FOREIGN_REASONING = "reasoning of another vendor"
OLD_REASONING = "reasoning of earlier turns"
STRICT = "strict tools"
USER = "name of the user"

_HARMLESS = frozenset({"stream_options", "diagnostics", "fallbacks", "fallback_credit_token"})
"""Fields that ask nothing of the answer, or that ccproxy itself answers for."""


def fewer_tokens(most: int) -> str:
    """The limit of output that was lowered to what the model has."""
    return f"max_tokens above {most}"


def within(temperature: float, least: float, most: float, losses: list[str]) -> float:
    """The temperature in the range that the vendor takes."""
    if temperature > most:
        losses.append(f"temperature above {most:g}")
    elif temperature < least:
        losses.append(f"temperature below {least:g}")
    return max(least, min(temperature, most))


def extras(request: Request, dialect: str) -> list[str]:
    """The fields that only the client's own dialect knows, and this one does not."""
    return [name for of, fields in request.extras.items() if of != dialect for name in fields if name not in _HARMLESS]


def reasoning(thinking: Thinking) -> str:
    """The word for reasoning that stays behind; empty where there was none."""
    if thinking.seal:
        return FOREIGN_REASONING
    return OLD_REASONING if thinking.text else ""


def once(losses: Iterable[str]) -> tuple[str, ...]:
    """Each loss once, in their order."""
    return tuple(dict.fromkeys(loss for loss in losses if loss))
