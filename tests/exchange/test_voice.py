"""What a client has heard of an answer, and what the next target is asked to say."""

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.voice import CHARACTERS_A_TOKEN, Heard
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Finished, Started
from ccproxy.model.messages import Request, Sampling, Text, Thinking, ToolUse
from ccproxy.model.usage import Reason, Stop, Usage

BEGUN = (Started("1", "m", Usage(input=10)), BlockStarted(0, Text("")))


def heard(*events: Event) -> Heard:
    """A client who was told these."""
    found = Heard()
    for event in events:
        found.see(event)
    return found


class Heards(SynchronousTestCase):
    """One client."""

    def test_may_go_on(self) -> None:
        """Where nothing but text was said, and thinking; not behind the end."""
        said = BlockDelta(0, "Hello")
        thought = (BlockStarted(0, Thinking("")), BlockDelta(0, "Hm."))
        for events, may in (
            ((), True),
            ((*BEGUN, said), True),
            ((*BEGUN, said, BlockStopped(0)), True),
            (thought, True),
            ((*thought, BlockStopped(0)), True),
            ((*BEGUN, said, BlockStarted(1, ToolUse("c", "look", ""))), False),
            ((*BEGUN, said, BlockStopped(0), Finished(Stop(Reason.DONE), Usage())), False),
        ):
            self.assertEqual(heard(*events).may_go_on, may, events)

    def test_what_is_left(self) -> None:
        """The next one may say what is left of the client's limit, and one token at least: less than that is an error
        everywhere."""
        request = Request(model="m", turns=(), sampling=Sampling(max_tokens=10))
        for characters, left in ((4, 9), (8, 8), (40, 1), (4000, 1)):
            found = heard(*BEGUN, BlockDelta(0, "x" * characters)).going_on(request, prefills=False)
            self.assertEqual(found.sampling.max_tokens, left, characters)

    def test_nothing_said(self) -> None:
        """Where nothing was said the next one is asked the same."""
        request = Request(model="m", turns=(), sampling=Sampling(max_tokens=10))
        self.assertIs(heard(*BEGUN, BlockDelta(0, "  ")).going_on(request, prefills=True), request)

    def test_total(self) -> None:
        """The usages of all are added up. What the one that broke off said is estimated, where it told less."""
        for told, counted in ((None, 8), (20, 20), (2, 8)):
            begun = Started("1", "m", Usage(input=10, output=told))
            said = BlockDelta(0, "x" * 8 * CHARACTERS_A_TOKEN)
            found = heard(begun, BEGUN[1], said, Started("2", "n", Usage(input=15)))
            self.assertEqual(found.total(Usage(output=5)), Usage(input=25, output=counted + 5), told)

    def test_total_of_three(self) -> None:
        """Each is estimated by what it said itself."""
        said = BlockDelta(0, "x" * 8 * CHARACTERS_A_TOKEN)
        second = evolve(BEGUN[0], id="2")
        found = heard(*BEGUN, said, second, said, evolve(BEGUN[0], id="3"))
        self.assertEqual(found.total(Usage(output=1)), Usage(input=30, output=17))
