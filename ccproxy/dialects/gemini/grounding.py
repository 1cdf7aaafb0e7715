"""What Google searched for an answer, what it found, and which words come from where."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ccproxy.model.messages import Citation, Searched, Source


class Grounding:
    """The grounding of one answer, told piece by piece; each piece may tell again what another has."""

    __slots__ = ("_cited", "_queries", "_sources")

    def __init__(self) -> None:
        self._queries: dict[str, None] = {}
        self._sources: dict[str, str] = {}
        self._cited: dict[tuple[str, str], Citation] = {}

    @property
    def searches(self) -> int:
        """How often it searched, as far as is known."""
        return max(1, len(self._queries)) if self._queries or self._sources else 0

    def learn(self, metadata: Mapping[str, Any]) -> None:
        """One piece's `groundingMetadata`."""
        self._queries.update(dict.fromkeys(one for one in _array(metadata, "webSearchQueries") if isinstance(one, str)))
        chunks = _array(metadata, "groundingChunks")
        for chunk in chunks:
            if (page := _page(chunk)) is not None:
                self._sources.setdefault(*page)
        for support in _array(metadata, "groundingSupports"):
            if isinstance(support, dict):
                self._cite(support, chunks)

    def _cite(self, support: Mapping[str, Any], chunks: list[Any]) -> None:
        """A piece of the text and the pages it comes from. Its places are counted in bytes and over all parts: the
        words say it better."""
        segment = support.get("segment")
        words = segment.get("text") if isinstance(segment, dict) else None
        words = words if isinstance(words, str) else ""
        for place in _array(support, "groundingChunkIndices"):
            chunk = chunks[place] if isinstance(place, int) and 0 <= place < len(chunks) else None
            if (page := _page(chunk)) is not None:
                url, title = page
                self._cited[url, words] = Citation(url, title, words)

    def citations(self) -> tuple[Citation, ...]:
        """Those that no text has yet. They are given once."""
        cited, self._cited = self._cited, {}
        return tuple(cited.values())

    def searched(self, answer: str) -> Searched | None:
        """The search of the answer with this id, if there was one. Google tells it at the end, and not which query
        found what."""
        if not self.searches:
            return None
        seed = "\n".join([answer, *self._queries, *self._sources]).encode("utf-8", "surrogatepass")
        id = "srvtoolu_" + hashlib.sha256(seed).hexdigest()[:24]
        sources = tuple(Source(url, title) for url, title in self._sources.items())
        return Searched(id, "; ".join(self._queries), sources)


def _array(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _page(chunk: Any) -> tuple[str, str] | None:
    """The address and the title of what was found; None for anything but a web page."""
    web = chunk.get("web") if isinstance(chunk, dict) else None
    if not isinstance(web, dict) or not isinstance(url := web.get("uri"), str):
        return None
    title = web.get("title")
    return url, title if isinstance(title, str) else ""
