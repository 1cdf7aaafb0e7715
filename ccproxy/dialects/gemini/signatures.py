"""Thought signatures: what Gemini wants back on the exact part it gave them with, and how that travels in our seals.

From its third generation on Gemini refuses a request whose history has a step with calls and no signature on the first
of them. A seal's state may hold
`call`: the signature of the next function call,
`text`: the signature of the next text,
`parts`: whole parts to be put back at this place, such as those of Google's own searches.
"""

from typing import Any

from attrs import field, frozen

from ccproxy.dialects import seals
from ccproxy.dialects.quirks import Quirks

SENTINEL = "skip_thought_signature_validator"
"""Google's own substitute for the signature of a call that another model made, or whose signature is lost."""


@frozen
class State:
    """What one seal says, with nothing but what it should hold."""

    call: str = ""
    text: str = ""
    parts: tuple[dict[str, Any], ...] = field(default=())


def seal(quirks: Quirks, *, call: str = "", text: str = "", parts: list[dict[str, Any]] | None = None) -> str:
    """The seal of what the vendor wants back; `""` where that is nothing."""
    state: dict[str, Any] = {}
    if parts:
        state["parts"] = parts
    if call:
        state["call"] = call
    if text:
        state["text"] = text
    return seals.seal(quirks, state) if state else ""


def unseal(text: str, quirks: Quirks) -> State | None:
    """The state within a seal, if this vendor, family and account gave it; the client may have forged its contents, so
    only what has the right type is taken."""
    state = seals.unseal(text, quirks)
    if state is None:
        return None
    parts = state.get("parts")
    return State(
        _text(state.get("call")),
        _text(state.get("text")),
        tuple(part for part in parts if isinstance(part, dict)) if isinstance(parts, list) else (),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
