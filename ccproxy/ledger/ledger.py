"""The ledger: takes the record of each exchange, and writes them together, in a thread, when there is time.

The reactor never waits for it. What cannot be written is kept and tried again, as many as `QUEUE_LIMIT`; beyond that
records are lost, which is counted and told. So a locked file or a full disk costs records at worst.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Record
from ccproxy.ledger.database import Connection, Database, LedgerError, reason
from ccproxy.ledger.rows import forget, write

QUEUE_LIMIT = 10_000
"""Records that wait to be written; some 20 MB."""

BATCH_LIMIT = 1000
"""Records written together."""

WRITE_EVERY = 0.5
"""Seconds for which records are gathered. A daemon that is killed loses so much."""

RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Between tries to write, while it fails; the last one again and again."""

FORGET_EVERY = 3600.0
"""Seconds between two looks for what is too old or too much."""

CLOSE_SECONDS = 5.0
"""How long the end of the daemon waits for the last records to be written."""

T = TypeVar("T")

log = Logger()


@frozen
class Keeping:
    """How long exchanges are kept, in seconds, and how much of them, in bytes; None: without limit."""

    age: float | None
    size: int | None


class Worker:
    """Runs work on connections of one database, in threads of its own. `close` ends it when the work is done."""

    def run(self, work: Callable[[Connection], T]) -> Deferred[T]:
        """Fires with what `work` gives; a connection that fails is opened anew for the next."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Ledger:
    """Observes records. `open` says where they go, and may say so again; without it nothing is kept."""

    def __init__(self, worker: Callable[[Database], Worker], clock: IReactorTime) -> None:
        self._make_worker = worker
        self._clock = clock
        self._database: Database | None = None
        self._worker: Worker | None = None
        self._keeping = Keeping(None, None)
        self._queue: deque[Record] = deque()
        self._timer: IDelayedCall | None = None
        self._writing: Deferred[None] | None = None
        self._forgetting: IDelayedCall | None = None
        self._failures = 0
        self.written = 0
        self.lost = 0
        """Records that were never written. Their number is told in `/metrics` and in the log."""

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""
        return len(self._queue)

    @property
    def trouble(self) -> bool:
        """Whether the last try to write failed."""
        return self._failures > 0

    def details(self) -> dict[str, Any]:
        """For the status page."""
        return {"place": self.place, "failing": self.trouble, "waiting": self.waiting, "lost": self.lost}

    @property
    def place(self) -> str:
        """Where it is, without a password; empty where nothing is kept."""
        return "" if self._database is None else self._database.name

    def open(self, database: Database | None, keeping: Keeping) -> None:
        """From now on records go there."""
        self._keeping = keeping
        if database == self._database:
            return
        self._close_worker()
        self._cancel()
        self._database = database
        self._failures = 0
        if database is None:
            return
        self._worker = self._make_worker(database)
        if self._queue and self._writing is None:
            self._soon(WRITE_EVERY)
        if self._forgetting is None:
            self._forgetting = self._clock.callLater(WRITE_EVERY, self._forget)

    def observe(self, _call: Call, record: Record) -> None:
        """An exchange is over."""
        if self._worker is None:
            return
        if len(self._queue) >= QUEUE_LIMIT:
            if not self.lost:
                log.error("the ledger cannot be written: records are lost from now on", exchange=record.id)
            self.lost += 1
            return
        self._queue.append(record)
        if self._timer is None and self._writing is None:
            self._soon(WRITE_EVERY)

    def ask(self, question: Callable[..., T], *parameters: Any) -> Deferred[T]:
        """Ask one of `ledger.queries`, in a thread. Fails with `LedgerError`."""
        database, worker = self._database, self._worker
        if database is None or worker is None:
            return fail(LedgerError("no ledger is kept: see `ledger` in the configuration"))

        def complain(failure: Failure) -> Any:
            if failure.check(LedgerError):
                return failure
            raise LedgerError(f"{database.name}: {reason(failure.value)}")

        return worker.run(lambda connection: question(database, connection, *parameters)).addErrback(complain)

    def close(self) -> Deferred[None]:
        """Write what waits, within a time, and let go of the database. Fires when that is done; never fails."""
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None
        if self._database is None:
            return succeed(None)
        flushed = Deferred.fromCoroutine(self._flush())
        flushed.addTimeout(CLOSE_SECONDS, self._clock)
        return flushed.addErrback(lambda _: None).addCallback(lambda _: self._closed())

    def _closed(self) -> None:
        if self._queue:
            self.lost += len(self._queue)
            log.error("{lost} records of exchanges could not be written to the ledger", lost=len(self._queue))
            self._queue.clear()
        self._cancel()
        self._close_worker()
        self._database = None

    def _close_worker(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    async def _flush(self) -> None:
        """Write until nothing waits, or until it fails."""
        while self._queue or self._writing is not None:
            waiting = len(self._queue)
            if self._writing is None:
                self._write()
            if self._writing is not None:
                await self._written_now(self._writing)
            if len(self._queue) >= waiting > 0:
                return

    @staticmethod
    def _written_now(writing: Deferred[None]) -> Deferred[None]:
        """Fires with the write, which others may wait for too."""
        mine: Deferred[None] = Deferred()
        writing.addCallback(lambda _: mine.callback(None))
        return mine

    def _soon(self, seconds: float) -> None:
        self._timer = self._clock.callLater(seconds, self._write)

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _write(self) -> None:
        self._cancel()
        database, worker = self._database, self._worker
        if database is None or worker is None or not self._queue:
            return
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
        self._writing = Deferred()
        worker.run(lambda connection: write(database, connection, batch)).addCallbacks(
            self._wrote, self._failed, callbackArgs=(batch,), errbackArgs=(batch, database)
        ).addErrback(self._fault)

    def _wrote(self, refused: int, batch: list[Record]) -> None:
        if self._failures:
            log.info("the ledger can be written again; {lost} records were lost", lost=self.lost)
        if refused:
            log.error("{refused} records cannot be stored in the ledger, and are lost", refused=refused)
        self._failures = 0
        self.written += len(batch) - refused
        self.lost += refused
        self._over(WRITE_EVERY if len(self._queue) < BATCH_LIMIT else 0.0)

    def _failed(self, failure: Failure, batch: list[Record], database: Database) -> None:
        """Nothing of the batch was written: it waits with the others, whose places it has."""
        room = QUEUE_LIMIT - len(self._queue)
        self.lost += max(len(batch) - room, 0)
        self._queue.extendleft(reversed(batch[max(len(batch) - room, 0) :]))
        if not self._failures:
            log.error(
                "the ledger {place} cannot be written ({reason}); {waiting} records wait, and exchanges go on",
                place=database.name,
                reason=reason(failure.value),
                waiting=len(self._queue),
            )
        self._over(RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)])
        self._failures += 1

    def _over(self, wait: float) -> None:
        writing, self._writing = self._writing, None
        if self._queue and self._worker is not None:
            self._soon(wait)
        if writing is not None:
            writing.callback(None)

    def _fault(self, failure: Failure) -> None:
        log.failure("writing the ledger failed: a fault of ours", failure)
        self._over(RETRY_SECONDS[-1])

    def _forget(self) -> None:
        self._forgetting = self._clock.callLater(FORGET_EVERY, self._forget)
        database, worker, keeping = self._database, self._worker, self._keeping
        if database is None or worker is None:
            return
        before = 0.0 if keeping.age is None else self._clock.seconds() - keeping.age

        def told(forgotten: int) -> None:
            if forgotten:
                log.info("{forgotten} old exchanges were deleted from the ledger", forgotten=forgotten)

        def complain(failure: Failure) -> None:
            log.warn("old exchanges cannot be deleted: {reason}", reason=reason(failure.value))

        worker.run(lambda connection: forget(database, connection, before, keeping.size)).addCallbacks(told, complain)
