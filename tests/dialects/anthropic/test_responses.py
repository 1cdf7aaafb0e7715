"""Whole replies, read and written."""

import json
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.responses import parse_response, render_response
from ccproxy.dialects.anthropic.streams import Parser
from ccproxy.dialects.anthropic.writing import Renderer
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Event
from ccproxy.model.messages import Opaque, Reasoning, Request, Searched, Text, Think, Thinking, Tool, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.model.usage import Reason, Stop, Usage
from tests.dialects.anthropic.test_writing import plain
from tests.support.legal_streams import legal_streams
from tests.support.streams import parse, render

REQUEST = Request("claude-x", (), tools=(Tool("Bash", "", {}),), reasoning=Reasoning(Think.ADAPTIVE))
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-real",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 1},
}


def reply(*blocks: Any, reason: Reason = Reason.DONE) -> Response:
    """A whole reply."""
    return Response("up_1", "gpt-6", blocks, Stop(reason, "raw"), Usage(input=9, output=4))


def written(*blocks: Any, reason: Reason = Reason.DONE, request: Request = REQUEST) -> dict[str, Any]:
    """It, as a client gets it."""
    value: dict[str, Any] = json.loads(render_response(reply(*blocks, reason=reason), request))
    return value


class WritingTests(SynchronousTestCase):
    """What clients get."""

    def test_message(self) -> None:
        """A message has all fields, the model's name that was asked for, and figures for all usage."""
        message = written(Text("Hi"))
        self.assertEqual((message["type"], message["role"], message["model"]), ("message", "assistant", "claude-x"))
        self.assertEqual(message["content"], [{"type": "text", "text": "Hi"}])
        self.assertEqual((message["stop_reason"], message["stop_sequence"]), ("end_turn", None))
        self.assertEqual(message["usage"]["cache_read_input_tokens"], 0)
        self.assertRegex(message["id"], "^msg_up_1_[0-9a-f]{8}$")

    def test_blocks(self) -> None:
        """Reasoning, calls and text in their order; a call decides the stop reason."""
        message = written(
            Thinking("Hm", "px1.a"), Text("So"), ToolUse("c:1", "bash", '{"a":1}'), Thinking("", "E", True)
        )
        self.assertEqual(message["content"][0], {"type": "thinking", "thinking": "Hm", "signature": "px1.a"})
        call = message["content"][2]
        self.assertEqual((call["name"], call["input"]), ("Bash", {"a": 1}))
        self.assertRegex(call["id"], "^[a-zA-Z0-9_-]+$")
        self.assertEqual(message["content"][3], {"type": "redacted_thinking", "data": "E"})
        self.assertEqual(message["stop_reason"], "tool_use")

    def test_empty_things(self) -> None:
        """What says nothing is not told."""
        self.assertEqual(written(Text(""), Thinking(""))["content"], [])

    def test_unasked_thinking(self) -> None:
        """Reasoning reaches only who asked for it, and its text only who wants to see it."""
        unasked = evolve(REQUEST, reasoning=Reasoning())
        self.assertEqual(written(Thinking("Hm", "px1.a"), request=unasked)["content"], [])
        omitted = evolve(REQUEST, reasoning=Reasoning(Think.ADAPTIVE, shown=False))
        block = {"type": "thinking", "thinking": "", "signature": "px1.a"}
        self.assertEqual(written(Thinking("Hm", "px1.a"), request=omitted)["content"], [block])

    def test_arguments(self) -> None:
        """No arguments are an empty object, and an object within a string is unwrapped."""
        for text, value in (("", {}), (" ", {}), ('"{\\"a\\":1}"', {"a": 1})):
            self.assertEqual(written(ToolUse("a", "Bash", text))["content"][0]["input"], value)

    def test_cut_call(self) -> None:
        """A call that the limit cut off is left out, so that nobody runs it."""
        message = written(Text("So"), ToolUse("a", "Bash", '{"command":"rm -r'), reason=Reason.LENGTH)
        self.assertEqual((len(message["content"]), message["stop_reason"]), (1, "max_tokens"))

    def test_broken_call(self) -> None:
        """Arguments that are no object, without such a reason, are the upstream's failure."""
        for text in ('{"a', "[1]", "7", '"x"'):
            error = self.assertRaises(ApiError, written, ToolUse("a", "Bash", text), reason=Reason.TOOLS)
            self.assertIs(error.kind, Kind.BROKEN)
            self.assertIn("Bash", error.message)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(legal_streams())
    def test_as_streamed(self, events: list[Event]) -> None:
        """A whole reply says the same as its stream."""
        whole = parse_response(render_response(fold(events), REQUEST), Quirks())
        streamed = fold(parse(Parser(Quirks()), [render(Renderer(REQUEST), events)]))
        self.assertEqual([plain(block) for block in whole.blocks], [plain(block) for block in streamed.blocks])
        self.assertEqual(
            (whole.id.rpartition("_")[0], whole.model, whole.stop, whole.usage),
            (streamed.id.rpartition("_")[0], streamed.model, streamed.stop, streamed.usage),
        )


class ReadingTests(SynchronousTestCase):
    """What upstreams send."""

    def read(self, **fields: Any) -> Response:
        whole = {**MESSAGE, **fields}
        return parse_response(json.dumps({k: v for k, v in whole.items() if v is not ...}).encode(), Quirks(model="m"))

    def test_message(self) -> None:
        """A message is read whole."""
        self.assertEqual(
            self.read(),
            Response("msg_1", "claude-real", (Text("Hi"),), Stop(Reason.DONE, "end_turn"), Usage(input=3, output=1)),
        )

    def test_missing_fields(self) -> None:
        """Third parties leave fields out: blocks without their text are empty, and the rest is unknown."""
        blocks = [{"type": "thinking"}, {"type": "text"}, {"type": "tool_use", "id": "a", "name": "A"}, "odd"]
        whole = self.read(content=blocks, usage=..., id=..., model=..., stop_reason=None)
        self.assertEqual([plain(block) for block in whole.blocks], [Thinking(""), Text(""), ("a", "A", {})])
        self.assertEqual((whole.id, whole.model, whole.usage, whole.stop.reason), ("", "m", Usage(), Reason.DONE))

    def test_blocks(self) -> None:
        """Searches are paired; what is unknown is kept whole."""
        call = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "ants"}}
        result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
        novelty = {"type": "novelty", "x": 1}
        search, opaque = self.read(content=[call, result, novelty]).blocks
        assert isinstance(search, Searched)
        self.assertEqual(search.query, "ants")
        self.assertEqual(opaque, Opaque("anthropic", novelty))

    def test_calls_without_id_or_name(self) -> None:
        """As within a stream: an id is each call's own, and a call of nothing is a broken answer."""
        one, two = self.read(content=[{"type": "tool_use", "id": "a", "name": "A", "input": {}}] * 2).blocks
        assert isinstance(one, ToolUse) and isinstance(two, ToolUse)
        self.assertEqual(one.id, "a")
        self.assertNotEqual(two.id, "a")
        with self.assertRaises(ApiError) as caught:
            self.read(content=[{"type": "tool_use", "id": "a", "input": {}}])
        self.assertIs(caught.exception.kind, Kind.BROKEN)

    def test_native_round_trip(self) -> None:
        """A native answer comes out again as it was, also for a client whose request was not read."""
        content = [
            {"type": "thinking", "thinking": "Hm", "signature": "Eu+/"},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": [], "caller": {"type": "direct"}},
            {"type": "text", "text": "Hi", "citations": [{"type": "page_location"}]},
            {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"b": 1, "a": []}},
        ]
        bare = Request("claude-x", ())
        self.assertEqual(json.loads(render_response(self.read(content=content), bare))["content"], content)

    def test_errors(self) -> None:
        """An error in a body of status 200 is one."""
        body = b'{"type":"error","error":{"type":"overloaded_error","message":"Full."}}'
        error = self.assertRaises(ApiError, parse_response, body, Quirks())
        self.assertEqual((error.kind, error.status, error.message), (Kind.OVERLOADED, 529, "Full."))

    def test_no_message(self) -> None:
        """What is no message is broken, and shown."""
        for body in (b"", b"<html>", b"[]", b'{"ok":true}', b'{"content":7}'):
            error = self.assertRaises(ApiError, parse_response, body, Quirks())
            self.assertIs(error.kind, Kind.BROKEN)
            self.assertIn(body.decode(), error.message)
