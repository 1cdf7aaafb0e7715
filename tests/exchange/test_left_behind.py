"""What an exchange leaves behind: nothing that only Python's collector could take away.

Objects that hold each other in a ring stay until the collector comes, which stops everything for as long as it looks.
"""

import gc
import json
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.registry import DIALECTS
from tests.support import wires
from tests.support.wire import CLAUDE, OPENAI, Wire

SAID = wires.reply(wires.Think("Let me see."), "Hello.", wires.Call("look", {"at": "it"}, "call_1"))
WRITERS = {
    "anthropic": wires.anthropic,
    "gemini": wires.gemini,
    "openai_chat": wires.chat,
    "openai_responses": wires.responses,
}
WORDS = [{"role": "user", "content": "Hello"}]
FRONTS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages", {"max_tokens": 4096, "messages": WORDS}),
    "openai_chat": ("/v1/chat/completions", {"messages": WORDS}),
    "openai_responses": ("/v1/responses", {"input": WORDS, "store": False}),
}


@contextmanager
def rings() -> Iterator[list[str]]:
    """The kinds of our own objects that the collector finds behind what is done within. What was there before is held
    on to: a log that forgets its oldest line may let go of another test's rings just now."""
    found: list[str] = []
    gc.collect()
    gc.disable()
    before = gc.get_objects()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds = (type(one) for one in gc.garbage)
        found += sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if "ccproxy" in kind.__module__)
    finally:
        before.clear()
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


class LeftBehind(SynchronousTestCase):
    """Every front before every dialect of an upstream."""

    def exchange(self, wire: Wire, front: str, upstream: str, stream: bool) -> None:
        path, fields = FRONTS[front]
        body = json.dumps({"model": "m", "stream": stream, **fields}).encode()
        client = wire.request("POST", path, body, {"Content-Type": "application/json"})
        connection = wire.upstream()
        if connection.json.get("stream") or ":streamGenerateContent" in connection.request[0]:
            connection.head()
            for piece in WRITERS[upstream](SAID, stream=True):
                connection.say(piece)
            connection.end()
        else:
            connection.whole(b"".join(WRITERS[upstream](SAID, stream=False)))
        self.assertEqual(client.answer.status, 200)
        self.assertIn(b"Hello", client.answer.body)
        self.assertTrue(wire.at_rest)

    def test_answered(self) -> None:
        """A whole exchange."""
        for front in FRONTS:
            for upstream in WRITERS:
                for stream in (True, False):
                    kind = evolve(CLAUDE if upstream == "anthropic" else OPENAI, dialect=upstream)
                    with self.subTest(front=front, upstream=upstream, stream=stream):
                        wire = Wire(targets=(kind,))
                        self.exchange(wire, front, upstream, stream)
                        with rings() as found:
                            self.exchange(wire, front, upstream, stream)
                        self.assertEqual(found, [])

    def test_being_answered(self) -> None:
        """A request whose answer streams is not kept as it was read, which may take megabytes for an hour, unless
        another target may be asked to go on."""
        for resume in (False, True):
            for front in FRONTS:
                for upstream in set(WRITERS) - {front}:
                    with self.subTest(front=front, upstream=upstream, resume=resume):
                        wire = Wire(targets=(evolve(OPENAI, dialect=upstream),), resume=resume)
                        path, fields = FRONTS[front]
                        wire.request("POST", path, json.dumps({"model": "m", "stream": True, **fields}).encode())
                        (meter,) = wire.running
                        request = weakref.ref(meter.call.facts.request)
                        connection = wire.upstream()
                        connection.head()
                        self.assertIsNotNone(request())
                        for piece in WRITERS[upstream](SAID, stream=True)[:-3]:
                            connection.say(piece)
                        self.assertEqual(len(wire.running), 1)
                        self.assertEqual(request() is not None, resume)

    def test_dialects(self) -> None:
        """None was forgotten."""
        self.assertEqual(set(WRITERS), set(DIALECTS))
