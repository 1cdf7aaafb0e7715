"""`ccproxy usage`: what was used and what it cost, from the ledger."""

import csv
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from ccproxy.cli.keeping import ledger
from ccproxy.cli.terminal import paint
from ccproxy.config.durations import OLDEST, BadDuration
from ccproxy.config.durations import seconds as duration
from ccproxy.figures import cost, seconds, tokens
from ccproxy.ledger.queries import KEYS
from ccproxy.ledger.queries import usage as summed

NAME_WIDTH = 60
"""Characters of a name that are shown."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?")


def _keys(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    """One or more of what is summed by: `day,model` stands for both."""
    keys = tuple(dict.fromkeys(value.split(",")))
    for key in keys:
        if key not in KEYS:
            raise click.BadParameter(f"{key!r} is none of {', '.join(KEYS)}")
    return keys


def _moment(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """A time in the past: so long ago, or a date."""
    if value is None:
        return None
    try:
        if _DATE.fullmatch(value):
            return datetime.fromisoformat(value).timestamp()
        return time.time() - duration(value, OLDEST)
    except (BadDuration, ValueError):
        raise click.BadParameter(f"{value!r} is no time: write 7d, 12h, or 2026-11-25") from None


def _only(_context: click.Context, _option: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    """Keys, and the values that they must have."""
    found = {}
    for value in values:
        key, equals, wanted = value.partition("=")
        if not equals or key not in KEYS:
            raise click.BadParameter(f"{value!r} is no KEY=VALUE with a key of {', '.join(KEYS)}")
        found[key] = wanted
    return found


@click.command()
@click.option(
    "--by",
    metavar="KEY",
    callback=_keys,
    default="model",
    show_default=True,
    help=f"One of {', '.join(KEYS)}; or some of them, as day,model.",
)
@click.option(
    "--since", metavar="TIME", callback=_moment, default="7d", show_default=True, help="So long ago, or from a date on."
)
@click.option("--until", metavar="TIME", callback=_moment, help="Up to so long ago, or to a date.")
@click.option("--only", metavar="KEY=VALUE", callback=_only, multiple=True, help="Only what has it, as client=ann.")
@click.option("--json", "form", flag_value="json", help="For programs.")
@click.option("--csv", "form", flag_value="csv", help="For spreadsheets.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file.")
def usage(
    by: tuple[str, ...],
    since: float,
    until: float | None,
    only: dict[str, str],
    form: str | None,
    config: str | None,
) -> None:
    """Show what was used, and what it cost.

    A cost that nobody knows is told as unknown; `prices` in the configuration makes it known.
    """
    with ledger(config) as (database, connection):
        rows = summed(database, connection, by, since, until, only)
        total = summed(database, connection, (), since, until, only)
    match form:
        case "json":
            click.echo(json.dumps({"by": by, "since": since, "until": until, "usage": rows, "total": total}, indent=2))
        case "csv":
            _write_csv(by, rows)
        case _ if not rows:
            click.echo("Nothing was used in this time.")
        case _:
            click.echo(table(by, rows, total[0]))


def _write_csv(by: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(rows[0]) if rows else list(by)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)


def _cell(value: Any) -> Any:
    """What a client calls itself must not become a formula in somebody's spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


HEADS = ("exchanges", "failed", "in", "cached", "out", "cost", "first word", "all of it")


def table(by: Sequence[str], rows: Sequence[Mapping[str, Any]], total: Mapping[str, Any]) -> str:
    """The sums for people, names to the left and figures to the right."""
    names = [[_name(row[key]) for key in by] for row in rows]
    lines = [
        [*by, *HEADS],
        *([*name, *_figures(row)] for name, row in zip(names, rows, strict=True)),
        ["total", *[""] * (len(by) - 1), *_figures(total)],
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    shown = []
    for number, line in enumerate(lines):
        cells = [
            cell.ljust(width) if column < len(by) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text = "  ".join(cells).rstrip()
        shown.append(paint(text, "quiet") if number == 0 else text)
    shown.insert(-1, paint("─" * (sum(widths) + 2 * len(widths) - 2), "quiet"))
    return "\n".join(shown)


def _name(value: str) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in value)
    return (plain if len(plain) <= NAME_WIDTH else f"{plain[: NAME_WIDTH - 1]}…") or "-"


def _figures(row: Mapping[str, Any]) -> list[str]:
    return [
        f"{row['exchanges']:,}",
        f"{row['failed']:,}" if row["failed"] else "",
        tokens(row["tokens_in"] + row["cache_read"] + row["cache_written"]),
        tokens(row["cache_read"]) if row["cache_read"] else "",
        tokens(row["tokens_out"]),
        cost(row["cost"], row["unpriced"], row["exchanges"]),
        seconds(row["first_content"]),
        seconds(row["total"]),
    ]
