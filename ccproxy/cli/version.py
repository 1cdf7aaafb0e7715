"""`ccproxy version`: ours, and what we run on."""

import platform
from importlib.metadata import version as version_of

import click

import ccproxy


def versions() -> str:
    """Ours, and theirs."""
    return f"ccproxy {ccproxy.__version__} (Python {platform.python_version()}, Twisted {version_of('twisted')})"


@click.command()
def version() -> None:
    """Show the version, with Python's and Twisted's."""
    click.echo(versions())
