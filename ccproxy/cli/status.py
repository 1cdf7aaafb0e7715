"""`ccproxy status`: whether the daemon runs, where, and what it does."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ccproxy.cli.process.asking import Answer, ask
from ccproxy.cli.process.home import home
from ccproxy.cli.process.running import Running, running
from ccproxy.cli.terminal import aligned, at_home, paint, spell

NOT_RUNNING = 3
"""The exit status that `service NAME status` has for it, by convention."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Show whether the daemon runs, and how it does.

    The exit status is 3 if it does not.
    """
    there = running(home(os.environ))
    answer = None if there is None else look(there)
    stranger = ""
    if there is None:
        there, answer, stranger = _elsewhere()
    known = facts(there, answer)
    if as_json:
        click.echo(json.dumps(known, indent=2))
    elif there is None:
        click.echo(f"ccproxy {paint('does not run', 'bad')}\n\nTo start it:               ccproxy start")
        click.echo("To start it with Claude:   ccproxy")
    else:
        click.echo(shown(there, known, stranger))
    raise SystemExit(0 if known["running"] else NOT_RUNNING)


def look(there: Running) -> Answer | None:
    """What a daemon says of itself. Its key is looked up only if it wants one: reading a configuration takes long."""
    answer = ask(there.url, there.listen, "/status")
    if answer is None or "pid" in answer.content:
        return answer
    return ask(there.url, there.listen, "/status", _key(there)) or answer


def facts(there: Running | None, answer: Answer | None) -> dict[str, Any]:
    """All that is known of a daemon, for programs."""
    if there is None:
        return {"running": False, "proxy": False}
    content: Mapping[str, Any] = {} if answer is None else answer.content
    return {
        "running": True,
        "proxy": True,
        "ready": answer is not None and answer.is_ours,
        "pid": there.pid or content.get("pid"),
        "url": there.url,
        "listen": list(there.listen),
        "config": {Path(there.config).name: there.config} if there.config else {},
        "log": there.log,
        "version": content.get("version", there.version),
        "uptime_seconds": content.get("uptime_seconds") or round(time.time() - there.started, 1),
        "exchanges": content.get("exchanges", {}),
        "providers": content.get("providers", []),
        "last_reload": (content.get("configuration") or {}).get("last_reload"),
        "ledger": content.get("ledger", {}),
    }


def shown(there: Running, known: Mapping[str, Any], stranger: str) -> str:
    """The same for people."""
    state = paint("runs", "good") if known["ready"] else paint("does not answer", "bad")
    exchanges = known["exchanges"]
    rows = [
        ("address", there.url or ", ".join(there.listen)),
        ("process", f"{known['pid']}, for {spell(known['uptime_seconds'])}" if known["pid"] else ""),
        ("configuration", at_home(there.config) or ("" if stranger else "none: environment and defaults")),
        ("last reload", _reload(known["last_reload"])),
        ("log", at_home(there.log) or ("" if stranger else "its terminal, or the journal")),
        ("version", str(known["version"])),
        ("exchanges", f"{exchanges['served']} served, {exchanges['running']} running" if exchanges else ""),
        ("providers", "\n".join(map(_provider, known["providers"]))),
        ("ledger", _ledger(known["ledger"])),
        ("note", stranger),
    ]
    if not there.kept:
        rows.append(("until", "the last program that uses it ends (`ccproxy start` keeps it)"))
    return f"ccproxy {state}\n{aligned(rows)}"


def _reload(last: Mapping[str, Any] | None) -> str:
    """What was wrong with the file when it was read last; one that was taken over needs no word."""
    return "" if last is None or last["ok"] else paint(last["message"], "bad")


def _ledger(said: Mapping[str, Any]) -> str:
    """Where records of exchanges stay, if they do not reach the ledger."""
    if not said.get("failing") and not said.get("lost"):
        return ""
    state = "cannot be written" if said["failing"] else "can be written again"
    return paint(f"{said['place']} {state}; records: {said['waiting']} waiting, {said['lost']} lost", "bad")


def _provider(said: Mapping[str, Any]) -> str:
    ago = said.get("seconds_ago")
    return f"{said['name']}: {said['last_result']}" + (f", {spell(ago)} ago" if isinstance(ago, (int, float)) else "")


def _key(there: Running) -> str:
    from ccproxy.cli.process.order import Order

    return Order.again(there).key


def _elsewhere() -> tuple[Running | None, Answer | None, str]:
    """The daemon at the address that is configured here, if there is one that is not ours."""
    from ccproxy.cli.process.order import Order
    from ccproxy.cli.process.owners import named
    from ccproxy.config.settings import ConfigError

    try:
        order = Order.read()
    except ConfigError as error:
        click.echo(f"ccproxy: {error}", err=True)
        return None, None, ""
    answer = ask(order.url, order.settings.listen, "/status", order.key)
    if answer is None or not answer.is_ours:
        return None, None, ""
    pid = answer.content.get("pid", 0)
    configuration = answer.content.get("configuration") or {}
    there = Running(
        pid=pid, url=order.url, listen=order.settings.listen, config=configuration.get("file") or "", ready=True
    )
    whose = named(pid) if pid else "it tells no more without its key"
    return there, answer, f"it was not started by `ccproxy start` here: {whose}"
