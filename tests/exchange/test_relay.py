"""Back-pressure, deadlines and signs of life; and what happens when either end stops at any byte."""

from twisted.internet.interfaces import IPushProducer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyClass

from ccproxy.exchange.record import Outcome
from ccproxy.exchange.relay import PING_EVERY, Relay
from ccproxy.upstream.client import Deadlines
from tests.support.wire import CLAUDE, OPENAI, Wire, chat, frames, messages, text_of

TEXT = chat({"role": "assistant", "content": ""}, {"content": "Hel"}, {"content": "lo"})
TOOLS = chat(
    {"content": "Let me see."},
    {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "Bash", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"command":'}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '"ls"}'}}]},
    finish="tool_calls",
)
SPOKEN = messages("Hel", "lo")


def streaming(wire: Wire, stream: list[bytes], upto: int = 3):  # type: ignore[no-untyped-def]
    """A client and an upstream in the middle of a stream."""
    client = wire.ask()
    up = wire.upstream()
    up.head()
    up.say(b"".join(stream[:upto]))
    return client, up


class BackPressure(SynchronousTestCase):
    """A slow client slows the upstream, and costs nothing else."""

    def test_relay_is_a_push_producer(self) -> None:
        """Twisted may drive the relay as any other push producer."""
        self.assertTrue(verifyClass(IPushProducer, Relay))

    def test_pause_reaches_the_upstream(self) -> None:
        """When the client's buffer is full the upstream is not read; when it empties, it is read again."""
        client, up = streaming(Wire(), TEXT)
        client.pause()
        self.assertTrue(up.paused)
        client.resume()
        self.assertFalse(up.paused)

    def test_pause_twice(self) -> None:
        """Twisted may pause twice running: one resume undoes both."""
        client, up = streaming(Wire(), TEXT)
        client.pause()
        client.pause()
        client.resume()
        self.assertFalse(up.paused)

    def test_slow_client_is_no_silent_upstream(self) -> None:
        """While the client makes us wait no stall is counted, for however long; afterwards it is, from zero."""
        wire = Wire()
        client, up = streaming(wire, TEXT)
        client.pause()
        wire.clock.pump([60] * 60)
        self.assertFalse(up.stopped)
        client.resume()
        wire.clock.pump([10] * 29)
        self.assertFalse(up.stopped)
        wire.clock.pump([10] * 2)
        self.assertTrue(up.stopped)

    def test_no_pings_pile_up_for_a_paused_client(self) -> None:
        """A client who does not read gets no pings to read later."""
        wire = Wire()
        client, _ = streaming(wire, TEXT)
        client.pause()
        before = client.received
        wire.clock.pump([10] * 60)
        self.assertEqual(client.received, before)


class Deadlines_(SynchronousTestCase):
    """Each deadline before, after, and while it does not run."""

    def test_stall_is_reset_by_content(self) -> None:
        """Each piece of content starts the silence anew."""
        wire = Wire()
        _, up = streaming(wire, TEXT, 2)
        wire.clock.pump([10] * 29)
        up.say(TEXT[2])
        wire.clock.pump([10] * 29)
        self.assertFalse(up.stopped)
        wire.clock.pump([10] * 2)
        self.assertTrue(up.stopped)

    def test_comments_keep_no_dead_upstream_alive(self) -> None:
        """An upstream that sends nothing but comments is silent, and is given up on time."""
        wire = Wire()
        _, up = streaming(wire, TEXT, 2)
        for _ in range(30):
            wire.clock.advance(10)
            up.say(b": still here\n\n")
        self.assertTrue(up.stopped)

    def test_total(self) -> None:
        """A limit on the whole exchange ends it though content flows."""
        wire = Wire(deadlines=Deadlines(total=60))
        client, up = streaming(wire, TEXT, 2)
        for _ in range(6):
            self.assertFalse(up.stopped)
            wire.clock.advance(9.9)
            up.say(TEXT[2])
        wire.clock.advance(1)
        self.assertTrue(up.stopped)
        self.assertEqual(frames(client.answer.body)[-1][0], "error")

    def test_late_usage(self) -> None:
        """Usage that comes after the finish still counts; where neither it nor the end comes, the answer ends well."""
        wire = Wire()
        client = wire.ask()
        up = wire.upstream()
        up.head()
        up.say(b"".join(TEXT[:-2]))
        self.assertFalse(client.answer.complete)
        wire.clock.advance(2.1)
        self.assertTrue(client.answer.complete)
        self.assertEqual(frames(client.answer.body)[-1][0], "message_stop")
        self.assertIs(wire.record.outcome, Outcome.FINISHED)
        self.assertTrue(up.stopped or not wire.clock.advance(3))


class SignsOfLife(SynchronousTestCase):
    """What the client hears while the upstream thinks."""

    def test_ping_after_silence(self) -> None:
        """After ten seconds of silence a ping, and another after ten more."""
        wire = Wire()
        client, _ = streaming(wire, TEXT)
        before = client.received.count(b"event: ping")
        wire.clock.advance(PING_EVERY - 1)
        self.assertEqual(client.received.count(b"event: ping"), before)
        wire.clock.advance(2)
        self.assertEqual(client.received.count(b"event: ping"), before + 1)
        wire.clock.advance(PING_EVERY)
        self.assertEqual(client.received.count(b"event: ping"), before + 2)

    def test_no_ping_while_content_flows(self) -> None:
        """Content is sign enough."""
        wire = Wire()
        client, up = streaming(wire, TEXT)
        before = client.received.count(b"event: ping")
        for _ in range(10):
            wire.clock.advance(9)
            up.say(TEXT[2])
        self.assertEqual(client.received.count(b"event: ping"), before)

    def test_never_inside_a_frame(self) -> None:
        """In the verbatim lane a ping waits until no frame is half written."""
        wire = Wire((CLAUDE,))
        client, up = streaming(wire, SPOKEN)
        half = len(SPOKEN[3]) // 2
        up.say(SPOKEN[3][:half])
        wire.clock.advance(PING_EVERY + 1)
        up.say(SPOKEN[3][half:] + b"".join(SPOKEN[4:]))
        events = frames(client.answer.body)
        self.assertEqual(text_of(events), "Hello")
        self.assertIn("ping", [name for name, _ in events])

    def test_blank_lines_are_not_kept(self) -> None:
        """Blank lines by which an upstream stays awake while it makes a whole reply are neither kept nor handed on."""
        wire = Wire((CLAUDE,))
        client = wire.ask(stream=False)
        up = wire.upstream()
        up.head(content_type="application/json")
        for _ in range(100):
            up.say(b"\n \r\n")
        reply = (
            b'{"id": "m", "type": "message", "role": "assistant", "model": "claude-test", "stop_reason": "end_turn",'
            b' "content": [{"type": "text", "text": "Hi"}], "usage": {"input_tokens": 1, "output_tokens": 1}}'
        )
        up.say(b"\n" + reply[:1])
        up.say(reply[1:])
        up.end()
        self.assertEqual(client.answer.body, reply)

    def test_pulse_after_minutes(self) -> None:
        """Claude Code gives up on mere pings after ten minutes; an empty delta in the open block counts as life."""
        wire = Wire(deadlines=Deadlines(stall=1000))
        client, _ = streaming(wire, TEXT)
        before = client.received
        wire.clock.pump([10] * 30)
        events = frames(client.answer.body)[len(frames(_body(before))) :]
        self.assertIn(("content_block_delta", ""), [(name, text_of([(name, data)])) for name, data in events])


def _body(received: bytes) -> bytes:
    from tests.support.wire import ClientAnswer

    return ClientAnswer.parse(received).body


class EveryByte(SynchronousTestCase):
    """Leave at every byte; die at every byte."""

    def _streams(self):  # type: ignore[no-untyped-def]
        for name, target, stream in (
            ("text", OPENAI, TEXT),
            ("tools", OPENAI, TOOLS),
            ("verbatim", CLAUDE, SPOKEN),
        ):
            yield name, target, b"".join(stream)

    def test_client_leaves_at_every_byte(self) -> None:
        """Wherever the client leaves, the upstream is let go of, nothing runs on, and no timer is left."""
        for name, target, data in self._streams():
            for cut in range(len(data) + 1):
                wire = Wire((target,))
                client = wire.ask()
                up = wire.upstream()
                up.head()
                up.say(data[:cut])
                client.leave()
                wire.clock.advance(3)
                self.assertTrue(up.stopped, (name, cut))
                self.assertTrue(wire.at_rest, (name, cut))

    def test_upstream_dies_at_every_byte(self) -> None:
        """Wherever the upstream dies, the client is told the truth: an error, or an answer that was complete."""
        for name, target, data in self._streams():
            for cut in range(len(data) + 1):
                wire = Wire((target,))
                client = wire.ask()
                up = wire.upstream()
                up.head()
                up.say(data[:cut])
                up.drop()
                answer = client.answer
                self.assertTrue(answer.complete, (name, cut))
                self.assertTrue(wire.at_rest, (name, cut))
                if answer.status != 200:
                    self.assertEqual(answer.json["type"], "error", (name, cut))
                    continue
                events = [event for event, _ in frames(answer.body)]
                if wire.record.outcome is Outcome.FINISHED:
                    # Verbatim, the upstream may have died between its last word and its formal end.
                    self.assertIn(events[-1], ("message_stop", "message_delta"), (name, cut))
                    self.assertIn("message_delta", events, (name, cut))
                else:
                    self.assertEqual(events[-1], "error", (name, cut))
                    self.assertNotIn("message_delta", events, (name, cut))

    def test_whole_reply_at_every_byte(self) -> None:
        """A client who wants a whole reply gets it whole or gets an error, never a part."""
        data = b"".join(TOOLS)
        for cut in range(0, len(data) + 1, 7):
            wire = Wire()
            client = wire.ask(stream=False)
            up = wire.upstream()
            up.head()
            up.say(data[:cut])
            up.drop()
            answer = client.answer
            self.assertTrue(answer.complete, cut)
            if answer.status == 200:
                self.assertEqual(answer.json["content"][-1]["input"], {"command": "ls"}, cut)
            else:
                self.assertEqual(answer.json["type"], "error", cut)
