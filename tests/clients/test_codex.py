"""The Codex CLI, which speaks Responses, at work through ccproxy."""

from pathlib import Path
from typing import Any

from tests.clients.documented import documented
from tests.clients.fetching import chosen, npm_program
from tests.clients.live import TOKEN
from tests.clients.programs import ProgramCase, Ran
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI, RESPONSES
from tests.support.wires import Call, Think, reply

PACKAGE = "@openai/codex"
TRIPLES = {
    ("Linux", "x64"): "linux-x64 x86_64-unknown-linux-musl",
    ("Linux", "arm64"): "linux-arm64 aarch64-unknown-linux-musl",
    ("Darwin", "x64"): "darwin-x64 x86_64-apple-darwin",
    ("Darwin", "arm64"): "darwin-arm64 aarch64-apple-darwin",
}

BEFORE = """
model_reasoning_summary = "auto"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
"""
AFTER = """
request_max_retries = 0
stream_max_retries = 0

[analytics]
enabled = false
"""
"""What is around the file that docs/clients.md shows."""

PATCH = """*** Begin Patch
*** Add File: sky.txt
+blau: 空
*** End Patch
"""


def shell(command: str, call_id: str) -> Call:
    """A call of Codex's shell."""
    return Call("exec_command", {"cmd": command}, call_id)


class CodexCase(ProgramCase):
    """Codex, told of ccproxy as docs/clients.md shows it: a model provider of the user's own."""

    def fetched(self) -> Path:
        platform, triple = chosen(TRIPLES).split()
        path = f"{PACKAGE}/vendor/{triple}/bin/codex"
        return npm_program("codex", f"{PACKAGE}@{{version}}-{platform}", PACKAGE, path)

    def install(self) -> None:
        self.settings = self.user / ".codex"
        self.settings.mkdir()
        (self.settings / "config.toml").write_text(BEFORE + documented("config.toml", self.wiretap.port) + AFTER)

    def environment(self) -> dict[str, str]:
        return {"CODEX_HOME": str(self.settings), "CCPROXY_KEY": TOKEN}

    async def ask(self, prompt: str) -> Ran:
        """Runs one prompt to its end."""
        return await self.run_program("exec", "--json", "--skip-git-repo-check", prompt)


def items(ran: Ran, kind: str) -> list[dict[str, Any]]:
    """What Codex shows of one kind."""
    done = [event["item"] for event in ran.events if event["type"] == "item.completed"]
    return [item for item in done if item["type"] == kind]


def answer(ran: Ran) -> str:
    """The last message of a run that ended well."""
    if ran.status or ran.events[-1]["type"] != "turn.completed":
        raise AssertionError(f"Codex ended with status {ran.status}: {ran}")
    return items(ran, "agent_message")[-1]["text"]


def failure(ran: Ran) -> str:
    """The words for the user of a run that failed."""
    event = ran.events[-1]
    if event["type"] != "turn.failed":
        raise AssertionError(f"Codex did not fail: {ran}")
    return event["error"]["message"]


class Sessions:
    """What works with every upstream. Mixed into a case for each."""

    async def test_tool_loop(self) -> None:
        """A shell command that the model asks for really runs, and the model gets its output."""
        self.upstream.script(
            self.vendor.says(reply("I shall look.", shell("echo out-of-the-$((40+2))-blue", "call_one1"))),
            self.vendor.says(reply("It says 42.")),
        )
        ran = await self.ask("Run something.")
        self.assertEqual(answer(ran), "It says 42.")
        (command,) = items(ran, "command_execution")
        self.assertEqual((command["aggregated_output"], command["exit_code"]), ("out-of-the-42-blue\n", 0))
        results = self.vendor.results(self.upstream.received[1].json())
        self.assertEqual(list(results), ["call_one1"])
        self.assertIn("out-of-the-42-blue", results["call_one1"])
        usage = ran.events[-1]["usage"]
        counted = [usage[key] for key in ("input_tokens", "cached_input_tokens", "output_tokens")]
        self.assertEqual(counted, [2400, 400, 80])

    async def test_parallel_tools(self) -> None:
        """Two calls in one answer run both; each result goes to its own call, and the reasoning to its vendor."""
        calls = shell("echo first-$((1+1))", "call_one1"), shell("echo second-$((2+2))", "call_two2")
        thought = Think("I must look twice.", seal="c2VhbGVk")
        self.upstream.script(
            self.vendor.says(reply(thought, "Both at once.", *calls, interleaved=True)),
            self.vendor.says(reply("Done.")),
        )
        ran = await self.ask("Run two things.")
        self.assertEqual(answer(ran), "Done.")
        self.assertEqual([item["text"] for item in items(ran, "reasoning")], [thought.text])
        second = self.upstream.received[1].json()
        results = self.vendor.results(second)
        self.assertEqual(len(results), 2)
        self.assertIn("first-2", results["call_one1"])
        self.assertIn("second-4", results["call_two2"])
        (returned,) = self.vendor.thoughts(second)
        self.assertIn(returned, (thought.text, thought.seal))


class TranslatedSessions(Sessions):
    """What works with every upstream of another dialect."""

    async def test_patch(self) -> None:
        """A tool that takes free text is a function for the upstream; Codex gets the text, and edits a file by it."""
        self.upstream.script(
            self.vendor.says(reply("I shall write.", Call("apply_patch", {"input": PATCH}, "call_one1"))),
            self.vendor.says(reply("Written.")),
        )
        ran = await self.ask("Write something.")
        self.assertEqual(answer(ran), "Written.")
        self.assertEqual((self.directory / "sky.txt").read_text(), "blau: 空\n")
        results = self.vendor.results(self.upstream.received[1].json())
        self.assertIn("sky.txt", results["call_one1"])

    async def test_overflow(self) -> None:
        """Codex understands that its conversation is too long."""
        self.upstream.script(self.vendor.refuses(400, self.vendor.overflow))
        ran = await self.ask("Say much.")
        self.assertIn("ran out of room in the model's context window", failure(ran))


class WithChatUpstream(TranslatedSessions, CodexCase):
    """Before an upstream that speaks chat completions."""

    vendor = CHAT


class WithResponsesUpstream(Sessions, CodexCase):
    """Before an upstream that speaks Responses itself."""

    vendor = RESPONSES

    async def test_refusal(self) -> None:
        """Codex shows the upstream's own words."""
        self.upstream.script(self.vendor.refuses(400, "The moon is in the wrong phase."))
        self.assertIn("The moon is in the wrong phase.", failure(await self.ask("Say something.")))


class WithGeminiUpstream(TranslatedSessions, CodexCase):
    """Before an upstream that speaks Gemini's generateContent."""

    vendor = GEMINI


class WithAnthropicUpstream(TranslatedSessions, CodexCase):
    """Before an upstream that speaks Anthropic's Messages."""

    vendor = ANTHROPIC
