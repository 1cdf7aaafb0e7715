"""pi, a coding agent that speaks all three dialects, at work through ccproxy."""

import json
from pathlib import Path

from tests.clients.documented import documented
from tests.clients.fetching import npm_packages
from tests.clients.programs import ProgramCase
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI
from tests.support.wires import Call, Think, reply

PACKAGE = "@mariozechner/pi-coding-agent@0.73"


class PiCase(ProgramCase):
    """pi, told of ccproxy as docs/clients.md shows it."""

    api: str

    def fetched(self) -> Path:
        return npm_packages("pi", PACKAGE) / "node_modules" / ".bin" / "pi"

    def install(self) -> None:
        settings = self.user / ".pi" / "agent"
        settings.mkdir(parents=True)
        models = json.loads(documented("models.json", self.wiretap.port))
        provider = models["providers"]["ccproxy"]
        provider["api"] = self.api
        if self.api == "anthropic-messages":
            provider["baseUrl"] = provider["baseUrl"].removesuffix("/v1")
        (settings / "models.json").write_text(json.dumps(models))

    def environment(self) -> dict[str, str]:
        return {"PI_SKIP_VERSION_CHECK": "1"}


class Session:
    """What works with each dialect. Mixed into a case for each."""

    async def test_tool_loop(self) -> None:
        """Two commands at once really run, and each result goes to its own call; a second round follows."""
        first = [Call("bash", {"command": f"echo out-$((40+{n}))"}, f"call_for{n}") for n in (1, 2)]
        self.upstream.script(
            self.vendor.says(reply(Think("I must look.", seal="c2VhbGVk"), "I shall look.", *first)),
            self.vendor.says(reply(Call("bash", {"command": "echo again-$((40+3))"}, "call_for3"))),
            self.vendor.says(reply("Es sind 42: 空は青い。")),
        )
        ran = await self.run_program(
            "--provider", "ccproxy", "--model", "any", "--thinking", "low", "-p", "Run something."
        )
        self.assertEqual((ran.status, ran.output.strip()), (0, "Es sind 42: 空は青い。"), ran)
        results = self.vendor.results(self.upstream.received[2].json())
        found = {id: text.strip() for id, text in results.items()}
        self.assertEqual(found, {"call_for1": "out-41", "call_for2": "out-42", "call_for3": "again-43"})


class ByChat(Session, PiCase):
    """Chat completions before an upstream that speaks Anthropic's Messages."""

    api = "openai-completions"
    vendor = ANTHROPIC


class ByResponses(Session, PiCase):
    """Responses before an upstream that speaks chat completions."""

    api = "openai-responses"
    vendor = CHAT


class ByMessages(Session, PiCase):
    """Anthropic's Messages before an upstream that speaks Gemini's generateContent."""

    api = "anthropic-messages"
    vendor = GEMINI
