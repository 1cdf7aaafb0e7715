"""The scripted replies are what the vendors send: their own SDKs read them, and find what was scripted."""

import json
from collections.abc import Callable
from typing import Any

from anthropic import Anthropic as Client
from anthropic import DefaultHttpxClient
from anthropic.types import Message
from google.genai.types import GenerateContentResponse
from httpx2 import MockTransport
from httpx2 import Response as HttpResponse
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from twisted.trial.unittest import SynchronousTestCase

from tests.support.wires import MODEL, Call, Finish, Reply, Think, anthropic, chat, gemini, pieces, reply, responses

THOUGHT = Think("First I shall think about it.", seal="c2VhbA==")
WEATHER = Call("get_weather", {"city": "São Paulo", "days": 3}, "call_a1")
TIME = Call("get_time", {"zone": "America/Sao_Paulo"}, "call_b2")
SAID = reply(THOUGHT, "Let me look, naïvely: 空.", WEATHER, TIME)
IN_TURNS = reply(THOUGHT, "Let me look, naïvely: 空.", WEATHER, TIME, interleaved=True)


def payloads(chunks: list[bytes]) -> list[Any]:
    """The JSON of every frame but `[DONE]`."""
    lines = [line for chunk in chunks for line in chunk.decode().splitlines() if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


class Chat(SynchronousTestCase):
    """OpenAI's chat completions."""

    def test_stream(self) -> None:
        """The openai SDK gathers from the chunks what was scripted, also when two calls come in turns."""
        for said in (SAID, IN_TURNS):
            state = ChatCompletionStreamState()
            for payload in payloads(chat(said)):
                state.handle_chunk(ChatCompletionChunk.model_validate(payload, strict=True))
            self.judge(state.get_final_completion())

    def test_whole(self) -> None:
        """The whole reply says the same."""
        self.judge(ChatCompletion.model_validate(json.loads(chat(SAID, stream=False)[0]), strict=True))

    def judge(self, completion: ChatCompletion) -> None:
        [choice] = completion.choices
        calls = [(c.id, c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls]
        self.assertEqual(choice.message.content, SAID.text)
        self.assertEqual(choice.message.model_extra["reasoning_content"], SAID.reasoning)
        self.assertEqual(calls, [(call.id, call.name, call.arguments) for call in SAID.calls])
        self.assertEqual(choice.finish_reason, "tool_calls")
        self.assertEqual(completion.usage.prompt_tokens_details.cached_tokens, SAID.cached_tokens)

    def test_in_turns(self) -> None:
        """Interleaved calls really alternate."""
        deltas = [p["choices"][0]["delta"] for p in payloads(chat(IN_TURNS)) if p["choices"]]
        order = [delta["tool_calls"][0]["index"] for delta in deltas if "tool_calls" in delta]
        self.assertEqual(order[:4], [0, 1, 0, 1])

    def test_cut_by_length(self) -> None:
        """An answer at the token limit ends with `length`."""
        said = reply("Half", finish=Finish.LENGTH)
        self.assertEqual(payloads(chat(said))[-2]["choices"][0]["finish_reason"], "length")


class Responses(SynchronousTestCase):
    """OpenAI's Responses."""

    def test_stream(self) -> None:
        """The openai SDK knows every event; they are numbered without gaps, and their deltas sum up to the response."""
        for said in (SAID, IN_TURNS):
            read = TypeAdapter(ResponseStreamEvent).validate_python
            events = [read(payload, strict=True) for payload in payloads(responses(said))]
            self.assertEqual([event.sequence_number for event in events], list(range(len(events))))
            self.assertEqual(events[-1].type, "response.completed")
            self.judge(events[-1].response)
            summed = {
                kind: "".join(event.delta for event in events if event.type == f"response.{kind}.delta")
                for kind in ("reasoning_summary_text", "output_text")
            }
            self.assertEqual(summed, {"reasoning_summary_text": said.reasoning, "output_text": said.text})
            done = [event.item for event in events if event.type == "response.output_item.done"]
            self.assertCountEqual(done, events[-1].response.output)

    def test_whole(self) -> None:
        """The whole reply says the same."""
        self.judge(Response.model_validate(json.loads(responses(SAID, stream=False)[0]), strict=True))

    def judge(self, response: Response) -> None:
        calls = [item for item in response.output if item.type == "function_call"]
        [thought] = [item for item in response.output if item.type == "reasoning"]
        self.assertEqual(response.output_text, SAID.text)
        self.assertEqual(thought.encrypted_content, THOUGHT.seal)
        found = [(call.call_id, call.name, json.loads(call.arguments)) for call in calls]
        self.assertEqual(found, [(call.id, call.name, call.arguments) for call in SAID.calls])

    def test_cut_by_length(self) -> None:
        """An answer at the token limit is incomplete, and says why."""
        last = payloads(responses(reply("Half", finish=Finish.LENGTH)))[-1]
        self.assertEqual(last["type"], "response.incomplete")
        self.assertEqual(last["response"]["incomplete_details"], {"reason": "max_output_tokens"})


class Gemini(SynchronousTestCase):
    """Gemini's generateContent."""

    def test_stream(self) -> None:
        """The google-genai SDK, which refuses unknown fields, finds what was scripted over all chunks."""
        self.judge([GenerateContentResponse.model_validate(payload) for payload in payloads(gemini(SAID))])

    def test_whole(self) -> None:
        """The whole reply says the same."""
        self.judge([GenerateContentResponse.model_validate_json(gemini(SAID, stream=False)[0])])

    def judge(self, bodies: list[GenerateContentResponse]) -> None:
        parts = [part for body in bodies for part in body.candidates[0].content.parts]
        self.assertEqual("".join(part.text or "" for part in parts if not part.thought), SAID.text)
        self.assertEqual("".join(part.text for part in parts if part.thought), SAID.reasoning)
        calls = [part for part in parts if part.function_call]
        found = [(part.function_call.id, part.function_call.name, part.function_call.args) for part in calls]
        self.assertEqual(found, [(call.id, call.name, call.arguments) for call in SAID.calls])
        self.assertEqual([part.thought_signature for part in calls], [b"seal", None])
        self.assertEqual(bodies[-1].candidates[0].finish_reason, "STOP")
        self.assertEqual(bodies[-1].usage_metadata.cached_content_token_count, SAID.cached_tokens)


class Anthropic(SynchronousTestCase):
    """Anthropic's Messages."""

    def test_stream(self) -> None:
        """The anthropic SDK gathers from the events what was scripted."""
        content = b"".join(anthropic(SAID))
        transport = MockTransport(
            lambda _: HttpResponse(200, headers={"content-type": "text/event-stream"}, content=content)
        )
        client = Client(api_key="unused", http_client=DefaultHttpxClient(transport=transport))
        self.addCleanup(client.close)
        question: Any = {"role": "user", "content": "Well?"}
        with client.messages.stream(model=MODEL, max_tokens=100, messages=[question]) as stream:
            self.judge(stream.get_final_message())

    def test_whole(self) -> None:
        """The whole reply says the same."""
        self.judge(Message.model_validate_json(anthropic(SAID, stream=False)[0]))

    def judge(self, message: Any) -> None:
        thought, text, *calls = message.content
        self.assertEqual((thought.thinking, thought.signature), (THOUGHT.text, THOUGHT.seal))
        self.assertEqual(text.text, SAID.text)
        found = [(call.id, call.name, call.input) for call in calls]
        self.assertEqual(found, [(call.id, call.name, call.arguments) for call in SAID.calls])
        self.assertEqual(message.stop_reason, "tool_use")
        self.assertEqual(message.usage.cache_read_input_tokens, SAID.cached_tokens)


class Replies(SynchronousTestCase):
    """What holds for every wire."""

    def test_ids_differ(self) -> None:
        """Different replies have different ids in every wire: Claude Code joins what bears the same."""
        write: Callable[[Reply], list[bytes]]
        for write in (chat, responses, gemini, anthropic):
            first, second = (json.dumps(payloads(write(reply(words)))[0]) for words in ("One", "Two"))
            self.assertNotEqual(first.replace("One", ""), second.replace("Two", ""))

    def test_several_deltas(self) -> None:
        """A text comes in several deltas, and nothing of it is lost."""
        self.assertGreater(len(pieces(SAID.text)), 2)
        self.assertEqual("".join(pieces(SAID.text)), SAID.text)
