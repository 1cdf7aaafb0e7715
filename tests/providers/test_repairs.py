"""What is remembered of models, and for how long."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.dialect import Outgoing
from ccproxy.dialects.repairs import Repair
from ccproxy.errors import ApiError, Kind, Original
from ccproxy.providers.repairs import REPAIR_LIMIT, TARGET_LIMIT, Remembered, cure, repaired
from ccproxy.wire.jsontext import loads


def without_user(body: object) -> dict[str, object]:
    """The body without its user."""
    assert isinstance(body, dict)
    return {name: value for name, value in body.items() if name != "user"}


class Memory(SynchronousTestCase):
    """Repairs by target."""

    def test_by_target(self) -> None:
        """A repair is kept for its target alone, once, in the order of learning."""
        memory = Remembered()
        for name in ("a", "b", "a"):
            memory.add("openai,m", Repair(name, without_user))
        self.assertEqual([known.name for known in memory.of("openai,m")], ["a", "b"])
        self.assertEqual(memory.of("openai,n"), ())

    def test_of_one_conversation(self) -> None:
        """What was wrong with one conversation alone is not kept."""
        memory = Remembered()
        memory.add("openai,m", Repair("a", without_user, lasting=False))
        self.assertEqual(memory.of("openai,m"), ())

    def test_bounded(self) -> None:
        """Clients may name any model: the oldest memory goes first, and one target holds only so much."""
        memory = Remembered()
        for number in range(TARGET_LIMIT + 1):
            memory.add(f"p,m{number}", Repair("a", without_user))
        self.assertEqual(memory.of("p,m0"), ())
        self.assertTrue(memory.of("p,m1"))
        for number in range(REPAIR_LIMIT + 1):
            memory.add("p,m1", Repair(f"r{number}", without_user))
        self.assertEqual(len(memory.of("p,m1")), REPAIR_LIMIT)


class Requests(SynchronousTestCase):
    """Requests put right."""

    def test_repaired(self) -> None:
        """Only what changed the request is told as a loss; nothing to repair leaves the bytes as they are."""
        outgoing = Outgoing("/x", b'{"model":"m", "user":"u"}', losses=("top_k",))
        done = repaired(outgoing, (Repair("user left out", without_user), Repair("nothing", without_user)))
        self.assertEqual(loads(done.body), {"model": "m"})
        self.assertEqual(done.losses, ("top_k", "user left out"))
        clean = Outgoing("/x", b'{"model" : "m"}')
        self.assertIs(repaired(clean, (Repair("user left out", without_user),)), clean)
        self.assertIs(repaired(outgoing, ()), outgoing)
        broken = Outgoing("/x", b"not JSON")
        self.assertIs(repaired(broken, (Repair("user left out", without_user),)), broken)

    def test_stops(self) -> None:
        """Stop sequences that go are watched for here; one alone may be a mere text."""
        for stop in ('"END"', '["END"]'):
            outgoing = Outgoing("/x", b'{"stop":%b}' % stop.encode(), unwatched_stops=("x",))
            found = cure(outgoing, ApiError(Kind.INVALID, "Unknown parameter: 'stop'."))
            assert found is not None
            self.assertEqual(repaired(outgoing, [found]).unwatched_stops, ("END", "x"))

    def test_cure(self) -> None:
        """The whole error body is read: some name the field only there. Other kinds of errors have no cure."""
        outgoing = Outgoing("/x", b'{"user":"u"}')
        body = b'{"detail":[{"type":"extra_forbidden","loc":["body","user"],"msg":"Extra inputs are not permitted"}]}'
        original = Original("openai_chat", 422, "application/json", body)
        found = cure(outgoing, ApiError(Kind.INVALID, "Unprocessable", original=original))
        self.assertEqual(found and found.name, "user left out")
        self.assertIsNone(cure(outgoing, ApiError(Kind.OVERLOADED, "Unknown parameter: 'user'.")))
        self.assertIsNone(cure(Outgoing("/x", b"[]"), ApiError(Kind.INVALID, "Unknown parameter: 'user'.")))
