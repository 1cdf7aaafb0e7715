"""What a translating pipe makes of an upstream that does not end."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import Kind
from ccproxy.exchange.translated import TranslatedWhole
from ccproxy.exchange.wholes import LIMIT
from ccproxy.model.events import Event, Failed
from ccproxy.model.replies import Response
from tests.support import wires

WORDS = b"".join(wires.chat(wires.reply("Hello")))


class Endless(SynchronousTestCase):
    """A stream from which a whole reply is to be made."""

    def setUp(self) -> None:
        self.seen: list[Event] = []
        parser = DIALECTS["openai_chat"].parse_stream(Quirks())
        self.pipe = TranslatedWhole(parser, self.render, self.seen.append)

    def render(self, response: Response) -> bytes:
        """The reply, for the client."""
        return response.model.encode()

    def test_too_long(self) -> None:
        """It is given up when it is longer than any reply, and what was collected of it is told as broken."""
        comment = b": nothing\n\n".ljust(1 << 20, b"\n")
        for _ in range(LIMIT >> 20):
            self.assertEqual(self.pipe.feed(comment), b"")
        self.assertIsNone(self.pipe.course.failure)
        self.assertEqual(self.pipe.feed(comment), b"")
        failure = self.pipe.course.failure
        assert failure is not None
        self.assertIs(failure.kind, Kind.BROKEN)
        self.assertEqual(self.seen, [Failed(failure)])
        self.assertTrue(self.pipe.course.ended)
        self.assertEqual(self.pipe.feed(WORDS), b"")

    def test_ends(self) -> None:
        """One that ends within it is a reply."""
        self.assertTrue(self.pipe.feed(WORDS))
        self.assertTrue(self.pipe.course.settled)
