"""Exchanges as rows of the ledger: written in batches, deleted when they are old."""

import time
from collections.abc import Sequence
from contextlib import closing
from operator import itemgetter
from typing import Any

from ccproxy.exchange.record import Record
from ccproxy.exchange.telling import told
from ccproxy.ledger.database import Connection, Database, is_of_the_data
from ccproxy.ledger.schema import COLUMNS
from ccproxy.wire import jsontext

AT_ONCE = 5000
"""Rows deleted in one go: others write in between."""

_IN_ORDER = itemgetter(*COLUMNS)

_ROW = f"({', '.join('?' for _ in COLUMNS)})"
_INSERT = f"INSERT INTO exchanges ({', '.join(COLUMNS)}) VALUES {{rows}} ON CONFLICT (id) DO NOTHING"

_PER_STATEMENT = 100
"""Rows of one statement to PostgreSQL, which waits for each. SQLite's driver has a loop of its own."""


def row(record: Record) -> tuple[Any, ...]:
    """A record, column by column."""
    shown = told(record)
    provider, _, model = shown["target"].partition(",")
    shown |= {
        "day": time.strftime("%Y-%m-%d", time.localtime(record.began)),
        "provider": provider,
        "model": model,
        "stream": int(record.stream),
        "estimated": int(record.estimated),
        "attempts": jsontext.dumps_str(shown["attempts"]),
        "losses": jsontext.dumps_str(shown["losses"]),
    }
    values: tuple[Any, ...] = _IN_ORDER(shown)
    return values


def _storable(value: Any) -> Any:
    """PostgreSQL stores no NUL."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


def write(database: Database, connection: Connection, records: Sequence[Record]) -> int:
    """Write them all, once, however often this is tried. Returns how many could not be written for what is in them;
    whatever else goes wrong is raised, and nothing was written then."""
    rows = [row(record) for record in records]
    try:
        _insert(database, connection, rows)
    except Exception as error:
        connection.rollback()
        if not is_of_the_data(error):
            raise
    else:
        return 0
    refused = 0
    for one in rows:
        try:
            _insert(database, connection, [one])
        except Exception as error:
            connection.rollback()
            if not is_of_the_data(error):
                raise
            refused += 1
    return refused


def _insert(database: Database, connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    with closing(connection.cursor()) as cursor:
        if database.is_file:
            cursor.executemany(_INSERT.format(rows=_ROW), rows)
        else:
            for start in range(0, len(rows), _PER_STATEMENT):
                part = rows[start : start + _PER_STATEMENT]
                statement = _INSERT.format(rows=", ".join([_ROW] * len(part)))
                cursor.execute(database.sql(statement), [_storable(value) for one in part for value in one])
    connection.commit()


def forget(database: Database, connection: Connection, before: float, max_size: int | None) -> int:
    """Delete what began before a time, and the oldest while all of it is larger than `max_size`. Returns how many."""
    forgotten = _delete(database, connection, "began < ?", (before,))
    while max_size is not None and database.size(connection) > max_size:
        oldest = "id IN (SELECT id FROM exchanges ORDER BY began LIMIT ?)"
        gone = _delete(database, connection, oldest, (AT_ONCE,), once=True)
        forgotten += gone
        if gone < AT_ONCE:
            break
    if forgotten:
        database.give_back(connection)
    return forgotten


def _delete(
    database: Database, connection: Connection, which: str, parameters: tuple[Any, ...], once: bool = False
) -> int:
    total = 0
    while True:
        some = f"DELETE FROM exchanges WHERE id IN (SELECT id FROM exchanges WHERE {which} LIMIT {AT_ONCE})"
        with closing(connection.cursor()) as cursor:
            cursor.execute(database.sql(some), parameters)
            gone = int(cursor.rowcount)
        connection.commit()
        total += gone
        if once or gone < AT_ONCE:
            return total
