"""The threads and connections of a ledger: twisted.enterprise.adbapi, for both kinds of database.

adbapi keeps a connection that failed, or asks it a question to learn whether it still works and logs what it hears.
Ours lets go of one that cannot be rolled back, and the next work gets another. It uses two private attributes of
adbapi's `Connection`, `_pool` and `_connection`; there is no other way to know which connection has failed.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from twisted.enterprise import adbapi
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from ccproxy.ledger.database import EXTRA, Connection, Database, LedgerError, reason
from ccproxy.ledger.ledger import Worker

THREADS = 2
"""One writes, one answers questions; neither waits for the other."""

T = TypeVar("T")


class _Connection(adbapi.Connection):
    def rollback(self) -> None:
        """Called after every failure. A driver may have nothing to roll back on a connection that is dead."""
        connection: Any = self._connection
        try:
            connection.rollback()
            connection.cursor().execute(self._pool.good_sql)
            connection.rollback()
        except Exception:
            self._pool.let_go(connection)


class _AdbapiPool(adbapi.ConnectionPool):
    connectionFactory = _Connection
    lost = 0

    def let_go(self, connection: Any) -> None:
        """This thread's connection is of no use any more, and closing it need not work either."""
        del self.connections[self.threadID()]
        self.lost += 1
        with suppress(Exception):
            connection.close()


class Connections(Worker):
    """Connections that are opened when they are needed. Where one was lost the work is done again on another: all of it
    may be done twice."""

    def __init__(self, database: Database, reactor: Any) -> None:
        self._database = database
        self._reactor = reactor
        self._ready = False
        self._pool: _AdbapiPool | None = None
        self._busy = 0
        self._closing = False

    def run(self, work: Callable[[Connection], T]) -> Deferred[T]:
        try:
            pool = self._connected()
        except ImportError:
            return fail(LedgerError(EXTRA))
        except OSError as error:
            return fail(LedgerError(f"{self._database.name}: {reason(error)}"))

        def with_tables(connection: Connection) -> T:
            if not self._ready:
                self._database.bring_up(connection)
                self._ready = True
            return work(connection)

        lost = pool.lost

        def again(failure: Failure) -> Any:
            """Another thread's connection may have been lost with the first."""
            return failure if pool.lost == lost else pool.runWithConnection(with_tables).addErrback(once_more)

        def once_more(failure: Failure) -> Any:
            return failure if pool.lost < lost + THREADS else pool.runWithConnection(with_tables)

        self._busy += 1
        found: Deferred[T] = pool.runWithConnection(with_tables)
        return found.addErrback(again).addBoth(self._done)

    def _done(self, result: Any) -> Any:
        self._busy -= 1
        self._end()
        return result

    def close(self) -> None:
        self._closing = True
        self._end()

    def _end(self) -> None:
        """Adbapi waits for its threads, and the reactor with it: so not while they work."""
        if self._closing and not self._busy and self._pool is not None:
            self._pool.close()
            self._pool = None

    def _connected(self) -> _AdbapiPool:
        database = self._database
        if database.is_file and not self._ready:
            database.make_file()
        if self._pool is None:
            self._pool = _AdbapiPool(
                database.module,
                cp_reactor=self._reactor,
                cp_min=1,
                cp_max=THREADS,
                cp_openfun=database.prepare,
                **database.arguments,
            )
        return self._pool
