"""Every cell of the table in `ccproxy.exchange`: each input, in each state, one test with the cell's name."""

from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import Kind
from ccproxy.exchange.record import Outcome
from ccproxy.exchange.relay import LINGER
from ccproxy.upstream.client import Deadlines
from tests.support.wire import CLAUDE, OPENAI, Wire, chat, frames, text_of

HELLO = chat({"role": "assistant", "content": ""}, {"content": "Hel"}, {"content": "lo"})
CONTENT = b"".join(HELLO[:2])
"""The stream's first frames, up to the first content."""
REST = b"".join(HELLO[2:])


class Opening(SynchronousTestCase):
    """No headers of the upstream yet."""

    def test_client_leaves(self) -> None:
        """A client who leaves before the headers cancels the upstream request, and nobody is told anything."""
        wire = Wire()
        client = wire.ask()
        up = wire.upstream()
        client.leave()
        self.assertTrue(up.stopped)
        self.assertEqual(client.received, b"")
        self.assertIs(wire.record.outcome, Outcome.ABANDONED)
        self.assertTrue(wire.at_rest)

    def test_client_leaves_while_connecting(self) -> None:
        """A client who leaves before there is a connection cancels the connecting."""
        wire = Wire()
        client = wire.ask()
        client.leave()
        self.assertIs(wire.record.outcome, Outcome.ABANDONED)
        self.assertEqual(len(wire.running), 0)

    def test_upstream_headers_2xx(self) -> None:
        """Good headers alone say nothing to the client: the answer is held."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().head()
        self.assertEqual(client.received, b"")

    def test_upstream_headers_error_next_target(self) -> None:
        """An overloaded upstream is passed over, and the next target answers."""
        wire = Wire((OPENAI, CLAUDE))
        client = wire.ask(stream=False)
        wire.upstream().whole(b'{"error":{"message":"busy"}}', 503)
        up = wire.upstream()
        up.whole(MESSAGE)
        self.assertEqual(client.answer.status, 200)
        self.assertEqual([attempt.target for attempt in wire.record.attempts], [OPENAI.name, CLAUDE.name])

    def test_upstream_headers_error_answered(self) -> None:
        """Where no target is left the client gets the upstream's error, in its own dialect."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().whole(b'{"error":{"message":"busy","type":"server_error"}}', 503)
        self.assertEqual(client.answer.status, 529)
        self.assertEqual(client.answer.json["error"]["type"], "overloaded_error")
        self.assertIn("busy", client.answer.json["error"]["message"])
        self.assertIs(wire.record.outcome, Outcome.REFUSED)

    def test_upstream_error_next_target(self) -> None:
        """A refused connection leads to the next target."""
        wire = Wire((OPENAI, CLAUDE))
        wire.ask()
        wire.upstreams.pending.pop(0).refuse(ConnectionRefusedError())
        self.assertIn("/v1/messages", wire.upstream().request[0])

    def test_upstream_error_answered(self) -> None:
        """A refused connection of the only target is a 502."""
        wire = Wire()
        client = wire.ask()
        wire.upstreams.pending.pop(0).refuse(ConnectionRefusedError())
        self.assertEqual(client.answer.status, 502)
        self.assertIn("openai refused the connection", client.answer.json["error"]["message"])

    def test_stall(self) -> None:
        """An upstream that sends no headers in time is given up: for the next target, or with a 504."""
        wire = Wire((OPENAI, CLAUDE))
        client = wire.ask()
        first = wire.upstream()
        wire.clock.advance(119)
        self.assertFalse(first.stopped)
        wire.clock.advance(2)
        self.assertTrue(first.stopped)
        second = wire.upstream()
        wire.clock.advance(121)
        self.assertTrue(second.stopped)
        self.assertEqual(client.answer.status, 504)
        self.assertIs(wire.record.error.kind, Kind.TIMEOUT)

    def test_upstream_ends(self) -> None:
        """A connection that closes before any answer gets one more try at the same target, then comes the next."""
        wire = Wire((OPENAI, CLAUDE))
        wire.ask()
        wire.upstream().drop()
        again = wire.upstream()
        self.assertIn("/chat/completions", again.request[0])
        again.drop()
        self.assertIn("/v1/messages", wire.upstream().request[0])


MESSAGE = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-test","content":[{"type":"text","text":"Hi"}],'
    b'"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}'
)


class Held(SynchronousTestCase):
    """Headers are in, content is not."""

    def setUp(self) -> None:
        self.wire = Wire((OPENAI, CLAUDE))
        self.client = self.wire.ask()
        self.up = self.wire.upstream()
        self.up.head()
        self.up.say(HELLO[0])

    def test_client_leaves(self) -> None:
        """A client who leaves between the headers and the first token stops the upstream, and no other is asked."""
        self.client.leave()
        self.assertTrue(self.up.stopped)
        self.assertEqual(self.wire.upstreams.pending, [])
        self.assertIs(self.wire.record.outcome, Outcome.ABANDONED)
        self.assertTrue(self.wire.at_rest)

    def test_content_seen(self) -> None:
        """The first content commits: status, headers, and all that was held."""
        self.up.say(HELLO[1])
        self.assertTrue(self.client.received.startswith(b"HTTP/1.1 200"))
        self.assertIn(b"Hel", self.client.received)

    def test_upstream_error_next_target(self) -> None:
        """An error told inside the 200 goes to the next target."""
        self.up.say(b'data: {"error":{"message":"overloaded","code":503}}\n\n')
        self.assertTrue(self.up.stopped)
        self.assertEqual(self.client.received, b"")
        self.assertIn("/v1/messages", self.wire.upstream().request[0])

    def test_upstream_error_answered(self) -> None:
        """An error told inside the 200 of the last target becomes a real status."""
        self.up.say(b'data: {"error":{"message":"overloaded","code":503}}\n\n')
        self.wire.upstream().whole(b'{"type":"error","error":{"type":"overloaded_error","message":"no"}}', 529)
        self.assertEqual(self.client.answer.status, 529)

    def test_stall(self) -> None:
        """Silence within the grace time goes to the next target."""
        wire = Wire((OPENAI, CLAUDE), deadlines=_QUICK_STALL)
        wire.ask()
        up = wire.upstream()
        up.head()
        wire.clock.advance(6)
        self.assertTrue(up.stopped)
        self.assertIn("/v1/messages", wire.upstream().request[0])

    def test_upstream_ends(self) -> None:
        """A stream that ends without content is no answer: the next target has its turn."""
        self.up.end()
        self.assertEqual(self.client.received, b"")
        self.assertIn("/v1/messages", self.wire.upstream().request[0])

    def test_upstream_breaks(self) -> None:
        """A connection that breaks without content is no answer either."""
        self.up.drop()
        self.assertIn("/v1/messages", self.wire.upstream().request[0])

    def test_grace_ends(self) -> None:
        """After the grace time the client gets its status line and a sign of life, though nothing was said yet."""
        self.wire.clock.advance(14)
        self.assertEqual(self.client.received, b"")
        self.wire.clock.advance(2)
        self.assertTrue(self.client.received.startswith(b"HTTP/1.1 200"))
        self.assertIn(b"event: ping", self.client.received)


_QUICK_STALL = Deadlines(stall=5)


class Streaming(SynchronousTestCase):
    """Content is on its way."""

    def setUp(self) -> None:
        self.wire = Wire((OPENAI, CLAUDE))
        self.client = self.wire.ask()
        self.up = self.wire.upstream()
        self.up.head()
        self.up.say(CONTENT)

    def test_client_leaves(self) -> None:
        """A client who leaves stops the upstream: what nobody reads is not generated."""
        self.client.leave()
        self.assertTrue(self.up.stopped)
        self.assertIs(self.wire.record.outcome, Outcome.ABANDONED)
        self.assertTrue(self.wire.at_rest)

    def test_content_seen(self) -> None:
        """More content is written as it comes."""
        before = len(self.client.received)
        self.up.say(HELLO[2])
        self.assertIn(b'"lo"', self.client.received[before:])

    def test_upstream_error(self) -> None:
        """An error frame after content is told in-band, and ends the answer without a false good end."""
        self.up.say(b'data: {"error":{"message":"overloaded","code":503}}\n\n')
        events = frames(self.client.answer.body)
        self.assertEqual(events[-1][0], "error")
        self.assertEqual(events[-1][1]["error"]["type"], "overloaded_error")
        self.assertNotIn("message_stop", [name for name, _ in events])
        self.assertTrue(self.up.stopped)
        self.assertIs(self.wire.record.outcome, Outcome.BROKEN)
        self.assertEqual(self.wire.upstreams.pending, [])

    def test_stall(self) -> None:
        """An upstream that falls silent is told in-band."""
        self.wire.clock.pump([10] * 31)
        self.assertEqual(frames(self.client.answer.body)[-1][0], "error")
        self.assertTrue(self.up.stopped)
        self.assertTrue(self.wire.at_rest)

    def test_upstream_ends_clean(self) -> None:
        """A complete answer ends with message_stop and a complete body."""
        self.up.say(REST)
        self.up.end()
        answer = self.client.answer
        self.assertTrue(answer.complete)
        self.assertEqual(text_of(frames(answer.body)), "Hello")
        self.assertEqual(frames(answer.body)[-1][0], "message_stop")
        self.assertIs(self.wire.record.outcome, Outcome.FINISHED)
        self.assertTrue(self.wire.at_rest)

    def test_upstream_ends_cut(self) -> None:
        """A connection that breaks after content is told in-band."""
        self.up.drop()
        events = frames(self.client.answer.body)
        self.assertEqual(events[-1][0], "error")
        self.assertEqual(text_of(events), "Hel")
        self.assertIs(self.wire.record.outcome, Outcome.BROKEN)
        self.assertTrue(self.wire.at_rest)

    def test_upstream_ends_early_in_good_order(self) -> None:
        """A body that ends well in HTTP but not in its dialect was cut off all the same."""
        self.up.end()
        self.assertEqual(frames(self.client.answer.body)[-1][0], "error")


class Over(SynchronousTestCase):
    """ANSWERED, FINISHED and ABANDONED: every input is ignored, and no timer runs."""

    def test_finished_before_the_last_chunk(self) -> None:
        """The client's answer ends with `[DONE]`, whether or not the upstream ever sends its last chunk."""
        wire = Wire()
        client = wire.ask()
        up = wire.upstream()
        up.head()
        up.say(b"".join(HELLO))
        self.assertTrue(client.answer.complete)
        self.assertFalse(up.stopped)
        wire.clock.advance(LINGER + 0.1)
        self.assertTrue(up.stopped)
        self.assertTrue(wire.at_rest)

    def test_finished_then_anything(self) -> None:
        """What an upstream says after its end reaches nobody."""
        wire = Wire()
        client = wire.ask()
        up = wire.upstream()
        up.head()
        up.say(b"".join(HELLO))
        before = client.received
        up.say(CONTENT)
        up.end()
        self.assertEqual(client.received, before)
        self.assertTrue(wire.at_rest)

    def test_answered_then_client_leaves(self) -> None:
        """A client who leaves after an error was told changes nothing."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().whole(b"{}", 400)
        client.leave()
        self.assertIs(wire.record.outcome, Outcome.REFUSED)
        self.assertTrue(wire.at_rest)

    def test_abandoned_then_upstream_speaks(self) -> None:
        """An upstream that goes on after the client left is not heard."""
        wire = Wire()
        client = wire.ask()
        up = wire.upstream()
        up.head()
        up.say(CONTENT)
        before = client.received
        client.leave()
        up.say(HELLO[2])
        self.assertEqual(client.received, before)
        self.assertIs(wire.record.outcome, Outcome.ABANDONED)
