"""The ledger as commands read it: directly, whether the daemon runs or not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from attrs import evolve

from ccproxy.cli.process.order import Order
from ccproxy.ledger.database import Database, LedgerError, database, reason

SERVICE = "/var/lib/ccproxy/ledger.db"
"""Where the service of the system keeps its ledger; an administrator's own environment does not say so."""

READ_SECONDS = 5.0


@contextmanager
def ledger(config: str | None) -> Iterator[tuple[Database, Any]]:
    """The database of the configured ledger, and a connection to it. What keeps it from being read ends the program
    with one message."""
    settings = Order.of(config, {}).settings.ledger
    place = settings.database
    if not settings.enabled or not place:
        raise click.ClickException("no ledger is kept: see `ledger` in the configuration")
    if "://" not in place and not Path(place).exists() and os.access(SERVICE, os.R_OK):
        place = SERVICE
    if "://" not in place and not Path(place).exists():
        services = f"; that of the system's service, {SERVICE}, is for root" if Path(SERVICE).parent.is_dir() else ""
        raise click.ClickException(f"nothing was kept yet: {place} is not there{services}")
    try:
        found = database(place)
        found = evolve(found, arguments={**found.arguments, "timeout": READ_SECONDS})
        connection = found.connect()
    except LedgerError as error:
        raise click.ClickException(f"the ledger cannot be read: {error}") from None
    try:
        yield found, connection
    except click.ClickException:
        raise
    except Exception as error:
        raise click.ClickException(f"the ledger {found.name} cannot be read: {reason(error)}") from None
    finally:
        with suppress(Exception):
            connection.close()
