"""A captured exchange as commands show it: as a difference, as it is, and as a command that sends it again."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from ccproxy.captures import curl, seen
from ccproxy.captures.captured import Captured, read
from ccproxy.captures.difference import Row, Side, shortened
from ccproxy.captures.seen import NoSuchAttempt, Part
from ccproxy.cli.finding import Found
from ccproxy.cli.terminal import paint

ROWS = 120
"""Lines of one part that are shown unless all are asked for."""

MOODS = {Side.FIRST: "bad", Side.SECOND: "good", Side.NEITHER: "quiet"}

NOTHING = "nothing was captured of it: see `capture` in the configuration, which is off unless it says otherwise"


def captured(found: Found) -> Captured:
    """What was captured of an exchange. Where nothing was the program ends with one message."""
    text = None if found.capture is None else read(found.capture)
    if text is None:
        raise click.ClickException(f"{found.id}: {NOTHING}")
    return text


def record(found: Found) -> Mapping[str, Any] | None:
    """What the ledger has of it, or would have: a capture holds the same, if its exchange came to an end."""
    return found.record or captured(found).record


def value(found: Found) -> dict[str, Any]:
    """All that was captured, for programs."""
    return seen.told(captured(found))


def lines(found: Found, attempt: int | None, whole: bool) -> list[str]:
    """What there is to see of it, for people."""
    try:
        return [line for part in seen.parts(captured(found), attempt) for line in shown(part, whole)]
    except NoSuchAttempt as error:
        raise click.ClickException(str(error)) from None


def unchanged(found: Found, attempt: int | None) -> bytes:
    """Requests and answers as they are."""
    try:
        return b"".join(seen.raw(captured(found), attempt))
    except NoSuchAttempt as error:
        raise click.ClickException(str(error)) from None


def command(found: Found, attempt: int | None) -> str:
    """What sends again what went upstream."""
    there = captured(found)
    try:
        leg = seen.chosen(there, attempt)
        if leg is None:
            raise click.ClickException(f"{found.id}: nothing went upstream; --client shows what the client sent")
        return curl.upstream(there, leg)
    except (NoSuchAttempt, curl.CannotSend) as error:
        raise click.ClickException(f"{found.id}: {error}") from None


def clients_command(found: Found, url: str) -> str:
    """What sends again what the client sent to the daemon at a URL."""
    try:
        return curl.client(captured(found), url)
    except curl.CannotSend as error:
        raise click.ClickException(f"{found.id}: {error}") from None


def shown(part: Part, whole: bool) -> Iterator[str]:
    """A part of what there is to see, in lines; of a difference what differs, unless all of it is wanted."""
    yield ""
    if part.second:
        yield f"{part.title}: {paint(f'- {part.first}', 'bad')}, {paint(f'+ {part.second}', 'good')}"
    else:
        yield f"{part.title}{', ' if part.first else ''}{part.first}"
    every = (*part.head, *part.rows)
    rows = list(every if whole or not part.second else shortened(every))
    for row in rows if whole else rows[:ROWS]:
        yield f"  {_painted(row)}".rstrip()
    if not whole and len(rows) > ROWS:
        yield paint(f"  … {len(rows) - ROWS:,} more lines: --all shows them", "quiet")
    if part.second and not rows and not part.notes:
        yield "  Both say the same."
    for note in part.notes:
        yield paint(f"  {note}", "quiet")


def _painted(row: Row) -> str:
    mood = MOODS.get(row.side)
    return str(row) if mood is None else paint(str(row), mood)
