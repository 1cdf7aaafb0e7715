"""What a thinking block must bring back, in the one field of a reasoning item that clients echo: `encrypted_content`.

Seals of ours go in as they are. A native signature of Anthropic's gets a beginning of ours, so that on its way back it
is told from what OpenAI itself encrypted, which means nothing to anyone else.
"""

from ccproxy.dialects import seals

_SIGNATURE = "pxs."
_WITHHELD = "pxr."

MARKS = (seals.PREFIX, _SIGNATURE, _WITHHELD)
"""Beginnings of an `encrypted_content` that OpenAI must never see."""


def carry(seal: str, withheld: bool) -> str:
    """The `encrypted_content` that brings a thinking block's seal back."""
    if not seal or seals.is_ours(seal):
        return seal
    return (_WITHHELD if withheld else _SIGNATURE) + seal


def uncarry(text: str) -> tuple[str, bool] | None:
    """The seal, and whether its block was withheld; None for what OpenAI encrypted."""
    if seals.is_ours(text):
        return text, False
    if text.startswith(_SIGNATURE):
        return text[len(_SIGNATURE) :], False
    if text.startswith(_WITHHELD):
        return text[len(_WITHHELD) :], True
    return None
