"""The live feed: what watchers are told, how often, and how much at most."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.feed import ENDED_LIMIT, LOOK_EVERY, RECENT_LIMIT, RUNNING_LIMIT, Look
from tests.support.wire import CLAUDE, Wire, messages


class FeedTests(SynchronousTestCase):
    """A feed over the whole proxy."""

    def setUp(self) -> None:
        self.wire = Wire((CLAUDE,))
        self.looks: list[Look] = []

    def answered(self) -> None:
        """An exchange from beginning to end."""
        self.wire.ask()
        self.wire.upstream().whole(b"".join(messages("Hi")), content_type="text/event-stream")
        self.wire.pool.close()

    def test_the_life_of_an_exchange(self) -> None:
        """A watcher is told of an exchange when it begins, when more of it came, and when it is over."""
        stop = self.wire.feed.watch(self.looks.append)
        self.wire.clock.advance(LOOK_EVERY)
        self.assertEqual(self.looks, [])
        self.wire.ask()
        self.wire.clock.advance(LOOK_EVERY)
        upstream = self.wire.upstream()
        upstream.head()
        first, *rest = messages("Hi", "you")
        upstream.say(b"".join([first, *rest[:2]]))
        self.wire.clock.advance(LOOK_EVERY)
        self.wire.clock.advance(LOOK_EVERY)
        upstream.say(b"".join(rest[2:]))
        self.wire.clock.advance(LOOK_EVERY)
        began, changed, ended = self.looks
        self.assertEqual([shown["id"] for shown in began.began], ["req_0"])
        self.assertEqual([(shown["id"], shown["tokens_out"]) for shown in changed.changed], [("req_0", 1)])
        self.assertEqual([(shown["id"], shown["tokens_out"]) for shown in ended.ended], [("req_0", 3)])
        self.assertEqual((began.running, ended.running), (1, 0))
        stop()

    def test_short_ones(self) -> None:
        """An exchange that lived between two looks is told as ended."""
        stop = self.wire.feed.watch(self.looks.append)
        self.answered()
        self.wire.clock.advance(LOOK_EVERY)
        (look,) = self.looks
        self.assertEqual((look.began, len(look.ended), look.missed), ((), 1, 0))
        stop()

    def test_bounded(self) -> None:
        """However many there are: a look shows so many, and counts the others."""
        stop = self.wire.feed.watch(self.looks.append)
        for _ in range(ENDED_LIMIT + 7):
            self.answered()
        for _ in range(RUNNING_LIMIT + 3):
            self.wire.ask()
        self.wire.clock.advance(LOOK_EVERY)
        (look,) = self.looks
        self.assertEqual((len(look.ended), look.missed), (ENDED_LIMIT, 7))
        self.assertEqual((len(look.began), look.running), (RUNNING_LIMIT, RUNNING_LIMIT + 3))
        self.assertEqual(look.ended[-1]["id"], f"req_{ENDED_LIMIT + 6}")
        for _ in range(RECENT_LIMIT):
            self.wire.feed.observe(None, self.wire.records[0])
        self.assertEqual(len(self.wire.feed.recent()), RECENT_LIMIT)
        stop()

    def test_nobody_watches(self) -> None:
        """Without watchers no timer runs; whoever comes later is told what is new then, and finds the rest."""
        self.answered()
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])
        stop = self.wire.feed.watch(self.looks.append)
        self.wire.clock.advance(LOOK_EVERY)
        self.assertEqual(self.looks, [])
        self.assertEqual([shown["id"] for shown in self.wire.feed.recent()], ["req_0"])
        stop()
        stop()
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])

    def test_a_watcher_that_fails(self) -> None:
        """It is logged, and the others are told all the same."""

        def fail(_look: Look) -> None:
            raise RuntimeError("no")

        stops = [self.wire.feed.watch(fail), self.wire.feed.watch(self.looks.append)]
        self.answered()
        self.wire.clock.advance(LOOK_EVERY)
        self.assertEqual(len(self.looks), 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        for stop in stops:
            stop()
