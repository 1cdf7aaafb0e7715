"""Providers that are left alone are asked whether they are back, where that is wanted."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.daemon.probing import Probes, asking
from ccproxy.errors import ApiError, Kind
from ccproxy.providers.provider import Provider
from ccproxy.routing.breakers import Breakers, Limits
from ccproxy.secret import Secret
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.upstream.pool import Pool
from tests.support.wire import Upstreams

DOWN = ApiError(Kind.UNREACHABLE, "no route")


class ProbesTests(SynchronousTestCase):
    """When who is asked, and what comes of it."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.breakers = Breakers(Limits(points=4, pause=60, longest_pause=60), chance=lambda: 0.0)
        self.probes = Probes(self.clock, self.breakers)
        self.asked: list[str] = []
        self.answer: bool | Deferred[bool] = False

    async def alive(self, provider: str) -> bool:
        self.asked.append(provider)
        return self.answer if isinstance(self.answer, bool) else await self.answer

    def start(self, every: float | None = 10) -> None:
        self.probes.follow(every, self.alive)
        self.probes.startService()
        self.addCleanup(self.probes.stopService)

    def fails(self, *targets: str) -> None:
        for target in targets:
            self.breakers.failed(target, DOWN, self.clock.seconds())

    def test_one_that_is_back(self) -> None:
        """The pauses of all its targets are over; those of others go on."""
        self.start()
        self.fails("a,x", "a,y")
        self.clock.advance(10)
        self.assertEqual(self.asked, ["a"])
        self.assertEqual(self.breakers.wait("a,x", self.clock.seconds()), 50)
        self.answer = True
        self.clock.advance(10)
        now = self.clock.seconds()
        self.assertEqual((self.breakers.wait("a,x", now), self.breakers.wait("a,y", now)), (0, 0))

    def test_nobody_is_asked_in_vain(self) -> None:
        """Not while all are well, not again before an answer, and not when the pause is over."""
        self.start()
        self.clock.advance(10)
        self.assertEqual(self.asked, [])
        self.fails("a,x")
        waiting: Deferred[bool] = Deferred()
        self.answer = waiting
        self.clock.pump([10, 10, 10])
        self.assertEqual(self.asked, ["a"])
        waiting.callback(False)
        self.clock.pump([10, 10, 10, 10])
        self.assertEqual(self.asked, ["a", "a", "a"])

    def test_not_wanted(self) -> None:
        """Without the option nothing runs; one that is taken away ends it, and so does the end."""
        self.start(None)
        self.fails("a,x")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.probes.follow(10, self.alive)
        self.clock.advance(10)
        self.assertEqual(self.asked, ["a"])
        self.probes.follow(None, self.alive)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_stop_lets_go(self) -> None:
        """A question that is under way at the end is given up."""
        self.start()
        self.fails("a,x")
        given_up: list[str] = []
        self.answer = Deferred(lambda _: given_up.append("a"))
        self.clock.advance(10)
        self.probes.stopService()
        self.assertEqual((given_up, self.clock.getDelayedCalls()), (["a"], []))


class AskingTests(SynchronousTestCase):
    """What counts as an answer."""

    def ask(self, status: int | None) -> tuple[bool, str, dict[str, str]]:
        clock, upstreams = Clock(), Upstreams()
        pool = Pool(clock, upstreams)
        client = Client(pool, clock, Deadlines(first_byte=10))
        provider = Provider("mine", "http://mine.test/v1", "openai_chat", key=Secret("its-key"))
        told = Deferred.fromCoroutine(asking(client, {"mine": provider})("mine"))
        upstream = upstreams.pending.pop(0).accept()
        first, headers, _ = upstream.request
        if status is None:
            clock.advance(10)
        else:
            upstream.whole(b"{}", status)
        alive = bool(self.successResultOf(told))
        pool.close()
        self.assertEqual(clock.getDelayedCalls(), [])
        return alive, first, headers

    def test_statuses(self) -> None:
        """A list, no such list, and a refused key are told by somebody who is there; a server's fault, a limit and
        silence are not."""
        for status, expected in ((200, True), (404, True), (401, True), (429, False), (503, False), (None, False)):
            alive, first, headers = self.ask(status)
            self.assertIs(alive, expected, status)
            self.assertEqual(first, "GET /v1/models HTTP/1.1")
            self.assertEqual(headers["authorization"], "Bearer its-key")

    def test_unknown(self) -> None:
        """A provider that the configuration has no more is not asked."""
        client = Client(Pool(Clock(), Upstreams()), Clock(), Deadlines())
        self.assertFalse(self.successResultOf(Deferred.fromCoroutine(asking(client, {})("gone"))))
