"""`ccproxy run`: any client, answered by whom you configured."""

import os
from pathlib import Path

import click

from ccproxy.cli.claude import MISSING, conflicts, program
from ccproxy.cli.launching import NOT_FOUND, Verbatim, launch


@click.command(cls=Verbatim, options_metavar="")
@click.argument("arguments", nargs=-1, metavar="COMMAND [ARGUMENTS]...")
def run(arguments: tuple[str, ...]) -> None:
    """Run any command with the variables by which clients find ccproxy.

    These are ANTHROPIC_BASE_URL, OPENAI_BASE_URL and OPENAI_API_BASE, with keys. The exit status is the command's own.
    If no daemon runs one is started, and ends with the last program that uses it.
    """
    if not arguments:
        raise click.UsageError("name the command to run, such as `ccproxy run claude`")
    command = list(arguments)
    is_claude = Path(command[0]).name == "claude"
    if command[0] == "claude":
        found = program(os.environ)
        if found is None:
            click.echo(MISSING, err=True)
            raise SystemExit(NOT_FOUND)
        command[0] = found
    for conflict in conflicts(os.environ) if is_claude else ():
        click.echo(f"ccproxy: {conflict}", err=True)
    raise SystemExit(launch(command, is_claude))
