"""Libraries for Python that stand on the vendors' SDKs, at work through ccproxy: LangChain and OpenAI's Agents SDK."""

from pathlib import Path

from tests.clients.documented import documented
from tests.clients.fetching import python_packages
from tests.clients.live import TOKEN
from tests.clients.programs import ProgramCase
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI
from tests.support.wires import Call, Think, reply

SCRIPTS = Path(__file__).with_name("scripts")
CALLS = [Call("multiply", {"first": 6, "second": n}, f"call_by{n}") for n in (7, 8)]
RESULTS = {"call_by7": "42", "call_by8": "48"}


class LibraryCase(ProgramCase):
    """A script that a Python of its own runs."""

    def install(self) -> None:
        """Nothing: scripts are told where ccproxy is."""

    def environment(self) -> dict[str, str]:
        return {"CCPROXY_URL": self.url, "CCPROXY_KEY": TOKEN, "PYTHONDONTWRITEBYTECODE": "1"}

    async def judge(self, script: str, *arguments: str) -> None:
        """A script of these tests has a conversation: reasoning, two calls at once and their results go on into a
        second turn, with all that was said before."""
        self.upstream.script(
            self.vendor.says(reply(Think("Sums, then.", seal="c2VhbGVk"), "I shall calculate.", *CALLS)),
            self.vendor.says(reply("42 und 48.")),
            self.vendor.says(reply("54, natürlich.")),
        )
        ran = await self.run_program(str(SCRIPTS / script), *arguments)
        self.assertEqual((ran.status, ran.output), (0, '"42 und 48."\n"54, nat\\u00fcrlich."\n'), ran)
        for request in self.upstream.received[1:]:
            self.assertEqual(self.vendor.results(request.json()), RESULTS)
        self.assertIn("42 und 48.", self.upstream.received[2].body.decode())


class LangChainCase(LibraryCase):
    """LangChain with its classes for Anthropic and OpenAI."""

    def fetched(self) -> Path:
        return python_packages("langchain", "langchain<2", "langchain-anthropic<2", "langchain-openai<2")


class LangChain(LangChainCase):
    """Before an upstream that speaks chat completions."""

    vendor = CHAT

    async def test_documented(self) -> None:
        """The script in docs/clients.md gets its answers."""
        self.upstream.script(*[self.vendor.says(reply("Here I am."))] * 3)
        script = self.directory / "documented.py"
        script.write_text(documented("langchain", self.wiretap.port))
        ran = await self.run_program(str(script))
        self.assertEqual((ran.status, ran.output), (0, "Here I am.\n" * 3), ran)

    async def test_anthropic(self) -> None:
        """An agent with the class for Anthropic."""
        await self.judge("langchain_agent.py", "anthropic")

    async def test_responses(self) -> None:
        """An agent with the class for OpenAI, which goes on from the response before."""
        await self.judge("langchain_agent.py", "responses")
        asked = [request.json() for request in self.wiretap.posted("/v1/responses")]
        self.assertTrue(all(body["previous_response_id"] for body in asked[1:]))


class LangChainBeforeAnthropic(LangChainCase):
    """Before an upstream that speaks Anthropic's Messages."""

    vendor = ANTHROPIC

    async def test_chat(self) -> None:
        """An agent with the class for OpenAI, by chat completions."""
        await self.judge("langchain_agent.py", "chat")


class AgentsSdk(LibraryCase):
    """OpenAI's Agents SDK before an upstream that speaks Gemini's generateContent."""

    vendor = GEMINI

    def fetched(self) -> Path:
        return python_packages("openai-agents", "openai-agents<1")

    async def test_chat(self) -> None:
        """By chat completions, with a session."""
        await self.judge("agents_session.py", "chat", "session")

    async def test_responses(self) -> None:
        """By Responses, with a session."""
        await self.judge("agents_session.py", "responses", "session")

    async def test_previous_response(self) -> None:
        """By Responses, where each turn goes on from the response before."""
        await self.judge("agents_session.py", "responses", "previous")
