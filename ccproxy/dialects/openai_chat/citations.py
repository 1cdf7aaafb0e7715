"""What chat completions tell beside their text: the pages it was taken from, and pictures.

Pages come as `annotations` of a message (OpenAI's search models, OpenRouter), or as a bare list beside it (Perplexity,
xAI). Pictures come as `images` (OpenRouter), in the form that a request has them in.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ccproxy.dialects.citing import url_citation
from ccproxy.dialects.openai_chat.turns import read_image_url
from ccproxy.model.messages import Citation, Inline, Media, Remote


def listed_citations(chunk: Mapping[str, Any]) -> Iterator[Citation]:
    """The pages of `search_results`, which have titles, or else of `citations`, which are addresses."""
    found = chunk.get("search_results") or chunk.get("citations")
    for page in found if isinstance(found, list) else ():
        if isinstance(page, str) and page:
            yield Citation(page)
        elif isinstance(page, Mapping) and isinstance(url := page.get("url"), str) and url:
            title = page.get("title")
            yield Citation(url, title if isinstance(title, str) else "")


def read_image(image: Any) -> Media | None:
    """A picture of an answer; None where it has no address."""
    inner = image.get("image_url") if isinstance(image, Mapping) else None
    url = inner.get("url") if isinstance(inner, Mapping) else inner
    return read_image_url(url) if isinstance(url, str) and url else None


def annotation(citation: Citation, index: int, begin: int, text: str = "", length: int | None = None) -> dict[str, Any]:
    """A citation for a client, of a text that begins at character `begin` of the content. The index, from 0 for the
    first of an answer, is for the openai SDK, which joins lists of streams by it."""
    return {"index": index, "type": "url_citation", "url_citation": url_citation(citation, text, begin, length)}


def written_image(media: Media, index: int) -> dict[str, Any] | None:
    """A picture for a client, as OpenRouter tells one; None for what no address names."""
    match media.source:
        case Inline(media_type, data):
            url = f"data:{media_type};base64,{data}"
        case Remote(url):
            pass
        case _:
            return None
    return {"index": index, "type": "image_url", "image_url": {"url": url}}
