"""`ccproxy import`: the configuration of another program, written as one of ours."""

import os
from pathlib import Path

import click

from ccproxy.cli.configured import refuse
from ccproxy.cli.initial import write_privately
from ccproxy.cli.terminal import at_home
from ccproxy.config.documents import NO_FILE
from ccproxy.config.imports.rendering import text_of
from ccproxy.config.load import load, opened
from ccproxy.config.settings import ConfigError


@click.command("import")
@click.argument("file", required=False)
@click.option("--output", "-o", metavar="FILE", help="Write it there, for you alone to read, instead of showing it.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def import_(file: str | None, output: str | None, force: bool) -> None:
    """Turn another program's configuration into ccproxy's own.

    FILE is one of claude-code-router, claude-code-proxy (aistackhq), LiteLLM, or either older ccproxy (orchestre-dev,
    starbased-co); without it, the one that `ccproxy start` would read. What cannot be taken as it stands is told, with
    the reason. There is no need to do this: ccproxy reads those files as they are.
    """
    try:
        document, _ = opened(file, os.environ)
    except ConfigError as error:
        refuse(error)
    if document is NO_FILE:
        raise click.ClickException("there is no configuration where ccproxy looks for one: name a FILE")
    if not document.tradition:
        raise click.ClickException(f"{at_home(document.name)} is a configuration of ccproxy's own already")
    text = text_of(document)
    if output is None:
        click.echo(text, nl=False)
        return
    if Path(output).exists() and not force:
        raise click.ClickException(f"{at_home(output)} is there already; --force writes over it")
    write_privately(Path(output), text)
    for note in document.notes:
        click.echo(f"{note}", err=True)
    click.echo(f"The configuration of {document.tradition} is in {at_home(output)} now, in ccproxy's own words.")
    try:
        load(output, os.environ)
    except ConfigError as error:
        click.echo(f"It cannot be used yet: {error}", err=True)
