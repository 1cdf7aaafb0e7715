"""What is written is found again: the same for SQLite and for PostgreSQL, both the real thing."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.record import Outcome
from ccproxy.exchange.telling import told
from ccproxy.ledger import database as ledger_database
from ccproxy.ledger.database import Database, LedgerError, database, reason
from ccproxy.ledger.queries import Spent, exchange, exchanges, spent, usage
from ccproxy.ledger.rows import forget, row, write
from ccproxy.ledger.schema import COLUMNS, VERSIONS
from ccproxy.model.usage import Usage
from tests.ledger.postgres import server
from tests.ledger.records import RECORD, record


class Kept:
    """The tests of both; `place` says where."""

    def place(self) -> str:
        raise NotImplementedError

    def setUp(self) -> None:
        self.database: Database = database(self.place())
        self.connection: Any = self.database.connect()
        self.addCleanup(self.connection.close)
        with closing(self.connection.cursor()) as cursor:
            cursor.execute("DROP TABLE IF EXISTS exchanges")
            cursor.execute("DROP TABLE IF EXISTS ledger_version")
        self.connection.commit()
        self.database.bring_up(self.connection)

    def keep(self, *records: Any) -> int:
        return write(self.database, self.connection, records)

    def test_a_record(self) -> None:
        """A record is found by its id, or by the beginning of it, with all that is told of it."""
        self.keep(record(1), record(2))
        for name in ("req_1", "req_"):
            found = exchange(self.database, self.connection, name)
            shown = told(record(1))
            self.assertEqual({name: found[-1][name] for name in shown}, shown)
        self.assertEqual([one["id"] for one in found], ["req_2", "req_1"])
        self.assertEqual((found[0]["provider"], found[0]["model"]), ("groq", "llama"))
        self.assertEqual(exchange(self.database, self.connection, "req_3"), [])

    def test_the_least(self) -> None:
        """An exchange of which next to nothing is known is kept too."""
        least = record(
            attempts=(), plan=None, losses=(), first_content=None, first_byte=None, usage=Usage(), stop=None, cost=None,
            error=ApiError(Kind.NO_ROUTE, "a NUL \0, and 'quotes' ? %s"), outcome=Outcome.REFUSED,
        )  # fmt: skip
        self.assertEqual(self.keep(least), 0)
        (found,) = exchanges(self.database, self.connection, 5)
        self.assertEqual((found["target"], found["cost"], found["tokens_in"], found["status"]), ("", None, None, 404))
        self.assertIn("'quotes' ? %s", found["message"])

    def test_twice(self) -> None:
        """A record that is written again, since nobody knew whether it was, is there once."""
        self.keep(record(1))
        self.assertEqual(self.keep(record(1), record(2)), 0)
        self.assertEqual(len(exchanges(self.database, self.connection, 5)), 2)

    def test_a_bad_one(self) -> None:
        """A record that the database refuses does not keep the others from being written."""
        self.assertEqual(self.keep(record(1), record(2, request_bytes=2**80), record(3)), 1)
        self.assertEqual([one["id"] for one in exchanges(self.database, self.connection, 5)], ["req_3", "req_1"])

    def test_many(self) -> None:
        """More than fit into one statement."""
        self.keep(*(record(number) for number in range(250)))
        (total,) = usage(self.database, self.connection, (), 0.0)
        self.assertEqual((total["exchanges"], total["tokens_in"], total["cost"]), (250, 2500, 125.0))

    def test_usage(self) -> None:
        """Sums by whatever is asked for; an unknown cost is counted and not taken for nothing."""
        self.keep(
            record(1),
            record(2, client="bob", cost=2.0),
            record(3, client="bob", cost=None),
            record(4, client="bob", cost=None, outcome=Outcome.REFUSED, usage=Usage(), attempts=RECORD.attempts[:1]),
        )
        bob, ann = usage(self.database, self.connection, ("client",), 0.0)
        self.assertEqual(
            (bob["client"], bob["exchanges"], bob["failed"], bob["cost"], bob["unpriced"]), ("bob", 3, 1, 2.0, 1)
        )
        self.assertEqual((ann["tokens_in"], ann["cache_read"], ann["cache_written"], ann["tokens_out"]), (10, 3, 2, 5))
        self.assertEqual((ann["first_content"], ann["total"]), (0.25, 1.5))
        by_two = usage(self.database, self.connection, ("client", "model"), 0.0)
        self.assertEqual(len(by_two), 3)
        since = usage(self.database, self.connection, (), RECORD.began + 3)
        self.assertEqual(since[0]["exchanges"], 2)
        only = usage(self.database, self.connection, ("model",), 0.0, RECORD.began + 4, {"client": "bob"})
        self.assertEqual([(one["model"], one["exchanges"]) for one in only], [("llama", 2)])
        self.assertEqual(usage(self.database, self.connection, (), RECORD.began + 100), [])
        for bad in ("id; DROP TABLE exchanges", "cost"):
            self.assertRaises(ValueError, usage, self.database, self.connection, (bad,), 0.0)
            self.assertRaises(ValueError, usage, self.database, self.connection, (), 0.0, None, {bad: "x"})

    def test_days(self) -> None:
        """Days come in their order."""
        self.keep(record(1, began=1_764_200_000.0), record(2, began=1_764_000_000.0, cost=9.0))
        found = [one["day"] for one in usage(self.database, self.connection, ("day",), 0.0)]
        self.assertEqual(found, sorted(found))
        self.assertEqual(len(found), 2)

    def test_spent(self) -> None:
        """What each client spent: all tokens, cached or not, and the money that is known of."""
        self.keep(record(1), record(2), record(3, client="bob", cost=None))
        found = {one.client: one for one in spent(self.database, self.connection, RECORD.began + 2)}
        self.assertEqual(found, {"ann": Spent("ann", 0.5, 20), "bob": Spent("bob", 0.0, 20)})

    def test_exchanges(self) -> None:
        """The latest first, and from there on backwards."""
        self.keep(*(record(number) for number in range(5)))
        found = exchanges(self.database, self.connection, 2)
        self.assertEqual([one["id"] for one in found], ["req_4", "req_3"])
        found = exchanges(self.database, self.connection, 2, found[-1]["began"], {"session": "s-1"})
        self.assertEqual([one["id"] for one in found], ["req_2", "req_1"])

    def test_forgetting(self) -> None:
        """What is too old goes, and the oldest of what is too much."""
        self.keep(*(record(number) for number in range(10)))
        self.assertEqual(forget(self.database, self.connection, RECORD.began + 4, None), 4)
        self.assertEqual([one["id"] for one in exchanges(self.database, self.connection, 99)][-1], "req_4")
        self.assertGreater(self.database.size(self.connection), 1000)
        self.assertEqual(forget(self.database, self.connection, 0.0, 10**9), 0)
        self.keep(*(record(number) for number in range(100, 6000)))
        size = self.database.size(self.connection)
        self.assertEqual(forget(self.database, self.connection, 0.0, size // 2), 5000)
        self.assertLess(self.database.size(self.connection), size // 2)
        self.assertEqual(len(exchanges(self.database, self.connection, 9999)), 906)

    def test_versions(self) -> None:
        """Tables are made once; those of a newer ccproxy are left alone, and that is told."""
        self.keep(record(1))
        self.database.bring_up(self.connection)
        self.assertEqual(len(exchanges(self.database, self.connection, 5)), 1)
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(self.database.sql("INSERT INTO ledger_version VALUES (?)"), (len(VERSIONS) + 1,))
        self.connection.commit()
        error = self.assertRaises(LedgerError, self.database.bring_up, self.connection)
        self.assertIn("newer ccproxy", str(error))

    def test_an_earlier_version(self) -> None:
        """A ledger of the first version is brought up, and what it had is told with what was added."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute("DROP TABLE exchanges")
            cursor.execute("DROP TABLE ledger_version")
        self.connection.commit()
        versions = ledger_database.VERSIONS
        self.patch(ledger_database, "VERSIONS", versions[:1])
        self.database.bring_up(self.connection)
        columns = [name for name in COLUMNS if name != "estimated"]
        old = [value for name, value in zip(COLUMNS, row(record(1)), strict=True) if name != "estimated"]
        with closing(self.connection.cursor()) as cursor:
            marks = ", ".join("?" for _ in columns)
            statement = f"INSERT INTO exchanges ({', '.join(columns)}) VALUES ({marks})"
            cursor.execute(self.database.sql(statement), old)
        self.connection.commit()
        self.patch(ledger_database, "VERSIONS", versions)
        self.database.bring_up(self.connection)
        self.keep(record(2, estimated=True))
        found = [(one["id"], one["estimated"]) for one in exchanges(self.database, self.connection, 5)]
        self.assertEqual(found, [("req_2", True), ("req_1", False)])

    def test_a_later_version(self) -> None:
        """What was kept before survives a change of the tables."""
        self.keep(record(1))
        later = (*VERSIONS, ("ALTER TABLE exchanges ADD COLUMN mood TEXT NOT NULL DEFAULT 'good'",))
        self.patch(ledger_database, "VERSIONS", later)
        self.database.bring_up(self.connection)
        with closing(self.connection.cursor()) as cursor:
            cursor.execute("SELECT id, mood FROM exchanges")
            self.assertEqual([tuple(one) for one in cursor.fetchall()], [("req_1", "good")])


class SqliteTests(Kept, SynchronousTestCase):
    """In a file."""

    def place(self) -> str:
        self.path = Path(self.mktemp()) / "deep" / "ledger.db"
        return str(self.path)

    def test_private(self) -> None:
        """Nobody else may read the file, nor look into its directory."""
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o700)

    def test_room_is_given_back(self) -> None:
        """What is deleted leaves the file smaller."""
        self.keep(*(record(number) for number in range(3000)))
        forget(self.database, self.connection, RECORD.began + 10, None)
        before = self.path.stat().st_size
        forget(self.database, self.connection, RECORD.began + 2999, None)
        self.assertLess(self.path.stat().st_size, before / 4)

    def test_readers_do_not_wait(self) -> None:
        """While a write is under way others read what was there before it."""
        self.keep(record(1))
        self.connection.cursor().execute("BEGIN IMMEDIATE")
        other = database(str(self.path)).connect()
        self.addCleanup(other.close)
        self.assertEqual(len(exchanges(self.database, other, 5)), 1)
        self.connection.rollback()


class PostgresTests(Kept, SynchronousTestCase):
    """In a server of our own."""

    def place(self) -> str:
        return server()


class Places(SynchronousTestCase):
    """Paths and URLs."""

    def test_urls(self) -> None:
        """A URL of PostgreSQL leads to its server; no password is shown."""
        found = database("postgresql://ann:s%40fe@db.test:5433/books?sslmode=disable")
        self.assertEqual(found.name, "postgresql://db.test:5433/books")
        wanted = {"user": "ann", "password": "s@fe", "database": "books", "host": "db.test", "port": 5433}
        self.assertEqual({name: found.arguments[name] for name in wanted}, wanted)
        self.assertIs(found.arguments["ssl_context"], False)
        self.assertNotIn("s@fe", repr(found))
        self.assertEqual(database("postgres:///x?host=/run/pg").arguments["unix_sock"], "/run/pg/.s.PGSQL.5432")
        strict = database("postgresql://h/x?sslmode=verify-full").arguments["ssl_context"]
        self.assertTrue(strict.check_hostname)

    def test_files(self) -> None:
        """A path is a file of SQLite, and so is a URL of it."""
        for place in ("/var/x.db", "sqlite:////var/x.db", "sqlite:///var/x.db"):
            self.assertEqual((database(place).name, database(place).module), ("/var/x.db", "sqlite3"), place)

    def test_bad(self) -> None:
        """Any other is refused, without its password."""
        for place in (
            "mysql://u:hidden@h/x",
            "postgresql://u:hidden@h:port/x",
            "postgresql://u:hidden@h/x?mode=1",
            "postgresql://h/x?sslmode=no",
        ):
            error = self.assertRaises(LedgerError, database, place)
            self.assertNotIn("hidden", str(error))

    def test_no_server(self) -> None:
        """A server that is not there is told, and where it should be."""
        error = self.assertRaises(LedgerError, database("postgresql:///x?host=/nowhere").connect)
        self.assertIn("postgresql:///nowhere/x", str(error))

    def test_no_file(self) -> None:
        """A file that cannot be made is told."""
        error = self.assertRaises(LedgerError, database("/proc/ledger.db").connect)
        self.assertIn("/proc/ledger.db", str(error))

    def test_reasons(self) -> None:
        """What drivers say, in one line."""
        self.assertEqual(reason(sqlite3.OperationalError("database\n is locked")), "database is locked")
        self.assertEqual(reason(Exception({"C": "53100", "M": "disk full"})), "disk full")
        self.assertEqual(reason(ValueError()), "ValueError")
