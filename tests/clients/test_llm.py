"""llm, a program for the command line that speaks chat completions, at work through ccproxy."""

import json
from pathlib import Path

from tests.clients.documented import documented
from tests.clients.fetching import python_program
from tests.clients.live import TOKEN
from tests.clients.programs import ProgramCase
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI, RESPONSES
from tests.support.wires import Call, reply

FUNCTIONS = """
def multiply(first: int, second: int) -> int:
    "Multiplies two numbers."
    return first * second
"""


class LlmCase(ProgramCase):
    """llm, told of ccproxy as docs/clients.md shows it: one more model that is compatible with OpenAI."""

    def fetched(self) -> Path:
        return python_program("llm")

    def install(self) -> None:
        name = "extra-openai-models.yaml"
        (self.user / name).write_text(documented(name, self.wiretap.port))
        (self.user / "keys.json").write_text(json.dumps({"ccproxy": TOKEN}))

    def environment(self) -> dict[str, str]:
        return {"LLM_USER_PATH": str(self.user)}

    async def ask(self, prompt: str, *arguments: str) -> str:
        """The output of one prompt that was answered."""
        ran = await self.run_program("prompt", "-m", "ccproxy", *arguments, prompt)
        self.assertEqual(ran.status, 0, ran)
        return ran.output


class Sessions:
    """What works with every upstream. Mixed into a case for each."""

    async def test_tool_loop(self) -> None:
        """Both functions that the model calls really run, and each result goes to its own call."""
        calls = [Call("multiply", {"first": 6, "second": n}, f"call_by{n}") for n in (7, 8)]
        self.upstream.script(
            self.vendor.says(reply("I shall calculate. ", *calls, interleaved=True)),
            self.vendor.says(reply("42 und 48, natürlich.")),
        )
        output = await self.ask("What is 6 times 7, and 6 times 8?", "--functions", FUNCTIONS)
        self.assertTrue(output.endswith("42 und 48, natürlich.\n"), output)
        results = self.vendor.results(self.upstream.received[1].json())
        self.assertEqual(results, {"call_by7": "42", "call_by8": "48"})


class WithChatUpstream(Sessions, LlmCase):
    """Before an upstream that speaks chat completions itself."""

    vendor = CHAT


class WithResponsesUpstream(Sessions, LlmCase):
    """Before an upstream that speaks Responses."""

    vendor = RESPONSES


class WithGeminiUpstream(Sessions, LlmCase):
    """Before an upstream that speaks Gemini's generateContent."""

    vendor = GEMINI


class WithAnthropicUpstream(Sessions, LlmCase):
    """Before an upstream that speaks Anthropic's Messages."""

    vendor = ANTHROPIC
