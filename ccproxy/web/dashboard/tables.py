"""Tables, and what stands in their cells, as tags. All text goes through them, and is escaped by them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.web.template import Tag, tags

Told = Mapping[str, Any]

FIGURES = {"Age", "First word", "Tokens in", "Tokens out", "Rate", "Took", "Cost"}
"""Heads of columns with numbers in them."""


def table(name: str, caption: str, heads: Sequence[str], rows: Iterable[Tag], empty: str) -> Tag:
    """A table with its heads; what is said where it has no rows."""
    found = list(rows)
    # It may be wider than the page: whoever has no pointer scrolls it with the keyboard.
    reach = {"role": "region", "tabindex": "0", "aria-label": caption}
    return tags.div(class_="sheet", id=name, **reach)(
        tags.table(
            tags.caption(caption),
            tags.thead(tags.tr([tags.th(head, scope="col", class_=_align(head)) for head in heads])),
            tags.tbody(found),
        ),
        tags.p(empty, class_="empty", **({"hidden": "hidden"} if found else {})),
    )


def row(heads: Sequence[str], cells: Iterable[Any], **attributes: str) -> Tag:
    """A row of a table with these heads."""
    return tags.tr(**attributes)([cell(*each) for each in zip(heads, cells, strict=True)])


def cell(head: str, content: Any) -> Tag:
    """One cell; where there is no room for heads it tells its own."""
    return tags.td(content, class_=_align(head), **{"data-head": head})


def _align(head: str) -> str:
    return "figure" if head in FIGURES else ""


def mood(text: str, css: str) -> Tag:
    """How something is, in a word and a colour."""
    return tags.span(text, class_=f"mood {css}")


def clock(when: float) -> Tag:
    """A time of this day, or a day."""
    local = time.localtime(when)
    today = local[:3] == time.localtime()[:3]
    shown = time.strftime("%H:%M:%S" if today else "%b %d, %H:%M", local)
    return Tag("time", attributes={"datetime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))})(shown)
