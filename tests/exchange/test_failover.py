"""What exchanges learn from one another: breakers, keys and places, as clients see them; and how far one goes."""

from attrs import evolve
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.places import Room
from ccproxy.exchange.tries import Bounds
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import KeyChoice, Target
from ccproxy.routing.breakers import Limits
from ccproxy.secret import Secret
from ccproxy.upstream.client import Deadlines
from tests.support.wire import CLAUDE, OPENAI, ClientConnection, Wire, chat

GOOD = b"".join(chat({"role": "assistant", "content": ""}, {"content": "Hello"}))
OTHER = evolve(OPENAI, provider="other", base_url="http://other.test/v1")


def limit(wire: Wire, **headers: str) -> None:
    """The next upstream limits the rate."""
    wire.upstream().whole(b'{"error":{"message":"slow down","type":"rate_limit_error"}}', 429, **headers)


def well(wire: Wire) -> None:
    """The next upstream answers well."""
    wire.upstream().whole(GOOD, content_type="text/event-stream", connection="close")


def down(wire: Wire, times: int = 1) -> ClientConnection:
    """A client asks, and so many upstreams in turn cannot be reached."""
    client = wire.ask()
    for _ in range(times):
        wire.upstreams.pending.pop(0).refuse(ConnectionRefusedError())
    return client


class BreakerTests(SynchronousTestCase):
    """A target that fails again and again is not asked."""

    def test_all_down(self) -> None:
        """When no target is fit, the client hears so at once, and when to come back: 529, no queue of timeouts."""
        wire = Wire((OPENAI, OTHER))
        for _ in range(3):
            self.assertEqual(down(wire, 2).answer.status, 502)
        client = wire.ask()
        self.assertEqual(wire.upstreams.pending, [])
        self.assertEqual(client.answer.status, 529)
        self.assertEqual(client.answer.headers["retry-after"], "5")
        self.assertEqual(client.answer.json["error"]["type"], "overloaded_error")
        self.assertIn("refused the connection", client.answer.json["error"]["message"])
        self.assertEqual(client.answer.headers["x-ccproxy-attempts"], "0")
        self.assertTrue(wire.at_rest)

    def test_timeouts(self) -> None:
        """Three silences in a row are enough."""
        wire = Wire(deadlines=Deadlines(first_byte=10))
        for _ in range(3):
            wire.ask()
            wire.upstream()
            wire.clock.advance(10.1)
        self.assertEqual(wire.ask().answer.status, 529)
        self.assertEqual(wire.upstreams.pending, [])

    def test_failing_is_not_overloaded(self) -> None:
        """A target that answers with failures is no overloaded one: 503, which clients do not wait so long for."""
        wire = Wire()
        for _ in range(10):
            wire.ask()
            wire.upstream().whole(b"{}", 500, connection="close")
        answer = wire.ask().answer
        self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "5"))

    def test_passed_over(self) -> None:
        """One that is left alone is passed over for the next, without a connection to it."""
        wire = Wire((OPENAI, OTHER))
        for _ in range(3):
            down(wire)
            well(wire)
        client = wire.ask()
        well(wire)
        self.assertEqual(wire.upstreams.seen[-1], (b"other.test", 80))
        self.assertEqual(client.answer.headers["x-ccproxy-attempts"], "1")
        self.assertTrue(wire.at_rest)

    def test_one_probe(self) -> None:
        """After its pause one exchange tries it; the others are sent away until that one is answered."""
        wire = Wire()
        for _ in range(3):
            down(wire)
        wire.clock.advance(5)
        probe, other = wire.ask(), wire.ask()
        self.assertEqual(len(wire.upstreams.pending), 1)
        self.assertEqual((other.answer.status, other.answer.headers["retry-after"]), (529, "1"))
        well(wire)
        self.assertEqual(probe.answer.status, 200)
        wire.ask(), wire.ask()
        self.assertEqual(len(wire.upstreams.pending), 2)

    def test_a_probe_that_leaves(self) -> None:
        """A client that leaves during the probe decides nothing: the next one is the probe."""
        wire = Wire()
        for _ in range(3):
            down(wire)
        wire.clock.advance(5)
        wire.ask().leave()
        wire.upstreams.pending.clear()
        client = wire.ask()
        well(wire)
        self.assertEqual(client.answer.status, 200)

    def test_breaks_off(self) -> None:
        """An answer that breaks off in the middle counts like one that never came; one that ends well clears it."""
        wire = Wire(breakers=Limits(points=2, pause=5.0))
        for ends_well in (False, True, False, False):
            wire.ask()
            up = wire.upstream()
            up.head()
            up.say(chat({"content": "Hi"})[0])
            self.assertEqual(wire.fitness.breakers.wait(OPENAI.name, wire.clock.seconds()), 0)
            if ends_well:
                up.say(b"".join(chat({"content": "Hi"})[1:]))
                up.end()
                wire.pool.close()
            else:
                up.drop()
        self.assertEqual(wire.fitness.breakers.wait(OPENAI.name, wire.clock.seconds()), 5.0)

    def test_a_bad_request_is_an_answer(self) -> None:
        """A target that finds fault with requests is well."""
        wire = Wire()
        for _ in range(2):
            down(wire)
        wire.ask()
        wire.upstream().whole(b'{"error":{"message":"no"}}', 400, connection="close")
        down(wire)
        self.assertEqual(wire.fitness.breakers.wait(OPENAI.name, wire.clock.seconds()), 0)

    def test_status(self) -> None:
        """The status page shows what is left alone, and why."""
        wire = Wire()
        for _ in range(3):
            down(wire)
        shown = wire.request("GET", "/status").answer.json["failover"]["breakers"]
        self.assertEqual(
            [(one["target"], one["state"], one["asked_again_in"]) for one in shown], [(OPENAI.name, "open", 5.0)]
        )
        self.assertIn("refused", shown[0]["last_failure"])


def keyed(choice: KeyChoice = KeyChoice.FILL_FIRST) -> Target:
    """A target of a provider with three keys."""
    first, *further = (Secret(f"key-{n}") for n in range(1, 4))
    return Provider.of(
        "p", base_url="http://p.test/v1", dialect="openai_chat", key=first, further_keys=further, key_choice=choice
    ).target("gpt-test")


class KeyTests(SynchronousTestCase):
    """A provider with three keys."""

    def key(self, wire: Wire) -> str:
        """The key with which the next upstream was asked; it then answers well."""
        up = wire.upstream()
        up.whole(GOOD, content_type="text/event-stream", connection="close")
        return up.request[1]["authorization"].removeprefix("Bearer ")

    def test_limited(self) -> None:
        """A limited key costs the client nothing: the next one answers, and the next exchange begins with it."""
        wire = Wire((keyed(),))
        client = wire.ask()
        limit(wire, retry_after="20", connection="close")
        self.assertEqual(self.key(wire), "key-2")
        self.assertEqual(client.answer.status, 200)
        wire.ask()
        self.assertEqual(self.key(wire), "key-2")
        cooling = wire.request("GET", "/status").answer.json["failover"]["cooling_keys"]
        self.assertEqual(cooling, [{"target": "p,gpt-test", "key": 1, "reason": "limited", "seconds_left": 20.0}])
        wire.clock.advance(21)
        wire.ask()
        self.assertEqual(self.key(wire), "key-1")
        self.assertTrue(wire.at_rest)

    def test_each_key_once(self) -> None:
        """Where all are limited each was asked once, and the client is told the shortest wait."""
        wire = Wire((keyed(),))
        client = wire.ask()
        for seconds in ("30", "10", "20"):
            limit(wire, retry_after=seconds, connection="close")
        self.assertEqual((client.answer.status, client.answer.headers["retry-after"]), (429, "10"))
        self.assertEqual(wire.upstreams.pending, [])
        self.assertTrue(wire.at_rest)

    def test_another_key_meets_the_same(self) -> None:
        """A failure of the target goes to the next target, not to the next key."""
        wire = Wire((keyed(), CLAUDE))
        wire.ask()
        wire.upstream().whole(b"{}", 500)
        self.assertIn("/v1/messages", wire.upstream().request[0])

    def test_conversations_keep_theirs(self) -> None:
        """A session stays with its key; another gets the next."""
        wire = Wire((keyed(KeyChoice.ROUND_ROBIN),))
        seen = []
        for session in "abcabc":
            wire.ask(headers={"x-claude-code-session-id": session})
            seen.append(self.key(wire))
        self.assertEqual(seen, ["key-1", "key-2", "key-3"] * 2)
        self.assertTrue(wire.at_rest)

    def test_cooling_targets_come_last(self) -> None:
        """A target whose key is limited is asked only when the others have failed."""
        wire = Wire((OPENAI, OTHER))
        wire.ask()
        limit(wire, retry_after="20", connection="close")
        well(wire)
        wire.ask()
        wire.upstream().whole(b"{}", 500, connection="close")
        limit(wire)
        self.assertEqual([host for host, _ in wire.upstreams.seen[-2:]], [b"other.test", b"openai.test"])


class PlaceTests(SynchronousTestCase):
    """A provider with room for one exchange, and one that waits."""

    def setUp(self) -> None:
        self.wire = Wire(rooms={"openai": Room(1, 1, 30)})

    def test_waits_for_its_turn(self) -> None:
        """The second exchange begins when the first has ended."""
        self.wire.ask()
        second = self.wire.ask()
        self.assertEqual(len(self.wire.upstreams.pending), 1)
        well(self.wire)
        well(self.wire)
        self.assertEqual(second.answer.status, 200)
        self.assertTrue(self.wire.at_rest)

    def test_shed(self) -> None:
        """Who finds no room is told 503, and when to come back."""
        self.wire.ask(headers={"x-claude-code-session-id": "a"})
        self.wire.ask(headers={"x-claude-code-session-id": "b"})
        answer = self.wire.ask(headers={"x-claude-code-session-id": "c"}).answer
        self.assertEqual(answer.status, 503)
        self.assertTrue(1 <= int(answer.headers["retry-after"]) <= 4)
        self.assertEqual(self.wire.fitness.details()["concurrency"], {"openai": {"running": 1, "waiting": 1}})

    def test_another_provider_has_room(self) -> None:
        """Where another target may answer, it does."""
        wire = Wire((OPENAI, OTHER), rooms={"openai": Room(1, 0, 30)})
        wire.ask(), wire.ask()
        self.assertEqual([host for host, _ in wire.upstreams.seen], [b"openai.test", b"other.test"])

    def test_leaves_while_it_waits(self) -> None:
        """A client that leaves its line asks nobody, and holds nothing."""
        first, second = self.wire.ask(), self.wire.ask()
        second.leave()
        first.leave()
        self.wire.upstreams.pending.clear()
        self.assertTrue(self.wire.at_rest)

    def test_down_while_they_wait(self) -> None:
        """Those who wait for a target that is found to be down are told at once, or go on to another; they do not all
        ask it in vain, each after the other."""
        wire = Wire(rooms={"openai": Room(1, 50, 30)}, breakers=Limits(points=4, pause=5.0))
        clients = [wire.ask() for _ in range(10)]
        wire.upstreams.pending.pop(0).refuse(ConnectionRefusedError())
        self.assertEqual(wire.upstreams.pending, [])
        self.assertEqual({client.answer.status for client in clients[1:]}, {529})
        self.assertIn("several times in a row", clients[-1].answer.json["error"]["message"])
        self.assertEqual(wire.fitness.breakers.wait(OPENAI.name, wire.clock.seconds()), 5.0)
        self.assertTrue(wire.at_rest)

    def test_released_however_it_ends(self) -> None:
        """Finished, broken, refused or left: the place is free once, and the next one gets it."""

        def breaks() -> None:
            up = self.wire.upstream()
            up.head()
            up.say(GOOD[:400])
            up.drop()

        ends = (lambda: well(self.wire), breaks, lambda: limit(self.wire, connection="close"))
        for end in (*ends, *ends):
            self.wire.ask()
            end()
            self.assertTrue(self.wire.at_rest)


class BoundsTests(SynchronousTestCase):
    """How far one exchange goes."""

    def test_attempts(self) -> None:
        """No more targets are asked than the limit says."""
        wire = Wire((OPENAI, OTHER, CLAUDE), bounds=Bounds(attempts=2))
        self.assertEqual(down(wire, 2).answer.status, 502)
        self.assertEqual(wire.upstreams.pending, [])

    def test_time(self) -> None:
        """When the time is over no further target is asked."""
        wire = Wire((OPENAI, OTHER), deadlines=Deadlines(first_byte=10), bounds=Bounds(seconds=9))
        client = wire.ask()
        wire.upstream()
        wire.clock.advance(10.1)
        self.assertEqual((client.answer.status, wire.upstreams.pending), (504, []))

    def test_pause_within_a_provider(self) -> None:
        """Another model of a provider that is overloaded is asked after a moment; of another provider at once."""
        names = ("m1", "m2", "m3")
        models = tuple(evolve(OPENAI, model=name, quirks=evolve(OPENAI.quirks, model=name)) for name in names)
        wire = Wire(models)
        wire.ask()
        wire.upstream().whole(b"{}", 503, connection="close")
        self.assertEqual(wire.upstreams.pending, [])
        wire.clock.advance(0.101)
        wire.upstream().whole(b"{}", 503, connection="close")
        wire.clock.advance(0.201)
        self.assertEqual(wire.upstream().json["model"], "m3")

    def test_leaves_during_the_pause(self) -> None:
        """A client that leaves then leaves no timer behind."""
        wire = Wire((OPENAI, evolve(OPENAI, model="other")))
        client = wire.ask()
        wire.upstream().whole(b"{}", 503, connection="close")
        client.leave()
        self.assertTrue(wire.at_rest)
