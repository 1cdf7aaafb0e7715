"""The grammar of streams: what the checker lets pass, and what it stops."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.grammar import Checker, IllegalOrder
from ccproxy.model.messages import Opaque, Text, Thinking, ToolUse
from ccproxy.model.usage import Reason, Stop, Usage

START = Started("id", "model", Usage())
END = Finished(Stop(Reason.DONE), Usage())
FAILED = Failed(ApiError(Kind.BROKEN, "no"))
TEXT = BlockStarted(0, Text(""))


def check(*events: Event) -> bool:
    """Whether the stream is over after these events."""
    checker = Checker()
    for event in events:
        checker.see(event)
    return checker.ended


class CheckerTests(SynchronousTestCase):
    """One case a rule."""

    def test_legal(self) -> None:
        """A reply may be empty, may overlap blocks, may skip indices, and may fail at any time."""
        self.assertTrue(check(START, END))
        self.assertTrue(check(FAILED))
        self.assertTrue(check(START, TEXT, BlockDelta(0, "a"), FAILED))
        self.assertFalse(check(START, TEXT))
        self.assertTrue(
            check(
                START,
                BlockStarted(0, ToolUse("a", "n", "")),
                BlockStarted(5, ToolUse("b", "n", "")),
                BlockDelta(0, "{}"),
                BlockDelta(5, "{}"),
                BlockStopped(5),
                BlockStopped(0),
                END,
            )
        )

    def test_illegal(self) -> None:
        """Each rule of the table, broken once."""
        broken: dict[str, tuple[Event, ...]] = {
            "before the start": (TEXT,),
            "started twice": (START, START),
            "after the end": (START, END, END),
            "after a failure": (FAILED, START),
            "index does not rise": (START, TEXT, BlockStopped(0), TEXT),
            "delta for no block": (START, BlockDelta(0, "a")),
            "delta after stop": (START, TEXT, BlockStopped(0), BlockDelta(0, "a")),
            "empty delta": (START, TEXT, BlockDelta(0, "")),
            "delta for an opaque block": (START, BlockStarted(0, Opaque("x", {})), BlockDelta(0, "a")),
            "stopped twice": (START, TEXT, BlockStopped(0), BlockStopped(0)),
            "finished with open blocks": (START, TEXT, END),
            "text in the shell": (START, BlockStarted(0, Text("a"))),
            "reasoning in the shell": (START, BlockStarted(0, Thinking("a"))),
            "arguments in the shell": (START, BlockStarted(0, ToolUse("a", "b", "{}"))),
        }
        for name, events in broken.items():
            with self.assertRaises(IllegalOrder, msg=name):
                check(*events)
