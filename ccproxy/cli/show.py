"""`ccproxy show`: one exchange, from the ledger; and word for word, where it was captured."""

import json
import time
from collections.abc import Mapping
from typing import Any

import click

from ccproxy.cli.finding import LAST, found
from ccproxy.cli.process.order import Order
from ccproxy.cli.terminal import aligned, mood, paint
from ccproxy.figures import bar, money, seconds, size, tokens


@click.command()
@click.argument("name", metavar="ID", default=LAST)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--curl", is_flag=True, help="Show what went upstream as a command that sends it again; it has no key.")
@click.option("--client", is_flag=True, help="The same for what the client sent to ccproxy.")
@click.option("--raw", is_flag=True, help="Show requests and answers as they are, byte for byte.")
@click.option("--attempt", type=int, metavar="N", help="Which of the requests that went upstream; else the last one.")
@click.option("--all", "whole", is_flag=True, help="Show all lines, also those that both sides have.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file.")
def show(
    name: str,
    as_json: bool,
    curl: bool,
    client: bool,
    raw: bool,
    attempt: int | None,
    whole: bool,
    config: str | None,
) -> None:
    """Show one exchange: where it went and why, how long what took, and what it cost.

    ID is what the client got as `request-id`, or the beginning of it; `last` is the latest exchange. Where exchanges
    are captured (`capture` in the configuration) request and answer are shown as well, as the client and as the
    provider saw them: --all, --attempt, --raw, --curl and --client are about those.
    """
    order = Order.of(config, {})
    one = found(name, config, order.settings.capture)
    if one.capture is None and not (curl or client or raw):
        click.echo(json.dumps(one.record, indent=2) if as_json else shown(one.record or {}))
        return
    from ccproxy.cli.capturing import clients_command, command, lines, record, unchanged, value

    if client:
        click.echo(clients_command(one, order.url), nl=False)
    elif curl:
        click.echo(command(one, attempt), nl=False)
    elif raw:
        click.echo(unchanged(one, attempt), nl=False)
    elif as_json:
        click.echo(json.dumps({**(record(one) or {}), "capture": value(one)}, indent=2))
    else:
        known = record(one)
        head = shown(known) if known else f"{one.id}  not in the ledger"
        click.echo("\n".join([head, *lines(one, attempt, whole)]))


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
