"""`ccproxy stop`: the end of the daemon that runs."""

import os

import click

from ccproxy.cli.process.home import home
from ccproxy.cli.process.running import Running, running
from ccproxy.cli.process.stopping import End, NotStopped
from ccproxy.cli.process.stopping import stop as end
from ccproxy.cli.terminal import meanwhile
from ccproxy.config.durations import EXPECTED, BadDuration, seconds


def duration(text: str) -> float:
    """A span of time, as configurations write it."""
    try:
        return float(seconds(text))
    except BadDuration:
        raise click.BadParameter(f"expected {EXPECTED}") from None


patient = click.option(
    "--timeout",
    "-t",
    type=duration,
    default="30s",
    show_default=True,
    metavar="DURATION",
    help="How long running exchanges may go on before they are cut off; no longer than the daemon's shutdown_timeout.",
)
"""Gives a command the option `timeout`, for `bring_to_an_end`."""


@click.command()
@patient
@click.option("--force", "-f", is_flag=True, help="Kill it at once.")
def stop(timeout: float, force: bool) -> None:
    """Stop the daemon.

    It takes no more connections, lets running exchanges finish, and ends.
    """
    there = running(home(os.environ))
    if there is None:
        click.echo("ccproxy does not run")
        return
    bring_to_an_end(there, 0 if force else timeout)


def bring_to_an_end(there: Running, timeout: float) -> None:
    """Stop this one, and tell how."""
    try:
        with meanwhile("Waiting for what runs to finish ..."):
            ended = end(home(os.environ), there, timeout)
    except NotStopped as error:
        raise click.ClickException(f"{error}; it runs on") from None
    how = "" if ended is End.DRAINED else f": {ended.value}"
    click.echo(f"ccproxy has stopped (process {there.pid}){how}")
