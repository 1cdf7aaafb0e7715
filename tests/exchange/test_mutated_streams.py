"""Every worked vendor's stream with harms done to it, through every pipe: whatever a vendor sends, a client gets a
legal stream, and one that ends with the truth."""

import json
from collections.abc import Callable
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.dialect import StreamParser
from ccproxy.dialects.registry import DIALECTS
from ccproxy.exchange.translated import TranslatedStream, TranslatedWhole
from ccproxy.exchange.verbatim import VerbatimStream
from ccproxy.exchange.voice import Voice
from ccproxy.model.events import BlockStarted, Event, Failed
from ccproxy.model.messages import Reasoning, Request, Think, Tool, ToolUse
from tests.support.mutations import mutated
from tests.support.streams import joined, parse
from tests.support.strict_clients import STRICT
from tests.support.vendor_streams import STREAMS, Stream

TIMES = 12
"""Harms done to each stream; a thousand and more of each were done while this was written."""

TOOLS = tuple(Tool(name, "", {"type": "object", "properties": {}}) for name in ("Read", "List", "Now"))
ASKED = Request(
    "asked",
    (),
    tools=TOOLS,
    reasoning=Reasoning(Think.ADAPTIVE),
    extras={"openai_chat": {"stream_options": {"include_usage": True}}},
    stream=True,
)


def _ignore(_: Event) -> None:
    """Nobody watches."""


class Harmed:
    """One stream with its harms, and the pieces in which it comes."""

    def __init__(self, name: str, seed: int) -> None:
        random = Random(f"{name} {seed}")
        self.name = f"{name} {seed}"
        self.stream: Stream = STREAMS[name]
        self.data = mutated(random, self.stream.data)
        size = random.choice((1, 3, 17, len(self.data) + 1))
        self.pieces = [self.data[at : at + size] for at in range(0, len(self.data), size)]

    def parser(self) -> StreamParser:
        return DIALECTS[self.stream.dialect].parse_stream(self.stream.quirks)


class MutatedStreamTests(SynchronousTestCase):
    """What becomes of them."""

    def each(self, check: Callable[[Harmed], None]) -> None:
        for name in STREAMS:
            for seed in range(TIMES):
                check(Harmed(name, seed))

    def test_events(self) -> None:
        """The events are legal and come to an end, however the bytes are cut; calls have names, and ids of their
        own."""

        def check(harmed: Harmed) -> None:
            events = parse(harmed.parser(), harmed.pieces)
            whole = parse(harmed.parser(), [harmed.data])
            calls = [event.block for event in events if isinstance(event, BlockStarted)]
            ids = [call.id for call in calls if isinstance(call, ToolUse)]
            self.assertTrue(all(call.name for call in calls if isinstance(call, ToolUse)), harmed.name)
            self.assertEqual(len({id for id in ids if id}), len(ids), harmed.name)
            if not any(id.startswith("call_") for id in ids):  # Such may be made of chance.
                self.assertEqual(repr(joined(events)), repr(joined(whole)), harmed.name)

        self.each(check)

    def test_streams(self) -> None:
        """The strictest client of each dialect understands what it gets, and hears of a failure if there was one."""

        def check(harmed: Harmed) -> None:
            failed = isinstance(parse(harmed.parser(), harmed.pieces)[-1], Failed)
            for client, read in STRICT.items():
                voice = Voice(DIALECTS[client].render_stream(ASKED))
                pipe = TranslatedStream(harmed.parser(), voice, _ignore)
                said = b"".join(pipe.feed(piece) for piece in harmed.pieces) + pipe.close()
                if pipe.course.interrupted:
                    # Nothing but a beginning was told: another target may answer. Here there is none.
                    assert pipe.course.failure is not None
                    said += voice.say(Failed(pipe.course.failure))
                self.assertEqual(read(said), not failed, (harmed.name, client))

        self.each(check)

    def test_wholes(self) -> None:
        """A whole reply is JSON, or there is an error to tell; where the stream failed there is one."""

        def check(harmed: Harmed) -> None:
            failed = isinstance(parse(harmed.parser(), harmed.pieces)[-1], Failed)
            for client in STRICT:
                dialect = DIALECTS[client]
                pipe = TranslatedWhole(
                    harmed.parser(), lambda reply, of=dialect: of.render_response(reply, ASKED), _ignore
                )
                body = b"".join(pipe.feed(piece) for piece in harmed.pieces) + pipe.close()
                if pipe.course.failure is None:
                    self.assertFalse(failed, (harmed.name, client))
                    json.loads(body)
                else:
                    self.assertEqual(body, b"", (harmed.name, client))

        self.each(check)

    def test_verbatim(self) -> None:
        """A client of the same dialect gets the vendor's own bytes as far as they are sound, and hears of a failure."""

        def check(harmed: Harmed) -> None:
            dialect = DIALECTS[harmed.stream.dialect]
            if dialect.name not in STRICT:
                return
            pipe = VerbatimStream(
                harmed.parser(), dialect.render_stream(ASKED), lambda error: dialect.error_frame(error, "x"), _ignore
            )
            said = b"".join(pipe.feed(piece) for piece in harmed.pieces) + pipe.close()
            if pipe.course.failure is None:
                self.assertTrue((harmed.data + b"\n\n").startswith(said), harmed.name)
            else:
                self.assertTrue(b"error" in said or b"failed" in said, harmed.name)

        self.each(check)
