"""Continue's client for the command line, which speaks chat completions, at work through ccproxy."""

from pathlib import Path

from tests.clients.documented import documented
from tests.clients.fetching import npm_packages
from tests.clients.programs import ProgramCase
from tests.support.scripted_vendors import ANTHROPIC
from tests.support.wires import Call, reply


class Continue(ProgramCase):
    """Told of ccproxy as docs/clients.md shows it, before an upstream that speaks Anthropic's Messages."""

    vendor = ANTHROPIC

    def fetched(self) -> Path:
        return npm_packages("continue", "@continuedev/cli@1") / "node_modules" / ".bin" / "cn"

    def install(self) -> None:
        (self.directory / "config.yaml").write_text(documented("config.yaml", self.wiretap.port))

    def environment(self) -> dict[str, str]:
        return {"CONTINUE_TELEMETRY_ENABLED": "0", "CONTINUE_CLI_ENABLE_TELEMETRY": "0"}

    async def test_tool_loop(self) -> None:
        """Two commands at once really run, and each result goes to its own call."""
        calls = [Call("Bash", {"command": f"echo out-$((40+{n}))"}, f"call_for{n}") for n in (1, 2)]
        self.upstream.script(
            self.vendor.says(reply("I shall look.", *calls)),
            self.vendor.says(reply("Es sind 42: 空は青い。")),
        )
        ran = await self.run_program("-p", "--auto", "--config", "config.yaml", "Run something.")
        self.assertEqual((ran.status, ran.output.strip()), (0, "Es sind 42: 空は青い。"), ran)
        results = self.vendor.results(self.upstream.received[1].json())
        self.assertEqual(set(results), {"call_for1", "call_for2"})
        self.assertIn("out-42", results["call_for2"])
