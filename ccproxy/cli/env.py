"""`ccproxy env`: the variables by which clients find ccproxy, for a shell to take over."""

import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from ccproxy.cli.process.home import home
from ccproxy.cli.process.order import Order
from ccproxy.cli.process.running import running
from ccproxy.cli.surroundings import for_any, for_claude


def _bash(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{escaped}'"


def _powershell(name: str, value: str) -> str:
    escaped = value.replace("'", "''")
    return f"$Env:{name} = '{escaped}'"


SHELLS: Mapping[str, tuple[Callable[[str, str], str], str]] = {
    "bash": (_bash, 'eval "$(ccproxy env)"'),
    "fish": (_fish, "ccproxy env --shell fish | source"),
    "powershell": (_powershell, "ccproxy env --shell powershell | Out-String | Invoke-Expression"),
}
"""How each says it, and takes over what is said. Every shell of Bourne's kind understands bash's."""


@click.command()
@click.option("--shell", type=click.Choice(tuple(SHELLS)), help="Else the one that SHELL names, or bash.")
def env(shell: str | None) -> None:
    """Show the variables by which clients find ccproxy, for a shell to take over.

    With a configured apikey it is among them.
    """
    order = Order.of(None, {})
    there = running(home(os.environ))
    url = order.url if there is None else there.url
    if not url:
        raise click.ClickException("ccproxy listens at no port: no client finds it")
    own = Path(os.environ.get("SHELL", "")).name
    say, take_over = SHELLS[shell or (own if own in SHELLS else "bash")]
    click.echo(f"# To take them over: {take_over}")
    # What was taken over before is told anew.
    around = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_D", "CLAUDE_CODE_"))}
    # Claude Code must not have a key beside its token; other clients take either.
    given = {**for_any(order.settings, url, around).given, **for_claude(order.settings, url, around).given}
    given.pop("ANTHROPIC_API_KEY", None)
    for name, value in given.items():
        click.echo(say(name, value))
    if there is None:
        click.echo("# The daemon does not run. To start it: ccproxy start")
