"""Tests of `ccproxy.dialects.sequencing`."""

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.sequencing import OneAtATime
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Finished
from ccproxy.model.grammar import Checker
from ccproxy.model.messages import ToolUse
from ccproxy.model.replies import fold
from tests.support.legal_streams import legal_streams

ONE, TWO, THREE = (BlockStarted(index, ToolUse(f"t{index}", "Bash", "")) for index in (1, 2, 3))


def told(*events: Event) -> list[list[Event]]:
    """What is told at each event."""
    sequence = OneAtATime()
    return [sequence.order(event) for event in events]


class OneAtATimeTests(SynchronousTestCase):
    """Blocks follow each other."""

    def test_the_first_is_told_as_it_comes(self) -> None:
        """What belongs to the block that began first is told at once; the others wait for its end."""
        steps = told(ONE, TWO, BlockDelta(2, "b"), BlockDelta(1, "a"), BlockStopped(2), BlockStopped(1))
        self.assertEqual(
            steps,
            [[ONE], [], [], [BlockDelta(1, "a")], [], [BlockStopped(1), TWO, BlockDelta(2, "b"), BlockStopped(2)]],
        )

    def test_the_next_goes_on_live(self) -> None:
        """A block that waited and is still open is told as it comes from then on."""
        steps = told(ONE, TWO, THREE, BlockDelta(3, "c"), BlockDelta(2, "b"), BlockStopped(1), BlockDelta(2, "B"))
        self.assertEqual(steps[-2], [BlockStopped(1), TWO, BlockDelta(2, "b")])
        self.assertEqual(steps[-1], [BlockDelta(2, "B")])

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(legal_streams())
    def test_nothing_is_lost(self, events: list[Event]) -> None:
        """Any legal stream says the same afterwards, and never has two blocks open."""
        sequence = OneAtATime()
        ordered = [told for event in events for told in sequence.order(event)]
        checker = Checker()
        running = 0
        for event in ordered:
            checker.see(event)
            running += isinstance(event, BlockStarted) - isinstance(event, BlockStopped)
            self.assertLessEqual(running, 1)
        self.assertIsInstance(ordered[-1], Finished)
        self.assertEqual(fold(ordered), fold(events))
