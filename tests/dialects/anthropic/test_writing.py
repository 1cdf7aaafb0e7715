"""Streams as clients of the Messages dialect get them: Claude Code above all."""

import json
from hashlib import sha256
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.streams import Parser
from ccproxy.dialects.anthropic.writing import PING, Renderer
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import (
    Opaque,
    Reasoning,
    Request,
    Role,
    Searched,
    Source,
    Text,
    Think,
    Thinking,
    Tool,
    ToolUse,
    Turn,
    WebSearch,
)
from ccproxy.model.replies import Response, fold
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.sse import Decoder
from tests.support.legal_streams import legal_streams
from tests.support.streams import parse, render

LONG = "mcp__claude_ai_Some_Very_Long_Server_Name__and_a_tool_name_that_goes_on_and_on"
REQUEST = Request(
    "claude-opus-5-5",
    (),
    tools=(Tool("Bash", "", {}), Tool(LONG, "", {})),
    reasoning=Reasoning(Think.ADAPTIVE),
)
UNASKED = evolve(REQUEST, reasoning=Reasoning())
OMITTED = evolve(REQUEST, reasoning=Reasoning(Think.ADAPTIVE, shown=False))
BEGUN = Started("chatcmpl-7", "gpt-6", Usage(input=5))
DONE = Finished(Stop(Reason.DONE, "stop"), Usage(input=50, output=7, cache_read=3, cache_written=2))
TOOLS = Finished(Stop(Reason.TOOLS, "tool_calls"), Usage(output=7))

HEARTFELT = "message_start ping content_block_start content_block_delta content_block_stop message_delta message_stop"


def said(words: str, index: int = 0) -> list[Event]:
    """A block of text in one delta."""
    return [BlockStarted(index, Text("")), BlockDelta(index, words), BlockStopped(index)]


def called(index: int, id: str = "call_1", name: str = "Bash", arguments: str = "{}") -> list[Event]:
    """A call in one delta."""
    return [BlockStarted(index, ToolUse(id, name, "")), BlockDelta(index, arguments), BlockStopped(index)]


def thought(words: str, seal: str = "", index: int = 0) -> list[Event]:
    """A thinking block in one delta."""
    deltas: list[Event] = [BlockDelta(index, words)] if words else []
    return [BlockStarted(index, Thinking("")), *deltas, BlockStopped(index, seal)]


def values(data: bytes) -> list[dict[str, Any]]:
    """The events of a stream, each of which must have its own type as its name."""
    found = []
    for frame in Decoder().feed(data):
        value = json.loads(frame.data)
        if value["type"].encode() != frame.event:
            raise AssertionError(f"{frame.event!r} names a {value['type']}")
        found.append(value)
    return found


def watched(data: bytes) -> list[dict[str, Any]]:
    """The same, after following them as a strict client does: each block starts, goes on and stops at its own index,
    one after the other, and nothing comes behind the end."""
    events = values(data)
    opened, count, ended = False, 0, False
    for at, event in enumerate(events):
        if ended or (at == 0) != (event["type"] == "message_start"):
            raise AssertionError(f"{event} at {at}")
        match event["type"]:
            case "content_block_start":
                legal, opened = not opened and event["index"] == count, True
            case "content_block_delta":
                legal = opened and event["index"] == count
            case "content_block_stop":
                legal, opened = opened and event["index"] == count, False
                count += 1
            case "message_delta":
                legal = not opened
            case "message_stop" | "error":
                legal, ended = True, True
            case _:
                legal = True
        if not legal:
            raise AssertionError(f"{event} at {at}")
    return events


class RendererCase(SynchronousTestCase):
    """Writing for one client."""

    def write(self, *events: Event, request: Request = REQUEST) -> list[dict[str, Any]]:
        return watched(render(Renderer(request), [BEGUN, *events]))

    def read(self, *events: Event, request: Request = REQUEST) -> Response:
        """What our own parser makes of it."""
        return fold(parse(Parser(Quirks()), [render(Renderer(request), [BEGUN, *events])]))

    def blocks(self, *events: Event, request: Request = REQUEST) -> list[dict[str, Any]]:
        """The starts of the blocks."""
        return [e["content_block"] for e in self.write(*events, request=request) if e["type"] == "content_block_start"]


class Shape(RendererCase):
    """What every stream has."""

    def test_order(self) -> None:
        """A stream begins with its message and a ping, and every frame has the name of its event."""
        self.assertEqual([event["type"] for event in self.write(*said("Hi"), DONE)], HEARTFELT.split())

    def test_message_start(self) -> None:
        """The message has all fields that clients read, bears the model's name that was asked for, and counts with
        numbers alone."""
        message = self.write(DONE)[0]["message"]
        self.assertEqual(message["model"], "claude-opus-5-5")
        self.assertTrue(message["id"].startswith("msg_"))
        self.assertEqual((message["type"], message["role"], message["content"]), ("message", "assistant", []))
        for key in ("stop_reason", "stop_sequence"):
            self.assertIsNone(message[key])
        usage = {"input_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 0}
        self.assertEqual(message["usage"], usage)

    def test_ids_differ(self) -> None:
        """Answers of upstreams that give no ids, or the same to several answers, have ids that differ: clients take two
        answers of one id for one."""
        for id in ("", "chatcmpl-7"):
            starts = [values(Renderer(REQUEST).render(Started(id, "m", Usage())))[0] for _ in range(3)]
            self.assertEqual(len({start["message"]["id"] for start in starts}), 3)

    def test_usage_at_the_end(self) -> None:
        """The end has all figures: what is known by then, else what was known at the beginning."""
        late = self.write(DONE)[-2]["usage"]
        figures = {
            "input_tokens": 50,
            "cache_creation_input_tokens": 2,
            "cache_read_input_tokens": 3,
            "output_tokens": 7,
        }
        self.assertEqual(late, figures)
        early = self.write(Finished(Stop(Reason.DONE), Usage(output=9, reasoning=4, web_searches=2)))[-2]["usage"]
        self.assertEqual((early["input_tokens"], early["output_tokens"]), (5, 9))
        self.assertEqual(early["output_tokens_details"], {"thinking_tokens": 4})
        self.assertEqual(early["server_tool_use"], {"web_search_requests": 2, "web_fetch_requests": 0})

    def test_failure(self) -> None:
        """An error ends the stream at once, in the middle of a block, and nothing looks like a good end."""
        events = self.write(BlockStarted(0, Text("")), BlockDelta(0, "Hal"), Failed(ApiError(Kind.OVERLOADED, "full")))
        self.assertEqual(events[-1], {"type": "error", "error": {"type": "overloaded_error", "message": "full"}})
        self.assertNotIn("message_delta", [event["type"] for event in events])

    def test_empty_answer(self) -> None:
        """An answer without any block is legal."""
        self.assertEqual(
            [e["type"] for e in self.write(DONE)], ["message_start", "ping", "message_delta", "message_stop"]
        )

    def test_empty_text(self) -> None:
        """A text without words is not told: as history it would poison the conversation."""
        events = self.write(BlockStarted(0, Text("")), BlockStopped(0), *said("Hi", 1), DONE)
        self.assertEqual([event["type"] for event in events], HEARTFELT.split())

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(legal_streams())
    def test_any_stream(self, events: list[Event]) -> None:
        """Any legal stream becomes one that a strict client can follow, and reads back as the same answer."""
        data = render(Renderer(REQUEST), events)
        watched(data)
        told = fold(parse(Parser(Quirks()), [data]))
        meant = fold(events)
        self.assertEqual([plain(block) for block in told.blocks], [plain(block) for block in meant.blocks])
        self.assertEqual((told.stop.reason, told.usage), (meant.stop.reason, meant.usage))

    @settings(derandomize=True, max_examples=80, deadline=None)
    @given(legal_streams(failing=True))
    def test_any_failing_stream(self, events: list[Event]) -> None:
        """So does one that fails, wherever it does: its last frame is the error."""
        self.assertEqual(watched(render(Renderer(REQUEST), events))[-1]["type"], "error")


def plain(block: Any) -> Any:
    """The block as it can be compared across dialects: no arguments are as good as none."""
    if isinstance(block, ToolUse):
        return (block.id, block.name, json.loads(block.arguments or "{}"))
    return evolve(block, extras={})


class Tools(RendererCase):
    """Calls of tools."""

    def test_arguments(self) -> None:
        """Arguments come as deltas, never in the start, where clients ignore them; none means none."""
        events = self.write(
            *called(0, arguments='{"a":1}'), BlockStarted(1, ToolUse("b", "Bash", "")), BlockStopped(1), TOOLS
        )
        self.assertEqual(self.blocks(*called(0), TOOLS)[0]["input"], {})
        deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
        self.assertEqual(deltas, [{"type": "input_json_delta", "partial_json": '{"a":1}'}])

    def test_overlapping(self) -> None:
        """Calls that come interleaved are told one after the other, with what each was given."""
        whole = self.read(
            BlockStarted(0, ToolUse("a", "Bash", "")),
            BlockDelta(0, '{"a'),
            BlockStarted(1, ToolUse("b", "Bash", "")),
            BlockDelta(1, '{"b'),
            BlockDelta(0, '":1}'),
            BlockDelta(1, '":2}'),
            BlockStarted(2, Text("")),
            BlockDelta(2, "So."),
            BlockStopped(1),
            BlockStopped(2),
            BlockStopped(0),
            TOOLS,
        )
        self.assertEqual(whole.blocks, (ToolUse("a", "Bash", '{"a":1}'), ToolUse("b", "Bash", '{"b":2}'), Text("So.")))

    def test_first_is_streamed(self) -> None:
        """The call that is open is told as it comes, though another waits."""
        renderer = Renderer(REQUEST)
        render(renderer, [BEGUN, BlockStarted(0, ToolUse("a", "Bash", "")), BlockStarted(1, ToolUse("b", "Bash", ""))])
        self.assertEqual(renderer.render(BlockDelta(1, "{}")), b"")
        self.assertIn(b"partial_json", renderer.render(BlockDelta(0, "{")))

    def test_names(self) -> None:
        """The client gets its own names, whatever a vendor's limit and a model's spelling made of them."""
        short = LONG[:55] + "_" + sha256(LONG.encode()).hexdigest()[:8]
        for name, own in ((short, LONG), ("bash", "Bash"), ("functions.Bash", "Bash"), ("Unheard", "Unheard")):
            self.assertEqual(self.blocks(*called(0, name=name), TOOLS)[0]["name"], own)

    def test_ids(self) -> None:
        """Legal ids stay; others become legal, each the same one in every answer, and none comes twice."""
        kept = self.blocks(*called(0, "call_A-1"), TOOLS)[0]["id"]
        self.assertEqual(kept, "call_A-1")
        ids = [self.blocks(*called(0, "functions.Bash:0"), TOOLS)[0]["id"] for _ in range(2)]
        self.assertEqual(len(set(ids)), 1)
        self.assertRegex(ids[0], r"^toolu_[a-zA-Z0-9]+$")
        twice = self.blocks(*called(0, "x"), *called(1, "x"), *called(2, ""), *called(3, ""), TOOLS)
        self.assertEqual(len({block["id"] for block in twice}), 4)

    def test_ids_of_earlier_answers(self) -> None:
        """An upstream that begins anew with `call_0` in each answer: the client gets ids that it does not have yet."""
        request, ids = REQUEST, ["call_0"]
        for _ in range(3):
            calls = tuple(ToolUse(id, "Bash", "{}") for id in ids)
            request = evolve(REQUEST, turns=(Turn(Role.ASSISTANT, calls),))
            ids.append(self.blocks(*called(0, "call_0"), TOOLS, request=request)[0]["id"])
        self.assertEqual(len(set(ids)), 4)

    def test_stop_reason(self) -> None:
        """With a call the reason is the call, whatever the upstream said, unless the limit cut it; without one nobody
        waits for results."""
        for reason, calls, told in (
            (Reason.TOOLS, True, "tool_use"),
            (Reason.DONE, True, "tool_use"),
            (Reason.OTHER, True, "tool_use"),
            (Reason.LENGTH, True, "max_tokens"),
            (Reason.TOOLS, False, "end_turn"),
            (Reason.DONE, False, "end_turn"),
            (Reason.OTHER, False, "end_turn"),
            (Reason.LENGTH, False, "max_tokens"),
            (Reason.WINDOW, False, "model_context_window_exceeded"),
            (Reason.PAUSED, False, "pause_turn"),
            (Reason.REFUSED, True, "refusal"),
        ):
            events = self.write(*(called(0) if calls else said("Hi")), Finished(Stop(reason), Usage()))
            self.assertEqual(events[-2]["delta"]["stop_reason"], told, (reason, calls))

    def test_stop_sequence(self) -> None:
        """The sequence that matched is named."""
        delta = self.write(Finished(Stop(Reason.STOP_SEQUENCE, "stop", "END"), Usage()))[-2]["delta"]
        self.assertEqual((delta["stop_reason"], delta["stop_sequence"]), ("stop_sequence", "END"))

    def test_refusal(self) -> None:
        """A refusal says why."""
        delta = self.write(Finished(Stop(Reason.REFUSED, "content_filter", explanation="Not that."), Usage()))[-2][
            "delta"
        ]
        self.assertEqual(delta["stop_details"], {"type": "refusal", "category": None, "explanation": "Not that."})


class Reasons(RendererCase):
    """Reasoning, for clients who asked for it and for others."""

    def test_signed(self) -> None:
        """The signature comes once, at the end of its block."""
        events = self.write(*thought("Hm.", "px1.abc"), *said("Hi", 1), DONE)
        deltas = [event["delta"] for event in events if event.get("index") == 0 and "delta" in event]
        self.assertEqual(
            deltas,
            [{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "px1.abc"}],
        )

    def test_unsigned(self) -> None:
        """Without a signature the start has an empty one: the field must be there."""
        events = self.write(*thought("Hm."), DONE)
        self.assertEqual(events[2]["content_block"], {"type": "thinking", "thinking": "", "signature": ""})
        self.assertNotIn("signature_delta", json.dumps(events))

    def test_unasked(self) -> None:
        """A client who did not ask for reasoning gets none, and the indices of the rest leave no gap."""
        for request in (UNASKED, evolve(REQUEST, reasoning=Reasoning(Think.OFF))):
            blocks = self.blocks(
                *thought("Hm."), *said("Hi", 1), *thought("Hm.", index=2), *called(3), TOOLS, request=request
            )
            self.assertEqual([block["type"] for block in blocks], ["text", "tool_use"])

    def test_omitted(self) -> None:
        """A client who wants no text of it gets an empty block that carries the seal."""
        events = self.write(*thought("Hm.", "px1.abc"), DONE, request=OMITTED)
        self.assertNotIn("Hm.", json.dumps(events))
        self.assertIn("px1.abc", json.dumps(events))

    def test_seal_alone(self) -> None:
        """Reasoning whose text nobody saw carries its seal; without one it is nothing, and not told."""
        self.assertEqual(self.read(*thought("", "px1.abc"), DONE).blocks[0].seal, "px1.abc")  # type: ignore[union-attr]
        self.assertEqual(self.blocks(*thought(""), DONE), [])

    def test_withheld(self) -> None:
        """Reasoning that was withheld is a block of its own kind, whole."""
        withheld = [BlockStarted(0, Thinking("", "ENC", withheld=True)), BlockStopped(0)]
        self.assertEqual(self.blocks(*withheld, DONE), [{"type": "redacted_thinking", "data": "ENC"}])

    def test_native(self) -> None:
        """What an upstream of this dialect sent was asked for, though we did not read the request."""
        native = fold(
            parse(Parser(Quirks()), [render(Renderer(REQUEST), [BEGUN, *thought("Hm.", "Eu"), DONE])])
        ).blocks[0]
        blocks = self.blocks(
            BlockStarted(0, evolve(native, text="", seal="")), BlockStopped(0, "Eu"), DONE, request=UNASKED
        )
        self.assertEqual([block["type"] for block in blocks], ["thinking"])


class Searches(RendererCase):
    """Searches that the upstream ran, and blocks that only one dialect knows."""

    SEARCH = Searched("ws_1", "ants", (Source("https://a.test", "A"), Source("https://b.test")))
    ASKED = evolve(REQUEST, tools=(WebSearch(),))

    def test_search(self) -> None:
        """A search is a call and its result; the query comes as a delta."""
        events = self.write(BlockStarted(0, self.SEARCH), BlockStopped(0), *said("Ants.", 1), DONE, request=self.ASKED)
        starts = [event["content_block"] for event in events if event["type"] == "content_block_start"]
        self.assertEqual([start["type"] for start in starts], ["server_tool_use", "web_search_tool_result", "text"])
        self.assertEqual(starts[1]["tool_use_id"], starts[0]["id"])
        self.assertEqual([page["url"] for page in starts[1]["content"]], ["https://a.test", "https://b.test"])
        self.assertEqual(events[3]["delta"]["partial_json"], '{"query":"ants"}')
        self.assertEqual(events[-2]["delta"]["stop_reason"], "end_turn")

    def test_unasked_search(self) -> None:
        """A client who declared no search is not told of one."""
        self.assertEqual(self.blocks(BlockStarted(0, self.SEARCH), BlockStopped(0), DONE), [])

    def test_opaque(self) -> None:
        """A block of this dialect passes as it is; another dialect's is nothing to this client."""
        compaction = {"type": "compaction", "content": "So far."}
        own, foreign = Opaque("anthropic", compaction), Opaque("gemini", {"executableCode": {}})
        events: list[Event] = [BlockStarted(0, own), BlockStopped(0), BlockStarted(1, foreign), BlockStopped(1)]
        self.assertEqual(self.blocks(*events, DONE), [compaction])


class SignsOfLife(RendererCase):
    """Frames that add nothing."""

    def test_ping(self) -> None:
        """A ping is legal at any time, but for after the end."""
        renderer = Renderer(REQUEST)
        self.assertEqual(renderer.ping(), PING)
        render(renderer, [BEGUN, DONE])
        self.assertEqual((renderer.ping(), renderer.pulse()), (b"", b""))

    def test_pulse(self) -> None:
        """An empty delta of the open text or thinking; nothing where none is open or the open block is a call."""
        renderer = Renderer(REQUEST)
        data = renderer.render(BEGUN)
        self.assertEqual(renderer.pulse(), b"")
        for index, block, field in ((0, Thinking(""), "thinking"), (1, Text(""), "text")):
            data += renderer.render(BlockStarted(index, block))
            pulse = renderer.pulse()
            self.assertEqual(values(pulse)[-1]["delta"][field], "")
            data += (
                pulse
                + renderer.render(BlockDelta(index, "x"))
                + renderer.pulse()
                + renderer.render(BlockStopped(index))
            )
        data += renderer.render(BlockStarted(2, ToolUse("a", "Bash", "")))
        self.assertEqual(renderer.pulse(), b"")
        data += render(renderer, [BlockStopped(2), TOOLS])
        self.assertEqual(fold(parse(Parser(Quirks()), [data])).blocks[1], Text("x"))
        watched(data)

    def test_pulse_while_omitted(self) -> None:
        """Reasoning that is not shown still pulses: it may take minutes."""
        renderer = Renderer(OMITTED)
        render(renderer, [BEGUN, BlockStarted(0, Thinking(""))])
        self.assertIn(b"thinking_delta", renderer.pulse())
