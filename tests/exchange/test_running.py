"""Counting what runs, and waiting for it."""

from twisted.trial.unittest import SynchronousTestCase

from tests.support.wire import Wire, chat


class RunningTests(SynchronousTestCase):
    """The set of live exchanges."""

    def test_counts(self) -> None:
        """An exchange counts while it runs, and is counted as served afterwards, however it ended."""
        wire = Wire()
        self.assertEqual((len(wire.running), wire.running.served), (0, 0))
        client = wire.ask()
        self.assertEqual((len(wire.running), wire.running.served), (1, 0))
        client.leave()
        self.assertEqual((len(wire.running), wire.running.served), (0, 1))

    def test_when_empty(self) -> None:
        """Waiting ends at once where nothing runs, and otherwise with the last exchange."""
        wire = Wire()
        self.successResultOf(wire.running.when_empty())
        wire.ask()
        first = wire.upstream()
        wire.ask()
        second = wire.upstream()
        waiting = wire.running.when_empty()
        first.whole(b"{}", 400)
        self.assertNoResult(waiting)
        second.head()
        second.say(b"".join(chat({"content": "Hello"})))
        self.successResultOf(waiting)

    def test_giving_up(self) -> None:
        """Whoever gives up waiting disturbs nobody."""
        wire = Wire()
        client = wire.ask()
        waiting = wire.running.when_empty()
        other = wire.running.when_empty()
        waiting.cancel()
        self.failureResultOf(waiting)
        client.leave()
        self.successResultOf(other)
