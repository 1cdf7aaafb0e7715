"""Every cell of the table in `ccproxy.routing.breakers`, and what counts."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.routing.breakers import Breakers, Limits, State

DOWN = ApiError(Kind.UNREACHABLE, "refused")
BROKEN = ApiError(Kind.BROKEN, "oops")


class Breaker(SynchronousTestCase):
    """One target's."""

    def setUp(self) -> None:
        self.breakers = Breakers(Limits(points=10, pause=5, longest_pause=60), chance=lambda: 0.0)

    def state(self, now: float = 0.0) -> State:
        """The state of the one target; CLOSED where nothing is known of it."""
        known = self.breakers.standings(now)
        return known[0].state if known else State.CLOSED

    def open(self, now: float = 0.0) -> None:
        """Fails as often as it takes."""
        for _ in range(3):
            self.breakers.failed("a,m", DOWN, now)

    def test_closed_failed(self) -> None:
        """Three refused connections open it, or ten answers that are none; not one less."""
        for error, least in ((DOWN, 3), (BROKEN, 10)):
            breakers = Breakers(Limits(points=10), chance=lambda: 0.0)
            for _ in range(least - 1):
                breakers.failed("a,m", error, 0)
                self.assertEqual(breakers.wait("a,m", 0), 0)
            breakers.failed("a,m", error, 0)
            self.assertEqual(breakers.wait("a,m", 0), 5)

    def test_closed_answered(self) -> None:
        """An answer that ends well forgets what was counted; one that only begins does not."""
        for _ in range(2):
            self.breakers.failed("a,m", DOWN, 0)
        self.breakers.speaks("a,m")
        self.breakers.failed("a,m", DOWN, 0)
        self.assertIs(self.state(), State.OPEN)
        self.breakers.answered("a,m")
        self.open()
        self.breakers.answered("a,m")
        self.assertEqual(self.breakers.standings(0), [])
        self.breakers.failed("a,m", DOWN, 0)
        self.assertIs(self.state(), State.CLOSED)

    def test_open_waits(self) -> None:
        """While its pause lasts nobody is let through; then one is, and no other beside it."""
        self.open()
        self.assertEqual([self.breakers.wait("a,m", now) for now in (0, 4, 4.5)], [5, 1, 0.5])
        self.assertEqual(self.breakers.wait("a,m", 5), 0)
        self.assertTrue(self.breakers.asked("a,m"))
        self.assertIs(self.state(), State.HALF_OPEN)
        self.assertEqual(self.breakers.wait("a,m", 5), 1)

    def test_open_failed(self) -> None:
        """What was asked before it opened, and fails now, does not prolong the pause."""
        self.open()
        self.breakers.failed("a,m", DOWN, 3)
        self.assertEqual(self.breakers.wait("a,m", 3), 2)

    def test_open_speaks(self) -> None:
        """What was asked before it opened, and answers now, shows that it is alive."""
        self.open()
        self.breakers.speaks("a,m")
        self.assertEqual(self.breakers.wait("a,m", 0), 0)

    def test_half_open_speaks(self) -> None:
        """A probe that is answered closes it: everybody is let through."""
        self.open()
        self.breakers.asked("a,m")
        self.breakers.speaks("a,m")
        self.assertIs(self.state(), State.CLOSED)
        self.assertFalse(self.breakers.asked("a,m"))

    def test_half_open_failed(self) -> None:
        """Each probe that fails doubles the pause, up to the limit."""
        self.open()
        now, pauses = 0.0, []
        for _ in range(5):
            now += self.breakers.wait("a,m", now)
            self.breakers.asked("a,m")
            self.breakers.failed("a,m", BROKEN, now, probe=True)
            pauses.append(self.breakers.wait("a,m", now))
        self.assertEqual(pauses, [10, 20, 40, 60, 60])

    def test_half_open_let_go(self) -> None:
        """A probe whose client left, or that says nothing of the target, may be tried again at once."""
        self.open()
        self.breakers.asked("a,m")
        self.breakers.let_go("a,m")
        self.assertEqual(self.breakers.wait("a,m", 5), 0)
        self.breakers.asked("a,m")
        self.breakers.failed("a,m", ApiError(Kind.OVERLOADED, "limit", status=429), 5, probe=True)
        self.assertEqual(self.breakers.wait("a,m", 5), 0)

    def test_what_counts(self) -> None:
        """The target's own failures do; those of a key, of the request, and of us do not."""
        counting = {Kind.UNREACHABLE, Kind.TIMEOUT, Kind.OVERLOADED, Kind.BROKEN}
        for kind in Kind:
            breakers = Breakers()
            breakers.failed("a,m", ApiError(kind, "no"), 0)
            self.assertEqual(bool(breakers.standings(0)), kind in counting, kind)
        breakers = Breakers()
        breakers.failed("a,m", ApiError(Kind.OVERLOADED, "limit", status=429), 0)
        self.assertEqual(breakers.standings(0), [])

    def test_never(self) -> None:
        """No points, no breaker."""
        breakers = Breakers(Limits(points=0))
        for _ in range(100):
            breakers.failed("a,m", DOWN, 0)
        self.assertEqual(breakers.wait("a,m", 0), 0)

    def test_other_limits(self) -> None:
        """A new configuration counts for breakers that were counting already, and for those to come."""
        breakers = Breakers(Limits(points=10))
        breakers.failed("a,m", DOWN, 0)
        breakers.follow(Limits(points=0))
        for name in ("a,m", "b,m"):
            for _ in range(100):
                breakers.failed(name, DOWN, 0)
            self.assertEqual(breakers.wait(name, 0), 0, name)

    def test_spread(self) -> None:
        """Pauses are a little longer, by chance."""
        breakers = Breakers(Limits(points=1, pause=10), chance=lambda: 0.5)
        breakers.failed("a,m", DOWN, 0)
        self.assertEqual(breakers.wait("a,m", 0), 10.5)

    def test_targets_are_apart(self) -> None:
        """Another model of the same provider is another target."""
        self.open()
        self.assertEqual(self.breakers.wait("a,other", 0), 0)
