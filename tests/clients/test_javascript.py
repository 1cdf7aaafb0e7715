"""Libraries for JavaScript, at work through ccproxy: Vercel's AI SDK, and the SDKs of Anthropic and OpenAI."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.clients.documented import documented
from tests.clients.fetching import npm_packages
from tests.clients.live import TOKEN
from tests.clients.programs import ProgramCase
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI, RESPONSES
from tests.support.wires import Call, Think, reply

PACKAGES = (
    "@ai-sdk/anthropic@3",
    "@ai-sdk/openai@3",
    "@ai-sdk/openai-compatible@2",
    "@anthropic-ai/sdk@1",
    "ai@6",
    "openai@6",
    "zod@4",
)
"""The scripts are written for these."""
SCRIPTS = Path(__file__).with_name("scripts")

CALLS = [Call("multiply", {"numbers": [6, n]}, f"call_by{n}") for n in (7, 8)]
RESULTS = {"call_by7": "42", "call_by8": "48"}


class ScriptCase(ProgramCase):
    """A script that node runs, with the libraries that it needs."""

    def fetched(self) -> Path:
        self.place = npm_packages("javascript", *PACKAGES)
        return Path(str(shutil.which("node")))

    def install(self) -> None:
        # Libraries are looked for where a script lies.
        (self.user / "node_modules").symlink_to(self.place / "node_modules")

    def environment(self) -> dict[str, str]:
        return {"CCPROXY_URL": self.url, "CCPROXY_KEY": TOKEN, "AI_SDK_LOG_WARNINGS": "false"}

    async def told(self, script: str, *arguments: str) -> list[str]:
        """The lines that a script of these tests printed."""
        path = self.directory / script
        shutil.copy(SCRIPTS / script, path)
        ran = await self.run_program(str(path), *arguments)
        self.assertEqual(ran.status, 0, ran)
        return ran.output.splitlines()

    async def told_json(self, script: str, *arguments: str) -> Any:
        """What a script told last."""
        return json.loads((await self.told(script, *arguments))[-1])


class AiSdk:
    """Vercel's AI SDK by one of its providers. Mixed into a case for each."""

    provider: str

    async def test_conversation(self) -> None:
        """Reasoning, two calls at once and their results go on into a second turn, with all that was said before."""
        self.upstream.script(
            self.vendor.says(reply(Think("Sums, then.", seal="c2VhbGVk"), "I shall calculate.", *CALLS)),
            self.vendor.says(reply("42 und 48.")),
            self.vendor.says(reply("54, natürlich.")),
        )
        told = await self.told_json("ai_sdk.mjs", self.provider, "conversation")
        expected = {"reasoning": "Sums, then.", "steps": 2, "first": "42 und 48.", "second": "54, natürlich."}
        self.assertEqual(told, expected)
        for request in self.upstream.received[1:]:
            self.assertEqual(self.vendor.results(request.json()), RESULTS)
        self.assertIn("42 und 48.", self.upstream.received[2].body.decode())

    async def test_object(self) -> None:
        """An object by a schema."""
        self.upstream.script(self.vendor.says(reply('{"total": 5, "product": 6}')))
        self.assertEqual(await self.told_json("ai_sdk.mjs", self.provider, "object"), {"total": 5, "product": 6})
        self.assertIn(b"product", self.upstream.received[0].body)

    async def test_broken(self) -> None:
        """An answer that breaks off ends with an error."""
        self.upstream.script(self.vendor.breaks_off(reply("This will never be complete, alas.")))
        told = await self.told_json("ai_sdk.mjs", self.provider, "broken")
        self.assertIn("closed the connection", told["error"])
        self.assertNotEqual(told["finish"], "stop")


class AiSdkAnthropic(AiSdk, ScriptCase):
    """Its provider for Anthropic, before an upstream that speaks Gemini's generateContent."""

    provider = "anthropic"
    vendor = GEMINI


class AiSdkOpenAI(AiSdk, ScriptCase):
    """Its provider for OpenAI, which speaks Responses and tells by their ids what it was answered, before an upstream
    that speaks chat completions."""

    provider = "responses"
    vendor = CHAT


class AiSdkCompatible(AiSdk, ScriptCase):
    """Its provider for whatever is compatible, before an upstream that speaks Anthropic's Messages."""

    provider = "compatible"
    vendor = ANTHROPIC


class Sdks(ScriptCase):
    """The vendors' own SDKs."""

    vendor = CHAT

    async def test_documented(self) -> None:
        """The script in docs/clients.md gets its answers."""
        self.upstream.script(*[self.vendor.says(reply("Here I am."))] * 4)
        script = self.directory / "documented.mjs"
        script.write_text(documented("javascript", self.wiretap.port))
        ran = await self.run_program(str(script))
        self.assertEqual((ran.status, ran.output.splitlines()[-4:]), (0, ["Here I am."] * 4), ran)

    async def test_tool_runner(self) -> None:
        """Anthropic's tool runner, which would leave the conversation at Anthropic, sends it whole when it hears that
        nothing is kept."""
        self.upstream.script(
            self.vendor.says(reply("I shall calculate.", *CALLS, interleaved=True)),
            self.vendor.says(reply("42 und 48.")),
        )
        told = await self.told("sdks.mjs", "toolRunner")
        self.assertEqual(told, ['["text","tool_use","tool_use"]', '["text"]', '"42 und 48."'])
        self.assertEqual(self.vendor.results(self.upstream.received[1].json()), RESULTS)

    async def test_run_tools(self) -> None:
        """OpenAI's tool runner, with streams."""
        self.upstream.script(
            self.vendor.says(reply("I shall calculate.", *CALLS)), self.vendor.says(reply("42 und 48."))
        )
        self.assertEqual(await self.told("sdks.mjs", "runTools"), ['"42 und 48."'])
        self.assertEqual(self.vendor.results(self.upstream.received[1].json()), RESULTS)

    async def test_previous_response(self) -> None:
        """A response goes on from the one before, though its vendor kept nothing."""
        self.upstream.script(self.vendor.says(reply("I am a script.")), self.vendor.says(reply("Then I end.")))
        self.assertEqual(await self.told("sdks.mjs", "previousResponse"), ['"Then I end."'])
        said = [message["content"] for message in self.upstream.received[1].json()["messages"]]
        self.assertEqual(said, ["Who are you?", "I am a script.", "And then?"])

    async def test_broken(self) -> None:
        """A stream of Responses that breaks off is an exception."""
        self.upstream.script(self.vendor.breaks_off(reply("This will never be complete, alas.")))
        told = await self.told("sdks.mjs", "broken")
        self.assertEqual(told, ['[true,"scripted closed the connection in the middle of its answer"]'])


class SdksBeforeResponses(ScriptCase):
    """The vendors' own SDKs before an upstream that speaks Responses."""

    vendor = RESPONSES

    async def test_tool_runner(self) -> None:
        """Anthropic's tool runner works here as well."""
        self.upstream.script(self.vendor.says(reply(*CALLS)), self.vendor.says(reply("42 und 48.")))
        told = await self.told("sdks.mjs", "toolRunner")
        self.assertEqual(told[-1], '"42 und 48."')
        self.assertEqual(self.vendor.results(self.upstream.received[1].json()), RESULTS)
