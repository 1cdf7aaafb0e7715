"""`ccproxy`, the console script: its commands, side by side."""

import click

import ccproxy
from ccproxy.cli.start import start
from ccproxy.cli.tokens import tokens
from ccproxy.cli.version import version


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ccproxy.__version__, message="ccproxy %(version)s")
def main() -> None:
    """Any LLM provider behind the API that Claude Code and other clients already speak."""


main.add_command(start)
main.add_command(tokens)
main.add_command(version)
