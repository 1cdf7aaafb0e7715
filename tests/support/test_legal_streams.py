"""The generator of random streams keeps its promise."""

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError
from ccproxy.model.events import BlockStarted, BlockStopped, Event
from ccproxy.model.grammar import Checker
from ccproxy.model.replies import fold
from tests.support.legal_streams import legal_streams


class LegalStreamsTests(SynchronousTestCase):
    """What other tests rely on."""

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(legal_streams())
    def test_legal(self, events: list[Event]) -> None:
        """Every stream walks the grammar to its end and can be folded."""
        checker = Checker()
        for event in events:
            checker.see(event)
        self.assertTrue(checker.ended)
        self.assertEqual(len(fold(events).blocks), sum(isinstance(event, BlockStarted) for event in events))

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(legal_streams(failing=True))
    def test_failing(self, events: list[Event]) -> None:
        """A stream that breaks off is legal up to its failure, which is told last."""
        checker = Checker()
        for event in events:
            checker.see(event)
        self.assertTrue(checker.ended)
        self.assertRaises(ApiError, fold, events)

    def test_overlap(self) -> None:
        """Blocks overlap in some streams; in none where that was not wanted."""
        self.assertGreater(max(most_open(True)), 1)
        self.assertEqual(max(most_open(False)), 1)


def most_open(overlap: bool) -> list[int]:
    """For each of many streams, how many blocks were open at once."""
    found: list[int] = []

    @settings(derandomize=True, max_examples=60, deadline=None, database=None)
    @given(legal_streams(overlap=overlap))
    def look(events: list[Event]) -> None:
        most = current = 0
        for event in events:
            current += isinstance(event, BlockStarted) - isinstance(event, BlockStopped)
            most = max(most, current)
        found.append(most)

    look()
    return found
