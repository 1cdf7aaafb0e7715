"""Anthropic's own Python SDK, talking to the daemon over a real socket."""

from collections.abc import Callable
from typing import Any, TypeVar

import anthropic
from anthropic.types import Message
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from tests.clients.live import TOKEN, LiveCase
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI, RESPONSES
from tests.support.wires import Call, Finish, Think, reply

T = TypeVar("T")

MODEL = "claude-sonnet-5"
SUM = Call("add", {"numbers": [2, 3], "label": "zwei + drei = fünf"}, "call_sum1")
PRODUCT = Call("multiply", {"numbers": [2, 3]}, "call_mul2")
TOOLS = [
    {"name": name, "description": "Does sums", "input_schema": {"type": "object", "properties": {"numbers": {}}}}
    for name in ("add", "multiply")
]
THINKING = {"type": "adaptive"}
QUESTION = {"role": "user", "content": "What are 2 + 3 and 2 * 3?"}


class SdkCase(LiveCase):
    """The SDK blocks, so it runs in a thread of its own while the upstream lives in the reactor's."""

    token = TOKEN
    retries = 0

    def in_thread(self, work: Callable[[anthropic.Anthropic], T]) -> "Deferred[T]":
        """What `work` gives, done with a client of ours in another thread."""
        url = f"http://127.0.0.1:{self.wiretap.port}"
        plain = anthropic.DefaultHttpxClient(trust_env=False)
        with_token = {"base_url": url, "auth_token": self.token, "api_key": None, "max_retries": self.retries}

        def run() -> T:
            with anthropic.Anthropic(http_client=plain, timeout=20, **with_token) as client:
                return work(client)

        return deferToThread(run)

    def stream(self, **request: Any) -> "Deferred[Message]":
        """The message that the SDK gathers from a stream."""

        def work(client: anthropic.Anthropic) -> Message:
            with client.messages.stream(**{"model": MODEL, "max_tokens": 2000, "messages": [QUESTION], **request}) as s:
                return s.get_final_message()

        return self.in_thread(work)

    def create(self, **request: Any) -> "Deferred[Message]":
        """The message of a request without a stream."""
        body = {"model": MODEL, "max_tokens": 2000, "messages": [QUESTION], **request}
        return self.in_thread(lambda client: client.messages.create(**body))


class Dialogues:
    """What works with every upstream. Mixed into a case for each."""

    said = reply(Think("Sums, then.", seal="c2VhbGVk"), "I shall calculate.", SUM, PRODUCT, interleaved=True)

    def judge(self, message: Message) -> None:
        """The SDK understood `said` whole, in order."""
        # A redacted block may carry state that its vendor bound to a call, and says nothing.
        content = [block for block in message.content if block.type != "redacted_thinking"]
        self.assertEqual([block.type for block in content], ["thinking", "text", "tool_use", "tool_use"])
        thought, text, *calls = content
        self.assertEqual(thought.thinking, "Sums, then.")
        self.assertEqual(text.text, "I shall calculate.")
        found = [(call.id, call.name, call.input) for call in calls]
        self.assertEqual(found, [(call.id, call.name, call.arguments) for call in (SUM, PRODUCT)])
        self.assertEqual(message.stop_reason, "tool_use")
        usage = message.usage
        self.assertEqual((usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens), (1000, 200, 40))

    async def test_stream(self) -> None:
        """Reasoning, text and two calls arrive in a stream as they were said, with their usage."""
        self.upstream.script(self.vendor.says(self.said))
        self.judge(await self.stream(tools=TOOLS, thinking=THINKING))

    async def test_whole(self) -> None:
        """A whole reply says the same as the streamed one."""
        self.upstream.script(self.vendor.says(self.said))
        self.judge(await self.create(tools=TOOLS, thinking=THINKING))

    async def test_tool_results(self) -> None:
        """What the SDK gave us as a message goes back as history, and each result to its own call."""
        self.upstream.script(self.vendor.says(self.said), self.vendor.says(reply("5 and 6.")))
        asked = await self.stream(tools=TOOLS)
        results = [
            {"type": "tool_result", "tool_use_id": PRODUCT.id, "content": "six"},
            {"type": "tool_result", "tool_use_id": SUM.id, "content": [{"type": "text", "text": "five"}]},
        ]
        history = [QUESTION, {"role": "assistant", "content": asked.content}, {"role": "user", "content": results}]
        answer = await self.stream(tools=TOOLS, messages=history)
        self.assertEqual(answer.content[0].text, "5 and 6.")
        results = self.vendor.results(self.upstream.received[1].json())
        self.assertEqual(set(results), {SUM.id, PRODUCT.id})
        self.assertIn("five", results[SUM.id])
        self.assertIn("six", results[PRODUCT.id])

    async def test_length(self) -> None:
        """An answer that the token limit cut says so."""
        self.upstream.script(self.vendor.says(reply("Half of", finish=Finish.LENGTH)))
        message = await self.stream()
        self.assertEqual((message.content[0].text, message.stop_reason), ("Half of", "max_tokens"))

    async def test_broken_stream(self) -> None:
        """A stream that breaks off is an error for the SDK, and never an answer that looks complete."""
        self.upstream.script(self.vendor.breaks_off(reply("This will never be complete, alas.")))
        await self.assertFailure(self.stream(), anthropic.APIStatusError)

    async def test_overflow(self) -> None:
        """A prompt beyond the window is a bad request, in the words that clients act on."""
        self.upstream.script(self.vendor.refuses(400, self.vendor.overflow))
        error = await self.assertFailure(self.stream(), anthropic.BadRequestError)
        self.assertIn("prompt is too long", error.message)

    async def test_rate_limit(self) -> None:
        """The upstream's rate limit is told as one, with its words and the time to wait."""
        self.upstream.script(self.vendor.refuses(429, "Slow down, please.", retry_after="7"))
        error = await self.assertFailure(self.create(), anthropic.RateLimitError)
        self.assertIn("Slow down, please.", error.message)
        self.assertEqual(error.response.headers["retry-after"], "7")


class WithChatUpstream(Dialogues, SdkCase):
    """Against an upstream that speaks OpenAI's chat completions."""

    vendor = CHAT

    async def test_reasoning_unasked(self) -> None:
        """A client that did not ask for reasoning gets the answer without it."""
        self.upstream.script(self.vendor.says(reply(Think("Hm."), "Five.")))
        message = await self.stream()
        self.assertEqual([block.type for block in message.content], ["text"])

    async def test_bad_request(self) -> None:
        """A request that no upstream could take is refused by us, and names the place."""
        wrong = [{"role": "user", "content": [{"type": "text", "text": 7}]}]
        error = await self.assertFailure(self.create(messages=wrong), anthropic.BadRequestError)
        self.assertIn("messages[0].content[0].text", error.message)

    async def test_request_id(self) -> None:
        """Every reply bears an id that the operator finds in the daemon's log."""
        self.upstream.script(self.vendor.says(reply("Here.")))
        message = await self.create()
        self.assertTrue(message._request_id)
        await self.daemon.stop()
        self.assertIn(message._request_id, self.daemon.log)


class WithResponsesUpstream(Dialogues, SdkCase):
    """Against an upstream that speaks OpenAI's Responses."""

    vendor = RESPONSES


class WithGeminiUpstream(Dialogues, SdkCase):
    """Against an upstream that speaks Gemini's generateContent."""

    vendor = GEMINI


class WithAnthropicUpstream(Dialogues, SdkCase):
    """Against an upstream that speaks Anthropic's own dialect: the bytes pass as they are."""

    vendor = ANTHROPIC


class WrongKey(SdkCase):
    """A client without the right key, with the SDK's own retries."""

    token = "not-the-token"
    retries = 2

    async def test_refused_once(self) -> None:
        """The SDK raises its error for credentials at the first answer; the upstream hears nothing."""
        await self.assertFailure(self.create(), anthropic.AuthenticationError)
        self.assertEqual(len(self.wiretap.posted("/v1/messages")), 1)
        self.assertEqual(self.upstream.received, [])
