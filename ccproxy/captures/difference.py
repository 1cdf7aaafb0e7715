"""Two outlines side by side: what both say, what only the one, and what only the other."""

import enum
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from attrs import frozen

from ccproxy.captures.outline import INDENT, Line

AROUND = 2
"""Lines that both say, shown around what they do not."""

PASSING = 160
"""Characters that are shown of such a line."""

MOST = 20_000
"""Lines of either side that are compared; beyond that it takes long, and nobody reads it."""


class Side(enum.Enum):
    """Who says a line."""

    BOTH = " "
    FIRST = "-"
    SECOND = "+"
    NEITHER = "@"
    """It stands for lines that are left out."""


@frozen
class Row:
    """One line of a difference."""

    side: Side
    text: str

    def __str__(self) -> str:
        return self.text if self.side is Side.NEITHER else f"{self.side.value} {self.text}"


def difference(first: Sequence[Line], second: Sequence[Line]) -> list[Row]:
    """All of both, with what both say together once. A dash is of the list, and not of what is said."""
    cut = max(len(first), len(second)) > MOST
    first, second = first[:MOST], second[:MOST]
    rows: list[Row] = []
    matcher = SequenceMatcher(None, [_said(line) for line in first], [_said(line) for line in second])
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == "equal":
            rows += [Row(Side.BOTH, str(line)) for line in second[begin:stop]]
        else:
            rows += [Row(Side.FIRST, str(line)) for line in first[start:end]]
            rows += [Row(Side.SECOND, str(line)) for line in second[begin:stop]]
    if cut:
        rows.append(Row(Side.NEITHER, f"… what follows the first {MOST:,} lines is not compared"))
    return rows


def _said(line: Line) -> str:
    return line.text.removeprefix("- ")


def shortened(rows: Sequence[Row], around: int = AROUND) -> Iterator[Row]:
    """The rows that differ, with some of those around them; how many are left out stands in their place, unless it is
    just one."""
    differing = [number for number, row in enumerate(rows) if row.side is not Side.BOTH]
    if not differing:
        return
    shown = {number for at in differing for number in range(at - around, at + around + 1)}
    hidden: list[Row] = []
    for number, row in enumerate(rows):
        if number not in shown:
            hidden.append(row)
            continue
        yield from _left_out(hidden)
        hidden = []
        yield _in_passing(row)
    yield from _left_out(hidden)


def _in_passing(row: Row) -> Row:
    """A row as it is read by the way: what both say is only there to tell where one is."""
    if row.side is not Side.BOTH or len(row.text) <= PASSING:
        return row
    return Row(row.side, f"{row.text[:PASSING]}…")


def _left_out(hidden: Sequence[Row]) -> Sequence[Row]:
    if len(hidden) < 2:
        return [_in_passing(row) for row in hidden]
    return [Row(Side.NEITHER, f"{INDENT}⋯ {len(hidden):,} lines that both have")]
