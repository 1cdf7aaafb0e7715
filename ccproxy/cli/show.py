"""`ccproxy show`: one exchange, from the ledger."""

import json
import time
from collections.abc import Mapping
from typing import Any

import click

from ccproxy.cli.keeping import ledger
from ccproxy.cli.terminal import aligned, mood, paint
from ccproxy.figures import bar, money, seconds, size, tokens
from ccproxy.ledger.queries import exchange, exchanges

LAST = "last"


@click.command()
@click.argument("name", metavar="ID", default=LAST)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file.")
def show(name: str, as_json: bool, config: str | None) -> None:
    """Show one exchange: where it went and why, how long what took, and what it cost.

    ID is what the client got as `request-id`, or the beginning of it; `last` is the latest exchange.
    """
    with ledger(config) as (database, connection):
        if name == LAST:
            found = exchanges(database, connection, 1)
        else:
            found = exchange(database, connection, name)
    if not found:
        raise click.ClickException(
            "nothing was kept yet" if name == LAST else f"the ledger has no exchange {name!r} (it may be too old)"
        )
    if len(found) > 1 and found[0]["id"] != name:
        begun = "\n  ".join(one["id"] for one in found)
        raise click.ClickException(f"several exchanges begin so:\n  {begun}")
    click.echo(json.dumps(found[0], indent=2) if as_json else shown(found[0]))


def shown(one: Mapping[str, Any]) -> str:
    """An exchange for people."""
    outcome = paint(one["outcome"], mood(one["outcome"]))
    lines = [f"{one['id']}  {outcome}  {one['asked']} → {one['target'] or 'nowhere'}", aligned(_facts(one))]
    whole = max(one["total"] or 0.0, 1e-9)
    if one["attempts"]:
        width = max(len(attempt["target"]) for attempt in one["attempts"])
        lines += ["", "Targets tried"]
        for attempt in one["attempts"]:
            said = f"{attempt['error']}: {attempt['message']}" if attempt["error"] else ""
            drawn = paint(bar(attempt["began"], attempt["seconds"], whole), "bad" if said else "good")
            took = seconds(attempt["seconds"]).rjust(8)
            lines.append(f"  {attempt['target'].ljust(width)}  {drawn} {took}  {said}".rstrip())
    lines += ["", "Time"]
    for label, name in (("headers came", "first_byte"), ("first word", "first_content"), ("all of it", "total")):
        if one[name] is not None:
            lines.append(f"  {label.ljust(12)}  {bar(0.0, one[name], whole)} {seconds(one[name]).rjust(8)}")
    if one["losses"]:
        lines += ["", "Lost in translation", *(f"  {loss}" for loss in one["losses"])]
    return "\n".join(lines)


def _facts(one: Mapping[str, Any]) -> list[tuple[str, str]]:
    prompt = sum(one[name] or 0 for name in ("tokens_in", "cache_read", "cache_written"))
    cached = f" ({tokens(one['cache_read'])} cached)" if one["cache_read"] else ""
    thought = f" ({tokens(one['reasoning'])} reasoning)" if one["reasoning"] else ""
    session = f", session {one['session']}" if one["session"] else ""
    agent = f", agent {one['agent']}" if one["agent"] else ""
    guessed = ", by estimate" if one["estimated"] else ""
    known = one["tokens_in"] is not None or one["tokens_out"] is not None
    stream = "streamed" if one["stream"] else "whole"
    return [
        ("when", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one["began"]))),
        ("client", f"{one['client']}{session}{agent}"),
        ("route", f"{one['rule']}{': ' if one['rule'] and one['why'] else ''}{one['why']}"),
        ("request", f"{one['dialect']}, {one['plan'] or 'not sent'}, {stream}, {size(one['request_bytes'])}"),
        ("answer", size(one["response_bytes"]) + (f", {one['stop']}" if one["stop"] else "")),
        ("tokens", f"{tokens(prompt)} in{cached}, {tokens(one['tokens_out'])} out{thought}{guessed}" if known else ""),
        ("cost", money(one["cost"]) if known else ""),
        ("error", f"{one['error']} ({one['status']}): {one['message']}" if one["error"] else ""),
    ]
