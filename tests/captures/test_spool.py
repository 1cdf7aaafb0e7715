"""The queue before the disk: nothing waits for it, what does not fit is lost and told, and it comes to an end."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures import spool as spool_module
from ccproxy.captures.files import Keeping
from ccproxy.captures.masks import Masks
from ccproxy.captures.note import Note
from ccproxy.captures.shelf import kept, text_of
from ccproxy.captures.spool import CLOSE_SECONDS, FORGET_EVERY, WRITE_EVERY, Spool

KEEPING = Keeping(age=1000.0, size=10**8, body=10**6)


class SpoolTests(SynchronousTestCase):
    """A spool over a directory, with a clock and a thread moved by hand."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.jobs: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        self.spool = Spool(self.in_thread, self.in_thread, self.clock)
        self.directory = Path(self.mktemp()) / "captures"
        self.spool.follow(str(self.directory), KEEPING, Masks())
        self.events: list[LogEvent] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def in_thread(self, work: Callable[[], Any]) -> "Deferred[Any]":
        done: Deferred[Any] = Deferred()
        self.jobs.append((work, done))
        return done

    def work(self) -> None:
        """The thread does what waits for it."""
        work, done = self.jobs.pop(0)
        done.callback(work())

    def note(self, name: str, size: int = 10, last: bool = False) -> None:
        self.spool.note(Note(name, "exchange", {}, b"x" * size, last=last))

    @property
    def ids(self) -> list[str]:
        return sorted(one.id for one in kept(self.directory))

    def told(self) -> list[str]:
        return [str(event["log_format"]) for event in self.events if "captures" in str(event.get("log_format"))]

    def forgotten(self) -> None:
        """The first look for what is old, out of the way."""
        self.clock.advance(WRITE_EVERY)
        self.work()

    def test_written_together(self) -> None:
        """Notes are gathered for a while, and written in one go, in a thread."""
        self.forgotten()
        self.note("req_a")
        self.note("req_b")
        self.assertEqual(self.jobs, [])
        self.clock.advance(WRITE_EVERY)
        self.assertEqual(len(self.jobs), 1)
        self.assertEqual(self.ids, [])
        self.work()
        self.assertEqual((self.ids, self.spool.waiting), (["req_a", "req_b"], 0))
        self.assertGreater(self.spool.size, 0)

    def test_one_at_a_time(self) -> None:
        """While the thread is busy, be it for ever, no second one begins; what came meanwhile follows."""
        self.forgotten()
        self.note("req_a")
        self.clock.advance(WRITE_EVERY)
        self.note("req_b")
        self.clock.pump([1.0] * 20)
        self.assertEqual(len(self.jobs), 1)
        self.work()
        self.clock.advance(WRITE_EVERY)
        self.work()
        self.assertEqual(self.ids, ["req_a", "req_b"])

    def test_one_at_a_time_with_the_old_ones(self) -> None:
        """Nor does it begin while old captures are looked for; and they are not looked for while something is
        written."""
        self.clock.advance(WRITE_EVERY / 2)
        self.note("req_a")
        self.clock.advance(WRITE_EVERY / 2)
        self.assertEqual(len(self.jobs), 1, "the look for old ones")
        self.clock.advance(WRITE_EVERY)
        self.assertEqual(len(self.jobs), 1)
        self.work()
        self.clock.advance(WRITE_EVERY)
        self.assertEqual(len(self.jobs), 1)
        self.clock.advance(FORGET_EVERY)
        self.assertEqual(len(self.jobs), 1)
        self.work()
        self.assertEqual(self.ids, ["req_a"])
        self.clock.advance(WRITE_EVERY)
        self.assertEqual(len(self.jobs), 1, "the next look")

    def test_more_than_fits(self) -> None:
        """What finds no room costs its own exchange alone, is counted once for each, and told once."""
        self.patch(spool_module, "QUEUE_LIMIT", 5000)
        self.forgotten()
        self.note("req_a", 3000)
        self.note("req_b", 3000)
        self.note("req_c", 3000)
        self.note("req_b", 10)
        self.note("req_b", 10, last=True)
        self.assertEqual((self.spool.lost, len(self.told())), (2, 1))
        self.note("req_d", 10)
        self.clock.advance(WRITE_EVERY)
        self.work()
        self.assertEqual(self.ids, ["req_a", "req_b", "req_d"])
        self.assertNotIn(b"xx", text_of(self.directory, "req_b") or b"")
        self.assertIn(b'"what":"lost"', text_of(self.directory, "req_b") or b"")
        self.assertIn("written again", self.told()[-1])

    def test_a_disk_that_cannot_be_written(self) -> None:
        """It is told once, not for each exchange, and once more when it can be written again."""
        self.directory.parent.mkdir(parents=True)
        self.directory.write_bytes(b"no directory")
        self.forgotten()
        for name in ("req_a", "req_b"):
            self.note(name, last=True)
            self.clock.advance(WRITE_EVERY)
            self.work()
        self.assertEqual((self.spool.lost, len(self.told())), (2, 1))
        self.directory.unlink()
        self.note("req_c", last=True)
        self.clock.advance(WRITE_EVERY)
        self.work()
        self.assertEqual((self.ids, len(self.told())), (["req_c"], 2))

    def test_a_fault_of_ours(self) -> None:
        """A job that fails is logged, and the next one is done all the same."""
        self.forgotten()
        self.note("req_a")
        self.clock.advance(WRITE_EVERY)
        _, done = self.jobs.pop()
        done.errback(ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.spool.waiting, 0)
        self.note("req_b")
        self.clock.advance(WRITE_EVERY)
        self.work()
        self.assertEqual(self.ids, ["req_b"])

    def test_old_ones_are_forgotten(self) -> None:
        """Captures go when they are too old, also where nothing is captured any more."""
        self.forgotten()
        self.note("req_a", last=True)
        self.clock.advance(WRITE_EVERY)
        self.work()
        path = self.directory / "req_a.capture"
        self.spool.follow(str(self.directory), KEEPING, Masks(), enabled=False)
        os.utime(path, (0, 0))
        self.clock.advance(KEEPING.age - FORGET_EVERY)
        while self.jobs:
            self.work()
        self.assertTrue(path.exists())
        for _ in range(3):
            self.clock.advance(FORGET_EVERY)
            while self.jobs:
                self.work()
        self.assertFalse(path.exists())

    def test_nothing_runs_for_nothing(self) -> None:
        """Where nothing is captured, and nothing was, there is neither a timer nor a directory."""
        clock = Clock()
        spool = Spool(self.in_thread, self.in_thread, clock)
        spool.follow(str(self.directory), KEEPING, Masks(), enabled=False)
        self.assertEqual(clock.getDelayedCalls(), [])
        self.successResultOf(spool.close())

    def test_the_end(self) -> None:
        """What waits is written before the daemon ends."""
        self.forgotten()
        self.note("req_a")
        closed = self.spool.close()
        self.assertNoResult(closed)
        self.work()
        self.successResultOf(closed)
        self.assertEqual((self.ids, self.clock.getDelayedCalls()), (["req_a"], []))

    def test_a_disk_that_hangs_at_the_end(self) -> None:
        """The end waits for it so long, and no longer."""
        self.forgotten()
        self.note("req_a")
        closed = self.spool.close()
        self.clock.advance(CLOSE_SECONDS - 1)
        self.assertNoResult(closed)
        self.clock.advance(1)
        self.successResultOf(closed)
        self.assertEqual(self.clock.getDelayedCalls(), [])
