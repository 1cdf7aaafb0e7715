"""What of a conversation an upstream of this dialect would refuse: reasoning and searches that are ours, another
vendor's, nobody's.

When a conversation moves from one vendor to another, the thinking blocks of the first stay in it. Anthropic verifies
signatures and refuses the whole request for one that it did not make; blocks without a signature it refuses too. Other
vendors of this dialect write thinking without signatures themselves and want it back. What a search found, and what a
text cites of it, is encrypted by Anthropic; from other vendors' searches we tell it to clients in the same form, with
nothing in the place of what is encrypted.
"""

from typing import Any

from ccproxy.dialects.anthropic.models import is_claude
from ccproxy.dialects.anthropic.tables import NAME
from ccproxy.dialects.digests import digest
from ccproxy.dialects.losses import FOREIGN_REASONING
from ccproxy.dialects.seals import PREFIX, is_ours
from ccproxy.model.messages import Opaque
from ccproxy.wire.jsontext import NotJson, dumps, loads

Block = dict[str, Any]

_SEALED = PREFIX.encode("ascii")
_UNSIGNED = tuple(
    b'"%b":%b""' % (key, space)
    for key in (b"signature", b"encrypted_content", b"encrypted_index")
    for space in (b"", b" ")
)


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
    if is_claude(model):
        kept = _without_searches(kept)
    if kept == content:
        return message
    return {**message, "content": kept} if kept else None


def _without_searches(content: list[Any]) -> list[Any]:
    """The content with other vendors' searches in words, and without their citations."""
    theirs = {block.get("tool_use_id"): block for block in content if _found_elsewhere(block)}
    kept: list[Any] = []
    for block in content:
        if not isinstance(block, dict):
            kept.append(block)
        elif block.get("type") == "server_tool_use" and block.get("id") in theirs:
            kept.append(_in_words(block, theirs[block["id"]]))
        elif block.get("type") != "web_search_tool_result" or block.get("tool_use_id") not in theirs:
            kept.append(_without_their_citations(block))
    return kept


def _in_words(search: Block, found: Block) -> Block:
    asked = search.get("input")
    query = asked.get("query", "") if isinstance(asked, dict) else ""
    return {"type": "text", "text": f"[Searched the web for: {query}]\n{digest(Opaque(NAME, found))}".strip()}


def _without_their_citations(block: Block) -> Block:
    citations = block.get("citations")
    if not isinstance(citations, list):
        return block
    own = [one for one in citations if not (isinstance(one, dict) and one.get("encrypted_index") == "")]
    if own == citations:
        return block
    bare = {key: value for key, value in block.items() if key != "citations"}
    return {**bare, "citations": own} if own else bare


def _found_elsewhere(block: Any) -> bool:
    found = block.get("content") if isinstance(block, dict) and block.get("type") == "web_search_tool_result" else None
    pages = found if isinstance(found, list) else []
    return any(isinstance(page, dict) and page.get("encrypted_content") == "" for page in pages)


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
