"""`GET /exchanges` and its live stream, read as a browser reads them."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.feed import LOOK_EVERY
from ccproxy.web.live import PING_EVERY, READERS_LIMIT
from tests.support.wire import CLAUDE, ClientConnection, Wire, messages


def events(client: ClientConnection) -> list[tuple[str, Any]]:
    """The events that a reader got so far, taken out of the chunks of a body that has not ended."""
    body = client.received.partition(b"\r\n\r\n")[2]
    text = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        text += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    found = []
    for part in text.decode().split("\n\n")[:-1]:
        if not part.startswith(":"):
            name, data = part.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


class LiveTests(SynchronousTestCase):
    """Both pages over the whole proxy."""

    def setUp(self) -> None:
        self.wire = Wire((CLAUDE,))

    def answered(self) -> None:
        self.wire.ask()
        self.wire.upstream().whole(b"".join(messages("Hi")), content_type="text/event-stream")
        self.wire.pool.close()

    def test_exchanges(self) -> None:
        """What runs and what ended, the latest first."""
        self.answered()
        self.answered()
        self.wire.ask()
        shown = self.wire.request("GET", "/exchanges").answer.json
        self.assertEqual([one["id"] for one in shown["running"]], ["req_2"])
        self.assertEqual([one["id"] for one in shown["recent"]], ["req_1", "req_0"])

    def test_stream(self) -> None:
        """A reader gets all there is, then what is new, and a sign of life; it leaves nothing behind."""
        self.answered()
        reader = self.wire.request("GET", "/exchanges/live")
        self.assertIn(b"text/event-stream", reader.received)
        self.answered()
        self.wire.clock.advance(LOOK_EVERY)
        (first, snapshot), (second, look) = events(reader)
        self.assertEqual((first, second), ("snapshot", "look"))
        self.assertEqual([one["id"] for one in snapshot["recent"]], ["req_0"])
        self.assertEqual([one["id"] for one in look["ended"]], ["req_1"])
        self.wire.clock.advance(PING_EVERY)
        self.assertIn(b": here\n\n", reader.received)
        reader.leave()
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])

    def test_a_slow_reader(self) -> None:
        """Whoever cannot read is sent nothing, and finds all of it in one snapshot when they can."""
        reader = self.wire.request("GET", "/exchanges/live")
        reader.pause()
        before = reader.received
        for _ in range(3):
            self.answered()
            self.wire.clock.advance(LOOK_EVERY)
        self.wire.clock.advance(PING_EVERY)
        self.assertEqual(reader.received, before)
        reader.resume()
        name, snapshot = events(reader)[-1]
        self.assertEqual((name, len(snapshot["recent"])), ("snapshot", 3))
        reader.leave()

    def test_many_readers(self) -> None:
        """There are so many readers, and no more until one leaves."""
        readers = [self.wire.request("GET", "/exchanges/live") for _ in range(READERS_LIMIT)]
        answer = self.wire.request("GET", "/exchanges/live").answer
        self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "10"))
        readers.pop().leave()
        readers.append(self.wire.request("GET", "/exchanges/live"))
        self.assertEqual(len(events(readers[-1])), 1)
        for reader in readers:
            reader.leave()
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])

    def test_access(self) -> None:
        """The pages are for whoever may use us: others get the refusal that a request of theirs would get."""
        for path in ("/exchanges", "/exchanges/live"):
            self.assertEqual(self.wire.request("GET", path, peer="192.0.2.7").answer.status, 403)
            self.assertEqual(self.wire.request("GET", path, headers={"Origin": "https://evil.test"}).answer.status, 403)
        wire = Wire((CLAUDE,), apikey="the-key")
        self.assertEqual(wire.request("GET", "/exchanges", peer="192.0.2.7").answer.status, 401)
        key = {"x-api-key": "the-key"}
        self.assertEqual(wire.request("GET", "/exchanges", headers=key, peer="192.0.2.7").answer.status, 200)
