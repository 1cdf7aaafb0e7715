"""Reasoning in a conversation that an upstream of this dialect would refuse: ours, another vendor's, nobody's.

When a conversation moves from one vendor to another, the thinking blocks of the first stay in it. Anthropic verifies
signatures and refuses the whole request for one that it did not make; blocks without a signature it refuses too. Other
vendors of this dialect write thinking without signatures themselves and want it back.
"""

from typing import Any

from ccproxy.dialects.anthropic.models import is_claude
from ccproxy.dialects.losses import FOREIGN_REASONING
from ccproxy.dialects.seals import PREFIX, is_ours
from ccproxy.wire.jsontext import NotJson, dumps, loads

_SEALED = PREFIX.encode("ascii")
_UNSIGNED = (b'"signature":""', b'"signature": ""')


def may_return(signature: str, model: str) -> bool:
    """Whether a thinking block of this signature may be sent to this model."""
    return not is_ours(signature) and (bool(signature) or not is_claude(model))


def without_foreign_thinking(body: bytes, model: str) -> tuple[bytes, tuple[str, ...]]:
    """A client's body without such blocks, and what is lost. It is the very same bytes where there is none, which is
    known without reading it; else it is written anew, and what was signed keeps its text."""
    if _SEALED not in body and not (is_claude(model) and any(mark in body for mark in _UNSIGNED)):
        return body, ()
    try:
        root = loads(body)
    except NotJson:
        return body, ()
    messages = root.get("messages") if isinstance(root, dict) else None
    if not isinstance(messages, list):
        return body, ()
    kept = [_cleaned(message, model) for message in messages]
    if kept == messages:
        return body, ()
    root["messages"] = [message for message in kept if message is not None]
    return dumps(root), (FOREIGN_REASONING,)


def _cleaned(message: Any, model: str) -> Any:
    """The message without the blocks; None if nothing else was in it."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list) or message.get("role") != "assistant":
        return message
    kept = [block for block in content if not _is_foreign(block, model)]
    if len(kept) == len(content):
        return message
    return {**message, "content": kept} if kept else None


def _is_foreign(block: Any, model: str) -> bool:
    if not isinstance(block, dict):
        return False
    match block.get("type"):
        case "thinking":
            signature = block.get("signature")
            return not may_return(signature if isinstance(signature, str) else "", model)
        case "redacted_thinking":
            data = block.get("data")
            return isinstance(data, str) and is_ours(data)
        case _:
            return False
