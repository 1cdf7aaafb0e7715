"""OpenAI's own Python SDK, talking chat completions and Responses to the daemon over a real socket."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import openai
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from pydantic import BaseModel
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from tests.clients.live import TOKEN, LiveCase
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI, RESPONSES
from tests.support.wires import MODEL, Call, Finish, Think, reply

T = TypeVar("T")

SEAL = "c2VhbGVk"
SUM = Call("add", {"numbers": [2, 3], "label": "zwei + drei = fünf"}, "call_sum1")
PRODUCT = Call("multiply", {"numbers": [2, 3]}, "call_mul2")
SCHEMA = {"type": "object", "properties": {"numbers": {"type": "array", "items": {"type": "integer"}}}}
THINKING = {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
QUESTION = {"role": "user", "content": "What are 2 + 3 and 2 * 3?"}


class Sums(BaseModel):
    """The answer as an object."""

    total: int
    product: int


class SdkCase(LiveCase):
    """The SDK blocks, so it runs in a thread of its own while the upstream lives in the reactor's."""

    token = TOKEN
    retries = 0

    def in_thread(self, work: Callable[[openai.OpenAI], T]) -> "Deferred[T]":
        """What `work` gives, done with a client of ours in another thread."""
        url = f"http://127.0.0.1:{self.wiretap.port}/v1"
        plain = openai.DefaultHttpxClient(trust_env=False)

        def run() -> T:
            with openai.OpenAI(
                api_key=self.token, base_url=url, max_retries=self.retries, http_client=plain, timeout=20
            ) as client:
                return work(client)

        return deferToThread(run)

    def passed_whole(self, body: bytes) -> bool:
        """Whether these bytes came to the client as they are, in one piece of the body."""
        return body in self.wiretap.answered


class ChatDialogues:
    """What chat completions do with every upstream. Mixed into a case for each."""

    said = reply(Think("Sums, then.", seal=SEAL), "I shall calculate.", SUM, PRODUCT, interleaved=True)
    tools = tuple(
        {"type": "function", "function": {"name": name, "description": "Does sums", "parameters": SCHEMA}}
        for name in ("add", "multiply")
    )

    def stream(self, **request: Any) -> "Deferred[ChatCompletion]":
        """The completion that the SDK gathers from a stream."""

        def work(client: openai.OpenAI) -> ChatCompletion:
            body = {"model": MODEL, "messages": [QUESTION], "stream_options": {"include_usage": True}, **request}
            with client.chat.completions.stream(**body) as stream:
                for _ in stream:
                    pass
                return stream.get_final_completion()

        return self.in_thread(work)

    def create(self, **request: Any) -> "Deferred[ChatCompletion]":
        """The completion of a request without a stream."""
        body = {"model": MODEL, "messages": [QUESTION], **request}
        return self.in_thread(lambda client: client.chat.completions.create(**body))

    def judge(self, completion: ChatCompletion) -> None:
        """The SDK understood `said` whole."""
        (choice,) = completion.choices
        self.assertEqual(choice.message.content, "I shall calculate.")
        self.assertEqual(choice.message.reasoning_content, "Sums, then.")
        found = [(c.id, c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls]
        self.assertEqual(found, [(call.id, call.name, call.arguments) for call in (SUM, PRODUCT)])
        self.assertEqual(choice.finish_reason, "tool_calls")
        usage = completion.usage
        counted = usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens
        self.assertEqual((*counted, usage.total_tokens), (1200, 200, 40, 1240))

    async def test_stream(self) -> None:
        """Reasoning, text and two calls arrive in a stream as they were said, with their usage."""
        self.upstream.script(self.vendor.says(self.said))
        self.judge(await self.stream(tools=self.tools, reasoning_effort="low"))

    async def test_whole(self) -> None:
        """A whole completion says the same as the streamed one."""
        self.upstream.script(self.vendor.says(self.said))
        self.judge(await self.create(tools=self.tools, reasoning_effort="low"))

    async def test_tool_results(self) -> None:
        """What the SDK gave us as a message goes back as history, and each result to its own call."""
        self.upstream.script(self.vendor.says(self.said), self.vendor.says(reply("5 and 6.")))
        asked = await self.stream(tools=self.tools)
        results = [
            {"role": "tool", "tool_call_id": PRODUCT.id, "content": "six"},
            {"role": "tool", "tool_call_id": SUM.id, "content": [{"type": "text", "text": "five"}]},
        ]
        history = [QUESTION, asked.choices[0].message.to_dict(), *results]
        answer = await self.stream(tools=self.tools, messages=history)
        self.assertEqual(answer.choices[0].message.content, "5 and 6.")
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        results = self.vendor.results(self.upstream.received[1].json())
        self.assertEqual(set(results), {SUM.id, PRODUCT.id})
        self.assertIn("five", results[SUM.id])
        self.assertIn("six", results[PRODUCT.id])

    async def test_usage_unasked(self) -> None:
        """A stream has no usage for those who did not ask for it, and it ends all the same."""
        self.upstream.script(self.vendor.says(reply("Five.")))

        def work(client: openai.OpenAI) -> list[Any]:
            return list(client.chat.completions.create(model=MODEL, messages=[QUESTION], stream=True))

        chunks = await self.in_thread(work)
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks), "Five.")
        self.assertEqual([chunk.usage for chunk in chunks if chunk.usage], [])
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)

    async def test_structured_output(self) -> None:
        """A schema of the SDK's reaches the upstream, and the answer is an object of its class."""
        self.upstream.script(self.vendor.says(reply('{"total": 5, "product": 6}')))

        def work(client: openai.OpenAI) -> Any:
            return client.chat.completions.parse(model=MODEL, messages=[QUESTION], response_format=Sums)

        completion = await self.in_thread(work)
        self.assertEqual(completion.choices[0].message.parsed, Sums(total=5, product=6))
        self.assertIn(b"product", self.upstream.received[0].body)

    async def test_length(self) -> None:
        """An answer that the token limit cut says so."""
        self.upstream.script(self.vendor.says(reply("Half of", finish=Finish.LENGTH)))
        (choice,) = (await self.create(max_completion_tokens=2)).choices
        self.assertEqual((choice.message.content, choice.finish_reason), ("Half of", "length"))

    async def test_broken_stream(self) -> None:
        """A stream that breaks off is an error for the SDK, and never an answer that looks complete."""
        self.upstream.script(self.vendor.breaks_off(reply("This will never be complete, alas.")))
        await self.assertFailure(self.stream(), openai.APIError)

    async def test_overflow(self) -> None:
        """A prompt beyond the window is a bad request whose code is the one that clients look for."""
        self.upstream.script(self.vendor.refuses(400, self.vendor.overflow))
        error = await self.assertFailure(self.stream(), openai.BadRequestError)
        self.assertEqual(error.code, "context_length_exceeded")

    async def test_rate_limit(self) -> None:
        """The upstream's rate limit is told as one, with its words and the time to wait."""
        self.upstream.script(self.vendor.refuses(429, "Slow down, please.", retry_after="7"))
        error = await self.assertFailure(self.create(), openai.RateLimitError)
        self.assertIn("Slow down, please.", error.message)
        self.assertEqual(error.response.headers["retry-after"], "7")


class ResponsesDialogues:
    """What Responses do with every upstream. Mixed into a case for each."""

    said = reply(Think("Sums, then.", seal=SEAL), "I shall calculate.", SUM, PRODUCT, interleaved=True)
    tools = tuple(
        {"type": "function", "name": name, "description": "Does sums", "parameters": SCHEMA, "strict": False}
        for name in ("add", "multiply")
    )

    def asked(self, **request: Any) -> dict[str, Any]:
        return {"model": MODEL, "input": [QUESTION], "store": False, **request}

    def stream(self, **request: Any) -> "Deferred[Response]":
        """The response that the SDK has at the end of a stream, if what it gathered on the way is the same."""

        def work(client: openai.OpenAI) -> Response:
            with client.responses.stream(**self.asked(**request)) as stream:
                done = {e.output_index: e.item for e in stream if e.type == "response.output_item.done"}
                final = stream.get_final_response()
            # Calls that were told in turns are done in another order than they began.
            self.assertEqual([_plain(done[at]) for at in sorted(done)], [_plain(item) for item in final.output])
            return final

        return self.in_thread(work)

    def create(self, **request: Any) -> "Deferred[Response]":
        """The response to a request without a stream."""
        return self.in_thread(lambda client: client.responses.create(**self.asked(**request)))

    def judge(self, response: Response) -> None:
        """The SDK understood `said` whole, in order."""
        self.assertEqual(response.status, "completed")
        self.assertEqual(response.output_text, "I shall calculate.")
        self.assertEqual([item.type for item in response.output][:2], ["reasoning", "message"])
        self.assertEqual("".join(part.text for part in response.output[0].summary), "Sums, then.")
        calls = [item for item in response.output if item.type == "function_call"]
        found = [(call.call_id, call.name, json.loads(call.arguments)) for call in calls]
        self.assertEqual(found, [(call.id, call.name, call.arguments) for call in (SUM, PRODUCT)])
        usage = response.usage
        counted = usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens
        self.assertEqual((*counted, usage.total_tokens), (1200, 200, 40, 1240))

    async def test_stream(self) -> None:
        """Reasoning, text and two calls arrive in a stream as they were said, with their usage."""
        self.upstream.script(self.vendor.says(self.said))
        self.judge(await self.stream(tools=self.tools, **THINKING))

    async def test_whole(self) -> None:
        """A whole response says the same as the streamed one."""
        self.upstream.script(self.vendor.says(self.said))
        self.judge(await self.create(tools=self.tools, **THINKING))

    async def test_tool_results(self) -> None:
        """The SDK's output goes back as input: each result to its own call, and the reasoning to its vendor."""
        self.upstream.script(self.vendor.says(self.said), self.vendor.says(reply("5 and 6.")))
        asked = await self.stream(tools=self.tools, **THINKING)
        results = [
            {"type": "function_call_output", "call_id": PRODUCT.id, "output": "six"},
            {"type": "function_call_output", "call_id": SUM.id, "output": "five"},
        ]
        history = [QUESTION, *(_plain(item) for item in asked.output), *results]
        answer = await self.stream(tools=self.tools, input=history, **THINKING)
        self.assertEqual(answer.output_text, "5 and 6.")
        second = self.upstream.received[1].json()
        results = self.vendor.results(second)
        self.assertEqual(set(results), {SUM.id, PRODUCT.id})
        self.assertIn("five", results[SUM.id])
        self.assertIn("six", results[PRODUCT.id])
        (thought,) = self.vendor.thoughts(second)
        self.assertIn(thought, (SEAL, "Sums, then."))

    async def test_structured_output(self) -> None:
        """A schema of the SDK's reaches the upstream, and the answer is an object of its class."""
        self.upstream.script(self.vendor.says(reply('{"total": 5, "product": 6}')))

        def work(client: openai.OpenAI) -> Any:
            return client.responses.parse(**self.asked(text_format=Sums))

        response = await self.in_thread(work)
        self.assertEqual(response.output_parsed, Sums(total=5, product=6))
        self.assertIn(b"product", self.upstream.received[0].body)

    async def test_length(self) -> None:
        """An answer that the token limit cut is incomplete, and says why."""
        self.upstream.script(self.vendor.says(reply("Half of", finish=Finish.LENGTH)))
        response = await self.create(max_output_tokens=16)
        self.assertEqual((response.output_text, response.status), ("Half of", "incomplete"))
        self.assertEqual(response.incomplete_details.reason, "max_output_tokens")

    async def test_broken_stream(self) -> None:
        """A stream that breaks off is an error for the SDK, and never an answer that looks complete."""
        self.upstream.script(self.vendor.breaks_off(reply("This will never be complete, alas.")))

        def work(client: openai.OpenAI) -> list[Any]:
            return list(client.responses.create(**self.asked(stream=True)))

        await self.assertFailure(self.in_thread(work), openai.APIError)

    async def test_overflow(self) -> None:
        """A prompt beyond the window is a bad request whose code is the one that clients look for."""
        self.upstream.script(self.vendor.refuses(400, self.vendor.overflow))
        error = await self.assertFailure(self.stream(), openai.BadRequestError)
        self.assertEqual(error.code, "context_length_exceeded")

    async def test_rate_limit(self) -> None:
        """The upstream's rate limit is told as one, with its words and the time to wait."""
        self.upstream.script(self.vendor.refuses(429, "Slow down, please.", retry_after="7"))
        error = await self.assertFailure(self.create(), openai.RateLimitError)
        self.assertIn("Slow down, please.", error.message)
        self.assertEqual(error.response.headers["retry-after"], "7")


def _text(completion: ChatCompletion) -> str | None:
    return completion.choices[0].message.content


def _plain(item: Any) -> dict[str, Any]:
    """An output item as it was sent: the SDK's streams put in what they parsed."""
    plain = {key: value for key, value in item.to_dict().items() if key != "parsed_arguments"}
    if "content" in plain:
        plain["content"] = [{key: part[key] for key in part if key != "parsed"} for part in plain["content"]]
    return plain


class ChatToChatUpstream(ChatDialogues, SdkCase):
    """Chat completions at both ends."""

    vendor = CHAT

    async def test_verbatim(self) -> None:
        """What ccproxy has no word for passes both ways, and the reply's bytes are the upstream's."""
        self.upstream.script(self.vendor.says(self.said))
        await self.create(tools=self.tools, extra_body={"x_vendor": {"depth": [1, None, 2.5]}}, seed=7)
        (asked,) = self.wiretap.posted("/v1/chat/completions")
        self.assertEqual(self.upstream.received[0].json(), asked.json())
        self.assertTrue(self.passed_whole(self.vendor.write(self.said, stream=False)[0]))

    async def test_usage_unasked(self) -> None:
        """A stream is asked for as the client did: no usage is ordered that it did not order."""
        self.upstream.script(self.vendor.says(reply("Five.")))

        def work(client: openai.OpenAI) -> list[Any]:
            return list(client.chat.completions.create(model=MODEL, messages=[QUESTION], stream=True))

        chunks = await self.in_thread(work)
        said = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
        self.assertEqual("".join(said), "Five.")
        self.assertNotIn("stream_options", self.upstream.received[0].json())

    async def test_overflow(self) -> None:
        """The upstream's own error is the SDK's, word for word, with the code that clients act on."""
        self.upstream.script(self.vendor.refuses(400, self.vendor.overflow))
        error = await self.assertFailure(self.create(), openai.BadRequestError)
        own = self.vendor.error(400, self.vendor.overflow)["error"]
        self.assertEqual(error.body, {**own, "code": "context_length_exceeded"})


class ChatToResponsesUpstream(ChatDialogues, SdkCase):
    """Chat completions before an upstream that speaks Responses."""

    vendor = RESPONSES


class ChatToGeminiUpstream(ChatDialogues, SdkCase):
    """Chat completions before an upstream that speaks Gemini's generateContent."""

    vendor = GEMINI


class ChatToAnthropicUpstream(ChatDialogues, SdkCase):
    """Chat completions before an upstream that speaks Anthropic's Messages."""

    vendor = ANTHROPIC


class ResponsesToChatUpstream(ResponsesDialogues, SdkCase):
    """Responses before an upstream that speaks chat completions."""

    vendor = CHAT

    async def test_kept_state(self) -> None:
        """State that only OpenAI keeps is refused by name, and the upstream hears nothing."""
        wanted = self.create(previous_response_id="resp_1")
        error = await self.assertFailure(wanted, openai.BadRequestError)
        self.assertIn("previous_response_id", error.message)
        self.assertEqual(self.upstream.received, [])


class ResponsesToResponsesUpstream(ResponsesDialogues, SdkCase):
    """Responses at both ends."""

    vendor = RESPONSES

    async def test_verbatim(self) -> None:
        """What ccproxy has no word for passes both ways, and the reply's bytes are the upstream's."""
        self.upstream.script(self.vendor.says(self.said))
        await self.create(tools=self.tools, extra_body={"x_vendor": {"depth": [1, None, 2.5]}})
        (asked,) = self.wiretap.posted("/v1/responses")
        self.assertEqual(self.upstream.received[0].json(), asked.json())
        self.assertTrue(self.passed_whole(self.vendor.write(self.said, stream=False)[0]))

    async def test_overflow(self) -> None:
        """The upstream's own error is the SDK's, word for word, with the code that clients act on."""
        self.upstream.script(self.vendor.refuses(400, self.vendor.overflow))
        error = await self.assertFailure(self.create(), openai.BadRequestError)
        own = self.vendor.error(400, self.vendor.overflow)["error"]
        self.assertEqual(error.body, {**own, "code": "context_length_exceeded"})


class ResponsesToGeminiUpstream(ResponsesDialogues, SdkCase):
    """Responses before an upstream that speaks Gemini's generateContent."""

    vendor = GEMINI


class ResponsesToAnthropicUpstream(ResponsesDialogues, SdkCase):
    """Responses before an upstream that speaks Anthropic's Messages."""

    vendor = ANTHROPIC


class ModelLists(SdkCase):
    """`GET /v1/models` as the SDK reads it."""

    async def test_list(self) -> None:
        """Every configured model is listed, and each of the list can be retrieved."""

        def work(client: openai.OpenAI) -> tuple[list[Any], list[Any]]:
            listed = list(client.models.list())
            return listed, [client.models.retrieve(model.id) for model in listed]

        listed, retrieved = await self.in_thread(work)
        self.assertIn(MODEL, [model.id for model in listed])
        self.assertEqual({model.object for model in listed}, {"model"})
        self.assertEqual(retrieved, listed)

    async def test_listed_names(self) -> None:
        """Every name of the list gets an answer from its model."""
        self.upstream.script(*[self.vendor.says(reply("Here."))] * 4)

        def work(client: openai.OpenAI) -> list[str]:
            names = [model.id for model in client.models.list()]
            return [_text(client.chat.completions.create(model=name, messages=[QUESTION])) for name in names]

        self.assertEqual(await self.in_thread(work), ["Here."] * 4)
        self.assertEqual({request.json()["model"] for request in self.upstream.received}, {MODEL})

    async def test_unknown_model(self) -> None:
        """A model that is not there is the SDK's error for what is not found, with its name."""
        wanted = self.in_thread(lambda client: client.models.retrieve("no/such-model"))
        error = await self.assertFailure(wanted, openai.NotFoundError)
        self.assertIn("no/such-model", error.message)


class WrongKey(SdkCase):
    """A client without the right key, with the SDK's own retries."""

    token = "not-the-token"
    retries = 2

    async def test_refused_once(self) -> None:
        """The SDK raises its error for credentials at the first answer; the upstream hears nothing."""
        wanted = self.in_thread(lambda client: client.chat.completions.create(model=MODEL, messages=[QUESTION]))
        await self.assertFailure(wanted, openai.AuthenticationError)
        self.assertEqual(len(self.wiretap.posted("/v1/chat/completions")), 1)
        self.assertEqual(self.upstream.received, [])
