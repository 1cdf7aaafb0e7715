"""`ccproxy import`: the configuration of another program, written as one of ours."""

import os
from pathlib import Path

import click

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
        click.echo(f"ccproxy: {error}", err=True)
        raise SystemExit(os.EX_CONFIG) from None
    if document is NO_FILE:
        raise click.ClickException("there is no configuration where ccproxy looks for one: name a FILE")
    if not document.tradition:
        raise click.ClickException(f"{at_home(document.name)} is a configuration of ccproxy's own already")
    text = text_of(document)
    if output is None:
        click.echo(text, nl=False)
        return
    _write(Path(output), text, force)
    for note in document.notes:
        click.echo(f"{note}", err=True)
    click.echo(f"The configuration of {document.tradition} is in {at_home(output)} now, in ccproxy's own words.")
    try:
        load(output, os.environ)
    except ConfigError as error:
        click.echo(f"It cannot be used yet: {error}", err=True)


def _write(path: Path, text: str, force: bool) -> None:
    """All of it or nothing, and for nobody else to read: keys may be in it."""
    if path.exists() and not force:
        raise click.ClickException(f"{at_home(str(path))} is there already; --force writes over it")
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise click.ClickException(f"{at_home(str(path))} cannot be written: {error.strerror}") from None
