"""Whole replies are the fold of streams, and streams the unfolding of replies."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Failed, Finished, Started
from ccproxy.model.grammar import Checker
from ccproxy.model.messages import Opaque, Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage

REPLY = Response(
    "id",
    "model",
    (Thinking("hm", "seal"), Text("Hello"), ToolUse("t1", "Bash", '{"a":1}'), Opaque("x", {"k": 1}), Text("")),
    Stop(Reason.TOOLS, "tool_calls"),
    Usage(input=5, output=7),
)


class RepliesTests(SynchronousTestCase):
    """Fold and unfold."""

    def test_unfold_is_the_inverse_of_fold(self) -> None:
        """A reply survives being told as a stream, and the stream is legal."""
        events = list(unfold(REPLY))
        checker = Checker()
        for event in events:
            checker.see(event)
        self.assertTrue(checker.ended)
        self.assertEqual(fold(events), REPLY)

    def test_deltas_of_overlapping_blocks(self) -> None:
        """Each delta reaches its own block, and blocks keep the order in which they began."""
        events = [
            Started("id", "m", Usage(input=3)),
            BlockStarted(0, ToolUse("a", "A", "")),
            BlockStarted(1, ToolUse("b", "B", "")),
            BlockDelta(1, "{"),
            BlockDelta(0, "["),
            BlockDelta(1, "}"),
            BlockStopped(1),
            BlockDelta(0, "]"),
            BlockStopped(0),
            Finished(Stop(Reason.TOOLS), Usage(output=2)),
        ]
        reply = fold(events)
        self.assertEqual(reply.blocks, (ToolUse("a", "A", "[]"), ToolUse("b", "B", "{}")))
        self.assertEqual(reply.usage, Usage(input=3, output=2))

    def test_a_failure_is_raised(self) -> None:
        """A stream that failed is no reply."""
        error = ApiError(Kind.OVERLOADED, "busy")
        with self.assertRaises(ApiError) as caught:
            fold([Started("id", "m", Usage()), Failed(error)])
        self.assertIs(caught.exception, error)

    def test_an_end_is_needed(self) -> None:
        """A stream without an end is no reply either, however much it said."""
        with self.assertRaises(ApiError) as caught:
            fold(list(unfold(REPLY))[:-1])
        self.assertIs(caught.exception.kind, Kind.BROKEN)


class UsageTests(SynchronousTestCase):
    """Reports of usage replace each other."""

    def test_merge(self) -> None:
        """Later figures replace earlier ones; what is unknown, and zeros after real figures, do not."""
        first = Usage(input=10, output=1, cache_read=5)
        self.assertEqual(first.merge(Usage(output=7)), Usage(input=10, output=7, cache_read=5))
        self.assertEqual(first.merge(Usage(input=0, output=0, cache_written=0)), Usage(10, 1, 5, 0))

    def test_prompt(self) -> None:
        """The prompt is all of it, cached or not."""
        self.assertEqual(Usage(input=10, cache_read=5, cache_written=2).prompt, 17)
        self.assertEqual(Usage().prompt, 0)
