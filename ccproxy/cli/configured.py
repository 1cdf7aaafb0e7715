"""The configuration, for commands: what is wrong with it ends the program with one message, and a status of its own."""

import os
from typing import NoReturn

import click

from ccproxy.config.load import load
from ccproxy.config.settings import ConfigError, Settings


def configured(file: str | None) -> Settings:
    """The settings of a file, or of the one that `ccproxy start` would read."""
    try:
        return load(file, os.environ)
    except ConfigError as error:
        refuse(error)


def refuse(error: ConfigError) -> NoReturn:
    """Tell what is wrong, and end."""
    click.echo(f"ccproxy: {error}", err=True)
    raise SystemExit(os.EX_CONFIG)
