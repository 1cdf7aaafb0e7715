"""What commits us to a target."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.pipes import is_content
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Failed, Finished, Started
from ccproxy.model.messages import Inline, Media, Medium, Opaque, Searched, Text, Thinking, ToolUse
from ccproxy.model.usage import Reason, Stop, Usage


class Content(SynchronousTestCase):
    """Events, as the first of an answer."""

    def test_content(self) -> None:
        """Words, the beginning of what has a name or comes whole, and a good end are content."""
        for event in (
            BlockDelta(0, "x"),
            BlockStarted(0, ToolUse("c", "look", "")),
            BlockStarted(0, Media(Medium.IMAGE, Inline("image/png", "aGk="))),
            BlockStarted(0, Searched("s", "query")),
            BlockStarted(0, Opaque("gemini", {})),
            Finished(Stop(Reason.DONE), Usage()),
        ):
            self.assertTrue(is_content(event), event)

    def test_none(self) -> None:
        """What only announces something is none: after it another target may still answer."""
        for event in (
            Started("1", "m", Usage()),
            BlockStarted(0, Text("")),
            BlockStarted(0, Thinking("")),
            BlockStopped(0),
            Failed(ApiError(Kind.BROKEN, "no")),
        ):
            self.assertFalse(is_content(event), event)
