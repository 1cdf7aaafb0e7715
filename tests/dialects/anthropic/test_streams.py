"""Upstream streams as Anthropic and vendors of its dialect send them, cut anywhere."""

import json
import sys
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.blocks import NATIVE
from ccproxy.dialects.anthropic.streams import Parser
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Citation, Opaque, Searched, Source, Text, Thinking, ToolUse
from ccproxy.model.replies import fold
from ccproxy.model.usage import Reason, Stop, Usage
from tests.dialects.anthropic.frames import begin, delta, end, ending, frame, part, start, stop, text
from tests.support.streams import every_cut, parse

HELLO = start(0, type="text", text="") + text(0, "Hällo ") + text(0, "Wörld\u2028") + stop(0)
USAGE = Usage(input=9, output=12, cache_read=4, cache_written=2, reasoning=5)


class StreamCase(SynchronousTestCase):
    """Feeding a parser."""

    def read(self, *pieces: bytes, quirks: Quirks | None = None) -> list[Event]:
        return parse(Parser(quirks or Quirks()), [b"".join(pieces)])

    def cut(self, *pieces: bytes) -> list[Event]:
        """The events, after showing that no cut of the bytes changes them."""
        return every_cut(lambda: Parser(Quirks()), b"".join(pieces))

    def failure(self, events: list[Event]) -> ApiError:
        last = events[-1]
        assert isinstance(last, Failed), events
        return last.error


class GoodStreams(StreamCase):
    """Streams that keep the rules."""

    def test_text(self) -> None:
        """Text comes as it was said, with usage that is complete at the end."""
        events = self.cut(begin(), frame({"type": "ping"}), HELLO, end())
        started, *_, finished = events
        self.assertEqual(started, Started("msg_1", "claude-x", Usage(input=9, cache_read=4, cache_written=2, output=1)))
        self.assertEqual(finished, Finished(Stop(Reason.DONE, "end_turn"), USAGE))
        self.assertEqual(fold(events).blocks, (Text("Hällo Wörld\u2028"),))

    def test_thinking(self) -> None:
        """Thinking keeps its signature to the byte; thinking that was withheld keeps its data."""
        events = self.cut(
            begin(),
            start(0, type="thinking", thinking="", signature=""),
            delta(0, type="thinking_delta", thinking="Hm. ", estimated_tokens=3),
            delta(0, type="thinking_delta", thinking="Yes."),
            delta(0, type="signature_delta", signature="Eu+/A=="),
            stop(0),
            start(1, type="redacted_thinking", data="ENC=="),
            stop(1),
            start(2, type="text", text=""),
            text(2, "Yes."),
            stop(2),
            end(),
        )
        self.assertEqual(
            fold(events).blocks,
            (
                Thinking("Hm. Yes.", "Eu+/A==", extras=NATIVE),
                Thinking("", "ENC==", withheld=True, extras=NATIVE),
                Text("Yes."),
            ),
        )

    def test_two_tools(self) -> None:
        """Arguments are text as they came, and the empty piece that begins them says nothing."""
        events = self.cut(
            begin(),
            start(0, type="tool_use", id="toolu_1", name="Bash", input={}),
            part(0, ""),
            part(0, '{"command": "l'),
            part(0, 's"}'),
            stop(0),
            start(1, type="tool_use", id="toolu_2", name="Now", input={}),
            stop(1),
            end("tool_use"),
        )
        self.assertEqual(
            fold(events).blocks, (ToolUse("toolu_1", "Bash", '{"command": "ls"}'), ToolUse("toolu_2", "Now", ""))
        )
        self.assertIs(fold(events).stop.reason, Reason.TOOLS)

    def test_overlapping_blocks(self) -> None:
        """Blocks that overlap stay apart."""
        events = self.cut(
            begin(),
            start(0, type="tool_use", id="a", name="A", input={}),
            start(1, type="tool_use", id="b", name="B", input={}),
            part(1, '{"b":'),
            part(0, '{"a":1}'),
            part(1, "2}"),
            stop(0),
            stop(1),
            end("tool_use"),
        )
        self.assertEqual(fold(events).blocks, (ToolUse("a", "A", '{"a":1}'), ToolUse("b", "B", '{"b":2}')))

    def test_stop_reasons(self) -> None:
        """Each stop reason has our word, and a new one keeps its own."""
        for raw, reason in (
            ("max_tokens", Reason.LENGTH),
            ("stop_sequence", Reason.STOP_SEQUENCE),
            ("pause_turn", Reason.PAUSED),
            ("model_context_window_exceeded", Reason.WINDOW),
            ("never_heard_of", Reason.OTHER),
        ):
            self.assertEqual(fold(self.read(begin(), HELLO, end(raw))).stop, Stop(reason, raw))
        sequence = fold(self.read(begin(), end("stop_sequence", stop_sequence="END"))).stop
        self.assertEqual(sequence.sequence, "END")

    def test_refusal(self) -> None:
        """A refusal is an answer, with its reason in words; it may have no content."""
        details = {"type": "refusal", "category": "cyber", "explanation": "No malware."}
        whole = fold(self.cut(begin(), end("refusal", stop_details=details)))
        self.assertEqual(whole.stop, Stop(Reason.REFUSED, "refusal", explanation="No malware."))
        self.assertEqual(whole.blocks, ())

    def test_web_search(self) -> None:
        """A search that the server ran is one block: what was asked, and what was found."""
        call = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
        page = {"type": "web_search_result", "url": "https://a.test", "title": "A", "encrypted_content": "x"}
        result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [page]}
        events = self.cut(
            begin(),
            start(0, **call),
            part(0, '{"query":"a'),
            part(0, 'nts"}'),
            stop(0),
            start(1, **result),
            stop(1),
            end(),
        )
        (search,) = fold(events).blocks
        assert isinstance(search, Searched)
        self.assertEqual((search.query, search.sources), ("ants", (Source("https://a.test", "A"),)))
        self.assertEqual(search.extras["anthropic"]["call"]["input"], {"query": "ants"})

    def test_unpaired_search(self) -> None:
        """A search without its result is told all the same, at the end."""
        call = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
        self.assertEqual(fold(self.cut(begin(), start(0, **call), stop(0), end())).blocks, (Opaque("anthropic", call),))

    def test_unknown_things(self) -> None:
        """Events, deltas and fields that we do not know pass without harm; unknown blocks are kept whole."""
        events = self.cut(
            begin(novelty=True),
            frame({"type": "novel_event", "index": 0}),
            start(0, type="compaction", content=None),
            delta(0, type="compaction_delta", content="So far: nothing."),
            stop(0),
            start(1, type="text", text=""),
            delta(1, type="citations_delta", citation={"type": "page_location"}),
            text(1, "Hi"),
            delta(1, type="novel_delta", novelty=1),
            stop(1),
            end(),
        )
        compaction = {"type": "compaction", "content": "So far: nothing."}
        cited = (Citation("", extras={"anthropic": {"type": "page_location"}}),)
        self.assertEqual(
            fold(events).blocks,
            (
                Opaque("anthropic", compaction),
                Text("Hi", citations=cited),
            ),
        )


class OtherVendors(StreamCase):
    """What vendors of this dialect do to its rules."""

    def test_no_event_names(self) -> None:
        """Without names the type in the data counts."""
        whole = b"".join(line for line in (begin() + HELLO + end()).splitlines(True) if not line.startswith(b"event"))
        self.assertEqual(fold(self.cut(whole)).blocks, (Text("Hällo Wörld\u2028"),))

    def test_name_without_type(self) -> None:
        """Without a type in the data the name counts."""
        bare = frame({"index": 0, "content_block": {"type": "text", "text": "Hi"}}, "content_block_start")
        self.assertEqual(fold(self.cut(begin(), bare, stop(0), end())).blocks, (Text("Hi"),))

    def test_second_beginning(self) -> None:
        """A second message_start between blocks is swallowed; within a block the answer is broken."""
        self.assertEqual(len(fold(self.cut(begin(), begin(), HELLO, end())).blocks), 1)
        failed = self.read(begin(), start(0, type="text", text=""), text(0, "Hal"), begin(), HELLO, end())
        self.assertIs(self.failure(failed).kind, Kind.BROKEN)

    def test_no_beginning(self) -> None:
        """Content without a message_start is content; the target's model stands in."""
        events = self.read(HELLO, end(), quirks=Quirks(model="glm-5"))
        self.assertEqual(events[0], Started("", "glm-5", Usage()))
        self.assertEqual(len(fold(events).blocks), 1)

    def test_gaps_and_order(self) -> None:
        """Indices with gaps, from one on, or falling, become rising ones."""

        def block(index: int, words: str) -> bytes:
            return start(index, type="text", text="") + text(index, words) + stop(index)

        events = self.cut(begin(), block(7, "a"), block(3, "b"), block(3, "c"), end())
        self.assertEqual(fold(events).blocks, (Text("a"), Text("b"), Text("c")))

    def test_content_in_the_start(self) -> None:
        """Text, reasoning and arguments may stand in the start; deltas of arguments replace those there."""
        events = self.cut(
            begin(),
            start(0, type="thinking", thinking="Hm", signature="S"),
            stop(0),
            start(1, type="text", text="Hi "),
            text(1, "there"),
            stop(1),
            start(2, type="tool_use", id="a", name="A", input={"x": 1}),
            stop(2),
            start(3, type="tool_use", id="b", name="B", input={"x": 1}),
            part(3, '{"y":2}'),
            stop(3),
            end("tool_use"),
        )
        self.assertEqual(
            fold(events).blocks,
            (
                Thinking("Hm", "S", extras=NATIVE),
                Text("Hi there"),
                ToolUse("a", "A", '{"x":1}'),
                ToolUse("b", "B", '{"y":2}'),
            ),
        )

    def test_missing_fields(self) -> None:
        """Blocks without their fields are empty, and no usage is no harm."""
        events = self.cut(
            begin(usage=None, id=None),
            start(0, type="thinking"),
            stop(0),
            start(1, type="text"),
            stop(1),
            frame({"type": "content_block_stop"}),
            frame({"type": "content_block_delta", "index": 0}),
            frame({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
            frame({"type": "message_stop"}),
        )
        self.assertEqual(fold(events).blocks, (Thinking("", extras=NATIVE), Text("")))
        self.assertEqual(fold(events).usage, Usage())

    def test_blocks_without_type(self) -> None:
        """A block that tells no type is of the one that its fields tell; where they tell nothing it is nothing."""
        events = self.cut(
            begin(),
            start(0, thinking="Hm.", signature="s"),
            stop(0),
            start(1, text="Hi"),
            stop(1),
            start(2, id="a", name="A", input={"x": 1}),
            stop(2),
            start(3, novelty=1),
            stop(3),
            end(),
        )
        blocks = fold(events).blocks
        self.assertEqual([type(block) for block in blocks], [Thinking, Text, ToolUse, Text])
        self.assertEqual(blocks[1:], (Text("Hi"), ToolUse("a", "A", '{"x":1}'), Text("")))

    def test_calls_without_id_or_name(self) -> None:
        """Two calls of one id, or without one, are two calls; a call of nothing is a broken answer."""
        call = {"type": "tool_use", "name": "A", "input": {}}
        events = self.cut(
            begin(), *(start(at, **call, id=id) + stop(at) for at, id in enumerate(("a", "a", ""))), end("tool_use")
        )
        ids = [block.id for block in fold(events).blocks if isinstance(block, ToolUse)]
        self.assertEqual((ids[0], len(set(ids)), all(ids)), ("a", 3, True))
        nameless = self.failure(self.cut(begin(), start(0, **{**call, "name": ""}), stop(0), end()))
        self.assertEqual(
            (nameless.kind, nameless.message), (Kind.BROKEN, "the upstream sent a tool call without a name")
        )

    def test_unannounced_text(self) -> None:
        """Text and thinking without a start open a block; text in a thinking block ends that."""
        events = self.cut(begin(), delta(0, type="thinking_delta", thinking="Hm"), text(0, "Hi"), stop(0), end())
        self.assertEqual(fold(events).blocks, (Thinking("Hm", extras=NATIVE), Text("Hi")))

    def test_unannounced_arguments(self) -> None:
        """Arguments without a call belong to nobody: the answer is broken."""
        self.assertIn("never began", self.failure(self.cut(begin(), part(0, "{}"), end())).message)

    def test_blocks_left_open(self) -> None:
        """Blocks that never stop are closed by the end, or by the next block of their index."""
        opened = start(0, type="text", text="") + text(0, "Hi")
        self.assertEqual(fold(self.cut(begin(), opened, opened, end())).blocks, (Text("Hi"), Text("Hi")))

    def test_usage_later(self) -> None:
        """Input tokens that come with the end count; zeros there do not replace figures."""
        late = {"input_tokens": 70, "cache_read_input_tokens": 0, "output_tokens": 3}
        ending = frame({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": late})
        usage = fold(self.read(begin(), ending)).usage
        self.assertEqual((usage.input, usage.cache_read, usage.output), (70, 4, 3))


class Ends(StreamCase):
    """How streams end, and how they fail."""

    def test_no_message_stop(self) -> None:
        """The formal end may be missing once a stop reason came: the answer is complete."""
        parser = Parser(Quirks())
        parser.feed(begin() + HELLO)
        self.assertFalse(parser.complete)
        parser.feed(ending())
        self.assertTrue(parser.complete)
        self.assertIsInstance(parser.close()[-1], Finished)

    def test_open_block_is_not_complete(self) -> None:
        """While a block is open the answer is not complete, whatever else came."""
        parser = Parser(Quirks())
        parser.feed(begin() + start(0, type="text", text="") + ending())
        self.assertFalse(parser.complete)
        parser.feed(stop(0))
        self.assertTrue(parser.complete)

    def test_no_stop_reason(self) -> None:
        """An explicit end without a stop reason is an end."""
        self.assertIs(fold(self.cut(begin(), HELLO, end(None))).stop.reason, Reason.DONE)

    def test_cut_off(self) -> None:
        """A stream that breaks off is broken, never finished, wherever it breaks."""
        data = begin() + HELLO + start(1, type="tool_use", id="a", name="A", input={}) + part(1, "{}") + stop(1)
        for size in range(len(data) + 1):
            self.assertIs(self.failure(self.read(data[:size])).kind, Kind.BROKEN)
        self.assertIn("before it began", self.failure(self.read()).message)

    def test_error(self) -> None:
        """An error frame fails the stream with the kind and the status of its type, and keeps its bytes."""
        for type_, kind, status in (
            ("overloaded_error", Kind.OVERLOADED, 529),
            ("rate_limit_error", Kind.OVERLOADED, 429),
            ("api_error", Kind.BROKEN, 503),
            ("authentication_error", Kind.REFUSED_CREDENTIAL, 502),
            ("invalid_request_error", Kind.INVALID, 400),
            ("never_heard_of", Kind.BROKEN, 503),
        ):
            told = {"type": "error", "error": {"type": type_, "message": "Sorry."}}
            error = self.failure(self.read(begin(), HELLO, frame(told), end()))
            self.assertEqual((error.kind, error.status, error.message), (kind, status, "Sorry."))
            assert error.original is not None
            self.assertEqual(json.loads(error.original.body), told)
        self.assertIsInstance(self.cut(begin(), frame(told))[-1], Failed)

    def test_first_event_is_an_error(self) -> None:
        """An error before anything else is an error, also without a type or by its event name alone."""
        for event in (
            frame({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}),
            frame({"error": {"type": "overloaded_error", "message": "x"}}, ""),
            frame({"error": {"type": "overloaded_error", "message": "x"}}, "error"),
        ):
            self.assertEqual(len(self.read(event)), 1)
            self.assertIs(self.failure(self.cut(event)).kind, Kind.OVERLOADED)

    def test_overflow(self) -> None:
        """A prompt that turns out too long in the stream is told as such."""
        told = {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"},
        }
        self.assertIs(self.failure(self.read(frame(told))).kind, Kind.OVERFLOW)

    def test_not_json(self) -> None:
        """An event that is not JSON breaks the answer, and the error shows it; after a stop reason it is no matter."""
        self.assertIn("<html>", self.failure(self.cut(begin(), b"data: <html>\n\n")).message)
        ended = ending()
        self.assertIsInstance(self.cut(begin(), HELLO, ended, b"data: <html>\n\n")[-1], Finished)

    def test_too_deep_to_be_written(self) -> None:
        """Arguments that nest as deep as can be read, and too deep to be written again, break the answer. Since 3.13
        Python writes them."""
        deep = b'{"a":' * 1000 + b"1" + b"}" * 1000
        data = start(0, type="tool_use", id="t", name="Read", input=0).replace(b'"input": 0', b'"input": ' + deep)
        events = self.read(begin(), data, stop(0), end())
        if sys.version_info < (3, 13):
            self.assertIn("nested too deeply", self.failure(events).message)
        else:
            self.assertIsInstance(events[-1], Finished)

    def test_done_mark(self) -> None:
        """The end mark of another dialect is no event of this one."""
        self.assertIsInstance(self.cut(begin(), HELLO, b"data: [DONE]\n\n", end())[-1], Finished)

    def test_nothing_after_the_end(self) -> None:
        """What comes behind the end is not heard."""
        events = self.read(begin(), HELLO, end(), begin(), HELLO)
        self.assertIsInstance(events[-1], Finished)
        self.assertEqual(sum(isinstance(event, BlockStarted) for event in events), 1)


junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from(["", "text", "tool_use", "thinking", "é"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "index",
                    "delta",
                    "text",
                    "thinking",
                    "partial_json",
                    "content_block",
                    "id",
                    "name",
                    "input",
                    "usage",
                    "stop_reason",
                    "message",
                    "error",
                    "signature",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
kinds = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "ping", "x"]
)


class AnyStream(SynchronousTestCase):
    """Whatever an upstream sends."""

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(
        st.lists(
            st.tuples(
                kinds, st.dictionaries(st.sampled_from(["index", "delta", "content_block", "message", "usage"]), junk)
            ),
            max_size=8,
        )
    )
    def test_never_crashes(self, frames: list[tuple[str, dict[str, Any]]]) -> None:
        """Events with any JSON in them never crash the parser, and what it says keeps the grammar to an end."""
        data = b"".join(frame({"type": kind, **value}) for kind, value in frames)
        events = parse(Parser(Quirks()), [data])
        self.assertIsInstance(events[-1], (Finished, Failed))

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.binary(max_size=60))
    def test_any_bytes(self, data: bytes) -> None:
        """Nor do bytes of any kind."""
        events = parse(Parser(Quirks()), [begin() + b"data: ", data, b"\n\n"])
        self.assertTrue(all(not isinstance(event, (BlockDelta, BlockStopped)) for event in events))
