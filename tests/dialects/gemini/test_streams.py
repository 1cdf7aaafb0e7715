"""Reading and writing streams of generateContent."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.dialect import StreamParser
from ccproxy.dialects.gemini.dialect import GEMINI
from ccproxy.dialects.gemini.signatures import State, unseal
from ccproxy.dialects.gemini.streams import Elements, Parser
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Failed, Finished, Started
from ccproxy.model.messages import (
    Inline,
    Media,
    Medium,
    Opaque,
    Remote,
    Request,
    Searched,
    Source,
    Text,
    Thinking,
    Tool,
    ToolUse,
)
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage
from tests.dialects.gemini.pieces import MODEL, USAGE, array, called, piece, said, sse, thought
from tests.support.streams import every_cut, joined, parse, render

QUIRKS = Quirks(vendor="gemini", model=MODEL, account="a1")


def parser() -> StreamParser:
    """A parser of Gemini's streams."""
    return GEMINI.parse_stream(QUIRKS)


def folded(data: bytes) -> Response:
    """What a stream says, the same however it is cut."""
    return fold(every_cut(parser, data))


def failed(data: bytes) -> ApiError:
    """The error in which a stream ends, the same however it is cut."""
    last = every_cut(parser, data)[-1]
    assert isinstance(last, Failed), last
    return last.error


def state(block: object) -> State | None:
    """What the seal of a thinking block holds."""
    assert isinstance(block, Thinking), block
    return unseal(block.seal, QUIRKS)


class Reading(SynchronousTestCase):
    """Streams written by hand, each cut at every byte."""

    def test_media(self) -> None:
        """Pictures that the model made are blocks of their own, here or at an address; what is no such part is not."""
        data = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
        file = {"fileData": {"fileUri": "https://a.test/b"}, "thoughtSignature": "s"}
        reply = folded(sse(piece(said("Look:"), data), piece(file, finish="STOP", usage=USAGE)))
        self.assertEqual(
            [block for block in reply.blocks if not isinstance(block, Thinking)],
            [
                Text("Look:"),
                Media(Medium.IMAGE, Inline("image/png", "aGk=")),
                Media(Medium.DOCUMENT, Remote("https://a.test/b"), extras={"gemini": {"thoughtSignature": "s"}}),
            ],
        )

    def test_text(self) -> None:
        """Text comes in deltas of one block; the last counts are the ones told."""
        events = every_cut(
            parser,
            sse(
                piece(said("Hel"), usage={"promptTokenCount": 100}),
                piece(said("lo, 世界")),
                piece(said(""), finish="STOP", usage=USAGE),
            ),
        )
        usage = Usage(input=60, output=12, cache_read=40, reasoning=5)
        self.assertEqual(
            events,
            [
                Started("resp-1", MODEL, Usage(input=100)),
                BlockStarted(0, Text("")),
                BlockDelta(0, "Hel"),
                BlockDelta(0, "lo, 世界"),
                BlockStopped(0),
                Finished(Stop(Reason.DONE, "STOP"), usage),
            ],
        )

    def test_reasoning_seals_the_call(self) -> None:
        """The signature of a call travels in the reasoning before it, and the answer waits for the tool."""
        response = folded(
            sse(
                piece(thought("First ")),
                piece(thought("think.")),
                piece(called("Bash", {"command": "ls"}, "call_1", "c2ln"), finish="STOP"),
            )
        )
        thinking, use = response.blocks
        assert isinstance(thinking, Thinking)
        self.assertEqual(thinking.text, "First think.")
        self.assertEqual(state(thinking), State(call="c2ln"))
        self.assertEqual(use, ToolUse("call_1", "Bash", '{"command":"ls"}'))
        self.assertEqual(response.stop, Stop(Reason.TOOLS, "STOP"))

    def test_signature_without_reasoning(self) -> None:
        """A signed call behind text is preceded by withheld reasoning that carries the signature."""
        response = folded(sse(piece(said("Let me look.")), piece(called("Read", {}, "r1", "c2ln"), finish="STOP")))
        text, thinking, use = response.blocks
        self.assertEqual(text, Text("Let me look."))
        self.assertEqual(state(thinking), State(call="c2ln"))
        self.assertEqual((thinking.text, thinking.withheld), ("", True))
        self.assertEqual(use, ToolUse("r1", "Read", "{}"))

    def test_parallel_calls(self) -> None:
        """Several calls in one piece or in several are a block each, in order, and the signature is the first's."""
        response = folded(
            sse(
                piece(called("a", {"n": 1}, "id_1", "c2ln"), called("b", {"n": 2}, "id_2")),
                piece(called("a", {"n": 3}, "id_3")),
                piece(finish="STOP"),
            )
        )
        thinking, *uses = response.blocks
        self.assertEqual(state(thinking), State(call="c2ln"))
        self.assertEqual(
            [(use.id, use.name, use.arguments) for use in uses if isinstance(use, ToolUse)],
            [
                ("id_1", "a", '{"n":1}'),
                ("id_2", "b", '{"n":2}'),
                ("id_3", "a", '{"n":3}'),
            ],
        )

    def test_ids_are_made_up(self) -> None:
        """Calls without an id, with a repeated or an illegal one, get ids of their own: always the same ones, and
        others in another answer."""
        parts = [
            called("x", {}),
            called("x", {}),
            called("x", {}, "same"),
            called("x", {}, "same"),
            called("x", {}, "a b"),
        ]
        first = folded(sse(piece(*parts, finish="STOP")))
        again = folded(sse(piece(*parts[:2]), piece(*parts[2:], finish="STOP")))
        other = folded(sse({**piece(*parts, finish="STOP"), "responseId": "resp-2"}))
        ids = [
            [block.id for block in response.blocks if isinstance(block, ToolUse)] for response in (first, again, other)
        ]
        self.assertEqual(ids[0], ids[1])
        self.assertEqual(len(set(ids[0])), 5)
        self.assertEqual(set(ids[0]) & set(ids[2]), {"same"})
        for id in ids[0]:
            self.assertRegex(id, r"^[a-zA-Z0-9_-]{1,64}$")

    def test_ids_without_response_id(self) -> None:
        """Where an answer has no id either, the same call in another answer still has another id."""
        one, two = (
            piece(called("x", {}), finish="STOP", usage={"promptTokenCount": 10}),
            piece(called("x", {}), finish="STOP", usage={"promptTokenCount": 20}),
        )
        for body in (one, two):
            del body["responseId"]
        first, second = (folded(sse(body)).blocks[0] for body in (one, two))
        assert isinstance(first, ToolUse) and isinstance(second, ToolUse)
        self.assertNotEqual(first.id, second.id)

    def test_text_signature(self) -> None:
        """The signature of a text that follows reasoning travels with it; behind other text it is dropped, and the
        answer still ends in text."""
        response = folded(sse(piece(thought("Hm.")), piece(said("Yes.", thoughtSignature="dHh0"), finish="STOP")))
        self.assertEqual(state(response.blocks[0]), State(text="dHh0"))
        response = folded(sse(piece(thought("Hm.")), piece(said("", thoughtSignature="dHh0"), finish="STOP")))
        self.assertEqual(state(response.blocks[0]), State(parts=({"text": "", "thoughtSignature": "dHh0"},)))
        response = folded(sse(piece(said("Yes.")), piece(said("", thoughtSignature="dHh0"), finish="STOP")))
        self.assertEqual(response.blocks, (Text("Yes."),))

    def test_array_without_sse(self) -> None:
        """The same answer as one JSON array says the same, braces and quotes in its texts notwithstanding."""
        pieces = [
            piece(thought('a "quoted" {brace')),
            piece(said('back\\slash ]} \\" end')),
            piece(called("t", {"x": ["}", "{", '"']}, "i1"), finish="STOP", usage=USAGE),
        ]
        self.assertEqual(folded(array(*pieces)), folded(sse(*pieces)))

    def test_limit(self) -> None:
        """An object without an end does not fill the memory."""
        elements = Elements(limit=100)
        self.assertEqual(elements.feed(b'[{"a":1},' + b" " * 200), [b'{"a":1}'])
        error = self.assertRaises(ApiError, elements.feed, b'{"' + b"x" * 100)
        self.assertEqual(error.kind, Kind.BROKEN)

    def test_whole_object(self) -> None:
        """A single object in place of a stream is read as the only piece."""
        body = piece(said("All at once."), finish="STOP", usage=USAGE)
        self.assertEqual(folded(json.dumps(body).encode()), folded(sse(body)))

    def test_error_before_content(self) -> None:
        """An error in a stream of status 200 keeps Google's meaning, in an object or in an array of one."""
        error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
        for data in (sse(error), sse([error]), array(error), json.dumps(error).encode()):
            found = failed(data)
            self.assertEqual((found.kind, found.status), (Kind.OVERLOADED, 529))
            self.assertIn("overloaded", found.message)

    def test_error_after_content(self) -> None:
        """An error in the middle ends the stream; its word decides where the code is missing."""
        error = {"error": {"message": "Deadline expired", "status": "DEADLINE_EXCEEDED"}}
        events = every_cut(parser, sse(piece(said("Half an ans")), error, piece(said("wer"))))
        self.assertIn(BlockDelta(0, "Half an ans"), events)
        last = events[-1]
        assert isinstance(last, Failed)
        self.assertEqual(last.error.kind, Kind.TIMEOUT)

    def test_blocked_prompt(self) -> None:
        """A prompt that Google's filter stops is an answer: a refusal with the reason."""
        response = folded(sse({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": USAGE}))
        self.assertEqual(response.blocks, ())
        self.assertEqual((response.stop.reason, response.stop.raw), (Reason.REFUSED, "PROHIBITED_CONTENT"))
        self.assertIn("PROHIBITED_CONTENT", response.stop.explanation or "")
        self.assertEqual(response.usage.cache_read, 40)

    def test_refused_answer(self) -> None:
        """What the filter stops in the middle is a refusal too, and keeps what was said."""
        response = folded(sse(piece(said("I would")), piece(finish="SAFETY", finishMessage="Unsafe.")))
        self.assertEqual(response.stop, Stop(Reason.REFUSED, "SAFETY", explanation="Unsafe."))
        self.assertEqual(response.blocks, (Text("I would"),))

    def test_length(self) -> None:
        """The token limit is told as such, even where calls were made; so is Google's own limit for one request."""
        response = folded(sse(piece(said("An"), called("x", {}, "i1"), finish="MAX_TOKENS")))
        self.assertEqual(response.stop, Stop(Reason.LENGTH, "MAX_TOKENS"))
        response = folded(sse(piece(said("An"), finish="CONTINUATION", continuationToken="dG9r")))
        self.assertEqual(response.stop, Stop(Reason.LENGTH, "CONTINUATION"))

    def test_continuation(self) -> None:
        """An answer that goes on in other requests is one answer: its text one block, its counts those of all."""
        counts = {"promptTokenCount": 100, "candidatesTokenCount": 5, "totalTokenCount": 105}
        bodies = (
            sse(
                piece(thought("Hm.")),
                piece(said("An an"), finish="CONTINUATION", continuationToken="dDE=", usage=counts),
            ),
            array(piece(said("swer, ")), piece(finish="CONTINUATION", continuationToken="dDI=", usage=counts)),
            sse(piece(said("and a call"), called("Bash", {"c": 1}, "i1"), finish="STOP", usage=counts)),
        )
        parser = Parser(QUIRKS)
        events = parser.feed(bodies[0])
        self.assertFalse(parser.complete)
        for token, body in (("dDE=", bodies[1]), ("dDI=", bodies[2])):
            self.assertEqual(parser.continuation, {"continuationToken": token})
            parser.go_on()
            self.assertEqual(parser.continuation, {})
            for byte in body:
                events += parser.feed(bytes([byte]))
        self.assertEqual(parser.continuation, {})
        response = fold(events + parser.close())
        self.assertEqual(response.blocks[1], Text("An answer, and a call"))
        self.assertEqual(len(response.blocks), 3)
        self.assertEqual((response.usage.input, response.usage.output), (300, 15))
        self.assertIs(response.stop.reason, Reason.TOOLS)

    def test_unusable(self) -> None:
        """A malformed call, and an end without any word that is none, fail: another try or target may do better."""
        malformed = failed(sse(piece(finish="MALFORMED_FUNCTION_CALL", finishMessage="print(x) is no call")))
        self.assertEqual(malformed.kind, Kind.BROKEN)
        self.assertIn("print(x) is no call", malformed.message)
        for reason in ("OTHER", "CONTINUATION", "NO_IMAGE", "FINISH_REASON_UNSPECIFIED"):
            self.assertEqual(failed(sse(piece(finish=reason))).kind, Kind.BROKEN)
            self.assertEqual(folded(sse(piece(said("x"), finish=reason))).blocks, (Text("x"),))
        self.assertEqual(failed(sse(piece(finish="PUP_LIMITED_DISABLED"))).kind, Kind.REFUSED_CREDENTIAL)

    def test_unknown_reason(self) -> None:
        """A reason we do not know keeps its own word."""
        self.assertEqual(folded(sse(piece(said("x"), finish="NEWLY_MADE"))).stop, Stop(Reason.OTHER, "NEWLY_MADE"))

    def test_numbers_for_words(self) -> None:
        """Older libraries of Google's ask for numbers in place of words, and gateways hand them on."""
        for number, reason in ((1, Reason.DONE), (2, Reason.LENGTH), (3, Reason.REFUSED), (4, Reason.REFUSED)):
            self.assertIs(folded(sse(piece(said("Yes."), finishReason=number))).stop.reason, reason, number)
        self.assertIs(folded(sse(piece(said("Yes."), finishReason=17))).stop.reason, Reason.DONE)

    def test_broken_off(self) -> None:
        """A stream that ends without a reason is broken, and so is one that says nothing, or no JSON."""
        for data in (sse(piece(said("Half"))), b"", b": comment\n\n", b"data: {nonsense\n\n", b"[{]"):
            self.assertEqual(failed(data).kind, Kind.BROKEN)

    def test_complete(self) -> None:
        """Once the reason is known only the formal end is missing."""
        machine = parser()
        machine.feed(sse(piece(said("Hi"))))
        self.assertFalse(machine.complete)
        machine.feed(sse(piece(finish="STOP")))
        self.assertTrue(machine.complete)

    def test_search(self) -> None:
        """What Google searched for and found is one search, at the end, counted by its queries."""
        grounding = {
            "webSearchQueries": ["rain today", "rain tomorrow"],
            "groundingChunks": [
                {"web": {"uri": "https://example.org/a", "title": "A"}},
                {"web": {"uri": "https://example.org/b"}},
                {"maps": {}},
            ],
        }
        response = folded(sse(piece(said("It will rain.")), piece(finish="STOP", groundingMetadata=grounding)))
        text, search = response.blocks
        assert isinstance(search, Searched)
        self.assertEqual(search.query, "rain today; rain tomorrow")
        self.assertEqual(search.sources, (Source("https://example.org/a", "A"), Source("https://example.org/b")))
        self.assertEqual(response.usage.web_searches, 2)
        self.assertEqual(text, Text("It will rain."))

    def test_server_tools_travel(self) -> None:
        """Google's own calls and their results are not told, and return whole in the seal before what follows."""
        ran = [{"toolCall": {"id": "s1", "toolType": "GOOGLE_SEARCH_WEB"}}, {"toolResponse": {"id": "s1"}}]
        response = folded(sse(piece(*ran), piece(called("Bash", {}, "b1", "c2ln"), finish="STOP")))
        thinking, _use = response.blocks
        self.assertEqual(state(thinking), State(call="c2ln", parts=tuple(ran)))
        response = folded(sse(piece(thought("Hm.")), piece(*ran), piece(said("So."), finish="STOP")))
        thinking, _text = response.blocks
        self.assertEqual(state(thinking), State(parts=tuple(ran)))

    def test_unknown_part(self) -> None:
        """A part of a new kind becomes a block that only this dialect understands."""
        code = {"executableCode": {"language": "PYTHON", "code": "1"}}
        response = folded(sse(piece(said("Look:"), code, {"new": 1}, finish="STOP")))
        self.assertEqual(response.blocks, (Text("Look:"), Opaque("gemini", code), Opaque("gemini", {"new": 1})))

    def test_streamed_arguments(self) -> None:
        """Vertex sends arguments in pieces with paths; the call is told whole, whatever marks its end."""
        begin = {"functionCall": {"name": "book", "willContinue": True}, "thoughtSignature": "c2ln"}
        grow = [
            {
                "functionCall": {
                    "partialArgs": [{"jsonPath": "$.city", "stringValue": "New ", "willContinue": True}],
                    "willContinue": True,
                }
            },
            {
                "functionCall": {
                    "partialArgs": [
                        {"jsonPath": "$.city", "stringValue": "York"},
                        {"jsonPath": "$.rooms[0].beds", "numberValue": 2.0},
                        {"jsonPath": "$.rooms[1]['with bath']", "boolValue": True},
                        {"jsonPath": "$.note", "nullValue": "NULL_VALUE"},
                    ],
                    "willContinue": True,
                }
            },
        ]
        expected = '{"city":"New York","rooms":[{"beds":2},{"with bath":true}],"note":null}'
        for after in ([{"functionCall": {}}], [said("Done.")], []):
            response = folded(sse(piece(begin), *(piece(one) for one in grow), piece(*after, finish="STOP")))
            thinking, use = response.blocks[:2]
            assert isinstance(use, ToolUse)
            self.assertEqual((use.name, use.arguments), ("book", expected))
            self.assertEqual(state(thinking), State(call="c2ln"))
            self.assertEqual(response.stop.reason, Reason.TOOLS)

    def test_two_streamed_calls(self) -> None:
        """A new name ends the call before it; a name alone is a call without arguments."""
        response = folded(
            sse(
                piece({"functionCall": {"name": "a", "willContinue": True}}),
                piece(
                    {"functionCall": {"partialArgs": [{"jsonPath": "$.x", "numberValue": 0.5}], "willContinue": True}}
                ),
                piece({"functionCall": {"name": "b"}}),
                piece(finish="STOP"),
            )
        )
        uses = [(use.name, use.arguments) for use in response.blocks if isinstance(use, ToolUse)]
        self.assertEqual(uses, [("a", '{"x":0.5}'), ("b", "{}")])

    def test_text_ends_a_streamed_call(self) -> None:
        """Text behind a call whose end was never told stays behind it."""
        growing = {"functionCall": {"name": "a", "willContinue": True}}
        response = folded(sse(piece(said("Before.")), piece(growing), piece(said("After.")), piece(finish="STOP")))
        self.assertEqual([type(block) for block in response.blocks], [Text, ToolUse, Text])

    def test_odd_shapes(self) -> None:
        """Missing contents, wrong types and empty pieces are passed over."""
        events = every_cut(
            parser,
            sse(
                {},
                [],
                7,
                {"candidates": []},
                {"candidates": [None]},
                {"candidates": [{"content": None}]},
                piece("x", None, {"functionCall": 3}, {"functionCall": {"args": {}}}, {"text": 5}, {}),  # type: ignore[arg-type]
                {"candidates": [{"content": {"parts": "x"}}], "usageMetadata": {"promptTokenCount": "many"}},
                piece(said("ok"), finish="STOP"),
            ),
        )
        self.assertEqual([event.text for event in events if isinstance(event, BlockDelta)], ["ok"])

    def test_byte_order_mark(self) -> None:
        """A byte order mark before the stream does no harm, wherever it is cut."""
        data = b"\xef\xbb\xbf" + sse(piece(said("ok"), finish="STOP"))
        self.assertEqual(folded(data).blocks, (Text("ok"),))

    def test_arguments_that_are_no_object(self) -> None:
        """Arguments that are no object stand within one: clients could not read them else."""
        call = {"functionCall": {"name": "Read", "args": ["a.txt"]}}
        (use,) = folded(sse(piece(call, finish="STOP"))).blocks
        assert isinstance(use, ToolUse)
        self.assertEqual(json.loads(use.arguments), {"input": ["a.txt"]})

    def test_usage_shapes(self) -> None:
        """Reasoning that a gateway counts among the candidates is not counted twice; other spellings are read."""
        counts = {"promptTokenCount": 10, "candidatesTokenCount": 8, "thoughtsTokenCount": 5, "totalTokenCount": 18}
        usage = folded(sse(piece(said("x"), finish="STOP", usage=counts))).usage
        self.assertEqual((usage.output, usage.reasoning), (8, 5))
        zeros = {"promptTokenCount": 0, "candidatesTokenCount": 4}
        usage = folded(sse(piece(said("x"), usage=counts), piece(finish="STOP", usage=zeros))).usage
        self.assertEqual((usage.input, usage.output), (10, 9))
        snake = piece(said("x"), finish="STOP")
        snake["usage_metadata"] = {
            "prompt_token_count": 9,
            "tool_use_prompt_token_count": 3,
            "candidates_token_count": 2,
        }
        usage = folded(sse(snake)).usage
        self.assertEqual((usage.input, usage.output), (12, 2))


@st.composite
def answers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A legal answer of any shape, as pieces."""
    texts = st.text(max_size=12)
    signature = st.sampled_from(["", "c2ln", "YWJj"])
    part = st.one_of(
        st.builds(lambda text, sign: said(text, thoughtSignature=sign) if sign else said(text), texts, signature),
        st.builds(thought, texts),
        st.builds(
            called, st.sampled_from(["a", "b"]), st.none() | st.just({"k": [1]}), st.sampled_from(["", "i"]), signature
        ),
        st.just({"toolCall": {"id": "s"}}),
        st.just({"inlineData": {"mimeType": "image/png", "data": ""}}),
        st.just({"functionCall": {"name": "c", "willContinue": True}}),
        st.just({"functionCall": {}}),
    )
    groups = draw(st.lists(st.lists(part, max_size=3), max_size=6))
    finish = draw(st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", "OTHER", "MALFORMED_FUNCTION_CALL", ""]))
    return [*(piece(*group) for group in groups), *([piece(finish=finish, usage=USAGE)] if finish else [])]


class AnyStream(SynchronousTestCase):
    """Properties of all streams."""

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(answers(), st.integers(1, 40))
    def test_grammar_and_cuts(self, pieces: list[dict[str, Any]], size: int) -> None:
        """Any answer, cut anyhow and in either form, keeps the grammar and says the same."""
        data, other = sse(*pieces), array(*pieces)
        whole = joined(parse(parser(), [data]))
        for form in (data, other):
            cut = joined(parse(parser(), [form[i : i + size] for i in range(0, len(form), size)]))
            self.assertEqual(repr(cut), repr(whole))

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.binary(max_size=60), st.sampled_from([b"", b"data: ", b"[", b"{", b"data: {"]))
    def test_never_crashes(self, noise: bytes, begin: bytes) -> None:
        """Whatever bytes come, the stream ends in Failed."""
        self.assertIsInstance(parse(parser(), [begin + noise])[-1], Failed)


class Writing(SynchronousTestCase):
    """Streams written for a client of this dialect."""

    def test_round_trip(self) -> None:
        """What is written is read back as it was, a call with the client's own name for its tool."""
        response = Response(
            "resp-1",
            MODEL,
            (Thinking("Hm."), Text("Look: ü"), ToolUse("i1", "BASH", '{"command":"ls"}'), Opaque("gemini", {"new": 1})),
            Stop(Reason.TOOLS, "STOP"),
            Usage(input=60, output=12, cache_read=40, reasoning=5),
        )
        request = Request("", (), (Tool("Bash", "", {}),), stream=True)
        data = render(GEMINI.render_stream(request), unfold(response))
        events = parse(parser(), [data])
        use = ToolUse("i1", "Bash", '{"command":"ls"}')
        self.assertEqual(
            fold(events),
            Response("resp-1", MODEL, (*response.blocks[:2], use, response.blocks[3]), response.stop, response.usage),
        )

    def test_seal_survives_a_client(self) -> None:
        """A seal goes out as a signature in base64 and comes back in the next request as it was."""
        response = Response("r", "m", (Thinking("Hm.", "px1.seal"),), Stop(Reason.DONE), Usage())
        data = render(GEMINI.render_stream(Request("m", ())), unfold(response))
        parts = [
            part
            for line in data.splitlines()
            if line.startswith(b"data: ")
            for part in json.loads(line[6:]).get("candidates", [{}])[0].get("content", {}).get("parts", [])
        ]
        body = json.dumps({"contents": [{"role": "model", "parts": parts}]}).encode()
        turn = GEMINI.parse_request({}, body).turns[0]
        self.assertEqual([part.seal for part in turn.parts if isinstance(part, Thinking) and part.seal], ["px1.seal"])

    def test_error(self) -> None:
        """A failure is told as Google tells one, and read back with its kind."""
        error = ApiError(Kind.OVERLOADED, "Too busy.", retry_after=3)
        found = failed(render(GEMINI.render_stream(Request("m", ())), [Failed(error)]))
        self.assertEqual((found.kind, found.message, found.retry_after), (Kind.OVERLOADED, "Too busy.", 3.0))

    def test_broken_arguments(self) -> None:
        """A call that was cut off is told with what came of it."""
        events = [
            Started("r", "m", Usage()),
            BlockStarted(0, ToolUse("c1", "Bash", "")),
            BlockDelta(0, '{"command": "l'),
            BlockStopped(0),
            Finished(Stop(Reason.LENGTH), Usage()),
        ]
        response = folded(render(GEMINI.render_stream(Request("m", ())), events))
        self.assertEqual(response.blocks, (ToolUse("c1", "Bash", '{"input":"{\\"command\\": \\"l"}'),))

    def test_ping(self) -> None:
        """A ping is a comment, which says nothing."""
        renderer = GEMINI.render_stream(Request("m", ()))
        data = renderer.ping() + sse(piece(said("x"), finish="STOP")) + renderer.pulse()
        self.assertEqual(folded(data).blocks, (Text("x"),))
        self.assertTrue(renderer.ping().endswith(b"\r\n\r\n"))
