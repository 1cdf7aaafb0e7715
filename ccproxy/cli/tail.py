"""`ccproxy tail`: exchanges as they happen, a line for each, from the daemon's live feed."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import click
from attrs import frozen

from ccproxy.cli.process.asking import NoDaemon, asked
from ccproxy.cli.process.home import home
from ccproxy.cli.process.order import Order
from ccproxy.cli.process.running import running
from ccproxy.cli.terminal import mood, paint
from ccproxy.figures import money, seconds, tokens

NOT_RUNNING = 3

SILENCE = 60.0
"""Seconds without any sign of life after which the daemon is thought to be gone."""

EARLIER = 500
"""Exchanges of the ledger that are looked through for those that are wanted."""

AGAIN = 1.0
"""Seconds between two tries to find it again."""

MARKS = {"finished": "✓", "abandoned": "←", "broken": "✗", "refused": "✗"}


@click.command()
@click.option("--session", "-s", help="Only those of this conversation.")
@click.option("--model", "-m", help="Only those that ask for it, or that it answers; * and ? stand for anything.")
@click.option("--client", help="Only those of this client.")
@click.option("--lines", "-n", type=click.IntRange(min=0), default=10, show_default=True, help="How many of the last.")
@click.option("--running", "with_running", is_flag=True, help="Show also what begins.")
@click.option("--json", "as_json", is_flag=True, help="For programs: an object a line.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file.")
def tail(
    session: str | None,
    model: str | None,
    client: str | None,
    lines: int,
    with_running: bool,
    as_json: bool,
    config: str | None,
) -> None:
    """Follow exchanges as they happen, one line each.

    `ccproxy show ID` tells more of one.
    """
    wanted = Wanted(session, model, client)
    last = lines
    try:
        for name, value in follow(config):
            if name == "snapshot":
                ended, begun = list(reversed(value["recent"])), value["running"]
            else:
                ended, begun = value["ended"], value["began"]
            ended = [one for one in ended if wanted.matches(one)]
            if name == "snapshot":
                if len(ended) < last:
                    ended = earlier(config, wanted, ended) + ended
                ended, last = ended[-last:] if last else [], RESUMED
            for one in begun if with_running else ():
                if wanted.matches(one):
                    click.echo(json.dumps(one) if as_json else begun_line(one))
            for one in ended:
                click.echo(json.dumps(one) if as_json else ended_line(one))
            if missed := value.get("missed"):
                click.echo(paint(f"  and {missed} more, too many to show", "quiet"), err=as_json)
    except NoDaemon as error:
        click.echo(str(error), err=True)
        raise SystemExit(NOT_RUNNING) from None
    except (KeyboardInterrupt, BrokenPipeError):
        raise SystemExit(0) from None


RESUMED = 0
"""How many of a later snapshot are shown: the daemon was started again, or we were too slow."""


@frozen
class Wanted:
    """Which exchanges are shown; None: whichever."""

    session: str | None = None
    model: str | None = None
    client: str | None = None

    def matches(self, one: Mapping[str, Any]) -> bool:
        if self.session is not None and one["session"] != self.session:
            return False
        if self.client is not None and one["client"] != self.client:
            return False
        names = (one["asked"], one["target"], one["target"].partition(",")[2])
        return self.model is None or any(fnmatchcase(name, self.model) for name in names)


def earlier(config: str | None, wanted: Wanted, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What ended before the daemon was started, or so long ago that it does not know it any more: from the ledger."""
    from ccproxy.cli.keeping import ledger
    from ccproxy.ledger.queries import exchanges

    try:
        with ledger(config) as (database, connection):
            found = exchanges(database, connection, EARLIER)
    except click.ClickException:
        return []
    ids = {one["id"] for one in known}
    return [one for one in reversed(found) if one["id"] not in ids and wanted.matches(one)]


def follow(config: str | None) -> Iterator[tuple[str, Any]]:
    """The events of the live feed. A daemon that goes away is waited for; raises `NoDaemon` where there was none."""
    found = False
    while True:
        try:
            for event in _events(config):
                found = True
                yield event
        except NoDaemon:
            if not found:
                raise
        time.sleep(AGAIN)


def _events(config: str | None) -> Iterator[tuple[str, Any]]:
    url, listen, key = _daemon(config)
    with asked(url, listen, "GET /exchanges/live", key, silence=SILENCE) as (status, body):
        if status != 200:
            said = json.loads(body.read() or b"{}").get("error", {}).get("message", f"status {status}")
            raise click.ClickException(f"the daemon does not let us follow: {said}")
        name = ""
        while line := body.readline():
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                yield name, json.loads(text.removeprefix("data: "))


def _daemon(config: str | None) -> tuple[str, tuple[str, ...], str]:
    """Where the daemon is, and the key that it wants."""
    there = running(home(os.environ)) if config is None else None
    order = Order.of(config, {}) if there is None else Order.again(there)
    if there is not None:
        return there.url, there.listen, order.key
    return order.url, order.settings.listen, order.key


def begun_line(one: Mapping[str, Any]) -> str:
    """A line for an exchange that began."""
    return paint(f"{_clock(one)} … {one['asked']} → {one['target'] or '?'}  {one['id']}", "quiet")


def ended_line(one: Mapping[str, Any]) -> str:
    """A line for one that ended."""
    prompt = sum(one[name] or 0 for name in ("tokens_in", "cache_read", "cache_written"))
    mark = paint(MARKS.get(one["outcome"], "?"), mood(one["outcome"]))
    first = f" ({seconds(one['first_content'])} to the first word)" if one["first_content"] is not None else ""
    tries = f", {len(one['attempts'])} targets tried" if len(one["attempts"]) > 1 else ""
    if one["error"]:
        rest = paint(f"{one['status']} {one['error']}: {one['message'][:120]}", "bad")
    else:
        rest = f"{tokens(prompt)} in, {tokens(one['tokens_out'])} out, {money(one['cost'])}"
    took = f"{seconds(one['total'])}{first}{tries}"
    return f"{_clock(one)} {mark} {one['asked']} → {one['target'] or '-'}  {took}  {rest}  {paint(one['id'], 'quiet')}"


def _clock(one: Mapping[str, Any]) -> str:
    return time.strftime("%H:%M:%S", time.localtime(one["began"]))
