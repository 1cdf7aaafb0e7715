"""`ccproxy key`: a key for a client, and what the configuration keeps of it."""

import os
import sys
from getpass import getpass

import click

from ccproxy.access.hashes import BadHash, KeyHash
from ccproxy.access.keys import hash_of, new_key
from ccproxy.cli.configured import refuse
from ccproxy.config.load import find, read
from ccproxy.config.settings import ConfigError


@click.command()
@click.option("--hash", "given", is_flag=True, help="Hash a key that you have: it is read from standard input.")
@click.option("--config", "-c", metavar="FILE", help="The configuration whose hashes it will stand beside.")
def key(given: bool, config: str | None) -> None:
    """Make a key for a client, and the hash of it for the configuration.

    The key is for the client: it is shown once, and kept nowhere. The line with `key_hash` belongs into an entry of
    `clients`.
    """
    made = _given() if given else new_key()
    hashed = hash_of(made, _salted(config))
    if not given:
        click.echo(f"the client's key:  {made}", err=True)
    click.echo(f'"key_hash": "{hashed}"')


def _given() -> str:
    """The key that is typed, or piped."""
    text = getpass("key: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise click.ClickException("no key came in: type it, or pipe it")
    return text.strip()


def _salted(config: str | None) -> KeyHash | None:
    """A hash of the configuration, whose salt the new one will share: each different salt makes strangers' keys more
    costly to refuse."""
    try:
        path = find(config, os.environ)
        clients = [] if path is None else read(path).value.get("clients", [])
    except ConfigError as error:
        refuse(error)
    for client in clients if isinstance(clients, list) else ():
        try:
            if isinstance(client, dict) and client.get("enabled") is not False:
                return KeyHash.parse(str(client.get("key_hash")))
        except BadHash:
            continue
    return None
