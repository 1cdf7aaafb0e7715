"""What the ledger answers: sums, single exchanges, what was spent. It knows no Twisted: commands ask it directly, the
daemon through `Ledger.ask`.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from attrs import frozen

from ccproxy.ledger.database import Connection, Database
from ccproxy.ledger.schema import COLUMNS

KEYS = ("day", "model", "target", "client", "session", "agent", "asked", "provider", "outcome")
"""By what usage is summed. `model` is the one that answered, `asked` the name that the client used."""

FILTERS = (*KEYS, "id")

_FIGURES = {
    "exchanges": "count(*)",
    "failed": "sum(CASE WHEN outcome IN ('refused', 'broken') THEN 1 ELSE 0 END)",
    "tokens_in": "sum(COALESCE(tokens_in, 0))",
    "cache_read": "sum(COALESCE(cache_read, 0))",
    "cache_written": "sum(COALESCE(cache_written, 0))",
    "tokens_out": "sum(COALESCE(tokens_out, 0))",
    "reasoning": "sum(COALESCE(reasoning, 0))",
    "cost": "sum(COALESCE(cost, 0))",
    "unpriced": "sum(CASE WHEN cost IS NULL AND (tokens_in > 0 OR tokens_out > 0) THEN 1 ELSE 0 END)",
    "first_content": "avg(first_content)",
    "total": "avg(total)",
}
"""What is told of each sum; `unpriced` counts exchanges whose cost nobody knows, which `cost` lacks."""

_MEASURED = ("cost", "first_content", "total")


@frozen
class Spent:
    """What one client spent since some time."""

    client: str
    money: float
    tokens: int


def usage(
    database: Database,
    connection: Connection,
    by: Sequence[str],
    since: float,
    until: float | None = None,
    where: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """The sums of what began in a time, for each combination of values of `by` (of `KEYS`): days in their order, all
    else by cost. `where` has values that must be."""
    for name in (*by, *(where or {})):
        if name not in FILTERS:
            raise ValueError(f"usage is not kept by {name}")
    figures = ", ".join(f"{sql} AS {name}" for name, sql in _FIGURES.items())
    conditions, parameters = _conditions(since, until, where or {})
    order = ", ".join(by) if "day" in by else "cost DESC, exchanges DESC"
    groups = f"GROUP BY {', '.join(by)} ORDER BY {order}" if by else ""
    statement = f"SELECT {', '.join([*by, figures])} FROM exchanges WHERE {conditions} {groups}"
    names = (*by, *_FIGURES)
    found = [dict(zip(names, values, strict=True)) for values in _all(database, connection, statement, parameters)]
    return [{name: _figure(name, value) for name, value in one.items()} for one in found if one["exchanges"]]


def _figure(name: str, value: Any) -> Any:
    """PostgreSQL sums to decimals."""
    if name not in _FIGURES or value is None:
        return value
    return float(value) if name in _MEASURED else int(value)


def exchanges(
    database: Database,
    connection: Connection,
    limit: int,
    before: float | None = None,
    where: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """The latest exchanges that began before a time, the latest first, as `exchange.telling.told` has them."""
    conditions, parameters = _conditions(0.0, before, where or {})
    statement = f"SELECT {', '.join(COLUMNS)} FROM exchanges WHERE {conditions} ORDER BY began DESC LIMIT ?"
    return [_told(values) for values in _all(database, connection, statement, [*parameters, limit])]


def exchange(database: Database, connection: Connection, name: str) -> list[dict[str, Any]]:
    """The exchange of this id, or all whose ids begin so: at most ten, the latest first, but that of this very id
    before all others."""
    # Everything an id is made of sorts before this.
    statement = f"SELECT {', '.join(COLUMNS)} FROM exchanges WHERE id >= ? AND id < ? ORDER BY began DESC LIMIT 10"
    found = [_told(values) for values in _all(database, connection, statement, [name, name + "~"])]
    return sorted(found, key=lambda one: one["id"] != name)


def spent(database: Database, connection: Connection, since: float) -> list[Spent]:
    """What each client spent since a time."""
    tokens = (
        "sum(COALESCE(tokens_in, 0) + COALESCE(cache_read, 0) + COALESCE(cache_written, 0) + COALESCE(tokens_out, 0))"
    )
    statement = f"SELECT client, sum(COALESCE(cost, 0)), {tokens} FROM exchanges WHERE began >= ? GROUP BY client"
    rows = _all(database, connection, statement, [since])
    return [Spent(client, float(money), int(tokens)) for client, money, tokens in rows]


def _conditions(since: float, until: float | None, where: Mapping[str, str]) -> tuple[str, list[Any]]:
    conditions, parameters = ["began >= ?"], [since]
    if until is not None:
        conditions.append("began < ?")
        parameters.append(until)
    for name, value in where.items():
        if name not in FILTERS:
            raise ValueError(f"exchanges are not found by {name}")
        conditions.append(f"{name} = ?")
        parameters.append(value)  # type: ignore[arg-type]
    return " AND ".join(conditions), parameters


def _all(database: Database, connection: Connection, statement: str, parameters: Sequence[Any]) -> list[Any]:
    with closing(connection.cursor()) as cursor:
        cursor.execute(database.sql(statement), tuple(parameters))
        return list(cursor.fetchall())


def _told(values: Sequence[Any]) -> dict[str, Any]:
    found = dict(zip(COLUMNS, values, strict=True))
    for name in ("stream", "estimated"):
        found[name] = bool(found[name])
    for name in ("attempts", "losses"):
        found[name] = json.loads(found[name])
    return found
