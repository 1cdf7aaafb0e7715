"""The output items of one response while an upstream streams them, each as the blocks of the model it becomes.

Every item can be told three times: piece by piece, whole when it is done, and whole again within the completed
response. Vendors leave out any two of these. An item therefore takes what comes, remembers how much it said, and says
the rest when it is told the whole. Calls are in `calls`.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.citing import read_url_citation
from ccproxy.dialects.mending import read_object
from ccproxy.dialects.openai_responses.blocks import Blocks, text_of
from ccproxy.dialects.openai_responses.items import REASONING_KEYS
from ccproxy.dialects.openai_responses.tables import NAME
from ccproxy.dialects.seals import seal
from ccproxy.model.events import Block, BlockDelta
from ccproxy.model.messages import Citation, Inline, Media, Medium, Opaque, Searched, Source, Text, Thinking

_ID_LIMIT = 64
"""Characters an item's id may have when it is sent back; Copilot's are far longer."""


class Message:
    """Text, and refusals. Each content part is a block; the next part ends the one before."""

    __slots__ = ("_blocks", "_citations", "_index", "_lengths", "_part", "_phase", "_refusal", "finished")

    def __init__(self, blocks: Blocks, item: Mapping[str, Any]) -> None:
        self.finished = False
        self._blocks = blocks
        self._phase = text_of(item, "phase")
        self._index = -1
        self._part: object = None
        self._lengths: dict[object, int] = {}
        self._refusal: list[str] = []
        self._citations: dict[object, dict[tuple[Any, ...], Citation]] = {}

    def cite(self, part: object, annotation: Any) -> None:
        """A page that a part has something from; told twice it counts once."""
        citation = read_url_citation(annotation)
        if citation is not None and not self.finished:
            self._citations.setdefault(part, {})[citation.url, citation.start, citation.end] = citation

    def _stop(self) -> None:
        self._blocks.stop(self._index, citations=tuple(self._citations.get(self._part, {}).values()))

    def delta(self, part: object, text: str) -> None:
        if not text or self.finished:
            return
        if part != self._part or self._index < 0:
            self._begin(part)
        self._lengths[part] += len(text)
        self._blocks.events.append(BlockDelta(self._index, text))

    def refusal_delta(self, part: object, text: str) -> None:
        self._refusal.append(text)
        self.delta(part, text)

    def _begin(self, part: object) -> None:
        if self._index >= 0:
            self._stop()
        self._part = part
        self._lengths.setdefault(part, 0)
        extras = {NAME: {"phase": self._phase}} if self._phase else {}
        self._index = self._blocks.start(Text("", extras))

    def whole(self, part: object, text: str) -> None:
        """A part is told whole: what of it was not said yet is said now, unless another part has begun since."""
        said = self._lengths.get(part, 0)
        if len(text) > said and (part == self._part or not said):
            self.delta(part, text[said:])

    def done(self, item: Mapping[str, Any]) -> None:
        if self.finished:
            return
        self._phase = self._phase or text_of(item, "phase")
        found = item.get("content")
        content = found if isinstance(found, list) else []
        missing = len(content) > len(self._lengths)
        for part, value in enumerate(content):
            if isinstance(value, dict) and (missing or part in self._lengths):
                refusal = text_of(value, "refusal")
                if refusal and not self._refusal:
                    self._refusal.append(refusal)
                annotations = value.get("annotations")
                for annotation in annotations if isinstance(annotations, list) else ():
                    self.cite(part, annotation)
                self.whole(part, text_of(value, "text") or refusal)
        if self._index >= 0:
            self._stop()
        if self._refusal:
            self._blocks.refusals.append("".join(self._refusal))
        self.finished = True


class Reasoning:
    """Reasoning: a block of its own, whose seal holds what the vendor wants back. Of summary and raw text the one that
    comes first is told."""

    __slots__ = ("_blocks", "_index", "_kind", "_length", "_part", "finished")

    def __init__(self, blocks: Blocks) -> None:
        self.finished = False
        self._blocks = blocks
        self._index = -1
        self._kind = ""
        self._part: object = None
        self._length = 0

    def delta(self, kind: str, part: object, text: str) -> None:
        if not text or self.finished or (self._kind and kind != self._kind):
            return
        if part != self._part and self._length:
            text = "\n\n" + text
        self._kind, self._part = kind, part
        self._say(text)

    def _say(self, text: str) -> None:
        if self._index < 0:
            self._index = self._blocks.start(Thinking(""))
        self._length += len(text)
        self._blocks.say(self._index, text)

    def done(self, item: Mapping[str, Any]) -> None:
        if self.finished:
            return
        summary, content = _texts(item.get("summary")), _texts(item.get("content"))
        whole = {"": summary or content, "summary": summary, "content": content}[self._kind]
        if len(whole) > self._length:
            self._say(whole[self._length :])
        sealed = self._seal(item)
        if sealed and self._index < 0:
            self._index = self._blocks.start(Thinking(""))
        if self._index >= 0:
            self._blocks.stop(self._index, sealed)
        self.finished = True

    def _seal(self, item: Mapping[str, Any]) -> str:
        if not text_of(item, "encrypted_content") and not item.get("content"):
            return ""
        kept = {key: item[key] for key in REASONING_KEYS if item.get(key) is not None}
        if len(text_of(kept, "id")) > _ID_LIMIT:
            del kept["id"]
        return seal(self._blocks.quirks, {"i": {**kept, "summary": kept.get("summary") or []}})


class Other:
    """Items that are only told whole: web searches, and what only OpenAI's clients understand."""

    __slots__ = ("_blocks", "_item", "finished")

    def __init__(self, blocks: Blocks, item: Mapping[str, Any]) -> None:
        self.finished = False
        self._blocks = blocks
        self._item = item

    def done(self, item: Mapping[str, Any]) -> None:
        item = item or self._item
        if self.finished or not text_of(item, "type"):
            return
        self.finished = True
        if item["type"] != "web_search_call":
            block: Block = _picture(item) or Opaque(NAME, item)
            self._blocks.stop(self._blocks.start(block))
            return
        action = item.get("action")
        if action is None:
            # xAI tells the search as if it were a function.
            action = read_object(text_of(item, "arguments"))
        if isinstance(action, dict) and action.get("type", "search") == "search":
            self._blocks.searches += 1
            self._blocks.stop(self._blocks.start(_search(item, action)))


def _picture(item: Mapping[str, Any]) -> Media | None:
    """What image generation made."""
    data = text_of(item, "result")
    if item["type"] != "image_generation_call" or not data:
        return None
    form = text_of(item, "output_format") or "png"
    return Media(Medium.IMAGE, Inline(f"image/{form}", data), extras={NAME: item})


def _search(item: Mapping[str, Any], action: Mapping[str, Any]) -> Searched:
    queries = action.get("queries")
    query = text_of(action, "query") or "; ".join(_strings(queries))
    sources = action.get("sources")
    found = tuple(
        Source(text_of(source, "url"), text_of(source, "title"))
        for source in (sources if isinstance(sources, list) else [])
        if isinstance(source, dict) and text_of(source, "url")
    )
    return Searched(text_of(item, "id"), query, found)


def _strings(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _texts(parts: Any) -> str:
    texts = [text_of(part, "text") for part in (parts if isinstance(parts, list) else []) if isinstance(part, dict)]
    return "\n\n".join(text for text in texts if text)
