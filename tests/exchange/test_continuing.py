"""An answer of Gemini's that comes in several bodies, each asked for by another request."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.exchange import continuing
from ccproxy.exchange.record import Outcome
from ccproxy.providers.target import Auth, Target
from ccproxy.secret import Secret
from tests.dialects.gemini.pieces import piece, said, sse
from tests.support.wire import ClientConnection, UpstreamConnection, Wire, frames, text_of

GOOGLE = Target(
    "gemini",
    "gemini-3.8-flash",
    "gemini",
    "http://google.test/v1beta",
    key=Secret("upstream-key"),
    auth=Auth.GOOGLE,
    quirks=Quirks(vendor="gemini", model="gemini-3.8-flash"),
)
COUNTS = {"promptTokenCount": 100, "candidatesTokenCount": 5}


def part(text: str, token: str = "") -> bytes:
    """A body: of an answer that goes on with this token, or ends."""
    more = {"continuationToken": token} if token else {}
    return sse(piece(said(text), finish="CONTINUATION" if token else "STOP", usage=COUNTS, **more))


class ContinuingTests(SynchronousTestCase):
    """The relay sees one body."""

    def begin(self, **asked: Any) -> tuple[Wire, ClientConnection, UpstreamConnection]:
        """An answer whose first body has come whole, and the request for the second."""
        wire = Wire((GOOGLE,))
        client = wire.ask(max_tokens=20_000, **asked)
        wire.upstream().whole(part("An ans", "dDE="), content_type="text/event-stream", connection="close")
        return wire, client, wire.upstream()

    def test_streamed(self) -> None:
        """The client gets one stream, one block of text, and the counts of both requests."""
        wire, client, up = self.begin()
        self.assertEqual(up.json["continuationToken"], "dDE=")
        self.assertEqual([content["role"] for content in up.json["contents"]], ["user"])
        up.whole(part("wer."), content_type="text/event-stream", connection="close")
        events = frames(client.answer.body)
        self.assertEqual(text_of(events), "An answer.")
        self.assertEqual([name for name, _ in events].count("content_block_start"), 1)
        end = next(data for name, data in events if name == "message_delta")
        self.assertEqual(end["delta"]["stop_reason"], "end_turn")
        self.assertEqual((end["usage"]["input_tokens"], end["usage"]["output_tokens"]), (200, 10))
        self.assertIs(wire.record.outcome, Outcome.FINISHED)
        self.assertTrue(wire.at_rest)

    def test_whole(self) -> None:
        """A client that wants a whole reply gets all of it."""
        _, client, up = self.begin(stream=False)
        up.whole(part("wer."), content_type="text/event-stream", connection="close")
        self.assertEqual(client.answer.json["content"], [{"type": "text", "text": "An answer."}])

    def test_refused(self) -> None:
        """Where the rest cannot be had the answer ends where it was cut, and says so."""
        wire, client, up = self.begin()
        up.whole(b'{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}', 503, connection="close")
        events = frames(client.answer.body)
        self.assertEqual(text_of(events), "An ans")
        end = next(data for name, data in events if name == "message_delta")
        self.assertEqual(end["delta"]["stop_reason"], "max_tokens")
        self.assertTrue(wire.at_rest)

    def test_client_leaves(self) -> None:
        """A client who leaves while the rest is asked for stops the asking, and one who leaves within the rest stops
        that."""
        for begun in (False, True):
            wire, client, up = self.begin()
            if begun:
                up.head()
                up.say(part("we", "dDI=")[:40])
            client.leave()
            self.assertTrue(up.stopped)
            self.assertIs(wire.record.outcome, Outcome.ABANDONED)
            self.assertTrue(wire.at_rest)

    def test_silence(self) -> None:
        """A rest that does not come is waited for as any upstream is: the client hears pings, and its end comes."""
        wire, client, up = self.begin()
        wire.clock.advance(11)
        self.assertIn("ping", [name for name, _ in frames(client.answer.body)][2:])
        up.whole(part("wer."), content_type="text/event-stream", connection="close")
        self.assertEqual(text_of(frames(client.answer.body)), "An answer.")

    def test_slow_client(self) -> None:
        """A client who does not read while the rest is asked for pauses it from its first byte on."""
        _, client, up = self.begin()
        client.pause()
        up.head()
        self.assertEqual(up.transport.producerState, "paused")
        client.resume()
        self.assertEqual(up.transport.producerState, "producing")

    def test_slow_for_a_while(self) -> None:
        """One who reads again before the rest comes finds nothing paused."""
        _, client, up = self.begin()
        client.pause()
        client.resume()
        up.head()
        self.assertEqual(up.transport.producerState, "producing")

    def test_bounded(self) -> None:
        """A vendor that never comes to an end is not asked for ever."""
        self.patch(continuing, "MOST", 3)
        wire, client, up = self.begin()
        for number in range(3):
            up.whole(part("x", f"t{number}"), content_type="text/event-stream", connection="close")
            if number < 2:
                up = wire.upstream()
        end = next(data for name, data in frames(client.answer.body) if name == "message_delta")
        self.assertEqual(end["delta"]["stop_reason"], "max_tokens")
        self.assertTrue(wire.at_rest)
