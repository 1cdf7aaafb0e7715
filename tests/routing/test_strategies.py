"""In which order a route's targets are tried: by strategy, and by where the conversation is at home."""

from collections import Counter
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.model.usage import Usage
from ccproxy.providers.target import Target
from ccproxy.routing.memory import FORGIVENESS_SECONDS, HOME_SECONDS, REFUGE_SECONDS, Memory
from ccproxy.routing.routes import Routes
from ccproxy.routing.strategies import Ordering
from tests.support.routing import call, routes_of

PRICES = {"a,m": 3.0, "b,m": 1.0, "c,m": 2.0}


def priced(target: Target, usage: Usage) -> float | None:
    """A price by the token, for those that have one."""
    assert usage.prompt > 0 and usage.output
    each = PRICES.get(target.name)
    return None if each is None else each * usage.prompt


def session(name: str, agent: str = "") -> Any:
    """A call of a conversation."""
    headers = {"x-claude-code-session-id": name}
    return call("balanced", headers | ({"x-claude-code-agent-id": agent} if agent else {}))


class Base(SynchronousTestCase):
    """A route and what is remembered of it."""

    def setUp(self) -> None:
        self.memory = Memory()

    def routes(self, prices: Any = None, **route: Any) -> Routes:
        ordering = Ordering(self.memory, prices) if prices else Ordering(self.memory)
        return routes_of({"balanced": route}, ordering)

    def names(self, routes: Routes, facts: Any = None, now: float = 0.0, take: bool = True) -> list[str]:
        chosen = routes.candidates(facts or call("balanced"), now, take)
        return [target.name for target in chosen.targets]


class StrategyTests(Base):
    """Each strategy, for calls of no conversation."""

    def test_order(self) -> None:
        """Targets are tried as they are written, and fallbacks behind them; a provider and a model are the first."""
        routes = self.routes(provider="a", model="m", fallbacks=["b,m", "c,m"])
        self.assertEqual([self.names(routes) for _ in range(3)], [["a,m", "b,m", "c,m"]] * 3)
        routes = self.routes(targets=["c,m", "b,m"], fallbacks=["a,m"])
        self.assertEqual(self.names(routes), ["c,m", "b,m", "a,m"])

    def test_disabled(self) -> None:
        """A disabled provider is left out of the targets."""
        self.assertEqual(self.names(self.routes(targets=["asleep,m", "b,m"], fallbacks=["asleep,m"])), ["b,m"])

    def test_weighted(self) -> None:
        """Each target has its share, in every stretch of requests and not only in the long run."""
        routes = self.routes(targets=[{"provider": "a", "model": "m", "weight": 3}, "b,m"], fallbacks=["c,m"])
        asked = [self.names(routes) for _ in range(400)]
        self.assertEqual(Counter(names[0] for names in asked), {"a,m": 300, "b,m": 100})
        for start in range(0, 400, 4):
            self.assertEqual(Counter(names[0] for names in asked[start : start + 4]), {"a,m": 3, "b,m": 1})
        self.assertTrue(all(names[2] == "c,m" and len(set(names)) == 3 for names in asked))

    def test_equal_weights(self) -> None:
        """Without weights, `weighted` takes turns."""
        routes = self.routes(targets=["a,m", "b,m", "c,m"], strategy="weighted")
        self.assertEqual([self.names(routes)[0] for _ in range(6)], ["a,m", "b,m", "c,m"] * 2)

    def test_a_look_takes_no_turn(self) -> None:
        """Whoever only wants to know does not change whose turn it is."""
        routes = self.routes(targets=["a,m", "b,m"], strategy="weighted")
        for _ in range(5):
            self.assertEqual(self.names(routes, take=False)[0], "a,m")
        self.assertEqual([self.names(routes)[0] for _ in range(3)], ["a,m", "b,m", "a,m"])

    def test_cheapest(self) -> None:
        """The cheapest is first; one of unknown price comes behind those that have one."""
        routes = self.routes(priced, targets=["a,m", "c,unknown", "b,m", "c,m"], strategy="cheapest")
        self.assertEqual(self.names(routes), ["b,m", "c,m", "a,m", "c,unknown"])

    def test_cheapest_without_prices(self) -> None:
        """Where nobody knows prices the order is the one that is written."""
        self.assertEqual(self.names(self.routes(targets=["a,m", "b,m"], strategy="cheapest")), ["a,m", "b,m"])

    def test_fastest(self) -> None:
        """The target that was fastest of late is first; one that was never asked is asked once."""
        routes = self.routes(targets=["a,m", "b,m", "c,m"], strategy="fastest")
        speeds = self.memory.speeds
        speeds.learn("a,m", 2.0, 0.0)
        self.assertEqual(self.names(routes), ["b,m", "c,m", "a,m"])
        speeds.learn("b,m", 0.5, 0.0)
        speeds.learn("c,m", 1.0, 0.0)
        self.assertEqual(self.names(routes), ["b,m", "c,m", "a,m"])
        for _ in range(10):
            speeds.learn("b,m", 3.0, 1.0)
        self.assertEqual(self.names(routes, now=1.0)[0], "c,m")

    def test_fastest_forgives(self) -> None:
        """A target that was slow is tried again after a while; one that keeps answering stays what it is."""
        routes = self.routes(targets=["a,m", "b,m"], strategy="fastest")
        self.memory.speeds.learn("a,m", 8.0, 0.0)
        for now in range(0, 4000, 10):
            self.memory.speeds.learn("b,m", 1.0, float(now))
        self.assertEqual(self.names(routes, now=FORGIVENESS_SECONDS)[0], "b,m")
        self.assertEqual(self.names(routes, now=3990.0)[0], "a,m")

    def test_fastest_avoids_what_fails(self) -> None:
        """A failure counts as a very slow answer."""
        routes = self.routes(targets=["a,m", "b,m"], strategy="fastest")
        self.memory.speeds.learn("a,m", 0.2, 0.0)
        self.memory.speeds.learn("b,m", 2.0, 0.0)
        self.memory.speeds.fail("a,m", 1.0)
        self.assertEqual(self.names(routes, now=1.0)[0], "b,m")

    def test_bounded(self) -> None:
        """Clients may name any model: what is remembered of targets has an end."""
        for at in range(5000):
            self.memory.speeds.learn(f"a,{at}", 1.0, 0.0)
        self.assertIsNone(self.memory.speeds.measured("a,0"))
        self.assertEqual(self.memory.speeds.measured("a,4999"), 1.0)


class HomeTests(Base):
    """Conversations and their targets."""

    def setUp(self) -> None:
        super().setUp()
        self.balanced = self.routes(targets=["a,m", "b,m", "c,m"], strategy="weighted")
        self.ordered = self.routes(provider="a", model="m", fallbacks=["b,m"])

    def test_stays(self) -> None:
        """A conversation stays where it began, as others come and go; a new one gets the next target."""
        first = [self.names(self.balanced, session(name))[0] for name in ("s1", "s2", "s3", "s4")]
        self.assertEqual(first, ["a,m", "b,m", "c,m", "a,m"])
        for _ in range(3):
            again = [self.names(self.balanced, session(name))[0] for name in ("s2", "s4", "s1", "s3")]
            self.assertEqual(again, ["b,m", "a,m", "a,m", "c,m"])

    def test_the_others_follow(self) -> None:
        """Behind the conversation's own target come all the others, each once."""
        self.names(self.balanced, session("s1"))
        self.names(self.balanced, session("s2"))
        self.assertEqual(sorted(self.names(self.balanced, session("s2"))), ["a,m", "b,m", "c,m"])
        self.assertEqual(self.names(self.balanced, session("s2"))[0], "b,m")

    def test_agents_apart(self) -> None:
        """A subagent has a prompt of its own, and so a target of its own."""
        self.assertEqual(self.names(self.balanced, session("s"))[0], "a,m")
        self.assertEqual(self.names(self.balanced, session("s", "x"))[0], "b,m")
        self.assertEqual(self.names(self.balanced, session("s"))[0], "a,m")
        self.assertEqual(self.names(self.balanced, session("s", "x"))[0], "b,m")

    def test_by_user(self) -> None:
        """Without a session the user stands for it; without either, each call is for itself."""
        by_user = call("balanced", metadata={"user_id": "alice"})
        self.assertEqual([self.names(self.balanced, by_user)[0] for _ in range(3)], ["a,m"] * 3)
        self.assertEqual([self.names(self.balanced)[0] for _ in range(3)], ["b,m", "c,m", "a,m"])

    def test_switched_off(self) -> None:
        """Without affinity every call takes the next turn."""
        routes = self.routes(targets=["a,m", "b,m"], strategy="weighted", affinity=False)
        self.assertEqual([self.names(routes, session("s"))[0] for _ in range(3)], ["a,m", "b,m", "a,m"])
        self.assertEqual(len(self.memory.homes), 0)

    def test_a_look_settles_nobody(self) -> None:
        """Counting tokens does not decide where a conversation begins, and goes where it is."""
        self.names(self.balanced, session("s"), take=False)
        self.assertEqual(len(self.memory.homes), 0)
        self.names(self.balanced, session("s"))
        self.assertEqual(self.names(self.balanced, session("s"), take=False)[0], "a,m")

    def test_silence(self) -> None:
        """A conversation that was silent for as long as caches live begins anew; one that speaks now and then stays."""
        self.names(self.balanced, session("s"), 0.0)
        for now in (HOME_SECONDS - 1, 2 * HOME_SECONDS - 2):
            self.assertEqual(self.names(self.balanced, session("s"), now)[0], "a,m")
        self.assertNotEqual(self.names(self.balanced, session("s"), 3 * HOME_SECONDS)[0], "a,m")

    def test_moves_when_its_target_fails(self) -> None:
        """Where another answered in place of its target, there it stays."""
        self.names(self.balanced, session("s"), 0.0)
        self.memory.homes.move("balanced", "s", "c,m", 0.0)
        for now in (1.0, REFUGE_SECONDS + 1, HOME_SECONDS):
            self.assertEqual(self.names(self.balanced, session("s"), now)[0], "c,m")

    def test_leaves_when_nobody_answers(self) -> None:
        """Where none answered it has no target any more."""
        self.names(self.balanced, session("s"))
        self.memory.homes.leave("balanced", "s")
        self.assertEqual(self.names(self.balanced, session("s"))[0], "b,m")

    def test_order_is_kept(self) -> None:
        """Where the order is written down, nobody settles: the first one is asked, whoever asks."""
        self.assertEqual(self.names(self.ordered, session("s"))[0], "a,m")
        self.assertEqual(len(self.memory.homes), 0)

    def test_refuge(self) -> None:
        """A conversation that had to go to a fallback stays there for a while, however often it asks, and comes back;
        others are not moved."""
        self.memory.homes.move("balanced", "s", "b,m", 0.0)
        for now in (0.0, REFUGE_SECONDS / 2, REFUGE_SECONDS - 1):
            self.assertEqual(self.names(self.ordered, session("s"), now), ["b,m", "a,m"])
            self.assertEqual(self.names(self.ordered, session("t"), now), ["a,m", "b,m"])
        self.assertEqual(self.names(self.ordered, session("s"), REFUGE_SECONDS), ["a,m", "b,m"])

    def test_flight(self) -> None:
        """A conversation whose answer broke off begins with the next target for a while, and comes back; others are not
        moved. Where one strategy chooses and conversations settle, it settles there."""
        self.memory.homes.flee("balanced", "s", "a,m", 0.0)
        for now in (0.0, REFUGE_SECONDS - 1):
            self.assertEqual(self.names(self.ordered, session("s"), now), ["b,m", "a,m"])
            self.assertEqual(self.names(self.ordered, session("t"), now), ["a,m", "b,m"])
        self.assertEqual(self.names(self.ordered, session("s"), REFUGE_SECONDS), ["a,m", "b,m"])
        self.assertEqual([self.names(self.balanced, session("s"), 1.0)[0] for _ in range(3)], ["b,m"] * 3)

    def test_nowhere_to_flee(self) -> None:
        """A route of one target asks it again."""
        self.memory.homes.flee("one", "s", "a,m", 0.0)
        routes = routes_of({"one": {"targets": ["a,m"]}}, Ordering(self.memory))
        self.assertEqual(self.names(routes, call("one", {"x-claude-code-session-id": "s"})), ["a,m"])

    def test_a_home_that_is_gone(self) -> None:
        """A target that the configuration has no more is nobody's."""
        self.memory.homes.settle("balanced", "s", "z,m", 0.0)
        self.assertEqual(self.names(self.balanced, session("s"))[0], "a,m")

    def test_routes_apart(self) -> None:
        """One conversation has a target for each route."""
        routes = routes_of(
            {"one": {"targets": ["a,m", "b,m"], "strategy": "weighted"}, "two": {"targets": ["b,m", "a,m"]}},
            Ordering(self.memory),
        )
        head = {"x-claude-code-session-id": "s"}
        self.assertEqual(self.names(routes, call("one", head))[0], "a,m")
        self.assertEqual(self.names(routes, call("two", head))[0], "b,m")

    def test_bounded(self) -> None:
        """The number of conversations remembered has an end, and the one silent for longest is forgotten."""
        homes = self.memory.homes
        for at in range(25_000):
            homes.settle("balanced", f"s{at}", "a,m", 0.0)
        self.assertEqual(len(homes), 20_000)
        self.assertIsNone(homes.of("balanced", "s4999", 0.0))
        self.assertEqual(homes.of("balanced", "s5000", 0.0), "a,m")

    def test_nothing_left_to_look_for(self) -> None:
        """A route nobody is at home at is known to be one, so that its calls need not tell their conversation."""
        homes = self.memory.homes
        self.assertFalse(homes.has("balanced"))
        homes.settle("balanced", "s", "a,m", 0.0)
        homes.settle("balanced", "s", "b,m", 0.0)
        self.assertTrue(homes.has("balanced"))
        homes.leave("balanced", "s")
        homes.leave("balanced", "s")
        self.assertFalse(homes.has("balanced"))
        for at in range(20_001):
            homes.settle("other" if at else "balanced", f"s{at}", "a,m", 0.0)
        self.assertFalse(homes.has("balanced"))
