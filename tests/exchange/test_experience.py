"""What the end of an exchange teaches the routes."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.principals import Principal
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.experience import Experience
from ccproxy.exchange.record import Attempt, Outcome, Record
from ccproxy.model.usage import Usage
from ccproxy.routing.memory import FAILED_SECONDS, Memory

BUSY = ApiError(Kind.OVERLOADED, "busy")
WRONG = ApiError(Kind.INVALID, "wrong")
CALL = Call("req_1", ANTHROPIC, {"x-claude-code-session-id": "s"}, b"{}", "m", True, Principal("local"))


def record(*attempts: Attempt, outcome: Outcome = Outcome.FINISHED, **fields: Any) -> Record:
    """An exchange of these attempts, by the route `r` unless told otherwise."""
    known: dict[str, Any] = {
        "id": "req_1",
        "client": "local",
        "dialect": "anthropic",
        "asked": "m",
        "rule": "route r",
        "stream": True,
        "plan": None,
        "losses": (),
        "first_content": None,
        "total": 1.0,
        "usage": Usage(),
        "stop": None,
        "error": None,
        "request_bytes": 2,
    }
    return Record(outcome=outcome, attempts=attempts, **(known | fields))


class ExperienceTests(SynchronousTestCase):
    """Speeds and homes, by what the attempts were."""

    def setUp(self) -> None:
        self.memory = Memory()
        self.clock = Clock()
        self.experience = Experience(self.memory, self.clock)

    def observe(self, *attempts: Attempt, **fields: Any) -> None:
        self.experience.observe(CALL, record(*attempts, **fields))

    def home(self) -> str | None:
        return self.memory.homes.of("r", "s", self.clock.seconds())

    def test_speed(self) -> None:
        """The time to the first token counts from when the target that answered was asked."""
        self.observe(Attempt("a,m", BUSY, 0.0, 2.0), Attempt("b,m", None, 2.0, 3.0), first_content=2.5)
        self.assertEqual(self.memory.speeds.measured("b,m"), 0.5)
        self.assertEqual(self.memory.speeds.measured("a,m"), FAILED_SECONDS)

    def test_speed_of_one_who_went_on(self) -> None:
        """The first word of an answer that broke off says nothing of the target that ended it."""
        self.observe(Attempt("a,m", BUSY, 0.0, 2.0), Attempt("b,m", None, 2.0, 3.0), first_content=0.5)
        self.assertIsNone(self.memory.speeds.measured("b,m"))

    def test_no_speed(self) -> None:
        """A whole reply, and one without a word, tell no time to the first token."""
        self.observe(Attempt("a,m"), first_content=9.0, stream=False)
        self.observe(Attempt("a,m"))
        self.observe()
        self.assertIsNone(self.memory.speeds.measured("a,m"))

    def test_another_key(self) -> None:
        """A target that answered by another key, or over a new connection, has not failed."""
        self.memory.homes.settle("r", "s", "a,m", 0.0)
        self.observe(Attempt("a,m", BUSY, 0.0, 1.0), Attempt("a,m", None, 1.0, 1.0), first_content=1.5)
        self.assertEqual(self.memory.speeds.measured("a,m"), 0.5)
        self.assertEqual(self.home(), "a,m")

    def test_moves(self) -> None:
        """A conversation goes to the target that answered in place of its own, also where its own was passed over."""
        self.memory.homes.settle("r", "s", "a,m", 0.0)
        self.observe(Attempt("a,m", BUSY), Attempt("b,m"))
        self.assertEqual(self.home(), "b,m")
        self.observe(Attempt("c,m"))
        self.assertEqual(self.home(), "c,m")

    def test_leaves(self) -> None:
        """Where nobody answered, it has no target any more."""
        self.memory.homes.settle("r", "s", "a,m", 0.0)
        self.observe(Attempt("a,m", BUSY), Attempt("b,m", BUSY), outcome=Outcome.REFUSED)
        self.assertIsNone(self.home())

    def test_flees(self) -> None:
        """From a target whose answer broke off in the middle: whoever refused before or after it said nothing."""
        self.memory.homes.settle("r", "s", "b,m", 0.0)
        attempts = Attempt("a,m", BUSY, 0.0, 1.0), Attempt("b,m", BUSY, 1.0, 3.0), Attempt("c,m", BUSY, 4.0, 1.0)
        self.observe(*attempts, outcome=Outcome.BROKEN, first_content=2.0)
        self.assertIsNone(self.home())
        self.assertEqual(self.memory.homes.fled("r", "s", 1.0), "b,m")

    def test_flees_nothing_that_works(self) -> None:
        """An answer that breaks off for a reason that every target would have leaves the conversation where it is."""
        self.observe(Attempt("a,m", WRONG), outcome=Outcome.BROKEN, first_content=0.0)
        self.assertIsNone(self.memory.homes.fled("r", "s", 1.0))

    def test_stays(self) -> None:
        """An error about the request, a client that left, and an answer leave it where it is."""
        self.memory.homes.settle("r", "s", "a,m", 0.0)
        self.observe(Attempt("a,m", WRONG), outcome=Outcome.REFUSED)
        self.observe(Attempt("a,m"), outcome=Outcome.ABANDONED)
        self.observe(Attempt("a,m"))
        self.assertEqual(self.home(), "a,m")
        self.assertIsNone(self.memory.speeds.measured("a,m"))

    def test_only_routes(self) -> None:
        """Who names a provider is at home nowhere."""
        self.observe(Attempt("a,m", BUSY), Attempt("b,m"), rule="provider a")
        self.assertEqual(len(self.memory.homes), 0)
