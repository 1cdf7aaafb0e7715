"""An exchange as commands find it: by the beginning of its id, in the ledger and among the captures."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from ccproxy.captures.shelf import kept, text_of
from ccproxy.cli.keeping import ledger
from ccproxy.config.settings import CaptureSettings
from ccproxy.ledger.queries import exchange, exchanges

LAST = "last"

CAPTURES_OF_THE_SERVICE = "/var/lib/ccproxy/captures"
"""Where the service of the system keeps its captures."""


@frozen
class Found:
    """What is kept of an exchange: a record in the ledger, the text of a capture, or both."""

    id: str
    record: Mapping[str, Any] | None = None
    capture: bytes | None = None


def found(name: str, config: str | None, settings: CaptureSettings) -> Found:
    """The exchange that is meant. Where there is none, or several, the program ends with one message."""
    records, why = _records(name, config)
    ids = [one["id"] for one in records] or _captured(name, settings)
    if not ids:
        raise click.ClickException(why or "nothing was kept yet")
    if len(ids) > 1 and name not in ids:
        raise click.ClickException("\n  ".join(["several exchanges begin so:", *ids]))
    chosen = name if name in ids else ids[0]
    record = next((one for one in records if one["id"] == chosen), None)
    return Found(chosen, record, _capture(chosen, settings))


def _records(name: str, config: str | None) -> tuple[list[dict[str, Any]], str]:
    """What the ledger has, and why it has nothing."""
    try:
        with ledger(config) as (database, connection):
            if name == LAST:
                return exchanges(database, connection, 1), "nothing was kept yet"
            return exchange(database, connection, name), f"the ledger has no exchange {name!r} (it may be too old)"
    except click.ClickException as error:
        return [], error.message


def _captured(name: str, settings: CaptureSettings) -> list[str]:
    """The ids of captures that begin so; of all, the latest one. Counts of tokens are in no ledger."""
    there = sorted(kept(_directory(settings)), key=lambda one: one.at)
    return [one.id for one in there[-1:] if name == LAST] or [one.id for one in there if one.id.startswith(name)]


def _capture(name: str, settings: CaptureSettings) -> bytes | None:
    try:
        return text_of(_directory(settings), name)
    except OSError as error:
        click.echo(f"the capture of {name} cannot be read: {error.strerror}", err=True)
        return None


def _directory(settings: CaptureSettings) -> Path:
    there = Path(settings.directory)
    service = Path(CAPTURES_OF_THE_SERVICE)
    return service if not there.is_dir() and os.access(service, os.R_OK) else there
