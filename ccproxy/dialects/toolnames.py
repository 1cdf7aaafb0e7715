"""Tool names that a vendor takes, and the client's own names back.

Clients name tools freely (Claude Code's MCP prefixes reach 79 characters); most vendors allow 64 characters of
`[a-zA-Z0-9_-]`. A name that does not fit is shortened the same way in every request, so prompt caches stay warm, and
carries eight hex digits of its own hash, so the renderer towards the client finds the original among the request's
tools without knowing which vendor's limit it was shortened to.
"""

import hashlib
import re
from collections.abc import Iterable

from ccproxy.model.messages import Opaque, Tool, WebSearch

_LEGAL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*")
_ILLEGAL_CHARACTER = re.compile(r"[^a-zA-Z0-9_-]")
_SHORTENED = re.compile(r".*_([0-9a-f]{8})", re.DOTALL)
_DIGITS = 8


class Names:
    """The tool names of one request, from its tools or as plain names. `limit` is the most characters that the vendor
    takes."""

    __slots__ = ("_by_digest", "_folded", "_limit", "_own")

    def __init__(self, tools: Iterable[Tool | WebSearch | Opaque | str], limit: int = 64) -> None:
        self._limit = limit
        names = [tool if isinstance(tool, str) else tool.name for tool in tools if not isinstance(tool, Opaque)]
        self._own = frozenset(names)
        self._by_digest: dict[str, str] = {}
        self._folded: dict[str, str | None] = {}
        for name in names:
            self._by_digest[_digest(name)] = name
            folded = name.casefold()
            clashes = self._folded.get(folded, name) != name
            self._folded[folded] = None if clashes else name

    def shorten(self, name: str) -> str:
        """The name as the vendor takes it: unchanged if it is legal and short; else its beginning, with `_` for what
        is illegal, `_` and eight hex digits of its SHA-256. Any name will do, declared by this request or not."""
        if len(name) <= self._limit and _LEGAL.fullmatch(name):
            return name
        legal = _ILLEGAL_CHARACTER.sub("_", name)
        if not legal[:1].isalpha():
            legal = "_" + legal
        return f"{legal[: self._limit - _DIGITS - 1]}_{_digest(name)}"

    def restore(self, name: str) -> str:
        """The client's name for what a model called: a declared name as it is; one that was shortened, in full; one
        that the model wrote in another case or behind `functions.`, as declared. Any other name stays unchanged."""
        if name in self._own:
            return name
        if shortened := _SHORTENED.fullmatch(name.lower()):
            original = self._by_digest.get(shortened[1])
            if original is not None:
                return original
        folded = self._folded.get(name.casefold())
        if folded is not None:
            return folded
        if name.startswith("functions."):
            bare = name.removeprefix("functions.")
            restored = self.restore(bare)
            return restored if restored in self._own else name
        return name


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
