"""Where the text of one target meets that of the next, nothing is said twice and nothing is lost."""

from collections.abc import Iterator

from attrs import field, frozen
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.resuming import Resumed
from ccproxy.exchange.voice import Heard
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Finished, Started
from ccproxy.model.messages import Text
from ccproxy.model.usage import Reason, Stop, Usage


@frozen
class Script:
    """A parser that says what it is told to."""

    events: list[list[Event]] = field()
    complete = False

    def feed(self, data: bytes) -> list[Event]:
        return self.events.pop(0)

    def close(self) -> list[Event]:
        return []


class Seams(SynchronousTestCase):
    """What a client has of two texts."""

    def joined(self, before: str, *after: str) -> str:
        """What a client has who had the text `before`, when the next target says `after`, piece by piece."""
        told = Heard()
        for event in (Started("1", "m", Usage()), BlockStarted(0, Text("")), BlockDelta(0, before)):
            told.see(event)
        said: list[Event] = [Started("2", "m", Usage()), BlockStarted(0, Text(""))]
        said += [BlockDelta(0, piece) for piece in after]
        said += [BlockStopped(0), Finished(Stop(Reason.DONE), Usage())]
        parser = Resumed(Script([[event] for event in said]), told)
        events = list(self.fed(parser, len(said)))
        return before + "".join(event.text for event in events if isinstance(event, BlockDelta))

    def fed(self, parser: Resumed, times: int) -> Iterator[Event]:
        """All events."""
        for _ in range(times):
            yield from parser.feed(b"")

    def test_space(self) -> None:
        """Space at the end of the first comes once, however the second one cuts it."""
        self.assertEqual(self.joined("Hello ", " world"), "Hello world")
        self.assertEqual(self.joined("Hello ", " ", "world"), "Hello world")
        self.assertEqual(self.joined("Hello\n\n", "\n", "\nworld"), "Hello\n\nworld")
        self.assertEqual(self.joined("Hello\n", "\n\nworld"), "Hello\n\nworld")
        self.assertEqual(self.joined("Hello ", "world"), "Hello world")
        self.assertEqual(self.joined("Hello", " world"), "Hello world")

    def test_repetition(self) -> None:
        """A long text that is said again is taken away, however it is cut; a short one may be meant."""
        before = "A sentence that is long enough to tell"
        for size in (1, 2, 7, 100):
            again = before + " more."
            pieces = [again[at : at + size] for at in range(0, len(again), size)]
            self.assertEqual(self.joined(before, *pieces), before + " more.")
            self.assertEqual(self.joined(before + " ", *pieces), before + " more.")
        self.assertEqual(self.joined("ha", "ha", "ha"), "hahaha")

    def test_almost_a_repetition(self) -> None:
        """What only begins like one is told whole."""
        before = "A sentence that is long enough to tell"
        self.assertEqual(self.joined(before, "A sentence that", " is other"), before + "A sentence that is other")
        self.assertEqual(self.joined(before, "A sentence"), before + "A sentence")
