"""Frames that differ by one string are read as one, and never otherwise than one by one."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.dialect import Dialect
from ccproxy.dialects.openai_chat.dialect import OPENAI_CHAT
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.runs import Run, RunDecoder
from ccproxy.model.events import BlockDelta, Event
from ccproxy.model.messages import Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.wire.sse import Frame

PATHS = (("delta", "text"),)


def decoder() -> RunDecoder:
    """One that joins wherever the text is all that a frame says."""
    return RunDecoder(PATHS, lambda runs: runs.lone)


def frame(text: str, **more: Any) -> bytes:
    """A frame of the decoder's own little dialect."""
    return b"data: " + json.dumps({"delta": {"text": text}, **more}).encode() + b"\n\n"


def read(frames: RunDecoder, data: bytes) -> tuple[list[str], int]:
    """The texts that are told, and how many frames had to be read in the general way."""
    texts, general = [], 0
    for said in frames.feed(data):
        if isinstance(said, Run):
            texts.append(said.value["delta"]["text"])
        else:
            value = json.loads(said.data)
            texts.append(value["delta"]["text"])
            frames.learn(said, value)
            general += 1
    return texts, general


class RunDecoderTests(SynchronousTestCase):
    """What is a run, and what is none."""

    def test_a_run_is_read_as_one(self) -> None:
        """After the first frame the others of its kind are told together, escapes and all."""
        data = b"".join(map(frame, ("Once", " upon", ' a "time"', "\n", "\\", " é \U0001f600")))
        self.assertEqual(read(decoder(), data), (["Once", ' upon a "time"\n\\ é \U0001f600'], 1))

    def test_a_run_goes_on_in_the_next_read(self) -> None:
        """What was learned in one read holds in the next, cut within a frame or between two."""
        whole = b"".join(map(frame, "abcdefgh"))
        for cut in range(len(whole)):
            frames = decoder()
            first, _ = read(frames, whole[:cut])
            second, _ = read(frames, whole[cut:])
            self.assertEqual("".join(first + second), "abcdefgh")

    def test_another_frame_ends_a_run(self) -> None:
        """A frame that says anything else is read by itself, and the run goes on behind it."""
        data = frame("a") + frame("b") + frame("c", usage=1) + frame("d") + frame("e")
        self.assertEqual(read(decoder(), data), (["a", "b", "c", "d", "e"], 3))

    def test_a_string_that_ends_early_is_no_run(self) -> None:
        """Where the bytes between hold more than one string, the frame is read for what it says."""
        sly = b'data: {"delta": {"text": "x"}, "delta": {"text": "y"}}\n\n'
        self.assertEqual(read(decoder(), frame("a") + sly + frame("b")), (["a", "y", "b"], 3))

    def test_the_string_is_found_by_trying(self) -> None:
        """The same text elsewhere in the frame is not taken for the one that grows."""
        data = b"".join(frame(text, name="a") for text in ("a", "b", "a"))
        self.assertEqual("".join(read(decoder(), data)[0]), "aba")

    def test_frames_that_always_differ_are_given_up(self) -> None:
        """A vendor that numbers its frames does not cost more for ever."""
        frames = decoder()
        for number in range(20):
            read(frames, frame("a", number=number))
        learned: list[Frame] = []
        for said in frames.feed(frame("a") * 3):
            assert isinstance(said, Frame)
            learned.append(said)
        self.assertEqual(len(learned), 3)

    def test_where_strings_may_not_be_joined(self) -> None:
        """Each frame is a run of its own then."""
        frames = RunDecoder(PATHS, lambda _: False)
        self.assertEqual(read(frames, b"".join(map(frame, "abc"))), (["a", "b", "c"], 1))

    def test_other_framings(self) -> None:
        """Lines that end otherwise, comments, and frames with other names are read as ever."""
        crlf = b"".join(map(frame, "abc")).replace(b"\n", b"\r\n")
        self.assertEqual(read(decoder(), crlf), (["a", "b", "c"], 3))
        mixed = frame("a") + b": ping\n\n" + frame("b") + b"event: other\n" + frame("c")
        self.assertEqual("".join(read(decoder(), mixed)[0]), "abc")


def chat(kind: str, texts: list[str], dump: Callable[[Any], str]) -> list[bytes]:
    """A stream of chat completions that says these pieces as text, reasoning or arguments."""

    def chunk(delta: Any, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        return f"data: {dump(value)}\n\n".encode("utf-8", "surrogatepass")

    def of(piece: str) -> Any:
        match kind:
            case "text":
                return {"content": piece}
            case "thinking":
                return {"content": None, "reasoning_content": piece}
            case _:
                return {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}

    begin: list[bytes] = [chunk({"role": "assistant", "content": ""})]
    if kind == "arguments":
        call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
        begin = [chunk({"tool_calls": [call]})]
    return [*begin, *(chunk(of(piece)) for piece in texts), chunk({}, "stop"), b"data: [DONE]\n\n"]


def claude(kind: str, texts: list[str], dump: Callable[[Any], str]) -> list[bytes]:
    """The same of messages."""

    def event(name: str, **fields: Any) -> bytes:
        return f"event: {name}\ndata: {dump({'type': name, **fields})}\n\n".encode("utf-8", "surrogatepass")

    blocks = {
        "text": ({"type": "text", "text": ""}, "text_delta", "text"),
        "thinking": ({"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking"),
        "arguments": ({"type": "tool_use", "id": "t", "name": "f", "input": {}}, "input_json_delta", "partial_json"),
    }
    block, type_, field = blocks[kind]
    deltas = [event("content_block_delta", index=0, delta={"type": type_, field: piece}) for piece in texts]
    return [
        event("message_start", message={"id": "m", "model": "c", "usage": {"input_tokens": 1, "output_tokens": 1}}),
        event("content_block_start", index=0, content_block=block),
        *deltas,
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1}),
        event("message_stop"),
    ]


def said(reply: Response) -> str:
    """All that a reply says, of whatever kind."""
    found = ""
    for block in reply.blocks:
        match block:
            case Text(text) | Thinking(text):
                found += text
            case ToolUse():
                found += block.arguments
            case _:
                raise AssertionError(block)
    return found


def ascii_only(value: Any) -> str:
    """JSON as Python's servers write it."""
    return json.dumps(value)


def compact(value: Any) -> str:
    """JSON as most others write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


PIECES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=30)


class ParserTests(SynchronousTestCase):
    """Both dialects whose frames are alike, with what runs make of their streams."""

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(
        st.sampled_from([(OPENAI_CHAT, chat), (ANTHROPIC, claude)]),
        st.sampled_from(["text", "thinking"]),
        PIECES,
        st.sampled_from([ascii_only, compact]),
        st.lists(st.integers(0, 5000), max_size=6),
    )
    def test_nothing_is_lost_or_added(
        self, spoken: tuple[Dialect, Any], kind: str, pieces: list[str], dump: Any, cuts: list[int]
    ) -> None:
        """Whatever the pieces are, however they are written and wherever they are cut, the reply says all of them."""
        dialect, write = spoken
        pieces = ["Look: ", "w" * 450, *pieces]  # From here on chat looks for no repetitions any more.
        self.assertEqual(said(fold(self.events(dialect, b"".join(write(kind, pieces, dump)), cuts))), "".join(pieces))

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(
        st.sampled_from([(OPENAI_CHAT, chat), (ANTHROPIC, claude)]),
        st.dictionaries(st.text(max_size=5), st.text(max_size=30), min_size=1, max_size=5),
        st.integers(1, 9),
        st.lists(st.integers(0, 5000), max_size=6),
    )
    def test_arguments(self, spoken: tuple[Dialect, Any], value: dict[str, str], size: int, cuts: list[int]) -> None:
        """The arguments of a call too."""
        dialect, write = spoken
        text = json.dumps(value)
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        events = self.events(dialect, b"".join(write("arguments", pieces, ascii_only)), cuts)
        self.assertEqual(json.loads(said(fold(events))), value)

    def test_what_comes_at_once_is_one_delta(self) -> None:
        """A hundred pieces in one read are a few events."""
        for dialect, write in ((OPENAI_CHAT, chat), (ANTHROPIC, claude)):
            parser = dialect.parse_stream(Quirks())
            stream = write("text", ["w" * 450, *(["word "] * 100)], compact)
            head, body = b"".join(stream[:3]), b"".join(stream[3:])
            parser.feed(head)
            deltas = [event for event in parser.feed(body) if isinstance(event, BlockDelta)]
            self.assertLess(len(deltas), 4, dialect.name)
            self.assertEqual("".join(delta.text for delta in deltas)[-400:], "word " * 80)

    def events(self, dialect: Dialect, data: bytes, cuts: list[int]) -> list[Event]:
        parser = dialect.parse_stream(Quirks())
        events: list[Event] = []
        begin = 0
        for cut in sorted({min(cut, len(data)) for cut in cuts} | {len(data)}):
            events += parser.feed(data[begin:cut])
            begin = cut
        return events + parser.close()
