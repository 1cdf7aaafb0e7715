"""Citations and pictures of answers, in the words that several dialects share."""

from collections.abc import Mapping
from typing import Any

from ccproxy.model.messages import Citation, Inline, Media, Medium, Remote, Stored

_MEDIUMS = {"image": Medium.IMAGE, "audio": Medium.AUDIO}


def read_url_citation(value: Any) -> Citation | None:
    """OpenAI's `url_citation`, flat or within a field of its own name; None for every other annotation."""
    if not isinstance(value, Mapping) or value.get("type", "url_citation") != "url_citation":
        return None
    inner = value.get("url_citation", value)
    if not isinstance(inner, Mapping) or not isinstance(url := inner.get("url"), str) or not url:
        return None
    return Citation(
        url, _text(inner, "title"), _text(inner, "content"), _place(inner, "start_index"), _place(inner, "end_index")
    )


def url_citation(citation: Citation, text: str = "", begin: int = 0, length: int | None = None) -> dict[str, Any]:
    """A citation as OpenAI's clients have it, who want to know where in the text it stands: where nobody told, at the
    quoted words, or all of it. The text begins at character `begin` of what the client reads as one; of a text that is
    told already only the `length` is known."""
    start, end = citation.start, citation.end
    if start is None or end is None:
        start, end = 0, len(text) if length is None else length
        if citation.quoted and (found := text.find(citation.quoted)) >= 0:
            start, end = found, found + len(citation.quoted)
    return {
        "start_index": begin + start,
        "end_index": begin + end,
        "url": citation.url,
        "title": citation.title or citation.url,
    }


def medium_of(media_type: str) -> Medium:
    """What media of this type are."""
    return _MEDIUMS.get(media_type.partition("/")[0], Medium.DOCUMENT)


def in_words(media: Media) -> str:
    """What a model made, for a client whose API has no place for it: where it can be fetched, or that it was left
    out. Never its bytes, which would come back as text with every later request."""
    match media.source:
        case Remote(url):
            return f"![{media.name or media.medium.value}]({url})"
        case Inline(media_type, data):
            size = f"{len(data) * 3 // 4 // 1024 + 1} kB"
            return f"[The model made this {media.medium.value} ({media_type}, {size}), which this API cannot carry.]"
        case Stored(id):
            return f"[The model made the {media.medium.value} {id}, which its own vendor keeps.]"


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _place(value: Mapping[str, Any], key: str) -> int | None:
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None
