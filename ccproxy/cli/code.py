"""`ccproxy code`, and `ccproxy` without a command: Claude Code, answered by whom you configured."""

import os

import click

from ccproxy.cli.claude import MISSING, conflicts, program
from ccproxy.cli.launching import NOT_FOUND, Verbatim, launch


@click.command(cls=Verbatim, add_help_option=False)
@click.argument("arguments", nargs=-1, metavar="[ARGUMENTS OF CLAUDE]...")
def code(arguments: tuple[str, ...]) -> None:
    """Launch Claude Code on ccproxy.

    All arguments are Claude Code's, and the exit status is its own. If no daemon runs one is started, and ends with the
    last program that uses it; one that runs stays.

    Claude Code alone is told of ccproxy, by its environment: no settings are changed. Where a route leads to a model
    that it does not know, it is told of the model's window and cap.
    """
    claude = program(os.environ)
    if claude is None:
        click.echo(MISSING, err=True)
        raise SystemExit(NOT_FOUND)
    for conflict in conflicts(os.environ):
        click.echo(f"ccproxy: {conflict}", err=True)
    raise SystemExit(launch([claude, *arguments], is_claude=True))
