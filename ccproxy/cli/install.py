"""`ccproxy install`: the file to begin with, without a question."""

import click

from ccproxy.cli.init import make_way, target
from ccproxy.cli.initial import first_configuration, write_privately
from ccproxy.cli.terminal import at_home


@click.command()
@click.option("--force", is_flag=True, help="Replace a configuration that is there.")
def install(force: bool) -> None:
    """Write a configuration to begin with, and ask nothing.

    Until a provider is put into it, the keys in the environment stand for theirs. `ccproxy init` writes one that has a
    provider.
    """
    path = target("user")
    make_way(path, force, asks=False)
    write_privately(path, first_configuration(None))
    click.echo(f"Written: {at_home(str(path))}\n\nPut your providers into it, and then:  ccproxy start")
