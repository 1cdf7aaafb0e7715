"""An answer that Gemini itself calls malformed."""

from twisted.trial.unittest import SynchronousTestCase

from tests.dialects.gemini.pieces import piece, said, sse
from tests.exchange.test_continuing import GOOGLE
from tests.support.wire import Wire, frames, text_of

MALFORMED = sse(piece(finish="MALFORMED_FUNCTION_CALL", finishMessage="print(x)"))
GOOD = sse(piece(said("Hello"), finish="STOP"))


class MalformedTests(SynchronousTestCase):
    """The same request often succeeds when it is sent again."""

    def test_again(self) -> None:
        """It is sent again once, to the same target, and the client sees nothing of the first answer."""
        wire = Wire((GOOGLE,))
        client = wire.ask()
        wire.upstream().whole(MALFORMED, content_type="text/event-stream", connection="close")
        wire.upstream().whole(GOOD, content_type="text/event-stream", connection="close")
        self.assertEqual(text_of(frames(client.answer.body)), "Hello")
        self.assertEqual(len(wire.record.attempts), 2)

    def test_once(self) -> None:
        """A second such answer is the error that it is."""
        wire = Wire((GOOGLE,))
        client = wire.ask()
        for _ in range(2):
            wire.upstream().whole(MALFORMED, content_type="text/event-stream", connection="close")
        self.assertGreaterEqual(client.answer.status, 500)
        self.assertIn("print(x)", client.answer.json["error"]["message"])
        self.assertTrue(wire.at_rest)

    def test_not_after_content(self) -> None:
        """What began well is not begun again: the client is told."""
        wire = Wire((GOOGLE,))
        client = wire.ask()
        data = sse(piece(said("Hel"))) + MALFORMED
        wire.upstream().whole(data, content_type="text/event-stream", connection="close")
        self.assertEqual(frames(client.answer.body)[-1][0], "error")
        self.assertEqual(len(wire.record.attempts), 1)
