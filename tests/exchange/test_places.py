"""Places at a provider: how many, who waits, whose turn it is, and that each is given back once."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.places import Place, Places, Room


class PlacesTests(SynchronousTestCase):
    """A provider with two places, where three may wait."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.places = Places(self.clock, {"p": Room(2, 3, 30)})

    def take(self, conversation: str = "") -> "Deferred[Place]":
        """Somebody asks for a place."""
        return Deferred.fromCoroutine(self.places.take("p", lambda: conversation))

    def taken(self, conversation: str = "") -> Place:
        """Somebody who gets one at once."""
        return self.successResultOf(self.take(conversation))

    def busy(self, asked: "Deferred[Place]") -> None:
        """Whoever asked is sent away for a while."""
        error = self.failureResultOf(asked, ApiError).value
        self.assertIs(error.kind, Kind.BUSY)
        self.assertTrue(1 <= error.retry_after <= 4)

    def test_room(self) -> None:
        """As many as there is room for get a place at once; the next one waits for the first to be given back."""
        first, _second = self.taken(), self.taken()
        third = self.take()
        self.assertNoResult(third)
        first.give_back()
        self.successResultOf(third)
        self.assertEqual(self.places.counts(), {"p": (2, 0)})

    def test_once(self) -> None:
        """A place that is given back twice is free once."""
        first, second = self.taken(), self.taken()
        first.give_back()
        first.give_back()
        self.taken()
        self.assertNoResult(self.take())
        second.give_back()
        self.assertEqual(self.places.counts(), {"p": (2, 0)})

    def test_fair(self) -> None:
        """A conversation that asked for many is not served before one that asked later for one."""
        places = [self.taken(), self.taken()]
        greedy = [self.take("a") for _ in range(2)]
        modest = self.take("b")
        places[0].give_back()
        self.successResultOf(greedy[0])
        places[1].give_back()
        self.successResultOf(modest)
        self.assertNoResult(greedy[1])

    def test_full(self) -> None:
        """Where all the room for waiting is taken, the next one is sent away."""
        self.taken(), self.taken()
        for name in "abc":
            self.take(name)
        self.busy(self.take("d"))
        self.assertEqual(self.places.counts(), {"p": (2, 3)})

    def test_the_longest_line_gives_way(self) -> None:
        """A conversation cannot keep others out by waiting in every place: its last one makes room."""
        self.taken(), self.taken()
        greedy = [self.take("a") for _ in range(3)]
        modest = self.take("b")
        self.busy(greedy[2])
        self.assertNoResult(greedy[1])
        self.assertNoResult(modest)
        self.busy(self.take("a"))

    def test_patience(self) -> None:
        """Who waited for too long is sent away, and is not called afterwards."""
        first, _second = self.taken(), self.taken()
        waiting = self.take()
        self.clock.advance(29)
        self.assertNoResult(waiting)
        self.clock.advance(2)
        self.busy(waiting)
        first.give_back()
        self.assertEqual(self.places.counts(), {"p": (1, 0)})
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelled(self) -> None:
        """A client that leaves while it waits leaves its line too."""
        first, second = self.taken(), self.taken()
        waiting = self.take()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        first.give_back()
        second.give_back()
        self.assertEqual(self.places.counts(), {})
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_more_room(self) -> None:
        """A configuration with more room lets in who waits; one with less takes nobody's place away."""
        first, _second = self.taken(), self.taken()
        waiting = [self.take("a"), self.take("b")]
        self.places.adopt({"p": Room(3, 3, 30)})
        self.successResultOf(waiting[0])
        self.assertNoResult(waiting[1])
        self.places.adopt({"p": Room(1, 3, 30)})
        first.give_back()
        self.assertNoResult(waiting[1])
        self.assertEqual(self.places.counts(), {"p": (2, 1)})

    def test_done_at_once(self) -> None:
        """However many wait, and are done as soon as they are called: all get their turn."""
        self.places.adopt({"p": Room(1, 2000, 30)})
        first = self.taken()

        async def brief() -> None:
            (await self.places.take("p", lambda: "")).give_back()

        all_of_them = [Deferred.fromCoroutine(brief()) for _ in range(2000)]
        first.give_back()
        for one in all_of_them:
            self.successResultOf(one)
        self.assertEqual(self.places.counts(), {})

    def test_more_room_leads_elsewhere(self) -> None:
        """Who is called because there is more room now may go on to a provider that nobody has asked before."""

        async def both() -> None:
            await self.places.take("p", lambda: "")
            await self.places.take("q", lambda: "")

        self.taken(), self.taken()
        waiting = Deferred.fromCoroutine(both())
        self.places.adopt({"p": Room(3, 3, 30)})
        self.successResultOf(waiting)
        self.assertEqual(self.places.counts(), {"p": (3, 0), "q": (1, 0)})

    def test_default(self) -> None:
        """A provider of which nothing is said has room for far more than a hundred."""
        for _ in range(200):
            self.successResultOf(Deferred.fromCoroutine(self.places.take("q", lambda: "")))
