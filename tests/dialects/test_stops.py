"""Tests of `ccproxy.dialects.stops`."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.dialect import StreamParser
from ccproxy.dialects.stops import watched
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.model.usage import Reason, Stop, Usage
from tests.support.legal_streams import legal_streams
from tests.support.streams import parse


class Script:
    """A parser that says one event for each byte it is fed."""

    def __init__(self, events: list[Event]) -> None:
        self._events = list(events)
        self.complete = False

    def feed(self, data: bytes) -> list[Event]:
        told, self._events = self._events[: len(data)], self._events[len(data) :]
        return told

    def close(self) -> list[Event]:
        return self.feed(b"." * len(self._events))


def stream(*deltas: str) -> list[Event]:
    """A stream of one text."""
    said: list[Event] = [BlockDelta(0, delta) for delta in deltas]
    end = [BlockStopped(0), Finished(Stop(Reason.DONE, "completed"), Usage(5, 9))]
    return [Started("r", "m", Usage()), BlockStarted(0, Text("")), *said, *end]


def told(events: list[Event], *sequences: str) -> Response:
    """The reply that the client gets, event by event."""
    return fold(parse(watched(Script(events), sequences), [b"."] * len(events)))


class StopTests(SynchronousTestCase):
    """An answer ends where a stop sequence begins."""

    def test_within_a_delta(self) -> None:
        """The sequence and what follows it are not told; the stop names it."""
        reply = told(stream("one STOP two"), "STOP")
        self.assertEqual(reply.blocks, (Text("one "),))
        self.assertEqual((reply.stop.reason, reply.stop.sequence), (Reason.STOP_SEQUENCE, "STOP"))

    def test_however_cut(self) -> None:
        """A sequence is found however its text is cut into deltas, and nothing of it is told before."""
        text = "aSTST\n\nSTOP b"
        for first in range(1, len(text) - 1):
            for second in range(first + 1, len(text)):
                reply = told(stream(text[:first], text[first:second], text[second:]), "STOP", "\n\nX")
                self.assertEqual(reply.blocks, (Text("aSTST\n\n"),))

    def test_which_is_complete_first(self) -> None:
        """Of several sequences that one counts which is complete first; of two that end together, the longer."""
        for sequences, found, text in ((("abc", "b"), "b", "xa"), (("bc", "abc"), "abc", "x")):
            whole = told(stream("xabc"), *sequences)
            pieces = told(stream(*"xabc"), *sequences)
            self.assertEqual((whole.blocks, whole.stop.sequence), ((Text(text),), found))
            self.assertEqual((pieces.blocks, pieces.stop.sequence), ((Text(text),), found))

    def test_a_beginning_that_is_none(self) -> None:
        """What only looked like a sequence is told, at the latest when the block or the stream ends."""
        self.assertEqual(told(stream("ST", "ILL ", "ST"), "STOP").blocks, (Text("STILL ST"),))
        failing: list[Event] = [*stream("ST")[:3], Failed(ApiError(Kind.BROKEN, "cut"))]
        events = parse(watched(Script(failing), ("STOP",)), [b"...."])
        self.assertEqual(events[2:3], [BlockDelta(0, "ST")])

    def test_nothing_comes_after(self) -> None:
        """After the match the parser is complete and silent, whatever the upstream still sends."""
        parser = watched(Script(stream("a STOP b", "c")), ("STOP",))
        events = parser.feed(b"...")
        self.assertIsInstance(events[-1], Finished)
        self.assertTrue(parser.complete)
        self.assertEqual(parser.feed(b"....") + parser.close(), [])

    def test_output_is_estimated(self) -> None:
        """The upstream's count comes too late, so the output is estimated and never zero."""
        self.assertEqual(told(stream("x" * 400 + "STOP"), "STOP").usage.output, 100)
        self.assertEqual(told(stream("STOP"), "STOP").usage.output, 1)

    def test_only_text_is_searched(self) -> None:
        """Reasoning and arguments may hold a sequence."""
        events: list[Event] = [
            Started("r", "m", Usage()),
            BlockStarted(0, Thinking("")),
            BlockDelta(0, "STOP"),
            BlockStopped(0),
            BlockStarted(1, ToolUse("t", "Bash", "")),
            BlockDelta(1, '"STOP"'),
            BlockStopped(1),
            Finished(Stop(Reason.TOOLS), Usage()),
        ]
        self.assertEqual(parse(watched(Script(events), ("STOP",)), [b"." * 8]), events)

    def test_none_to_watch_for(self) -> None:
        """Without sequences the parser is left alone."""
        parser: StreamParser = Script([])
        self.assertIs(watched(parser, ()), parser)
        self.assertIs(watched(parser, ("",)), parser)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(legal_streams(), st.lists(st.text(min_size=1, max_size=3), max_size=3))
    def test_legal_streams_stay_legal(self, events: list[Event], sequences: list[str]) -> None:
        """Whatever is watched for in whatever stream, the result obeys the grammar; where no text has a sequence, it
        says the same."""
        reply = fold(parse(watched(Script(events), tuple(sequences)), [b"."] * len(events)))
        texts = [block.text for block in fold(events).blocks if isinstance(block, Text)]
        if not any(sequence in text for sequence in sequences for text in texts):
            self.assertEqual(reply, fold(events))
        else:
            self.assertEqual(reply.stop.reason, Reason.STOP_SEQUENCE)
