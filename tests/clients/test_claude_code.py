"""Claude Code itself, at work through ccproxy: what it asks and understands, and how it gets over what goes wrong."""

import base64
import struct
import zlib
from typing import Any

from twisted.internet import reactor

from tests.clients.claude_code import ClaudeCode, program
from tests.clients.fetching import Missing
from tests.clients.live import TOKEN, LiveCase, unavailable
from tests.support.scripted_upstream import Received
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI, RESPONSES
from tests.support.tripwire import Tripwire
from tests.support.wires import Call, Think, reply

MESSAGES = "/v1/messages"


def bash(command: str, call_id: str) -> Call:
    """A call of the Bash tool."""
    return Call("Bash", {"command": command, "description": "Says something"}, call_id)


def png(red: int, green: int, blue: int) -> bytes:
    """A picture of eight by eight points in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes((red, green, blue)) * 8) * 8
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class ClaudeCodeCase(LiveCase):
    """A fresh installation for each test. None of them may try to reach anything but the daemon."""

    token = TOKEN

    def setUp(self) -> None:
        try:
            binary = program()
        except Missing as reason:
            raise unavailable(str(reason)) from None
        super().setUp()
        self.tripwire = Tripwire(reactor)
        self.addCleanup(self.tripwire.stop)
        self.claude = ClaudeCode(reactor, binary, self.home / "user", self.wiretap.port, self.token, self.tripwire.port)
        self.addCleanup(self._end_clients)

    async def _end_clients(self) -> None:
        for process in self.claude.processes:
            await process.stop("KILL")

    def tearDown(self) -> None:
        super().tearDown()
        self.tripwire.check()


class Conversations:
    """What works with every upstream. Mixed into a case for each."""

    async def test_text(self) -> None:
        """A plain answer arrives whole, from one request, and its tokens are counted."""
        self.upstream.script(self.vendor.says(reply("The sky is blue, naïvely speaking: 空は青い。")))
        session = await self.claude.ask("What colour is the sky?")
        self.assertEqual(session.answer, "The sky is blue, naïvely speaking: 空は青い。")
        self.assertEqual(len(self.upstream.received), 1)
        usage = session.result["usage"]
        counted = [usage[key] for key in ("input_tokens", "cache_read_input_tokens", "output_tokens")]
        self.assertEqual(counted, [1000, 200, 40])

    async def test_tool_loop(self) -> None:
        """A shell command that the model asks for really runs, and the model gets its output."""
        self.upstream.script(
            self.vendor.says(reply("I shall look.", bash("echo out-of-the-$((40+2))-blue", "call_one1"))),
            self.vendor.says(reply("It says 42.")),
        )
        session = await self.claude.ask("Run something.")
        self.assertEqual(session.answer, "It says 42.")
        self.assertEqual(
            [block["input"]["command"] for block in session.blocks("tool_use")], ["echo out-of-the-$((40+2))-blue"]
        )
        _, second = self.upstream.received
        self.assertEqual(self._results(second), ["out-of-the-42-blue"])

    async def test_parallel_tools(self) -> None:
        """Two calls in one answer run both, and each result goes to its own call."""
        calls = bash("echo first-$((1+1))", "call_one1"), bash("echo second-$((2+2))", "call_two2")
        self.upstream.script(
            self.vendor.says(reply("Both at once.", *calls, interleaved=True)),
            self.vendor.says(reply("Done.")),
        )
        session = await self.claude.ask("Run two things.")
        self.assertEqual(session.answer, "Done.")
        _, second = self.upstream.received
        results = self.vendor.results(second.json())
        self.assertEqual(len(results), 2)
        self.assertIn("first-2", results["call_one1"])
        self.assertIn("second-4", results["call_two2"])

    async def test_reasoning(self) -> None:
        """Reasoning is shown, and goes back to its vendor with the tool's result, and again in the next prompt."""
        thought = Think("I must look before I answer.", seal="c2VhbGVk")
        self.upstream.script(
            self.vendor.says(reply(thought, bash("echo looked", "call_one1"))),
            self.vendor.says(reply("I looked.")),
            self.vendor.says(reply("Yes, I did.")),
        )
        session = await self.claude.converse("Look, please.", "Did you?")
        self.assertEqual(session.answers, ["I looked.", "Yes, I did."])
        self.assertEqual([block["thinking"] for block in session.blocks("thinking")], [thought.text])
        opening, *later = [self.vendor.thoughts(request.json()) for request in self.upstream.received]
        self.assertEqual(opening, [])
        for thoughts in later:
            self.assertEqual(len(thoughts), 1)
            self.assertIn(thoughts[0], (thought.text, thought.seal))

    async def test_image(self) -> None:
        """A picture that the client's Read tool opens reaches the model, point for point."""
        picture = png(200, 30, 30)
        path = self.claude.directory / "red.png"
        path.write_bytes(picture)
        self.upstream.script(
            self.vendor.says(reply(Call("Read", {"file_path": str(path)}, "call_one1"))),
            self.vendor.says(reply("It is red.")),
        )
        session = await self.claude.ask("What is in red.png?")
        self.assertEqual(session.answer, "It is red.")
        _, second = self.upstream.received
        self.assertEqual([base64.b64decode(data) for data in self.vendor.images(second.json())], [picture])

    async def test_cut(self) -> None:
        """When the upstream breaks off in the middle, the client is told, asks again without a stream, and goes on."""
        self.upstream.script(
            self.vendor.breaks_off(reply("This answer will never be complete, alas.")),
            self.vendor.says(reply("This one is.")),
        )
        session = await self.claude.ask("Say something.")
        self.assertEqual(session.answer, "This one is.")
        self.assertNotIn("never", repr(session.blocks("text")))
        asked = [request.json().get("stream", False) for request in self.wiretap.posted(MESSAGES)]
        self.assertEqual(asked, [True, False])
        self.assertIn(b"event: error", self.wiretap.answered)

    async def test_whole_reply_with_tools(self) -> None:
        """The request without a stream, by which the client recovers, gives calls and reasoning as a stream does."""
        thought = Think("Once more.", seal="c2VhbGVk")
        self.upstream.script(
            self.vendor.breaks_off(reply("Let me see what I can find out here.")),
            self.vendor.says(reply(thought, "Trying.", bash("echo whole-$((3+3))", "call_one1"))),
            self.vendor.says(reply("Done.")),
        )
        session = await self.claude.ask("Run something.")
        self.assertEqual(session.answer, "Done.")
        self.assertEqual([block["thinking"] for block in session.blocks("thinking")], [thought.text])
        self.assertEqual(self._results(self.upstream.received[-1]), ["whole-6"])
        asked = [request.json().get("stream", False) for request in self.wiretap.posted(MESSAGES)]
        self.assertEqual(asked, [True, False, True])

    async def test_overflow(self) -> None:
        """A prompt that has outgrown the model's window makes the client compact the conversation and go on."""
        summary = "<analysis>short</analysis><summary>We spoke of one and two.</summary>"
        self.upstream.script(
            self.vendor.says(reply("One.")),
            self.vendor.says(reply("Two.")),
            self.vendor.refuses(400, self.vendor.overflow),
            self.vendor.says(reply(summary)),
            self.vendor.says(reply("Three.")),
        )
        session = await self.claude.converse("Say one.", "Say two.", "Say three.")
        self.assertEqual(session.answers, ["One.", "Two.", "Three."])
        self.assertEqual(len(session.notices("compact_boundary")), 1)
        self.assertIn("We spoke of one and two.", self.upstream.received[-1].body.decode())

    async def test_upstream_refuses_our_key(self) -> None:
        """A provider that refuses the operator's key is told of once, as what it is; the client does not try again."""
        self.upstream.script(self.vendor.refuses(401, "Incorrect API key provided."))
        session = await self.claude.ask("Say something.")
        self.assertTrue(session.result["is_error"])
        self.assertIn("Incorrect API key provided", session.result["result"])
        self.assertEqual(len(self.wiretap.posted(MESSAGES)), 1)

    def _results(self, request: Received) -> list[str]:
        return [text.strip() for text in self.vendor.results(request.json()).values()]


class WithChatUpstream(Conversations, ClaudeCodeCase):
    """Against an upstream that speaks OpenAI's chat completions."""

    vendor = CHAT


class WithResponsesUpstream(Conversations, ClaudeCodeCase):
    """Against an upstream that speaks OpenAI's Responses."""

    vendor = RESPONSES


class WithGeminiUpstream(Conversations, ClaudeCodeCase):
    """Against an upstream that speaks Gemini's generateContent."""

    vendor = GEMINI


class WithAnthropicUpstream(Conversations, ClaudeCodeCase):
    """Against an upstream that speaks Anthropic's own dialect: the bytes pass as they are."""

    vendor = ANTHROPIC


class WrongKey(ClaudeCodeCase):
    """A client without the right key for this gateway."""

    token = "not-the-token"

    async def test_told_once(self) -> None:
        """The client hears 401 once, instead of trying ten times for three minutes; the upstream hears nothing."""
        session = await self.claude.ask("Hello?")
        self.assertTrue(session.result["is_error"])
        self.assertEqual(session.result["api_error_status"], 401)
        self.assertEqual(len(self.wiretap.posted(MESSAGES)), 1)
        self.assertEqual(self.upstream.received, [])

    async def test_told_how(self) -> None:
        """The client shows our words, which say where the key goes."""
        session = await self.claude.ask("Hello?")
        self.assertIn("ANTHROPIC_AUTH_TOKEN", session.result["result"])


class SpentBudget(ClaudeCodeCase):
    """A client that has spent what it may."""

    def configuration(self) -> dict[str, Any]:
        budget = {"period": "month", "client": "*", "tokens": 1000, "message": "Ask Ann for more."}
        return {**super().configuration(), "budgets": [budget]}

    async def test_told_once(self) -> None:
        """It is told the cap, when it resets and what the operator says, at once and without trying again; the upstream
        hears nothing of it."""
        self.upstream.script(self.vendor.says(reply("That was all.")))
        self.assertEqual((await self.claude.ask("What is left?")).answer, "That was all.")
        session = await self.claude.ask("And now?")
        self.assertTrue(session.result["is_error"])
        self.assertEqual(session.result["api_error_status"], 429)
        for part in ("1,000 tokens (1,240 used) a month for the client 'client'", "it resets at ", "Ask Ann for more."):
            self.assertIn(part, session.result["result"])
        self.assertEqual(session.notices("api_retry"), [])
        self.assertEqual(len(self.wiretap.posted(MESSAGES)), 2)
