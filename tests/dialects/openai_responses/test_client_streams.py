"""Tests of `ccproxy.dialects.openai_responses.client_streams`, `client_items`, `responses` and `signatures`."""

import json
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_responses.client_requests import parse_request
from ccproxy.dialects.openai_responses.client_streams import Renderer
from ccproxy.dialects.openai_responses.dialect import OPENAI_RESPONSES
from ccproxy.dialects.openai_responses.responses import parse_response, render_response
from ccproxy.dialects.openai_responses.streams import Parser
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.seals import seal
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block, BlockDelta, BlockStarted, Event, Failed, Finished, Started
from ccproxy.model.messages import Opaque, Reasoning, Request, Searched, Source, Text, Think, Thinking, Tool, ToolUse
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage
from tests.dialects.openai_responses.upstream import CREATED, call, completed, message, said
from tests.support.legal_streams import TOOL_NAMES, legal_streams
from tests.support.streams import parse, render

QUIRKS = Quirks(vendor="v", model="m")
SHOWN = Request(
    "asked",
    (),
    tools=tuple(Tool(name, "", {}) for name in TOOL_NAMES),
    reasoning=Reasoning(Think.ADAPTIVE),
)


def frames(data: bytes) -> list[dict[str, Any]]:
    """The data of each frame, whose name must be its type."""
    found = []
    for frame in data.split(b"\n\n")[:-1]:
        name, value = frame.split(b"\n")
        parsed = json.loads(value.removeprefix(b"data: "))
        assert name == b"event: " + parsed["type"].encode()
        found.append(parsed)
    return found


def reply(*blocks: Block, stop: Stop | None = None) -> Response:
    """A reply of these blocks."""
    return Response("up_1", "theirs", blocks, stop or Stop(Reason.DONE), Usage(1, 2))


def told(whole: Response, request: Request = SHOWN) -> list[dict[str, Any]]:
    """What a client gets of a reply, as a stream."""
    return frames(render(Renderer(request), unfold(whole)))


def output(whole: Response, request: Request = SHOWN) -> list[dict[str, Any]]:
    """The items of a reply, as its last event repeats them."""
    items = told(whole, request)[-1]["response"]["output"]
    assert isinstance(items, list)
    return items


class ShapeTests(SynchronousTestCase):
    """What every stream keeps."""

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(legal_streams())
    def test_the_rules(self, events: list[Event]) -> None:
        """`created` comes first, numbers rise by one, the response keeps its id, each item keeps its own and is added
        before and done after what belongs to it, and the completed output is exactly the items that were done."""
        found = frames(render(Renderer(SHOWN), events))
        self.assertEqual(found[0]["type"], "response.created")
        self.assertEqual([frame["sequence_number"] for frame in found], list(range(len(found))))
        self.assertEqual(len({frame["response"]["id"] for frame in found if "response" in frame}), 1)
        open_items: dict[int, str] = {}
        done = []
        for frame in found:
            index = frame.get("output_index")
            if frame["type"] == "response.output_item.added":
                self.assertEqual(index, len(done))
                open_items[index] = frame["item"]["id"]
            elif frame["type"] == "response.output_item.done":
                self.assertEqual(open_items.pop(index), frame["item"]["id"])
                done.append(frame["item"])
            elif index is not None:
                self.assertEqual(open_items[index], frame["item_id"])
        self.assertEqual(found[-1]["response"]["output"], done)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(legal_streams())
    def test_read_again(self, events: list[Event]) -> None:
        """What is written and read again says the same: texts, reasoning, calls and counts. Seals come back within
        the seal of who read them."""
        expected = fold(events)
        again = fold(parse(Parser(QUIRKS), [render(Renderer(SHOWN), events)]))
        self.assertEqual(_without_seals(again.blocks), _without_seals(expected.blocks))
        self.assertEqual(again.stop.reason, expected.stop.reason)
        self.assertEqual(again.usage.prompt, expected.usage.prompt)
        self.assertEqual(again.usage.output, expected.usage.output)

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(legal_streams(failing=True))
    def test_failures_read_again(self, events: list[Event]) -> None:
        """A failure stays one, of its kind."""
        last = parse(Parser(QUIRKS), [render(Renderer(SHOWN), events)])[-1]
        assert isinstance(last, Failed)
        self.assertEqual(last.error.kind, Kind.OVERLOADED)

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(legal_streams())
    def test_whole_replies(self, events: list[Event]) -> None:
        """A whole reply is what the last event of its stream holds, and is read again as the stream is."""
        whole = fold(events)
        body = render_response(whole, SHOWN)
        last = told(whole)[-1]["response"]
        self.assertEqual(json.loads(body), {**last, "created_at": json.loads(body)["created_at"]})
        streamed = fold(parse(Parser(QUIRKS), [render(Renderer(SHOWN), unfold(whole))]))
        self.assertEqual(parse_response(body, QUIRKS), streamed)

    def test_text_comes_at_once(self) -> None:
        """A delta is a frame of its own, without waiting."""
        renderer = Renderer(SHOWN)
        render(renderer, [Started("u", "m", Usage()), BlockStarted(0, Text("")), BlockDelta(0, "a")])
        found = frames(renderer.render(BlockDelta(0, 'b"\n')))
        self.assertEqual([(frame["type"], frame["delta"]) for frame in found], [("response.output_text.delta", 'b"\n')])

    def test_the_model_that_was_asked(self) -> None:
        """The client reads its own word for the model, and an id in OpenAI's style, whatever the upstream's was."""
        response = told(reply(Text("Hi")))[-1]["response"]
        self.assertEqual((response["model"], response["id"]), ("asked", "resp_up_1"))
        other = Response("chat:ü/7" * 30, "m", (), Stop(Reason.DONE), Usage())
        self.assertRegex(told(other)[-1]["response"]["id"], "^resp_[A-Za-z0-9_-]{1,48}$")
        nameless = Response("", "m", (), Stop(Reason.DONE), Usage())
        self.assertRegex(told(nameless)[-1]["response"]["id"], "^resp_[0-9a-f]{32}$")

    def test_signs_of_life(self) -> None:
        """A ping is a comment; a pulse says again that the response is in progress, from its beginning to its end."""
        renderer = Renderer(SHOWN)
        self.assertEqual((renderer.ping(), renderer.pulse()), (b": ping\n\n", b""))
        renderer.render(Started("u", "m", Usage()))
        pulse = frames(renderer.pulse())
        self.assertEqual([(frame["type"], frame["sequence_number"]) for frame in pulse], [("response.in_progress", 2)])
        renderer.render(Finished(Stop(Reason.DONE), Usage()))
        self.assertEqual(renderer.pulse(), b"")


class ItemTests(SynchronousTestCase):
    """Blocks as items."""

    def test_empty_blocks_are_no_items(self) -> None:
        """A text without text and reasoning without text and seal are not told."""
        self.assertEqual(output(reply(Text(""), Thinking(""), Text("a"))), output(reply(Text("a"))))

    def test_tool_names(self) -> None:
        """A tool is called by the name that the client gave it, whatever the vendor made of it."""
        self.assertEqual(output(reply(ToolUse("t", "bash", "{}")))[0]["name"], "Bash")

    def test_calls_without_arguments(self) -> None:
        """No arguments are an empty object, streamed as well."""
        found = told(reply(ToolUse("t", "Bash", "")))
        deltas = [frame["delta"] for frame in found if frame["type"] == "response.function_call_arguments.delta"]
        self.assertEqual((deltas, found[-1]["response"]["output"][0]["arguments"]), (["{}"], "{}"))

    def test_calls_without_id(self) -> None:
        """A call always has an id to answer to."""
        self.assertTrue(output(reply(ToolUse("", "Bash", "{}")))[0]["call_id"])

    def test_a_call_that_was_cut(self) -> None:
        """A call cut by the token limit is not offered for execution: it is never done, nor in the output."""
        found = told(reply(Text("I look."), ToolUse("t", "Bash", '{"a": "b'), stop=Stop(Reason.LENGTH)))
        done = [frame["item"]["type"] for frame in found if frame["type"] == "response.output_item.done"]
        self.assertEqual(done, ["message"])
        last = found[-1]
        self.assertEqual((last["type"], last["response"]["incomplete_details"]), _CUT)
        self.assertEqual([item["type"] for item in last["response"]["output"]], ["message"])

    def test_broken_arguments_of_a_complete_answer(self) -> None:
        """Arguments that are wrong but whole are told as they are: the client knows best what to say to its model."""
        self.assertEqual(output(reply(ToolUse("t", "Bash", "[1]")))[0]["arguments"], "[1]")

    def test_hidden_reasoning(self) -> None:
        """Who asked for no summary sees none, and still carries the seal."""
        ours = seal(QUIRKS, {"r": 1})
        hidden = evolve(SHOWN, reasoning=Reasoning(Think.ADAPTIVE, shown=False))
        items = output(reply(Thinking("Hm.", ours), Thinking("Hm.")), hidden)
        self.assertEqual([(item["summary"], item["encrypted_content"]) for item in items], [([], ours)])

    def test_seals_return(self) -> None:
        """Whatever seals a thinking block, the client's next request brings it back: ours, Anthropic's signatures, and
        what was withheld. What OpenAI encrypted stays an item of its own."""
        ours = seal(QUIRKS, {"r": 1})
        blocks = (Thinking("Hm.", ours), Thinking("So.", "EqQBCkYI=="), Thinking("", "cmVk", withheld=True))
        items = output(reply(*blocks))
        body = json.dumps({"model": "m", "input": [*items, {"type": "reasoning", "encrypted_content": "gAAA"}]})
        parts = parse_request({}, body.encode()).turns[0].parts
        self.assertEqual(parts[:3], blocks)
        self.assertIsInstance(parts[3], Opaque)

    def test_searches(self) -> None:
        """A web search of the upstream is told as OpenAI tells its own."""
        item = output(reply(Searched("s", "twisted", (Source("https://a", "A"),))))[0]
        self.assertEqual(
            (item["type"], item["status"], item["action"]["query"]), ("web_search_call", "completed", "twisted")
        )
        self.assertEqual(item["action"]["sources"], [{"type": "url", "url": "https://a"}])

    def test_opaque_blocks(self) -> None:
        """Items of this dialect pass whole; blocks of another are left out."""
        image = {"id": "ig_1", "type": "image_generation_call", "result": "aGk="}
        items = output(reply(Opaque("openai_responses", image), Opaque("anthropic", {"type": "x"}), Text("a")))
        self.assertEqual([item["type"] for item in items], ["image_generation_call", "message"])
        self.assertEqual(items[0], image)

    def test_phase(self) -> None:
        """The phase of a message, where the upstream told one, is told."""
        self.assertEqual(
            output(reply(Text("a", {"openai_responses": {"phase": "commentary"}})))[0]["phase"], "commentary"
        )


_CUT = ("response.incomplete", {"reason": "max_output_tokens"})


class ToolFormTests(SynchronousTestCase):
    """Calls come back in the form in which the client declared the tool."""

    REQUEST = parse_request(
        {},
        json.dumps(
            {
                "model": "m",
                "input": "Hi",
                "tools": [
                    {"type": "custom", "name": "apply_patch"},
                    {
                        "type": "namespace",
                        "name": "crm",
                        "description": "",
                        "tools": [{"type": "function", "name": "find"}],
                    },
                ],
            }
        ).encode(),
    )

    def test_custom(self) -> None:
        """The call of a custom tool has free text as input, told when it is whole."""
        found = told(reply(ToolUse("c", "apply_patch", '{"input": "*** \\"a\\"\\n"}')), self.REQUEST)
        kinds = [frame["type"] for frame in found[2:-1]]
        self.assertEqual(kinds[1:3], ["response.custom_tool_call_input.delta", "response.custom_tool_call_input.done"])
        item = found[-1]["response"]["output"][0]
        self.assertEqual((item["type"], item["name"], item["input"]), ("custom_tool_call", "apply_patch", '*** "a"\n'))

    def test_namespace(self) -> None:
        """A function within a namespace is called by its own name, with the namespace beside it."""
        item = output(reply(ToolUse("c", "crm__find", "{}")), self.REQUEST)[0]
        self.assertEqual((item["name"], item["namespace"]), ("find", "crm"))


class EndTests(SynchronousTestCase):
    """How answers end."""

    def test_reasons(self) -> None:
        """What is not complete says so and why."""
        for reason, status, details in (
            (Reason.DONE, "completed", None),
            (Reason.TOOLS, "completed", None),
            (Reason.STOP_SEQUENCE, "completed", None),
            (Reason.PAUSED, "completed", None),
            (Reason.LENGTH, "incomplete", {"reason": "max_output_tokens"}),
            (Reason.WINDOW, "incomplete", {"reason": "max_output_tokens"}),
            (Reason.REFUSED, "incomplete", {"reason": "content_filter"}),
        ):
            last = told(reply(Text("a"), stop=Stop(reason)))[-1]
            self.assertEqual(last["type"], f"response.{status}")
            self.assertEqual((last["response"]["status"], last["response"]["incomplete_details"]), (status, details))

    def test_a_refusal_in_words(self) -> None:
        """Where nothing else was said, the explanation of a refusal is told as one."""
        item = output(reply(stop=Stop(Reason.REFUSED, explanation="Not this.")))[0]
        self.assertEqual(item["content"], [{"type": "refusal", "refusal": "Not this."}])

    def test_failure(self) -> None:
        """A failure is told twice, for the SDK and for Codex CLI, with the id of the response and what was its code."""
        renderer = Renderer(SHOWN)
        renderer.render(Started("u", "m", Usage()))
        found = frames(renderer.render(Failed(ApiError(Kind.OVERFLOW, "prompt is too long"))))
        self.assertEqual([frame["type"] for frame in found], ["error", "response.failed"])
        self.assertEqual([frame["sequence_number"] for frame in found], [2, 3])
        response = found[1]["response"]
        self.assertEqual((response["id"], response["status"]), ("resp_u", "failed"))
        self.assertEqual(response["error"], {"code": "context_length_exceeded", "message": "prompt is too long"})

    def test_usage(self) -> None:
        """The prompt counts what came from caches, as OpenAI counts."""
        events = [Started("u", "m", Usage(10)), Finished(Stop(Reason.DONE), Usage(None, 5, 20, 3, 4))]
        usage = frames(render(Renderer(SHOWN), events))[-1]["response"]["usage"]
        self.assertEqual(
            usage,
            {
                "input_tokens": 33,
                "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 3},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 4},
                "total_tokens": 38,
            },
        )


class WholeReplyTests(SynchronousTestCase):
    """Whole replies of upstreams."""

    def test_as_the_stream(self) -> None:
        """A whole reply is what its stream says."""
        items = [message("Hi"), call('{"a":1}')]
        whole = json.loads(completed(*items).split(b"data: ")[1])["response"]
        self.assertEqual(parse_response(json.dumps(whole).encode(), QUIRKS), said(CREATED, completed(*items)))

    def test_what_is_no_reply(self) -> None:
        """Errors are raised as what they are, and other things as broken."""
        for body, kind in (
            (b"<html>", Kind.BROKEN),
            (b"[]", Kind.BROKEN),
            (b'{"hello": 1}', Kind.BROKEN),
            (b'{"status": "completed", "output": 5}', None),
            (b'{"error": {"message": "m", "code": "rate_limit_exceeded"}}', Kind.OVERLOADED),
            (b'{"status": "failed", "output": [], "error": {"message": "m", "code": "server_error"}}', Kind.BROKEN),
            (b'{"status": "in_progress", "output": []}', Kind.BROKEN),
        ):
            if kind is None:
                self.assertEqual(parse_response(body, QUIRKS).blocks, ())
            else:
                self.assertEqual(self.assertRaises(ApiError, parse_response, body, QUIRKS).kind, kind, body)

    def test_the_record_is_whole(self) -> None:
        """The dialect's record has these functions."""
        self.assertIs(OPENAI_RESPONSES.parse_response, parse_response)
        self.assertEqual(OPENAI_RESPONSES.name, "openai_responses")


def _without_seals(blocks: tuple[Block, ...]) -> list[Block]:
    plain: list[Block] = []
    for block in blocks:
        if isinstance(block, Thinking):
            plain.append(evolve(block, seal=""))
        elif isinstance(block, ToolUse) and not block.arguments:
            plain.append(evolve(block, arguments="{}"))
        else:
            plain.append(block)
    return plain
