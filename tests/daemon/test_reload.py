"""Reading a configuration again: what is told of it, and what a bad one does, which is nothing."""

import json
import os
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.settings import ConfigError, Settings
from ccproxy.daemon.answer import answer_file, write_answer
from ccproxy.daemon.listening import CannotListen
from ccproxy.daemon.reload import LOOK_SECONDS, Reload, Reloaded, Told, Unusable, Watch


class Reloading(SynchronousTestCase):
    """`Reload`, with a configuration that the test hands out."""

    def setUp(self) -> None:
        self.heard: list[object] = []
        self.found: list[Settings | Exception] = []
        self.taken: list[Settings] = []
        self.busy: Deferred[None] | None = None
        told = Told(lambda: self.heard.append("before"), self.heard.append)
        self.reload = Reload(None, self.read, self.adopt, told)

    def read(self) -> Settings:
        found = self.found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def adopt(self, settings: Settings) -> None:
        if self.busy is not None:
            await self.busy
        if settings.port == 1:
            raise CannotListen("ccproxy cannot listen at tcp:1")
        self.taken.append(settings)

    def test_good(self) -> None:
        """New settings are taken over, and that is told."""
        self.found = [Settings(port=5)]
        result = self.successResultOf(self.reload.now())
        self.assertEqual((result.number, result.ok), (1, True))
        self.assertEqual(self.taken, [Settings(port=5)])
        self.assertEqual(self.heard, ["before", result])
        self.assertEqual(self.reload.last, result)

    def test_bad(self) -> None:
        """What cannot be used is not taken over; the reason is told in the words it came in."""
        reasons = [ConfigError("config.json, line 3: no"), CannotListen("no socket"), Unusable("no such hook")]
        self.found = list(reasons)
        for number, reason in enumerate(reasons, 1):
            result = self.successResultOf(self.reload.now())
            self.assertEqual((result.number, result.ok), (number, False))
            self.assertTrue(result.message.endswith(str(reason)), result.message)
        self.assertEqual(self.taken, [])

    def test_socket(self) -> None:
        """A socket that cannot be had is a reason as well."""
        self.found = [Settings(port=1), Settings(port=2)]
        self.assertIn("cannot listen", self.successResultOf(self.reload.now()).message)
        self.assertTrue(self.successResultOf(self.reload.now()).ok)

    def test_fault_of_ours(self) -> None:
        """Even a fault of ours leaves the daemon as it was, and does not show what it was about."""
        self.found = [RuntimeError("sk-secret")]
        result = self.successResultOf(self.reload.now())
        self.assertFalse(result.ok)
        self.assertNotIn("sk-secret", result.message)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_deaf_ears(self) -> None:
        """Whoever fails to hear of a reload stops neither it nor those who hear of it after him."""
        told = Told(self.fail_to_hear, self.fail_to_hear)
        told.also(lambda: self.heard.append("before"), self.heard.append)
        reload = Reload(None, self.read, self.adopt, told)
        self.found = [Settings(port=5)]
        result = self.successResultOf(reload.now())
        self.assertTrue(result.ok)
        self.assertEqual(reload.last, result)
        self.assertEqual(self.heard, ["before", result])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def fail_to_hear(self, *what: Reloaded) -> None:
        raise ZeroDivisionError

    def test_one_after_the_other(self) -> None:
        """A reload that is asked for during another one begins when that is done, and sees the newest file."""
        self.busy = Deferred()
        self.found = [Settings(port=5), Settings(port=6)]
        first, second = self.reload.now(), self.reload.now()
        self.assertNoResult(first)
        self.assertEqual(len(self.found), 1)
        busy, self.busy = self.busy, None
        busy.callback(None)
        self.assertEqual(self.successResultOf(first).number, 1)
        self.assertEqual(self.successResultOf(second).number, 2)
        self.assertEqual([settings.port for settings in self.taken], [5, 6])


class Watching(SynchronousTestCase):
    """A file that is looked at."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.path.write_text("one")
        self.clock = Clock()
        self.changes = 0
        self.watch = Watch(self.clock, str(self.path), self.changed, True)
        self.watch.startService()

    def changed(self) -> None:
        self.changes += 1

    def look(self, times: int = 1) -> int:
        """So many looks; the changes noticed by then."""
        for _ in range(times):
            self.clock.advance(LOOK_SECONDS)
        return self.changes

    def test_change(self) -> None:
        """A change is noticed once, when the file has come to rest."""
        self.assertEqual(self.look(3), 0)
        self.path.write_text("two two")
        self.assertEqual(self.look(), 0)
        self.path.write_text("three three")
        self.assertEqual(self.look(), 0)
        self.assertEqual(self.look(), 1)
        self.assertEqual(self.look(5), 1)

    def test_replaced(self) -> None:
        """Editors put another file in its place, and between the two there may be none."""
        self.path.unlink()
        self.assertEqual(self.look(3), 0)
        other = Path(self.mktemp())
        other.write_text("one")
        os.utime(other, (1, 1))
        other.rename(self.path)
        self.assertEqual(self.look(2), 1)

    def test_not_wanted(self) -> None:
        """Nobody looks unless it is wanted, and nothing runs on after the end."""
        self.watch.want(False)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.path.write_text("two two")
        self.watch.want(True)
        self.assertEqual(self.look(3), 0)
        self.path.write_text("three three")
        self.assertEqual(self.look(2), 1)
        self.watch.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.watch.want(True)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class Answers(SynchronousTestCase):
    """What is put beside the pid file."""

    def test_written(self) -> None:
        """It tells who answers and how the last reload went, and nobody else may read it."""
        home = Path(self.mktemp())
        home.mkdir()
        path = answer_file(home / "ccproxy.pid")
        for number in (1, 2):
            write_answer(path, Reloaded(number, False, "no"))
        self.assertEqual(path.name, "ccproxy.reload")
        found = json.loads(path.read_text())
        self.assertEqual(found, {"pid": os.getpid(), "reloads": 2, "ok": False, "message": "no"})
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual([entry.name for entry in home.iterdir()], ["ccproxy.reload"])

    def test_no_room(self) -> None:
        """A place where nothing can be written is a line in the log, and no more."""
        told: list[LogEvent] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        taken = Path(self.mktemp())
        taken.write_text("a file")
        path = taken / "ccproxy.reload"
        write_answer(path, Reloaded(1, True, "yes"))
        self.assertEqual([event["log_level"] for event in told], [LogLevel.warn])
        self.assertFalse(path.exists())
