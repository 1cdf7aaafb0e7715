"""Answers that are kept: which, for whom, how long, and how a client is told."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.clients import Client
from ccproxy.access.principals import Keyring
from ccproxy.exchange.cache import PART, Cache
from ccproxy.exchange.record import Outcome
from ccproxy.secret import Secret
from tests.support.wire import CLAUDE, OPENAI, ClientConnection, Wire, chat

COLD: dict[str, Any] = {"stream": False, "temperature": 0}
REPLY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-test",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "42"}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}


class CacheTests(SynchronousTestCase):
    """Through the whole proxy, which keeps answers for a minute."""

    def wire(self, room: int = 100_000, **how: Any) -> Wire:
        return Wire(cache=Cache(60.0, room), **how)

    def ask(self, wire: Wire, headers: dict[str, str] | None = None, **fields: Any) -> tuple[ClientConnection, bool]:
        """A request, answered by the upstream if it is asked; and whether it was."""
        client = wire.ask(headers, **{**COLD, **fields})
        asked = bool(wire.upstreams.pending)
        if asked:
            up = wire.upstream()
            if b'"stream":true' in up.request[2].replace(b" ", b""):
                up.head()
                up.say(b"".join(chat({"content": "42"})))
                up.end()
            else:
                up.whole(json.dumps(REPLY).encode())
            wire.pool.close()
        return client, asked

    def test_hit(self) -> None:
        """The very same request is answered from what was kept, byte for byte, and says so."""
        wire = self.wire()
        first, asked = self.ask(wire)
        self.assertEqual((asked, first.answer.headers["x-ccproxy-cache"]), (True, "miss"))
        wire.clock.advance(7)
        second, asked = self.ask(wire)
        self.assertFalse(asked)
        self.assertEqual(second.answer.body, first.answer.body)
        headers = second.answer.headers
        self.assertEqual((headers["x-ccproxy-cache"], headers["age"]), ("hit", "7"))
        self.assertNotEqual(headers["request-id"], first.answer.headers["request-id"])
        self.assertIs(wire.records[-1].outcome, Outcome.FINISHED)
        self.assertEqual(wire.records[-1].attempts, ())
        self.assertTrue(wire.at_rest)

    def test_not_the_same(self) -> None:
        """Another word, another header that matters, or another client is another request; an id of the program's is
        not."""
        clients = [(Client(name), Secret(f"{name}s-key")) for name in ("anna", "bert")]
        wire = self.wire(keyring=Keyring(Secret("k"), clients=clients))
        anna = {"x-api-key": "annas-key"}
        self.assertTrue(self.ask(wire, anna)[1])
        self.assertFalse(self.ask(wire, {**anna, "x-client-request-id": "7", "x-stainless-retry-count": "1"})[1])
        for headers, fields in (
            (anna, {"max_tokens": 99}),
            (anna, {"model": "other"}),
            ({**anna, "anthropic-beta": "b"}, {}),
            ({"x-api-key": "berts-key"}, {}),
        ):
            self.assertTrue(self.ask(wire, headers, **fields)[1], (headers, fields))

    def test_never(self) -> None:
        """What may differ each time is never kept, nor a stream; and there is no word of it."""
        wire = self.wire()
        for fields in ({"temperature": 1}, {"temperature": None}, {"temperature": 0.0, "stream": True}):
            body = {key: value for key, value in fields.items() if value is not None}
            for _ in range(2):
                client = wire.ask(**{"stream": False, **body})
                self.assertEqual(len(wire.upstreams.pending), 1, fields)
                up = wire.upstream()
                up.head()
                up.say(b"".join(chat({"content": "42"})))
                up.end()
                wire.pool.close()
                self.assertNotIn("x-ccproxy-cache", client.answer.headers)

    def test_off(self) -> None:
        """Unless it is switched on, nothing is kept."""
        wire = Wire()
        for _ in range(2):
            client, asked = self.ask(wire)
            self.assertTrue(asked)
            self.assertNotIn("x-ccproxy-cache", client.answer.headers)

    def test_time(self) -> None:
        """It is kept so long and no longer."""
        wire = self.wire()
        self.ask(wire)
        wire.clock.advance(59.9)
        self.assertFalse(self.ask(wire)[1])
        wire.clock.advance(0.2)
        self.assertTrue(self.ask(wire)[1])
        self.assertFalse(self.ask(wire)[1])

    def test_client_says(self) -> None:
        """`no-cache` asks anew, and what comes is kept; `no-store` keeps out of it."""
        wire = self.wire()
        self.ask(wire)
        self.assertTrue(self.ask(wire, {"cache-control": "no-cache"})[1])
        self.assertTrue(self.ask(wire, {"cache-control": "no-store"})[1])
        self.assertFalse(self.ask(wire)[1])

    def test_errors(self) -> None:
        """An error is never kept."""
        wire = self.wire()
        client = wire.ask(**COLD)
        wire.upstream().whole(b'{"error": {"message": "no"}}', 400)
        wire.pool.close()
        self.assertEqual(client.answer.status, 400)
        self.assertTrue(self.ask(wire)[1])

    def test_room(self) -> None:
        """What was asked for longest ago makes way; what would take too much of the room is not kept."""
        first, _ = self.ask(self.wire())
        size = len(first.answer.body)
        wire = self.wire(room=size * PART)
        for number in range(PART + 1):
            self.ask(wire, max_tokens=100 + number)
            self.ask(wire, max_tokens=100)  # Asked for again and again.
        self.assertFalse(self.ask(wire, max_tokens=100)[1])
        self.assertTrue(self.ask(wire, max_tokens=101)[1])
        self.assertLessEqual(wire.cache._size, size * PART)
        small = self.wire(room=size * PART - PART)
        self.ask(small)
        self.assertTrue(self.ask(small)[1])

    def test_other_targets(self) -> None:
        """Where other targets would be asked, another answer is wanted."""
        cache = Cache(60.0, 100_000)
        self.ask(Wire(cache=cache, targets=(OPENAI,)))
        self.assertTrue(self.ask(Wire(cache=cache, targets=(OPENAI, CLAUDE)))[1])
        self.assertFalse(self.ask(Wire(cache=cache, targets=(OPENAI,)))[1])
