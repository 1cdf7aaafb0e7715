"""opencode, which speaks chat completions, at work through ccproxy."""

import json
from pathlib import Path
from typing import Any

from tests.clients.documented import documented
from tests.clients.fetching import chosen, npm_program
from tests.clients.programs import ProgramCase, Ran
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI, RESPONSES
from tests.support.wires import Call, Finish, Think, reply

PACKAGES = {
    # Baseline: for chips without AVX2 as well.
    ("Linux", "x64"): "opencode-linux-x64-baseline",
    ("Linux", "arm64"): "opencode-linux-arm64",
    ("Darwin", "x64"): "opencode-darwin-x64-baseline",
    ("Darwin", "arm64"): "opencode-darwin-arm64",
}


def bash(command: str, call_id: str) -> Call:
    """A call of opencode's shell."""
    return Call("bash", {"command": command, "description": "Says something"}, call_id)


class OpencodeCase(ProgramCase):
    """opencode, told of ccproxy as docs/clients.md shows it: a provider that is compatible with OpenAI."""

    def fetched(self) -> Path:
        package = chosen(PACKAGES)
        return npm_program("opencode", f"{package}@{{version}}", package, f"{package}/bin/opencode")

    def install(self) -> None:
        shown = json.loads(documented("opencode.json", self.wiretap.port))
        (self.directory / "opencode.json").write_text(json.dumps({**shown, "permission": "allow"}))

    def environment(self) -> dict[str, str]:
        names = "AUTOUPDATE", "MODELS_FETCH", "DEFAULT_PLUGINS", "LSP_DOWNLOAD", "SHARE"
        return {f"OPENCODE_DISABLE_{name}": "1" for name in names}

    async def ask(self, prompt: str, *arguments: str) -> Ran:
        """Runs one prompt to its end. With a title of ours it need not ask for one."""
        return await self.run_program("run", "--format", "json", "--title", "A test", *arguments, prompt)


def parts(ran: Ran, kind: str) -> list[dict[str, Any]]:
    """What opencode tells of one kind."""
    return [event["part"] for event in ran.events if event["type"] == kind]


def texts(ran: Ran) -> list[str]:
    """The texts of a run that ended well, one of each answer."""
    if ran.status or any(event["type"] == "error" for event in ran.events):
        raise AssertionError(f"opencode ended with status {ran.status}: {ran}")
    return [part["text"] for part in parts(ran, "text")]


class Sessions:
    """What works with every upstream. Mixed into a case for each."""

    async def test_tool_loop(self) -> None:
        """A shell command that the model asks for really runs, and the model gets its output; tokens are counted."""
        self.upstream.script(
            self.vendor.says(reply("I shall look.", bash("echo out-of-the-$((40+2))-blue", "call_one1"))),
            self.vendor.says(reply("It says 42: 空は青い。")),
        )
        ran = await self.ask("Run something.")
        self.assertEqual(texts(ran), ["I shall look.", "It says 42: 空は青い。"])
        (call,) = parts(ran, "tool_use")
        self.assertEqual((call["callID"], call["state"]["output"]), ("call_one1", "out-of-the-42-blue\n"))
        results = self.vendor.results(self.upstream.received[1].json())
        self.assertEqual(list(results), ["call_one1"])
        self.assertIn("out-of-the-42-blue", results["call_one1"])
        ended = parts(ran, "step_finish")
        self.assertEqual([part["reason"] for part in ended], ["tool-calls", "stop"])
        tokens = ended[0]["tokens"]
        self.assertEqual((tokens["input"], tokens["cache"]["read"], tokens["output"]), (1000, 200, 40))

    async def test_parallel_tools(self) -> None:
        """Two calls in one answer run both, and each result goes to its own call; reasoning is shown as such."""
        calls = bash("echo first-$((1+1))", "call_one1"), bash("echo second-$((2+2))", "call_two2")
        self.upstream.script(
            self.vendor.says(reply(Think("I must look twice.", seal="c2VhbGVk"), *calls, interleaved=True)),
            self.vendor.says(reply("Done.")),
        )
        ran = await self.ask("Run two things.", "--thinking")
        self.assertEqual(texts(ran), ["Done."])
        self.assertEqual([part["text"] for part in parts(ran, "reasoning")], ["I must look twice."])
        results = self.vendor.results(self.upstream.received[1].json())
        self.assertEqual(len(results), 2)
        self.assertIn("first-2", results["call_one1"])
        self.assertIn("second-4", results["call_two2"])


class WithChatUpstream(Sessions, OpencodeCase):
    """Before an upstream that speaks chat completions itself."""

    vendor = CHAT


class WithResponsesUpstream(Sessions, OpencodeCase):
    """Before an upstream that speaks Responses."""

    vendor = RESPONSES


class WithGeminiUpstream(Sessions, OpencodeCase):
    """Before an upstream that speaks Gemini's generateContent."""

    vendor = GEMINI


class WithAnthropicUpstream(Sessions, OpencodeCase):
    """Before an upstream that speaks Anthropic's Messages."""

    vendor = ANTHROPIC

    async def test_length(self) -> None:
        """An answer that the token limit cut ends as one."""
        self.upstream.script(self.vendor.says(reply("Half of", finish=Finish.LENGTH)))
        ran = await self.ask("Say much.")
        self.assertEqual(texts(ran), ["Half of"])
        self.assertEqual([part["reason"] for part in parts(ran, "step_finish")], ["length"])

    async def test_refusal(self) -> None:
        """The upstream's own words for a refusal reach the user."""
        self.upstream.script(self.vendor.refuses(400, "The moon is in the wrong phase."))
        ran = await self.ask("Say something.")
        (error,) = [event["error"] for event in ran.events if event["type"] == "error"]
        self.assertIn("The moon is in the wrong phase.", error["data"]["message"])
