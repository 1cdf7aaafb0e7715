"""The end of a daemon: what runs may finish, for a while, unless somebody is in a hurry."""

import os
import signal
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.daemon.drain import SENDING_SECONDS, Drain
from ccproxy.exchange.running import Running


class Reactor(Clock):
    """A clock that also does what threads and signals ask of a reactor: at once."""

    def callFromThread(self, call: Any, *arguments: Any) -> None:
        call(*arguments)


class Meter:
    """All of an exchange that counts here: who is asked for its name finds it."""

    id = "req_1"

    @property
    def call(self) -> "Meter":
        return self


class DrainTests(SynchronousTestCase):
    """A `Drain` with thirty seconds' patience."""

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.running = Running()
        self.closed: list[bool] = []
        self.reading: Deferred[None] = succeed(None)
        self.sending: Deferred[None] = succeed(None)
        self.drain = Drain(self.reactor, self.running, lambda: self.reading, lambda: self.sending, self.close, 30.0)
        self.before = signal.getsignal(signal.SIGTERM)
        self.drain.startService()

    async def close(self) -> None:
        self.closed.append(True)

    def test_nothing_runs(self) -> None:
        """With nothing to wait for it ends at once, and leaves signals as they were."""
        self.successResultOf(self.drain.stopService())
        self.assertEqual(self.closed, [True])
        self.assertIs(signal.getsignal(signal.SIGTERM), self.before)

    def test_finishes(self) -> None:
        """It waits for what runs, and ends with the last of it."""
        with self.running.during(Meter()):
            ended = self.drain.stopService()
            self.reactor.advance(29)
            self.assertNoResult(ended)
            self.assertEqual(self.closed, [])
        self.successResultOf(ended)
        self.assertEqual((self.closed, self.reactor.getDelayedCalls()), ([True], []))

    def test_still_coming(self) -> None:
        """A request that has begun to come is waited for like what runs: both together no longer than patience."""
        for late in (False, True):
            self.closed.clear()
            self.reading = Deferred()
            with self.running.during(Meter()):
                ended = self.drain.stopService()
                self.reactor.advance(20)
                self.assertEqual(self.closed, [])
                if late:
                    self.reactor.advance(11)
                else:
                    self.reading.callback(None)
                    self.reactor.advance(9)
                    self.assertNoResult(ended)
                    self.reactor.advance(2)
                self.successResultOf(ended)
            self.assertEqual((self.closed, self.reactor.getDelayedCalls()), ([True], []))

    def test_patience_ends(self) -> None:
        """What runs longer is given up; how long, a new configuration may say."""
        self.drain.within(40.0)
        with self.running.during(Meter()):
            ended = self.drain.stopService()
            self.reactor.advance(39)
            self.assertNoResult(ended)
            self.reactor.advance(2)
            self.successResultOf(ended)

    def test_second_signal(self) -> None:
        """Another signal cuts it short, and leaves no timer."""
        with self.running.during(Meter()):
            ended = self.drain.stopService()
            self.assertNoResult(ended)
            os.kill(os.getpid(), signal.SIGTERM)
            self.successResultOf(ended)
        self.assertEqual((self.closed, self.reactor.getDelayedCalls()), ([True], []))
        self.assertIs(signal.getsignal(signal.SIGTERM), self.before)

    def test_still_sending(self) -> None:
        """What has ended may still be on its way to a client: that is waited for, though not for ever."""
        for late in (False, True):
            self.closed.clear()
            self.sending = Deferred()
            ended = self.drain.stopService()
            self.reactor.advance(SENDING_SECONDS - 1)
            self.assertNoResult(ended)
            self.assertEqual(self.closed, [])
            if late:
                self.reactor.advance(2)
            else:
                self.sending.callback(None)
            self.successResultOf(ended)
            self.assertEqual((self.closed, self.reactor.getDelayedCalls()), ([True], []))
