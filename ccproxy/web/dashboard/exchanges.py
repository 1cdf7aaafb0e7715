"""The exchanges that run and those that ended lately."""

from collections.abc import Sequence
from typing import Any

from twisted.web.template import Tag, tags

from ccproxy.figures import money, seconds, tokens
from ccproxy.web.dashboard.tables import Told, cell, clock, mood, row, table

ROWS = 50
"""Exchanges of each kind that the page shows."""

RUNNING = ("Model", "Target", "Client", "Age", "First word", "Tokens in", "Tokens out", "Rate")
RECENT = ("Began", "Model", "Target", "Client", "Outcome", "First word", "Took", "Tokens in", "Tokens out", "Cost")

NOTHING_YET = "Nothing yet. Point a client at this address, and what it asks appears here."


def running(found: Sequence[Told]) -> Tag:
    """What runs."""
    return table("running", "Running now", RUNNING, map(_running, found[:ROWS]), "Nothing runs.")


def recent(found: Sequence[Told]) -> Tag:
    """What ended lately."""
    return table("recent", "Ended lately", RECENT, map(_recent, found[:ROWS]), NOTHING_YET)


def _running(one: Told) -> Tag:
    out = one["tokens_out"]
    rate = f"{out / one['age']:.0f}/s" if out and one["age"] else "-"
    return _about(
        one,
        RUNNING,
        one["target"] or "choosing…",
        one["client"],
        seconds(one["age"]),
        seconds(one["first_content"]),
        tokens(one["tokens_in"]),
        tokens(out),
        rate,
    )


def _recent(one: Told) -> Tag:
    about = _about(
        one,
        RECENT[1:],
        one["target"] or "nowhere",
        one["client"],
        outcome(one),
        seconds(one["first_content"]),
        seconds(one["total"]),
        tokens(prompt(one)),
        tokens(one["tokens_out"]),
        price(one),
    )
    about.children.insert(0, cell("Began", clock(one["began"])))
    return about


def _about(one: Told, heads: Sequence[str], *cells: Any) -> Tag:
    link = tags.a(one["asked"] or "(no model)", href=f"/dashboard/exchanges/{one['id']}", class_="trace")
    return row(heads, (link, *cells), **{"data-id": one["id"]})


def outcome(one: Told) -> Tag:
    """How it ended; of one that failed, what the fault was."""
    return mood(one["error"] or one["outcome"], one["outcome"])


def prompt(one: Told) -> int | None:
    """Tokens of the prompt, cached ones too."""
    known = [one[name] for name in ("tokens_in", "cache_read", "cache_written") if one[name] is not None]
    return sum(known) if known else None


def price(one: Told) -> str:
    """What it cost, where it used anything."""
    return money(one["cost"]) if one["cost"] is not None or one["tokens_out"] else "-"
