"""What a record says of an exchange: read off the whole proxy between two strings."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.meter import BYTES_PER_TOKEN
from ccproxy.exchange.record import GAPS, Outcome
from ccproxy.exchange.telling import ERROR_LIMIT, glimpse, told
from ccproxy.model.usage import Usage
from tests.support.wire import CLAUDE, OPENAI, Wire, chat, messages

SESSION = {"x-claude-code-session-id": "s-1", "x-claude-code-agent-id": "a-1"}


class RecordTests(SynchronousTestCase):
    """Times, sizes, names and attempts."""

    def test_times(self) -> None:
        """When it began, when the headers, the first word and the end came; each counts from the request."""
        wire = Wire()
        wire.clock.advance(1000)
        client = wire.ask(SESSION)
        upstream = wire.upstream()
        wire.clock.advance(1)
        upstream.head()
        wire.clock.advance(2)
        frames = chat({"content": "Hello"}, {"content": " you"})
        upstream.say(frames[0])
        wire.clock.advance(4)
        upstream.say(b"".join(frames[1:]))
        upstream.end()
        record = wire.record
        self.assertEqual((record.began, record.first_byte, record.first_content, record.total), (1000, 1, 3, 7))
        self.assertEqual((record.session, record.agent), ("s-1", "a-1"))
        self.assertEqual(record.response_bytes, len(client.answer.body))
        (attempt,) = record.attempts
        self.assertEqual((attempt.target, attempt.began, attempt.seconds), ("openai,gpt-test", 0, 7))

    def test_gaps(self) -> None:
        """The silences between the pieces that the client got are counted by their lengths."""
        wire = Wire((CLAUDE,))
        wire.ask()
        upstream = wire.upstream()
        upstream.head()
        for frame, wait in zip(messages("a", "b", "c"), (0, 0, 0, 0.02, 0.3, 60, 0, 0), strict=True):
            wire.clock.advance(wait)
            upstream.say(frame)
        upstream.end()
        record = wire.record
        self.assertEqual(len(record.gaps), len(GAPS) + 1)
        self.assertEqual((record.gaps[GAPS.index(0.025)], record.gaps[GAPS.index(0.5)], record.gaps[-1]), (1, 1, 1))
        self.assertAlmostEqual(record.gap_seconds, 60.32)

    def test_attempts(self) -> None:
        """Each target that was tried is told with what it answered, when it was asked and how long it took."""
        wire = Wire((OPENAI, CLAUDE))
        wire.ask()
        upstream = wire.upstream()
        wire.clock.advance(2)
        upstream.whole(b'{"error": {"message": "too busy"}}', 503)
        other = wire.upstream()
        wire.clock.advance(3)
        other.whole(b"".join(messages("Hi")), content_type="text/event-stream")
        shown = told(wire.record)
        first, second = shown["attempts"]
        self.assertEqual((first["target"], first["error"], first["seconds"]), ("openai,gpt-test", "overloaded", 2))
        self.assertIn("too busy", first["message"])
        self.assertEqual((second["target"], second["error"], second["began"]), ("anthropic,claude-test", "", 2))
        self.assertEqual((shown["outcome"], shown["tokens_in"], shown["tokens_out"]), ("finished", 9, 3))
        self.assertEqual(shown["cost"], None)

    def test_cost(self) -> None:
        """The cost is that of what the answering target reported."""
        asked = []

        def cost(target: object, usage: object) -> float:
            asked.append((target, usage))
            return 0.25

        wire = Wire((CLAUDE,), cost=cost)
        wire.ask()
        wire.upstream().whole(b"".join(messages("Hi")), content_type="text/event-stream")
        self.assertEqual(wire.record.cost, 0.25)
        self.assertEqual(asked, [(CLAUDE, wire.record.usage)])

    def test_secrets(self) -> None:
        """An upstream that repeats a key in its error does not bring it into what is shown, and no error is endless."""
        wire = Wire()
        wire.ask()
        said = b'{"error": {"message": "no: sk-abcdefghijklmnop ' + b"x" * 5000 + b'"}}'
        wire.upstream().whole(said, 400)
        shown = told(wire.record)
        self.assertNotIn("abcdefgh", str(shown))
        self.assertEqual(len(shown["message"]), ERROR_LIMIT)
        self.assertEqual((shown["status"], shown["outcome"]), (400, "refused"))


class GlimpseTests(SynchronousTestCase):
    """A running exchange, looked at."""

    def test_glimpse(self) -> None:
        """Tokens are counted as pieces until the vendor tells them."""
        wire = Wire((CLAUDE,))
        client = wire.ask(SESSION)
        (meter,) = wire.running
        self.assertEqual(glimpse(meter, 1)["target"], "anthropic,claude-test")
        self.assertEqual(glimpse(meter, 1)["first_content"], None)
        upstream = wire.upstream()
        upstream.head()
        for frame in messages("a", "b", "c" * 11)[:5]:
            upstream.say(frame)
        wire.clock.advance(2)
        shown = glimpse(meter, wire.clock.seconds())
        self.assertEqual((shown["tokens_in"], shown["tokens_out"], shown["age"]), (9, 3, 2))
        self.assertEqual((shown["session"], shown["asked"], shown["attempts"]), ("s-1", "claude-test", 1))
        self.assertEqual(shown["response_bytes"], len(client.answer.body))
        client.leave()
        self.assertIs(wire.record.outcome, Outcome.ABANDONED)


class EstimatedTests(SynchronousTestCase):
    """Usage that nobody told."""

    def test_a_client_who_leaves(self) -> None:
        """What was written by then is counted, and charged: no budget is spared by leaving before the end."""
        asked: list[Any] = []
        wire = Wire(cost=lambda target, usage: asked.append(usage))
        client = wire.ask()
        upstream = wire.upstream()
        upstream.head()
        upstream.say(b"".join(chat({"content": "one"}, {"content": " two"}, {"content": " three"})[:3]))
        client.leave()
        record = wire.record
        self.assertTrue(record.estimated)
        self.assertEqual(record.usage.output, 3)
        self.assertEqual(record.usage.input, record.request_bytes // BYTES_PER_TOKEN)
        self.assertEqual(asked, [record.usage])

    def test_what_was_told(self) -> None:
        """What the vendor said stands, be it of the prompt alone, or less than what we would have guessed."""
        wire = Wire((CLAUDE,))
        client = wire.ask()
        upstream = wire.upstream()
        upstream.head()
        upstream.say(b"".join(messages("one", "two", "three")[:5]))
        client.leave()
        usage = wire.record.usage
        self.assertEqual((usage.input, wire.record.estimated), (9, True))
        self.assertGreater(usage.output or 0, 1)
        wire = Wire((CLAUDE,))
        wire.ask()
        wire.upstream().whole(b"".join(messages(*"abcdefgh")), content_type="text/event-stream")
        self.assertEqual((wire.record.usage.output, wire.record.estimated), (3, False))

    def test_nothing_was_answered(self) -> None:
        """Where no word came nothing is charged."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().head()
        client.leave()
        self.assertEqual((wire.record.usage, wire.record.estimated), (Usage(), False))
