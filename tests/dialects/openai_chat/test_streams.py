"""Streams of chat completions as vendors send them, and what is understood of each."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.responses import parse_response
from ccproxy.dialects.openai_chat.streams import Parser
from ccproxy.dialects.quirks import Quirks, ReplayReasoning
from ccproxy.dialects.seals import unseal
from ccproxy.errors import Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Failed, Finished, Started
from ccproxy.model.messages import Text, Thinking
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.jsontext import dumps
from tests.dialects.openai_chat.chunks import (
    DONE,
    blocks,
    call,
    chunk,
    events,
    failure,
    finish,
    frame,
    however_cut,
    said,
    said_however_cut,
)

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk({}, "stop")
SEALING = Quirks(vendor="v", model="m", replay_reasoning=ReplayReasoning.CONTENT)


class VendorTests(SynchronousTestCase):
    """Whole streams in the shapes that vendors are known for."""

    def test_openai(self) -> None:
        """OpenAI: the role first, text, the finish reason, usage in a chunk without choices, and the end mark."""
        told = however_cut(
            ROLE,
            chunk({"content": "Hel"}),
            chunk({"content": "lo 世界\u2028"}),
            STOP,
            frame({"id": "chatcmpl-1", "choices": [], "usage": USAGE}),
            DONE,
        )
        self.assertEqual(
            told,
            [
                Started("chatcmpl-1", "m", Usage()),
                BlockStarted(0, Text("")),
                BlockDelta(0, "Hel"),
                BlockDelta(0, "lo 世界\u2028"),
                BlockStopped(0),
                Finished(Stop(Reason.DONE, "stop"), Usage(10, 5)),
            ],
        )

    def test_azure(self) -> None:
        """Azure: a first chunk without choices and without an id is not the beginning."""
        response = said_however_cut(
            frame({"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}),
            chunk({"role": "assistant", "content": "", "refusal": None}, content_filter_results={}),
            chunk({"content": "Hi"}, content_filter_results={"hate": {"filtered": False}}),
            STOP,
            DONE,
        )
        self.assertEqual((response.id, response.model, blocks(response)), ("chatcmpl-1", "m", [("text", "Hi")]))

    def test_openrouter(self) -> None:
        """OpenRouter: comments keep the line alive, the finish reason comes twice, usage last."""
        told = however_cut(
            b": OPENROUTER PROCESSING\n\n",
            b": OPENROUTER PROCESSING\n\n",
            chunk({"role": "assistant", "content": "Hi"}, native_finish_reason=None),
            chunk({"content": ""}, "stop", native_finish_reason="completed"),
            chunk({"role": "assistant", "content": ""}, "stop", usage=USAGE),
            DONE,
        )
        self.assertEqual(finish(told), Finished(Stop(Reason.DONE, "stop"), Usage(10, 5)))

    def test_groq(self) -> None:
        """Groq: reasoning in its own field and usage within `x_groq`."""
        response = said_however_cut(
            chunk({"role": "assistant", "content": ""}, x_groq={"id": "req_1"}),
            chunk({"reasoning": "Think"}),
            chunk({"reasoning": "ing"}),
            chunk({"content": "Hi"}),
            chunk({}, "stop", x_groq={"id": "req_1", "usage": USAGE}),
            DONE,
        )
        self.assertEqual(blocks(response), [("thinking", "Thinking"), ("text", "Hi")])
        self.assertEqual(response.usage, Usage(10, 5))

    def test_groq_error(self) -> None:
        """Groq: an error is a frame named so."""
        told = failure(
            ROLE, frame({"error": {"message": "Failed to call a function", "code": "tool_use_failed"}}, "error")
        )
        self.assertIs(told.error.kind, Kind.BROKEN)
        self.assertIn("Failed to call a function", told.error.message)

    def test_deepseek(self) -> None:
        """DeepSeek: reasoning with null content beside it, blank lines to keep alive, a tool call, cache hits."""
        usage = {**USAGE, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6}
        response = said_however_cut(
            b": keep-alive\n\n",
            chunk({"role": "assistant", "content": None, "reasoning_content": ""}),
            chunk({"content": None, "reasoning_content": "Look"}),
            b"\n\n",
            chunk({"content": None, "reasoning_content": " it up"}),
            chunk({"content": "", "reasoning_content": None, **call(0, "call_00_a", "Read", "")}),
            chunk(call(0, arguments='{"path": ')),
            chunk(call(0, arguments='"a.txt"}')),
            chunk({"content": "", "reasoning_content": None}, "tool_calls", usage=usage),
            DONE,
        )
        self.assertEqual(
            blocks(response), [("thinking", "Look it up"), ("call", "call_00_a", "Read", '{"path": "a.txt"}')]
        )
        self.assertEqual(response.usage, Usage(6, 5, 4))
        self.assertIs(response.stop.reason, Reason.TOOLS)

    def test_mistral(self) -> None:
        """Mistral: content as parts, with reasoning as a list of texts and a signature."""
        quirks = Quirks(vendor="mistral", replay_reasoning=ReplayReasoning.PARTS)
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}], "signature": "sig"}
        reference = {"type": "reference", "reference_ids": [1]}
        response = said_however_cut(
            chunk({"role": "assistant", "content": [thinking]}),
            chunk({"content": [reference, {"type": "text", "text": "Hi"}]}),
            chunk({"content": ""}, "stop", usage=USAGE),
            DONE,
            quirks=quirks,
        )
        self.assertEqual(blocks(response), [("thinking", "Hm"), ("text", "Hi")])
        thought = response.blocks[0]
        assert isinstance(thought, Thinking)
        self.assertEqual(unseal(thought.seal, quirks), {"r": "thinking parts", "t": "Hm", "s": "sig"})

    def test_ollama(self) -> None:
        """Ollama: a whole call in one chunk, with `stop` as the finish reason."""
        response = said_however_cut(
            chunk({"role": "assistant", "content": "", **call(0, "call_x", "Read", '{"a":1}')}),
            chunk({"role": "assistant", "content": ""}, "stop"),
            DONE,
        )
        self.assertEqual(blocks(response), [("call", "call_x", "Read", '{"a":1}')])
        self.assertIs(response.stop.reason, Reason.TOOLS)

    def test_qwen(self) -> None:
        """Qwen: each fragment of a call repeats an empty id, and null fields."""
        response = said_however_cut(
            chunk({"role": "assistant", "content": None, **call(0, "call_q", "Read", "")}),
            chunk({"content": None, **call(0, "", "", '{"a":')}),
            chunk({"content": None, **call(0, "", None, "1}")}),
            chunk({"content": ""}, "tool_calls"),
            frame({"choices": [], "usage": {**USAGE, "prompt_tokens_details": {"cached_tokens": 3}}}),
            DONE,
        )
        self.assertEqual(blocks(response), [("call", "call_q", "Read", '{"a":1}')])
        self.assertEqual(response.usage, Usage(7, 5, 3))

    def test_kimi(self) -> None:
        """Kimi: ids with colons, usage within the choice."""
        response = said_however_cut(
            ROLE,
            chunk(call(0, "functions.Read:0", "Read", "")),
            chunk(call(0, arguments="{}")),
            chunk({}, "tool_calls", usage={**USAGE, "cached_tokens": 2}),
            DONE,
        )
        self.assertEqual(blocks(response), [("call", "functions.Read:0", "Read", "{}")])
        self.assertEqual(response.usage, Usage(8, 5, 2))

    def test_gemini(self) -> None:
        """Gemini's OpenAI endpoint: no index, no end mark; what goes back with a call is sealed before it."""
        quirks = Quirks(vendor="gemini", replay_reasoning=ReplayReasoning.NEVER)
        extra = {"google": {"thought_signature": "c2ln"}}
        fragment = {"id": "", "type": "function", "function": {"name": "Read", "arguments": '{"a":1}'}}
        response = said_however_cut(
            chunk({"role": "assistant", "tool_calls": [{**fragment, "extra_content": extra}]}),
            chunk({"role": "assistant", "tool_calls": [fragment]}, "stop", usage=USAGE),
            quirks=quirks,
        )
        self.assertEqual([block[0] for block in blocks(response)], ["thinking", "call", "call"])
        thought = response.blocks[0]
        assert isinstance(thought, Thinking)
        self.assertEqual(unseal(thought.seal, quirks), {"x": extra})
        ids = {block[1] for block in blocks(response)[1:]}
        self.assertEqual(len(ids), 2, "each call has an id of its own")

    def test_copilot(self) -> None:
        """Copilot with Claude: text and calls in several choices of one chunk are one answer."""
        choices = [
            {"index": 0, "delta": {"content": "Let me look"}, "finish_reason": "tool_calls"},
            {"index": 1, "delta": call(0, "toolu_1", "Read", '{"a":1}'), "finish_reason": "tool_calls"},
        ]
        response = said_however_cut(frame({"id": "x", "model": "m", "choices": choices}), DONE)
        expected = [("text", "Let me look"), ("call", "toolu_1", "Read", '{"a":1}')]
        self.assertEqual(blocks(response), expected)
        messages = [{**choice, "message": choice["delta"], "delta": None} for choice in choices]
        self.assertEqual(blocks(parse_response(dumps({"id": "x", "choices": messages}), Quirks())), expected)

    def test_vllm(self) -> None:
        """A vLLM server names the stop sequence that matched beside the finish reason."""
        told = however_cut(ROLE, chunk({"content": "a"}), chunk({"content": ""}, "stop", stop_reason="END"), DONE)
        self.assertEqual(finish(told).stop, Stop(Reason.STOP_SEQUENCE, "stop", "END"))

    def test_minimax(self) -> None:
        """MiniMax tells an error with a status of its own, and status 0 is none."""
        told = failure(frame({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}, "choices": None}))
        self.assertEqual((told.error.kind, told.error.status), (Kind.OVERLOADED, 429))
        ok = {"status_code": 0, "status_msg": ""}
        response = said_however_cut(chunk({"content": "Hi"}, "stop"), frame({"base_resp": ok, "choices": []}), DONE)
        self.assertEqual(blocks(response), [("text", "Hi")])

    def test_whole_message(self) -> None:
        """A server that streams its whole message in one chunk is understood, and one that repeats it at the end."""
        whole = {"message": {"role": "assistant", "content": "Hi", "tool_calls": None}}
        self.assertEqual(blocks(said_however_cut(chunk(None, "stop", **whole), DONE)), [("text", "Hi")])
        repeated = said_however_cut(chunk({"content": "H"}), chunk({"content": "i"}), chunk({}, "stop", **whole), DONE)
        self.assertEqual(blocks(repeated), [("text", "Hi")])

    def test_legacy_function(self) -> None:
        """The old `function_call` is a call without an id."""
        response = said_however_cut(
            chunk({"function_call": {"name": "Read", "arguments": ""}}),
            chunk({"function_call": {"arguments": '{"a":1}'}}),
            chunk({}, "function_call"),
            DONE,
        )
        [(_, id, name, arguments)] = blocks(response)
        self.assertEqual((name, arguments), ("Read", '{"a":1}'))
        self.assertTrue(id)

    def test_sloppy_framing(self) -> None:
        """No blank behind the colon, a mark before the first byte, blanks around the end mark, no last blank line."""
        data = b"\xef\xbb\xbf" + ROLE + chunk({"content": "Hi"}) + STOP + b"data:  [DONE] "
        self.assertEqual(blocks(said_however_cut(data.replace(b"data: {", b"data:{"))), [("text", "Hi")])


class TextTests(SynchronousTestCase):
    """Text and reasoning within one stream."""

    def test_whitespace(self) -> None:
        """Blanks between words are kept, and a text that is nothing but blanks is none."""
        response = said(chunk({"content": "a"}), chunk({"content": " "}), chunk({"content": "\n\nb "}), STOP, DONE)
        self.assertEqual(blocks(response), [("text", "a \n\nb ")])
        response = said(chunk({"content": "\n"}), chunk(call(0, "i", "Read", "{}")), chunk({}, "tool_calls"), DONE)
        self.assertEqual(blocks(response), [("call", "i", "Read", "{}")])

    def test_indented(self) -> None:
        """An answer that begins with blanks keeps them; line ends between reasoning and answer are dropped."""
        self.assertEqual(blocks(said(chunk({"content": "  "}), chunk({"content": "x"}), STOP)), [("text", "  x")])
        response = said(chunk({"reasoning_content": "r"}), chunk({"content": "\n\n"}), chunk({"content": "\nx"}), STOP)
        self.assertEqual(blocks(response), [("thinking", "r"), ("text", "x")])

    def test_alternating(self) -> None:
        """Reasoning after text is a block of its own, and so is the text behind it."""
        response = said(
            chunk({"reasoning": "1"}), chunk({"content": "2"}), chunk({"reasoning": "3"}), chunk({"content": "4"}), STOP
        )
        self.assertEqual(blocks(response), [("thinking", "1"), ("text", "2"), ("thinking", "3"), ("text", "4")])

    def test_text_around_calls(self) -> None:
        """Text, a call and text again keep their order, also where the call's arguments were not there yet."""
        response = said(
            chunk({"content": "a"}), chunk(call(0, "i", "Read", '{"x":1}')), chunk({"content": "b"}), STOP, DONE
        )
        self.assertEqual(blocks(response), [("text", "a"), ("call", "i", "Read", '{"x":1}'), ("text", "b")])
        response = said(
            chunk(call(0, "i", "Read", "")),
            chunk({"content": "b"}),
            chunk(call(0, arguments="{}")),
            chunk({}, "tool_calls"),
            DONE,
        )
        self.assertEqual(blocks(response), [("call", "i", "Read", "{}"), ("text", "b")])

    def test_same_in_both(self) -> None:
        """Where a chunk has the reasoning as text and as details, it is told once."""
        detail = {"type": "reasoning.text", "text": "Hm", "index": 0}
        response = said(chunk({"reasoning": "Hm", "reasoning_details": [detail]}), chunk({"content": "x"}), STOP)
        self.assertEqual(blocks(response), [("thinking", "Hm"), ("text", "x")])

    def test_cumulative(self) -> None:
        """A vendor that repeats all text so far in every chunk is found out."""
        text = "The quick brown fox jumps over the lazy dog, and again."
        chunks = [chunk({"content": text[:end]}) for end in (22, 30, 41, len(text), len(text))]
        self.assertEqual(blocks(said(*chunks, STOP)), [("text", text)])

    def test_repetitive(self) -> None:
        """A text that repeats itself in short pieces is left as it is."""
        pieces = ["ha", "haha", "hahahaha", " ", "ha ha"]
        self.assertEqual(
            blocks(said(*[chunk({"content": piece}) for piece in pieces], STOP)), [("text", "".join(pieces))]
        )

    def test_refusal(self) -> None:
        """A refusal is said as text, and told as one."""
        told = events(chunk({"refusal": "I can"}), chunk({"refusal": "not."}), STOP, DONE)
        self.assertEqual(finish(told).stop, Stop(Reason.REFUSED, "stop", None, "I cannot."))
        self.assertIn(BlockDelta(0, "not."), told)

    def test_odd_values(self) -> None:
        """Fields of the wrong type say nothing, and break nothing."""
        odd = [
            b"data: 5\n\n",
            b"data: null\n\n",
            frame([]),
            frame({"choices": [None, 5, {"delta": "x"}, {"delta": None, "finish_reason": None}]}),
            chunk({"content": 5, "reasoning": {"a": 1}, "tool_calls": [None], "reasoning_details": "x"}),
            chunk({"content": [5, None, {"type": "image_url"}, {"thinking": 5}], "function_call": "x"}),
            frame({"choices": "none", "usage": "much", "x_groq": [], "id": 5}),
        ]
        response = said(*odd, chunk({"content": "x"}, usage={"prompt_tokens": "many", "completion_tokens": -1}), STOP)
        self.assertEqual(blocks(response), [("text", "x")])
        self.assertEqual(response.usage, Usage())


class TagTests(SynchronousTestCase):
    """Reasoning within tags of the text."""

    def test_at_the_beginning(self) -> None:
        """`<think>` at the beginning is understood of every vendor, with its line ends around."""
        for opener, closer in (("<think>", "</think>"), ("<thinking>", "</thinking>")):
            text = f"\n{opener}\nI think</thin{closer}\n\nHello <think>"
            told = said(*[chunk({"content": letter}) for letter in text], STOP)
            self.assertEqual(blocks(told), [("thinking", "I think</thin"), ("text", "Hello <think>")])

    def test_harmony(self) -> None:
        """A harmony channel that a server did not read is reasoning too."""
        text = "<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>Hi"
        self.assertEqual(blocks(said(chunk({"content": text}), STOP)), [("thinking", "Hm"), ("text", "Hi")])

    def test_not_at_the_beginning(self) -> None:
        """A tag in the middle of an answer is text, and so is what only looked like one."""
        for text in ("See <think> there</think>", "<thinner>", "<th", " <"):
            self.assertEqual(blocks(said(chunk({"content": text}), STOP)), [("text", text)])

    def test_everywhere(self) -> None:
        """A vendor known for its tags may use them anywhere, and close what its template opened."""
        quirks = Quirks(think_tags=True)
        text = "opened</think>\n\na <think>b</think>c < d"
        response = said(*[chunk({"content": letter}) for letter in text], STOP, quirks=quirks)
        self.assertEqual(blocks(response), [("text", "openeda "), ("thinking", "b"), ("text", "c < d")])

    def test_field_outweighs(self) -> None:
        """Where reasoning has its own field, a tag in the text is text."""
        response = said(chunk({"reasoning": "r"}), chunk({"content": "<think>x</think>"}), STOP)
        self.assertEqual(blocks(response), [("thinking", "r"), ("text", "<think>x</think>")])

    def test_unclosed(self) -> None:
        """Reasoning that never ends is reasoning."""
        response = said(chunk({"content": "<think>on and on</thi"}), chunk({}, "length"))
        self.assertEqual(blocks(response), [("thinking", "on and on</thi")])


class SealTests(SynchronousTestCase):
    """What vendors want to see again."""

    def seal_of(self, quirks: Quirks, *frames: bytes) -> list[object]:
        response = said(*frames, quirks=quirks)
        return [unseal(block.seal, quirks) for block in response.blocks if isinstance(block, Thinking)]

    def test_text(self) -> None:
        """The reasoning itself is sealed, in the field its vendor wants."""
        frames = (chunk({"reasoning_content": "a"}), chunk({"reasoning_content": "b"}), chunk({"content": "x"}), STOP)
        self.assertEqual(self.seal_of(SEALING, *frames), [{"r": "reasoning_content", "t": "ab"}])

    def test_nothing_wanted(self) -> None:
        """Where the vendor wants nothing back there is no seal."""
        told = events(chunk({"reasoning": "a"}), chunk({"content": "x"}), STOP)
        self.assertIn(BlockStopped(0), told)

    def test_details(self) -> None:
        """OpenRouter's details are put together from fragments, signature and encrypted data included."""
        quirks = Quirks(vendor="openrouter", replay_reasoning=ReplayReasoning.DETAILS)
        text = {"type": "reasoning.text", "index": 0, "format": "anthropic-claude-v1"}
        frames = (
            chunk({"reasoning": "a", "reasoning_details": [{**text, "text": "a"}]}),
            chunk({"reasoning": "b", "reasoning_details": [{**text, "text": "b"}]}),
            chunk({"reasoning_details": [{**text, "text": "", "signature": "sig"}]}),
            chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "xx", "id": "r1", "index": 1}]}),
            chunk({"content": "hi"}),
            STOP,
        )
        encrypted = {"type": "reasoning.encrypted", "data": "xx", "id": "r1", "index": 1}
        details = [{**text, "text": "ab", "signature": "sig"}, encrypted]
        self.assertEqual(self.seal_of(quirks, *frames), [{"details": details}])

    def test_late_details(self) -> None:
        """Details that come with a call or at the end are kept too, in a block without words."""
        quirks = Quirks(vendor="openrouter", replay_reasoning=ReplayReasoning.DETAILS)
        detail = {"type": "reasoning.encrypted", "data": "xx", "index": 0}
        with_call = {**call(0, "i", "Read", "{}"), "reasoning_details": [detail]}
        self.assertEqual(self.seal_of(quirks, chunk(with_call), chunk({}, "tool_calls")), [{"details": [detail]}])
        at_end = chunk({"reasoning_details": [detail]}, "stop")
        self.assertEqual(self.seal_of(quirks, chunk({"content": "x"}), at_end), [{"details": [detail]}])


class EndTests(SynchronousTestCase):
    """How streams end, and how they break off."""

    def test_no_mark(self) -> None:
        """A finish reason is enough; the end mark may be missing."""
        self.assertEqual(finish(events(chunk({"content": "x"}), STOP)).stop.reason, Reason.DONE)

    def test_no_finish(self) -> None:
        """The end mark is enough after some content, and never without."""
        self.assertEqual(finish(events(chunk({"content": "x"}), DONE)).stop.reason, Reason.DONE)
        self.assertIn("without finish_reason", failure(ROLE, DONE).error.message)

    def test_broken_off(self) -> None:
        """A stream that just stops has failed, whatever it said."""
        for frames in ((), (ROLE,), (chunk({"content": "x"}),), (chunk(call(0, "i", "Read", "{}")),)):
            told = failure(*frames)
            self.assertIs(told.error.kind, Kind.BROKEN)
            self.assertIn("without finish_reason", told.error.message)

    def test_complete(self) -> None:
        """With the finish reason the answer is complete, while no frame is half there."""
        parser = Parser(Quirks())
        parser.feed(chunk({"content": "x"}))
        self.assertFalse(parser.complete)
        parser.feed(STOP)
        self.assertTrue(parser.complete)
        parser.feed(b'data: {"usage"')
        self.assertFalse(parser.complete)
        self.assertIsInstance(parser.close()[-1], Finished)

    def test_reasons(self) -> None:
        """Each vendor's word for the end has ours beside it."""
        for word, reason in (
            ("stop", Reason.DONE),
            ("eos", Reason.DONE),
            ("length", Reason.LENGTH),
            ("model_length", Reason.LENGTH),
            ("content_filter", Reason.REFUSED),
            ("sensitive", Reason.REFUSED),
            ("model_context_window_exceeded", Reason.WINDOW),
            ("tool_calls", Reason.DONE),
            ("function_call", Reason.DONE),
            ("whatever", Reason.OTHER),
        ):
            told = events(chunk({"content": "x"}), chunk({}, word), DONE)
            self.assertEqual(finish(told).stop, Stop(reason, word))

    def test_native_reason(self) -> None:
        """A router's own word for the end may hide that the limit cut the answer; the vendor's word beside it does
        not. A call that was cut is then no broken one."""
        cut = {"native_finish_reason": "max_output_tokens"}
        told = events(chunk(call(0, "i", "Read", '{"path": "/et')), chunk({}, "tool_calls", **cut), DONE)
        self.assertEqual(finish(told).stop, Stop(Reason.LENGTH, "length"))
        told = events(chunk({"content": "x"}), chunk({}, "stop", native_finish_reason="STOP"), DONE)
        self.assertEqual(finish(told).stop, Stop(Reason.DONE, "stop"))

    def test_failing_reasons(self) -> None:
        """A finish reason that tells a failure is one."""
        for word, kind in (("error", Kind.BROKEN), ("insufficient_system_resource", Kind.OVERLOADED)):
            self.assertIs(failure(chunk({"content": "x"}), chunk({}, word)).error.kind, kind)

    def test_empty(self) -> None:
        """An answer without content is an answer."""
        told = events(chunk({}, "stop"), DONE)
        self.assertEqual([type(event) for event in told], [Started, Finished])

    def test_tail(self) -> None:
        """What is not JSON behind the finish reason does no harm; before it, it is a broken stream."""
        self.assertEqual(finish(events(chunk({"content": "x"}), STOP, b"data: oops\n\n")).stop.reason, Reason.DONE)
        told = failure(chunk({"content": "x"}), b"data: oops\n\n", STOP)
        self.assertIn("not JSON", told.error.message)

    def test_usage_last_wins(self) -> None:
        """Running totals replace each other, and a closing zero is a placeholder."""
        frames = [
            chunk({"content": "x"}, usage={"prompt_tokens": 10, "completion_tokens": count}) for count in (1, 2, 3)
        ]
        told = events(*frames, chunk({}, "stop", usage={"prompt_tokens": 10, "completion_tokens": 0}), DONE)
        self.assertEqual(finish(told).usage, Usage(10, 3))


class ErrorTests(SynchronousTestCase):
    """Errors told within a stream."""

    def test_shapes(self) -> None:
        """An error is understood in every shape, beside choices or without."""
        for data in (
            frame({"error": {"message": "gone", "code": 502}}),
            frame({"error": "gone"}),
            frame({"error": {"message": "gone"}, "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}),
            frame({"object": "error", "message": "gone"}),
            frame({"message": "gone"}, "error"),
            b"event: error\ndata: gone\n\n",
            frame({"choices": [{"delta": {}, "error": {"message": "gone"}, "finish_reason": "error"}]}),
            frame({"x_groq": {"error": "gone"}, "choices": []}),
            frame([{"error": {"message": "gone", "code": 500, "status": "INTERNAL"}}]),
        ):
            told = failure(chunk({"content": "x"}), data, DONE)
            self.assertEqual((told.error.kind, told.error.message), (Kind.BROKEN, "gone"), data)

    def test_field(self) -> None:
        """llama.cpp tells a failure in a field that no parser of events knows; its words reach the client."""
        told = failure(chunk({"content": "x"}), b'error: {"error":{"message":"failed to decode, try again"}}\n\n')
        self.assertIn("failed to decode", told.error.message)

    def test_first(self) -> None:
        """An error before all else is the only event, so another target may be tried."""
        told = events(frame({"error": {"message": "busy", "type": "overloaded_error"}}))
        self.assertEqual(len(told), 1)
        self.assertIs(
            failure(frame({"error": {"message": "busy", "code": "server_is_overloaded"}})).error.kind, Kind.OVERLOADED
        )

    def test_kinds(self) -> None:
        """Codes and types say what kind of error it is."""
        for error, kind, status in (
            ({"message": "slow", "code": "rate_limit_exceeded"}, Kind.OVERLOADED, 429),
            ({"message": "slow", "code": 429}, Kind.OVERLOADED, 429),
            ({"message": "slow", "code": "1302"}, Kind.OVERLOADED, 429),
            ({"message": "no", "code": "insufficient_quota"}, Kind.QUOTA, 402),
            ({"message": "no", "type": "invalid_request_error", "code": None}, Kind.INVALID, 400),
            ({"message": "long", "code": "context_length_exceeded"}, Kind.OVERFLOW, 400),
            ({"message": "no", "code": 401}, Kind.REFUSED_CREDENTIAL, 502),
            ({"message": "no", "code": "server_error"}, Kind.BROKEN, 503),
        ):
            told = failure(frame({"error": error})).error
            self.assertEqual((told.kind, told.status), (kind, status), error)

    def test_filter(self) -> None:
        """A content filter that steps in declines; nothing has failed."""
        for code in ("content_filter", "data_inspection_failed", "1301"):
            told = events(chunk({"content": "x"}), frame({"error": {"message": "not this", "code": code}}))
            self.assertEqual(finish(told).stop, Stop(Reason.REFUSED, "content_filter", None, "not this"))

    def test_secret(self) -> None:
        """No key of ours in an upstream's words reaches the client."""
        told = failure(frame({"error": {"message": "bad key sk-proj-abcdef123456", "code": 401}}))
        self.assertNotIn("abcdef", told.error.message)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.text('{}"[]:<think>/ a1\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "thinking", "function", "name", "arguments", "index", "id", "message", "data"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
FRAGMENTS = st.fixed_dictionaries(
    {},
    optional={
        "index": st.integers(0, 2) | VALUES,
        "id": st.sampled_from(["i", "j", ""]) | VALUES,
        "function": st.fixed_dictionaries(
            {}, optional={"name": st.sampled_from(["A", "B", "", "parallel"]), "arguments": VALUES}
        ),
        "extra_content": VALUES,
    },
)
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": VALUES,
        "reasoning": VALUES,
        "reasoning_content": VALUES,
        "reasoning_details": st.lists(VALUES, max_size=2),
        "tool_calls": st.lists(FRAGMENTS, max_size=3) | VALUES,
        "function_call": VALUES,
        "refusal": VALUES,
    },
)
CHOICES = st.fixed_dictionaries(
    {"delta": DELTAS | VALUES},
    optional={
        "finish_reason": st.sampled_from([None, "stop", "tool_calls", "length"]),
        "message": VALUES,
        "usage": VALUES,
    },
)
CHUNKS = st.fixed_dictionaries(
    {"choices": st.lists(CHOICES | VALUES, max_size=2)}, optional={"usage": VALUES, "x_groq": VALUES, "id": VALUES}
)


class AnyStreamTests(SynchronousTestCase):
    """What holds of every stream."""

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(
        st.lists(CHUNKS, max_size=6),
        st.sampled_from(list(ReplayReasoning)),
        st.booleans(),
        st.sampled_from([b"", STOP, DONE, STOP + DONE]),
    )
    def test_any(self, values: list[object], replay: ReplayReasoning, tags: bool, end: bytes) -> None:
        """Whatever chunks hold, the events are in a legal order and come to an end."""
        quirks = Quirks(vendor="v", replay_reasoning=replay, think_tags=tags)
        self.assertIsInstance(events(*map(frame, values), end, quirks=quirks)[-1], (Finished, Failed))
