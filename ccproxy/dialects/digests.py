"""What a block of a foreign dialect says in words, for a dialect that cannot carry the block.

Server tools, search results and compactions of one vendor mean nothing to another; the titles, addresses and texts in
them still do. Encrypted content, ids and calls whose results are told anyway say nothing.
"""

from collections.abc import Iterator
from typing import Any

from ccproxy.model.messages import Opaque

_SILENT = frozenset(
    {"server_tool_use", "mcp_tool_use", "fallback", "container_upload", "redacted_thinking", "thinking"}
)
_WORDS = ("title", "url", "source", "text", "content", "stdout", "stderr", "error_code", "tool_name")
"""Keys whose text is told, in this order."""
_LIMIT = 20_000
"""Characters of a digest: a fetched page may hold megabytes."""


def digest(block: Opaque) -> str:
    """The words of a block, empty where it has none worth telling."""
    kind = block.value.get("type")
    if kind in _SILENT:
        return ""
    words = "\n".join(_words(block.value, 0))[:_LIMIT]
    return f"<summary>\n{words}\n</summary>" if kind == "compaction" and words else words


def _words(value: Any, depth: int) -> Iterator[str]:
    if depth > 8:
        return
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, list):
        for element in value:
            yield from _words(element, depth + 1)
    elif isinstance(value, dict) and value.get("type") != "base64":
        for key in _WORDS:
            yield from _words(value.get(key), depth + 1)
