"""Tests of `ccproxy.dialects.openai_responses.streams`, `output` and `calls`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_responses.streams import Parser
from ccproxy.dialects.seals import unseal
from ccproxy.errors import Kind
from ccproxy.model.events import BlockDelta, BlockStopped, Failed, Finished, Started
from ccproxy.model.messages import Opaque, Searched, Source, Text, Thinking, ToolUse
from ccproxy.model.usage import Reason, Stop, Usage
from tests.dialects.openai_responses.upstream import (
    CREATED,
    QUIRKS,
    added,
    arguments_delta,
    call,
    completed,
    done,
    event,
    events,
    failure,
    message,
    response,
    said,
    said_however_cut,
    summary_delta,
    text_delta,
)
from tests.support.streams import parse

REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "First."}, {"type": "summary_text", "text": "Then."}],
    "encrypted_content": "gAAAA",
}


class AnswerTests(SynchronousTestCase):
    """Streams as OpenAI sends them."""

    def test_text(self) -> None:
        """Deltas of a message are one block of text, with the id, the model and the counts of the response."""
        reply = said_however_cut(
            CREATED,
            added(0, message("")),
            event("response.content_part.added", output_index=0, content_index=0, part={"type": "output_text"}),
            text_delta(0, "Grüß "),
            text_delta(0, "dich\u2028 🙂"),
            event("response.output_text.done", output_index=0, content_index=0, text="Grüß dich\u2028 🙂"),
            done(0, message("Grüß dich\u2028 🙂")),
            completed(message("Grüß dich\u2028 🙂")),
        )
        self.assertEqual((reply.id, reply.model), ("resp_1", "gpt-5.6-2026"))
        self.assertEqual(reply.blocks, (Text("Grüß dich\u2028 🙂"),))
        self.assertEqual((reply.stop.reason, reply.stop.raw), (Reason.DONE, "completed"))
        self.assertEqual(reply.usage, Usage(30, 20, 60, 10, 8))

    def test_deltas_come_at_once(self) -> None:
        """No delta waits for another event."""
        parser = Parser(QUIRKS)
        parser.feed(CREATED + added(0, message("")))
        self.assertIn(BlockDelta(0, "now"), parser.feed(text_delta(0, "now")))

    def test_parallel_calls_interleaved(self) -> None:
        """Arguments go to the call of their output index, whatever order they come in."""
        one, two = call('{"a":1}', "call_1"), call('{"b":2}', "call_2", "Read")
        reply = said_however_cut(
            CREATED,
            added(0, one),
            added(1, two),
            arguments_delta(0, '{"a"'),
            arguments_delta(1, '{"b"'),
            arguments_delta(0, ":1}"),
            arguments_delta(1, ":2}"),
            done(1, two),
            done(0, one),
            completed(one, two),
        )
        self.assertEqual(reply.blocks, (ToolUse("call_1", "Bash", '{"a":1}'), ToolUse("call_2", "Read", '{"b":2}')))
        self.assertEqual(reply.stop.reason, Reason.TOOLS)

    def test_reasoning_is_sealed(self) -> None:
        """Each reasoning item is a thinking block; its seal holds the item as the vendor wants it back, taken from the
        end and not from the beginning of the item."""
        early = {**REASONING, "encrypted_content": "wrong"}
        reply = said_however_cut(
            CREATED,
            event("response.output_item.added", output_index=0, item={**early, "summary": []}),
            summary_delta(0, "First."),
            summary_delta(0, "Then.", 1),
            done(0, REASONING),
            added(1, call("{}")),
            done(1, call("{}")),
            completed(REASONING, call("{}")),
        )
        thinking = reply.blocks[0]
        assert isinstance(thinking, Thinking)
        self.assertEqual(thinking.text, "First.\n\nThen.")
        state = unseal(thinking.seal, QUIRKS)
        assert state is not None
        kept = {key: value for key, value in REASONING.items() if key != "type"}
        self.assertEqual(state["i"], kept)

    def test_reasoning_without_summary(self) -> None:
        """Reasoning that shows nothing is an empty thinking block that carries the seal; without encrypted content
        it is nothing at all."""
        silent = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}
        nothing = {"id": "rs_2", "type": "reasoning", "summary": []}
        reply = said_however_cut(
            CREATED, added(0, silent), done(0, silent), added(1, nothing), done(1, nothing), completed()
        )
        self.assertEqual([type(block) for block in reply.blocks], [Thinking])
        self.assertIsNotNone(unseal(reply.blocks[0].seal, QUIRKS))  # type: ignore[union-attr]

    def test_raw_reasoning(self) -> None:
        """Local servers tell the reasoning itself; where a summary came first, the raw text is not told twice."""
        raw = {"id": "r", "type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hm."}]}
        delta = event("response.reasoning_text.delta", output_index=0, content_index=0, delta="Hm.")
        self.assertEqual(
            said_however_cut(CREATED, added(0, raw), delta, done(0, raw), completed()).blocks[0].text, "Hm."
        )
        both = said_however_cut(CREATED, added(0, raw), summary_delta(0, "In short."), delta, completed()).blocks
        self.assertEqual(both, (Thinking("In short."),))

    def test_refusal(self) -> None:
        """A refusal is text, and the reason why the answer stopped."""
        part = {"type": "refusal", "refusal": "I cannot."}
        item = {**message(""), "content": [part]}
        reply = said_however_cut(
            CREATED,
            added(0, item),
            event("response.refusal.delta", output_index=0, content_index=0, delta="I can"),
            event("response.refusal.delta", output_index=0, content_index=0, delta="not."),
            done(0, item),
            completed(item),
        )
        self.assertEqual(reply.blocks, (Text("I cannot."),))
        self.assertEqual((reply.stop.reason, reply.stop.explanation), (Reason.REFUSED, "I cannot."))

    def test_cut_by_the_limit(self) -> None:
        """An answer that met the token limit says so, and a call that was cut is left as it is."""
        item = {**call('{"path": "/et'), "status": "incomplete"}
        whole = response(
            "incomplete", output=[item], incomplete_details={"reason": "max_output_tokens"}, usage={"output_tokens": 5}
        )
        reply = said_however_cut(
            CREATED,
            added(0, item),
            arguments_delta(0, '{"path": "/et'),
            done(0, item),
            event("response.incomplete", response=whole),
        )
        self.assertEqual(reply.blocks, (ToolUse("call_1", "Bash", '{"path": "/et'),))
        self.assertEqual((reply.stop.reason, reply.stop.raw), (Reason.LENGTH, "max_output_tokens"))

    def test_cut_by_nobody_knows_what(self) -> None:
        """An incomplete answer that tells no reason was cut all the same: its end is no good one."""
        whole = response("incomplete", incomplete_details=None)
        stop = said_however_cut(CREATED, event("response.incomplete", response=whole)).stop
        self.assertEqual(stop, Stop(Reason.LENGTH, "incomplete"))

    def test_filtered(self) -> None:
        """An answer that the vendor's filter ended is a refusal."""
        whole = response("incomplete", incomplete_details={"reason": "content_filter"})
        self.assertEqual(
            said_however_cut(CREATED, event("response.incomplete", response=whole)).stop.reason, Reason.REFUSED
        )

    def test_web_search(self) -> None:
        """A web search that the upstream ran is a block with what was asked and found, and is counted; opening a page
        of it is not told."""
        action = {"type": "search", "query": "twisted", "sources": [{"type": "url", "url": "https://twisted.org"}]}
        search = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": action}
        opened = {**search, "id": "ws_2", "action": {"type": "open_page", "url": "https://twisted.org"}}
        reply = said_however_cut(CREATED, added(0, search), done(0, search), done(1, opened), completed(search, opened))
        self.assertEqual(reply.blocks, (Searched("ws_1", "twisted", (Source("https://twisted.org"),)),))
        self.assertEqual(reply.usage.web_searches, 1)

    def test_custom_call(self) -> None:
        """The free text of a custom tool's call becomes the argument `input`, with every character kept."""
        text = 'say "hi"\n\\ \u2028 ü'
        item = {"id": "ctc", "type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": text}
        pieces = [text[:5], text[5:9], text[9:]]
        deltas = [event("response.custom_tool_call_input.delta", output_index=0, delta=piece) for piece in pieces]
        for frames in (deltas, []):
            use = said_however_cut(CREATED, added(0, item), *frames, done(0, item), completed(item)).blocks[0]
            assert isinstance(use, ToolUse)
            self.assertEqual(json.loads(use.arguments), {"input": text})

    def test_items_without_a_word_here(self) -> None:
        """What only OpenAI's clients understand is kept whole for them."""
        image = {"id": "lsh_1", "type": "local_shell_call", "status": "completed", "action": {"type": "exec"}}
        reply = said_however_cut(CREATED, added(0, image), done(0, image), completed(image))
        self.assertEqual(reply.blocks, (Opaque("openai_responses", image),))

    def test_lost_bracket(self) -> None:
        """An event that lacks nothing but its last bracket is understood; one that is cut within is not."""
        begun = CREATED.replace(b"}}\n", b"}\n", 1)
        self.assertEqual(
            said(begun, added(0, message("Hi")), done(0, message("Hi")), completed()).blocks, (Text("Hi"),)
        )
        self.assertIn("not JSON", failure(CREATED[:60] + b"\n\n").message)


class OddVendorTests(SynchronousTestCase):
    """What vendors leave out, repeat or confuse."""

    def test_arguments_only_at_the_end(self) -> None:
        """Arguments that come with `done` alone, of the arguments or of the item, are not lost."""
        whole = event("response.function_call_arguments.done", output_index=0, arguments='{"a":1}')
        for frames in ([whole, done(0, call(""))], [done(0, call('{"a":1}'))], [whole], [done(0, call('{"a":1}'))] * 2):
            reply = said(CREATED, added(0, call("")), *frames, completed())
            self.assertEqual(reply.blocks, (ToolUse("call_1", "Bash", '{"a":1}'),))

    def test_the_rest_of_what_was_streamed(self) -> None:
        """What `done` has beyond the deltas is told, and nothing twice."""
        reply = said(
            CREATED,
            added(0, message("")),
            text_delta(0, "Hel"),
            done(0, message("Hello")),
            added(1, call("")),
            arguments_delta(1, '{"a"'),
            done(1, call('{"a":1}')),
            completed(message("Hello"), call('{"a":1}')),
        )
        self.assertEqual(reply.blocks, (Text("Hello"), ToolUse("call_1", "Bash", '{"a":1}')))

    def test_no_events_for_the_items(self) -> None:
        """Items that only the completed response tells of are told all the same, and those known are not repeated."""
        items = [REASONING, message("Hi"), call("{}")]
        reply = said(CREATED, completed(*items))
        self.assertEqual([type(block) for block in reply.blocks], [Thinking, Text, ToolUse])
        partly = said(CREATED, added(0, message("Hi")), text_delta(0, "Hi"), completed(message("Hi"), call("{}")))
        self.assertEqual(partly.blocks, (Text("Hi"), ToolUse("call_1", "Bash", "{}")))

    def test_no_announcement(self) -> None:
        """Deltas of an item that was never added begin it; a stream without `created` begins with what comes."""
        reply = said(text_delta(0, "Hi"), completed(message("Hi")))
        self.assertEqual((reply.blocks, reply.model), ((Text("Hi"),), "gpt-5.6"))

    def test_call_named_late(self) -> None:
        """A call whose name and id come only when it is done begins then."""
        frames = [arguments_delta(0, '{"a":'), arguments_delta(0, "1}"), done(0, call('{"a":1}'))]
        self.assertEqual(said(CREATED, *frames, completed()).blocks, (ToolUse("call_1", "Bash", '{"a":1}'),))

    def test_call_without_id(self) -> None:
        """A call without an id gets one that is the same each time the response is read."""
        item = {"type": "function_call", "name": "Bash", "arguments": "{}"}
        first = said(CREATED, done(0, item), completed()).blocks[0]
        assert isinstance(first, ToolUse)
        self.assertRegex(first.id, "^call_[0-9a-f]{24}$")

    def test_ids_that_change_with_every_event(self) -> None:
        """Items are known by their index (GitHub Copilot gives them another id each time)."""
        reply = said(
            CREATED,
            added(0, message("", "a")),
            text_delta(0, "Hi"),
            done(0, message("Hi", "b")),
            completed(message("Hi", "c")),
        )
        self.assertEqual(reply.blocks, (Text("Hi"),))

    def test_indexes_that_do_not_match(self) -> None:
        """Parts and items whose indexes differ from their places in the final response are not told twice."""
        delta = event("response.output_text.delta", output_index=4, content_index=1, delta="Hi")
        frames = [added(4, message("", "a")), delta, done(4, message("Hi", "b")), completed(message("Hi", "c"))]
        self.assertEqual(said(CREATED, *frames).blocks, (Text("Hi"),))

    def test_everything_under_index_zero(self) -> None:
        """An index that begins again is another item."""
        one, two = call('{"a":1}', "call_1"), call('{"b":2}', "call_2")
        reply = said(
            CREATED,
            added(0, message("")),
            text_delta(0, "Hi"),
            done(0, message("Hi")),
            added(0, one),
            arguments_delta(0, '{"a":1}'),
            added(0, two),
            arguments_delta(0, '{"b":2}'),
            done(0, two),
            completed(message("Hi"), one, two),
        )
        self.assertEqual(
            reply.blocks, (Text("Hi"), ToolUse("call_1", "Bash", '{"a":1}'), ToolUse("call_2", "Bash", '{"b":2}'))
        )

    def test_added_twice(self) -> None:
        """The same item announced twice is one item."""
        reply = said(CREATED, added(0, call("")), added(0, call("")), done(0, call("{}")), completed(call("{}")))
        self.assertEqual(reply.blocks, (ToolUse("call_1", "Bash", "{}"),))

    def test_added_when_it_is_done(self) -> None:
        """An item that is announced only after its end is the same item, and not another call."""
        reply = said(CREATED, done(0, call("{}")), added(0, call("{}")), completed(call("{}")))
        self.assertEqual(reply.blocks, (ToolUse("call_1", "Bash", "{}"),))

    def test_two_calls_of_one_id(self) -> None:
        """Two calls to which the vendor gave one id are two, and each has its own result."""
        one, two = said(CREATED, done(0, call("{}")), done(1, call('{"a":1}')), completed()).blocks
        assert isinstance(one, ToolUse) and isinstance(two, ToolUse)
        self.assertEqual((one.id, one.arguments, two.arguments), ("call_1", "{}", '{"a":1}'))
        self.assertNotEqual(one.id, two.id)

    def test_text_under_the_index_of_reasoning(self) -> None:
        """Text that comes under another item's index is not lost."""
        reply = said(CREATED, added(0, REASONING), summary_delta(0, "Hm."), text_delta(0, "Hi"), completed())
        self.assertEqual(reply.blocks, (Thinking("Hm."), Text("Hi")))

    def test_empty_arguments(self) -> None:
        """No arguments, `null` and the object within a string are what they mean."""
        for arguments, meant in (("", ""), ("null", ""), ("  ", "  "), ('"{\\"a\\":1}"', '{"a":1}'), ("{}", "{}")):
            for frames in ([arguments_delta(0, arguments)], []):
                reply = said(CREATED, added(0, call("")), *frames, done(0, call(arguments)), completed())
                use = reply.blocks[0]
                assert isinstance(use, ToolUse)
                self.assertEqual(use.arguments.strip(), meant.strip(), arguments)

    def test_arguments_as_an_object(self) -> None:
        """Arguments that are no string but the object itself are taken."""
        item = {**call(""), "arguments": {"a": 1}}
        self.assertEqual(said(CREATED, done(0, item), completed()).blocks[0].arguments, '{"a":1}')  # type: ignore[union-attr]

    def test_parallel_wrapper(self) -> None:
        """Calls that the model wrapped into one are told as what they are."""
        uses = [
            {"recipient_name": "functions.Bash", "parameters": {"command": "ls"}},
            {"recipient_name": "Read", "parameters": {}},
        ]
        item = call(json.dumps({"tool_uses": uses}), name="multi_tool_use.parallel")
        reply = said(CREATED, added(0, item), arguments_delta(0, item["arguments"]), done(0, item), completed(item))
        self.assertEqual(
            reply.blocks,
            (ToolUse("call_1_0", "Bash", '{"command":"ls"}'), ToolUse("call_1_1", "Read", "{}")),
        )

    def test_a_tool_named_parallel(self) -> None:
        """A tool of that name that is no wrapper is called like any other."""
        item = call('{"jobs": 4}', name="parallel")
        self.assertEqual(
            said(CREATED, added(0, item), done(0, item), completed(item)).blocks,
            (ToolUse("call_1", "parallel", '{"jobs": 4}'),),
        )

    def test_unknown_events(self) -> None:
        """Events and fields that nobody knows change nothing, nor do `[DONE]` and comments."""
        reply = said(
            b": hello\n\n",
            CREATED,
            event("keepalive", sequence_number=3),
            event("response.steer.accepted", steer={}),
            b'data: {"type": 5}\n\ndata: [1]\n\n',
            added(0, message("")),
            text_delta(0, "Hi"),
            completed(message("Hi"), new_field={"a": 1}),
            b"data: [DONE]\n\n",
        )
        self.assertEqual(reply.blocks, (Text("Hi"),))

    def test_no_event_names(self) -> None:
        """The type within the data suffices."""
        stream = CREATED + added(0, message("")) + text_delta(0, "Hi") + completed(message("Hi"))
        bare = b"\n".join(line for line in stream.split(b"\n") if not line.startswith(b"event:"))
        self.assertEqual(events(bare), events(stream))

    def test_overlong_ids_are_not_kept(self) -> None:
        """An id of hundreds of characters would be refused when it is sent back, so it is left out."""
        item = {**REASONING, "id": "x" * 400}
        block = said(CREATED, done(0, item), completed()).blocks[0]
        assert isinstance(block, Thinking)
        state = unseal(block.seal, QUIRKS)
        assert state is not None
        self.assertNotIn("id", state["i"])

    def test_cached_more_than_the_prompt(self) -> None:
        """A vendor (xAI) may count cached tokens beside the prompt's: no count becomes negative."""
        usage = {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 50}, "output_tokens": 1}
        whole = response("completed", usage=usage)
        reply = said(CREATED, event("response.completed", response=whole))
        self.assertEqual((reply.usage.input, reply.usage.cache_read), (5, 50))


class FailureTests(SynchronousTestCase):
    """Streams that end badly say how."""

    def test_error_before_content(self) -> None:
        """An error in a stream of status 200 is of the kind that its code means, so that failover can go on."""
        for code, kind, status in (
            ("rate_limit_exceeded", Kind.OVERLOADED, 429),
            ("server_is_overloaded", Kind.OVERLOADED, 529),
            ("server_error", Kind.BROKEN, 503),
            ("insufficient_quota", Kind.QUOTA, 402),
            ("context_length_exceeded", Kind.OVERFLOW, 400),
            ("invalid_image_url", Kind.INVALID, 400),
            ("invalid_prompt", Kind.INVALID, 400),
            ("never_heard_of", Kind.BROKEN, 503),
        ):
            flat = event("error", code=code, message="No luck.", param=None)
            nested = event("error", error={"type": "x", "code": code, "message": "No luck."})
            failed = event("response.failed", response=response("failed", error={"code": code, "message": "No luck."}))
            for frames in ([flat, failed], [nested], [failed]):
                error = failure(CREATED, *frames)
                self.assertEqual((error.kind, error.status), (kind, status), code)
                self.assertIn("No luck.", error.message)
                assert error.original is not None
                self.assertEqual(error.original.dialect, "openai_responses")

    def test_error_without_a_type(self) -> None:
        """An error object that comes without ceremony is an error."""
        error = failure(b'event: error\ndata: {"error": {"message": "Slow down.", "code": "429"}}\n\n')
        self.assertEqual((error.kind, error.status), (Kind.OVERLOADED, 429))
        self.assertEqual(failure(b'data: {"error": "gone"}\n\n').message, "gone")

    def test_retry_after(self) -> None:
        """How long to wait stands in the words."""
        error = failure(event("error", code="rate_limit_exceeded", message="Please try again in 7.5s."))
        self.assertEqual(error.retry_after, 7.5)

    def test_policy(self) -> None:
        """That the vendor's policy declines is an answer, with blocks that were open closed."""
        failed = event("response.failed", response=response("failed", error={"code": "bio_policy", "message": "No."}))
        reply = said(CREATED, added(0, message("")), text_delta(0, "Well"), failed)
        self.assertEqual(reply.blocks, (Text("Well"),))
        self.assertEqual((reply.stop.reason, reply.stop.explanation), (Reason.REFUSED, "No."))

    def test_cut_off(self) -> None:
        """A stream without its last event was cut off, whatever it had said, and is never told as complete."""
        stream = CREATED + added(0, message("")) + text_delta(0, "Hi") + done(0, message("Hi"))
        for frames in (b"", CREATED, stream, stream + b"data: [DONE]\n\n", stream + completed()[:40]):
            self.assertEqual(failure(frames).kind, Kind.BROKEN)

    def test_broken_arguments(self) -> None:
        """Arguments that are no JSON in an answer that claims to be complete are an error, not a call."""
        error = failure(CREATED, added(0, call("")), arguments_delta(0, '{"a": tru'), completed(call('{"a": tru')))
        self.assertEqual(error.kind, Kind.BROKEN)
        self.assertIn("Bash", error.message)

    def test_failures_however_cut(self) -> None:
        """How the bytes of a failing stream are cut changes nothing."""
        found = events(CREATED, text_delta(0, "Hi"), event("error", code="server_error", message="Gone."))
        self.assertIsInstance(found[-1], Failed)

    def test_not_json(self) -> None:
        """An event that cannot be read is an error, as it may have held anything."""
        self.assertEqual(failure(CREATED, b"data: {nonsense\n\n").kind, Kind.BROKEN)

    def test_cancelled(self) -> None:
        """A response that somebody cancelled is broken, and so is one that goes on in the background."""
        for status in ("cancelled", "queued", "in_progress"):
            self.assertEqual(failure(CREATED, event("response.done", response=response(status))).kind, Kind.BROKEN)


_KEYS = st.sampled_from(
    ["type", "item", "delta", "output_index", "content_index", "summary_index", "text", "response", "output", "status",
     "error", "message", "code", "content", "summary", "arguments", "name", "call_id", "id", "usage", "action", "input",
     "encrypted_content", "incomplete_details", "input_tokens", "sources", "queries", "tool_uses"]
)  # fmt: skip
_TYPES = st.sampled_from(
    ["response.created", "response.output_item.added", "response.output_item.done", "response.output_text.delta",
     "response.output_text.done", "response.function_call_arguments.delta", "response.function_call_arguments.done",
     "response.reasoning_summary_text.delta", "response.reasoning_text.delta", "response.refusal.delta", "error",
     "response.custom_tool_call_input.delta", "response.completed", "response.failed", "response.incomplete",
     "message", "reasoning", "function_call", "custom_tool_call", "web_search_call", "output_text", "search"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.floats(allow_nan=False) | _TYPES | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=12,
)


class RobustnessTests(SynchronousTestCase):
    """Nothing that an upstream could send crashes the parser or breaks the grammar."""

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.lists(st.tuples(_TYPES, st.dictionaries(_KEYS, _VALUES, max_size=6)), max_size=8))
    def test_random_events(self, values: list[tuple[str, dict[str, Any]]]) -> None:
        """Random objects with the right names in wrong places give a legal stream that ends."""
        frames = [f"data: {json.dumps({**value, 'type': kind})}\n\n".encode() for kind, value in values]
        self.assertIsInstance(parse(Parser(QUIRKS), frames)[-1], (Finished, Failed))

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.lists(st.binary(max_size=40), max_size=5))
    def test_random_bytes(self, chunks: list[bytes]) -> None:
        """Random bytes give a stream that fails."""
        self.assertIsInstance(parse(Parser(QUIRKS), chunks)[-1], Failed)

    def test_end_never_told(self) -> None:
        """What an item holds that was begun, and neither said nor ended, is known from the response in the end."""
        reply = said(CREATED, added(0, message("")), completed(message("Hello")))
        self.assertEqual(reply.blocks, (Text("Hello"),))
        reply = said(CREATED, added(0, call("")), completed(call('{"command": "ls"}')))
        self.assertEqual(reply.blocks, (ToolUse("call_1", "Bash", '{"command": "ls"}'),))

    def test_order_of_events(self) -> None:
        """The stream begins with its start and ends with its finish, and each block is closed before."""
        found = events(CREATED, added(0, message("")), text_delta(0, "Hi"), completed(message("Hi")))
        self.assertEqual([type(each) for each in (found[0], found[-1])], [Started, Finished])
        self.assertIsInstance(found[-2], BlockStopped)
