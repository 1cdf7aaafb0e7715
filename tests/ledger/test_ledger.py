"""The queue before the database: batches, failures, and that nothing ever waits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.record import Record
from ccproxy.ledger import ledger as ledger_module
from ccproxy.ledger.database import Connection, Database, LedgerError, database
from ccproxy.ledger.ledger import (
    CLOSE_SECONDS,
    FORGET_EVERY,
    QUEUE_LIMIT,
    RETRY_SECONDS,
    WRITE_EVERY,
    Keeping,
    Ledger,
    Worker,
)
from ccproxy.ledger.queries import exchanges, usage
from tests.ledger.records import record

T = TypeVar("T")


class Here(Worker):
    """Does the work at once, on a real file; or later, where the test says so."""

    def __init__(self, where: Database) -> None:
        self.database = where
        self.connection: Any = None
        self.runs = 0
        self.waiting: Deferred[None] | None = None
        self.closed = False

    def run(self, work: Callable[[Connection], T]) -> "Deferred[T]":
        self.runs += 1
        if self.waiting is not None:
            later: Deferred[T] = self.waiting.addCallback(lambda _: self._work(work))  # type: ignore[assignment]
            return later
        return maybeDeferred(self._work, work)

    def _work(self, work: Callable[[Connection], T]) -> T:
        if self.connection is None:
            self.connection = self.database.connect()
            self.database.bring_up(self.connection)
        try:
            return work(self.connection)
        except Exception:
            self.connection.rollback()
            raise

    def close(self) -> None:
        self.closed = True
        if self.connection is not None:
            self.connection.close()


class LedgerTests(SynchronousTestCase):
    """A ledger over a file, with a clock moved by hand."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.workers: list[Here] = []
        self.ledger = Ledger(self.make, self.clock)
        place = database(str(Path(self.mktemp()) / "ledger.db"))
        self.place = evolve(place, arguments={**place.arguments, "timeout": 0.01})
        self.ledger.open(self.place, Keeping(None, None))
        self.addCleanup(lambda: self.successResultOf(self.ledger.close()))

    def make(self, where: Database) -> Here:
        self.workers.append(Here(where))
        return self.workers[-1]

    def observe(self, *records: Record) -> None:
        for one in records:
            self.ledger.observe(None, one)  # type: ignore[arg-type]

    def kept(self) -> list[str]:
        return [one["id"] for one in self.successResultOf(self.ledger.ask(exchanges, QUEUE_LIMIT))]

    def test_batches(self) -> None:
        """Records are gathered for a while and written together."""
        self.clock.advance(WRITE_EVERY)
        before = self.workers[0].runs
        self.observe(record(1), record(2), record(3))
        self.assertEqual((self.ledger.waiting, self.workers[0].runs), (3, before))
        self.clock.advance(WRITE_EVERY)
        self.assertEqual((self.ledger.waiting, self.ledger.written, self.workers[0].runs), (0, 3, before + 1))
        self.assertEqual(self.kept(), ["req_3", "req_2", "req_1"])

    def test_no_timer_at_rest(self) -> None:
        """Where there is nothing to write nothing runs, but for the look at what is old."""
        self.observe(record(1))
        self.clock.advance(WRITE_EVERY)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_a_slow_database(self) -> None:
        """While a write takes its time others wait in the queue; none is written twice or forgotten."""
        self.workers[0].waiting = Deferred()
        self.observe(record(1))
        self.clock.advance(WRITE_EVERY)
        self.observe(record(2))
        self.clock.advance(60)
        self.assertEqual(self.ledger.waiting, 1)
        waiting, self.workers[0].waiting = self.workers[0].waiting, None
        waiting.callback(None)
        self.clock.advance(WRITE_EVERY)
        self.assertEqual(self.kept(), ["req_2", "req_1"])

    def test_a_locked_file(self) -> None:
        """While another program has the file locked records wait, and are written later; that is told once."""
        self.clock.advance(WRITE_EVERY)
        other = self.place.connect()
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        self.observe(record(1))
        self.clock.advance(WRITE_EVERY)
        self.assertTrue(self.ledger.trouble)
        self.clock.advance(RETRY_SECONDS[0])
        self.observe(record(2))
        self.assertEqual(self.ledger.waiting, 2)
        other.rollback()
        self.clock.advance(RETRY_SECONDS[1])
        self.assertFalse(self.ledger.trouble)
        self.assertEqual(self.kept(), ["req_2", "req_1"])
        self.assertEqual(self.ledger.lost, 0)

    def test_a_full_disk(self) -> None:
        """On a full disk so many records wait, the others are lost and counted, and all goes on when there is room."""
        self.patch(ledger_module, "QUEUE_LIMIT", 50)
        self.clock.advance(WRITE_EVERY)
        connection = self.workers[0].connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(200):
            self.observe(record(number))
            self.clock.advance(0.1)
        self.assertTrue(self.ledger.trouble)
        self.assertEqual((self.ledger.waiting + self.ledger.lost + self.ledger.written, self.ledger.waiting), (200, 50))
        lost = self.ledger.lost
        connection.execute("PRAGMA max_page_count = 1000000")
        self.clock.pump([1.0] * 40)
        self.assertEqual((self.ledger.waiting, self.ledger.written, self.ledger.lost), (0, 200 - lost, lost))
        self.assertEqual(len(self.kept()), 200 - lost)

    def test_no_place(self) -> None:
        """A directory that cannot be made costs the records and disturbs nobody."""
        self.ledger.open(database("/proc/nowhere/ledger.db"), Keeping(None, None))
        self.observe(record(1))
        self.clock.pump([1.0] * 60)
        self.assertEqual(self.ledger.waiting, 1)
        failure = self.failureResultOf(self.ledger.ask(usage, (), 0.0), LedgerError)
        self.assertIn("/proc/nowhere/ledger.db", str(failure.value))
        self.successResultOf(self.ledger.close())
        self.assertEqual(self.ledger.lost, 1)

    def test_a_record_that_cannot_be_stored(self) -> None:
        """It is lost alone."""
        self.observe(record(1), record(2, request_bytes=2**80), record(3))
        self.clock.advance(WRITE_EVERY)
        self.assertEqual((self.ledger.written, self.ledger.lost), (2, 1))

    def test_closing(self) -> None:
        """What waits at the end is written, however much it is, and no timer is left."""
        self.observe(*(record(number) for number in range(2500)))
        self.successResultOf(self.ledger.close())
        self.assertTrue(self.workers[0].closed)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        connection = self.place.connect()
        self.addCleanup(connection.close)
        (total,) = usage(self.place, connection, (), 0.0)
        self.assertEqual((total["exchanges"], self.ledger.written, self.ledger.lost), (2500, 2500, 0))

    def test_closing_while_it_hangs(self) -> None:
        """The end does not wait longer than a while."""
        self.workers[0].waiting = Deferred()
        self.observe(record(1))
        closed = self.ledger.close()
        self.assertNoResult(closed)
        self.clock.advance(CLOSE_SECONDS)
        self.successResultOf(closed)

    def test_another_place(self) -> None:
        """A changed configuration leads to another file; what was kept before stays where it is."""
        self.observe(record(1))
        self.clock.advance(WRITE_EVERY)
        other = database(str(Path(self.mktemp()) / "other.db"))
        self.ledger.open(other, Keeping(None, None))
        self.assertTrue(self.workers[0].closed)
        self.observe(record(2))
        self.clock.advance(WRITE_EVERY)
        self.assertEqual(self.kept(), ["req_2"])
        self.ledger.open(other, Keeping(5.0, None))
        self.assertEqual(len(self.workers), 2)

    def test_none(self) -> None:
        """Without a place nothing is kept, and questions are told so."""
        self.ledger.open(None, Keeping(None, None))
        self.observe(record(1))
        self.assertEqual((self.ledger.waiting, self.ledger.place), (0, ""))
        self.failureResultOf(self.ledger.ask(usage, (), 0.0), LedgerError)

    def test_forgetting(self) -> None:
        """Now and then what is too old is deleted."""
        self.ledger.open(self.place, Keeping(3600.0, None))
        self.observe(record(1, began=0.0), record(2, began=5000.0))
        self.clock.advance(WRITE_EVERY)
        self.clock.advance(FORGET_EVERY)
        self.clock.advance(1)
        self.assertEqual(self.kept(), ["req_2"])

    def test_bad_question(self) -> None:
        """What the database complains of is told with its name."""

        def bad(_database: Database, connection: Any) -> None:
            connection.execute("SELECT absent FROM exchanges")

        failure = self.failureResultOf(self.ledger.ask(bad), LedgerError)
        self.assertIn(f"{self.place.name}: no such column", str(failure.value))
