"""`ccproxy start`: the daemon, without twistd on the path (pipx and uv expose no script but ours).

The configuration is read here first: what is wrong with it is told before anything runs, and what is right tells how to
reach the daemon.
"""

import os
import sys

import click

import ccproxy
from ccproxy.cli.banner import banner
from ccproxy.cli.process.home import home
from ccproxy.cli.process.order import Order, said_by_options
from ccproxy.cli.process.running import Running, keep
from ccproxy.cli.process.serving import serve_in_foreground
from ccproxy.cli.process.starting import NotStarted, refuse_taken, start_in_background
from ccproxy.cli.terminal import at_home
from ccproxy.config.load import loaded


@click.command()
@click.option("--foreground", "-f", is_flag=True, help="Stay in the foreground, and log to the terminal.")
@click.option("--detach", "-d", is_flag=True, help="Serve in the background; so it does anyway.")
@said_by_options
def start(foreground: bool, detach: bool, config: str | None, host: str | None, port: str | None, debug: bool) -> None:
    """Start the daemon.

    In the background, unless --foreground is given: it returns when the daemon serves, and else tells what kept it from
    that. Its process id and its log are kept in ~/.ccproxy.
    """
    if foreground and detach:
        raise click.UsageError("either --foreground or --detach")
    order = Order.of(config, {"host": host, "port": port}, debug)
    tell_whose(order)
    if foreground:
        stay(order)
    else:
        begin(order)


def tell_whose(order: Order) -> None:
    """Say whose configuration is read, where it is another program's, and that not all of it may have been taken."""
    document = loaded(order.config or None, os.environ).document
    if document.tradition:
        click.echo(f"{at_home(document.name)} is read as a configuration of {document.tradition}.", err=True)
    if document.notes:
        count = f"{len(document.notes)} of its keys are" if len(document.notes) > 1 else "One of its keys is"
        click.echo(f"{count} not taken as written there: `ccproxy check` tells which, and why.", err=True)


def stay(order: Order) -> None:
    """Serve in this process."""
    supervised = "NOTIFY_SOCKET" in os.environ

    def tell() -> None:
        if not supervised:  # A service manager is told how we do in its own way, and has no use for commands to type.
            click.echo(f"\n{banner(order.settings)}\nPress Ctrl-C to stop.\n", file=terminal)

    # twistd takes these over for its log.
    terminal, errors = sys.stdout, sys.stderr
    try:
        refuse_taken(order)
        serve_in_foreground(home(os.environ), order.described(log=""), ["ccproxy", *order.arguments], tell)
    except SystemExit as error:
        if order.settings.log_file and (reason := getattr(error, "reason", None)):
            click.echo(f"ccproxy: {reason}", file=errors)  # The log, which has it, is elsewhere.
        raise
    except Exception as error:
        if "--debug" in order.arguments:
            raise
        raise click.ClickException(f"ccproxy did not start: {error} (--debug shows where)") from None


def begin(order: Order) -> None:
    """Have it served in the background."""
    place = home(os.environ)
    try:
        started = start_in_background(place, order)
    except NotStarted as error:
        click.echo(f"{error}", err=True)
        raise SystemExit(error.status) from None
    daemon = started.daemon
    if not started.new:
        keep(place, daemon)
        _tell_it_runs(daemon, order)
        return
    click.echo(f"{banner(order.settings)}\nIt runs in the background and logs to {daemon.log}")
    click.echo("To see how it does: ccproxy status. To stop it: ccproxy stop")


def _tell_it_runs(daemon: Running, order: Order) -> None:
    there = daemon.url or ", ".join(daemon.listen)
    click.echo(f"ccproxy runs already: process {daemon.pid}, at {there}")
    if daemon.version != ccproxy.__version__:
        click.echo(f"It is version {daemon.version}; `ccproxy restart` replaces it by {ccproxy.__version__}")
    if daemon.listen != order.settings.listen or daemon.config != order.config:
        configured = at_home(daemon.config) if daemon.config else "no file"
        raise click.ClickException(
            f"another one is asked for: this one listens at {', '.join(daemon.listen)}, configured by {configured}. "
            "`ccproxy restart` with the same options replaces it; another one beside it needs its own directory: "
            "ccproxy --config-dir DIRECTORY start"
        )
