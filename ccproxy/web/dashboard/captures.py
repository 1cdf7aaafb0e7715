"""Captured exchanges on the page: requests and answers as both ends saw them, one beside the other."""

from collections.abc import Sequence

from twisted.web.server import Request
from twisted.web.template import Tag, tags

from ccproxy.captures.captured import Captured
from ccproxy.captures.difference import Row, Side, shortened
from ccproxy.captures.seen import NoSuchAttempt, Part, parts
from ccproxy.captures.spool import Spool
from ccproxy.web.dashboard.visits import PATH

ROWS = 300
"""Lines of one part that are shown unless all are asked for."""

CSS = {Side.FIRST: "first", Side.SECOND: "second", Side.NEITHER: "left-out"}


async def seen_of(request: Request, spool: Spool, name: str) -> Tag | None:
    """What was captured of an exchange; None where nothing was. It is read and compared in a thread. The address may
    ask for one attempt, and for all lines."""
    arguments = request.args or {}
    whole = b"all" in arguments
    number = arguments.get(b"attempt", [b""])[0]
    attempt = int(number) if number.isdigit() and len(number) < 6 else None

    def compare(captured: Captured) -> tuple[list[Part], tuple[int, ...]]:
        numbers = tuple(leg.number for leg in captured.legs)
        try:
            return list(parts(captured, attempt)), numbers
        except NoSuchAttempt:
            return list(parts(captured)), numbers

    found = await spool.ask(name, compare)
    return None if found is None else _shown(name, *found, whole)


def _shown(name: str, found: Sequence[Part], numbers: Sequence[int], whole: bool) -> Tag:
    address = f"{PATH}/exchanges/{name}"
    more = [tags.a("All lines", href=f"{address}?all=1")] if not whole else []
    if len(numbers) > 1:
        more += [tags.a(f"Attempt {number}", href=f"{address}?attempt={number}") for number in numbers]
    return tags.section(class_="seen")(
        tags.h3("Word for word"),
        tags.p(_between(more), class_="more") if more else "",
        [_part(part, whole) for part in found],
    )


def _between(links: Sequence[Tag]) -> list[Tag | str]:
    told: list[Tag | str] = []
    for link in links:
        told += [" · ", link] if told else [link]
    return told


def _part(part: Part, whole: bool) -> Tag:
    rows = list(part.rows if whole or not part.second else shortened(part.rows))
    head = list(part.head if whole or not part.second else shortened(part.head))
    shown = rows if whole else rows[:ROWS]
    notes = list(part.notes)
    if len(rows) > len(shown):
        notes.append(f"{len(rows) - len(shown):,} more lines are not shown.")
    if part.second and not rows and not head and not part.notes:
        notes.append("Both say the same.")
    # What is compared is opened: it is what one comes for.
    opened = {"open": "open"} if part.second else {}
    return tags.details(**opened)(
        tags.summary(part.title, " ", tags.span(_whose(part), class_="more")),
        tags.details(tags.summary("Headers"), _rows(head)) if head else "",
        _rows(shown) if shown else "",
        [tags.p(note, class_="more") for note in notes],
    )


def _whose(part: Part) -> str:
    return f"− {part.first}, + {part.second}" if part.second else part.first


def _rows(rows: Sequence[Row]) -> Tag:
    return tags.pre([_row(row) for row in rows], class_="diff")


def _row(row: Row) -> Tag:
    kinds = {Side.FIRST: tags.del_, Side.SECOND: tags.ins}
    kind = kinds.get(row.side, tags.span)
    return kind(f"{row}\n", **({"class": CSS[row.side]} if row.side in CSS else {}))
