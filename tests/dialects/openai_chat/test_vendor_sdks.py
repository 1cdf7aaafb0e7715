"""The official SDKs of vendors that speak chat completions in their own way, as judges of what we ask them for."""

from typing import Any
from unittest import SkipTest

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Choose, Effort, Output, Reasoning, Request, Think, Thinking, ToolChoice
from ccproxy.providers.provider import Provider
from tests.dialects.openai_chat.test_sdk import EVERYTHING, body_of
from tests.support.typed_dicts import problems

try:
    from groq.types.chat.completion_create_params import CompletionCreateParams
    from mistralai.client.models.chatcompletionstreamrequest import (
        ChatCompletionStreamRequest,
        ChatCompletionStreamRequestTypedDict,
    )
except ImportError as error:
    raise SkipTest(f"the SDKs of Groq and Mistral are not installed: {error}") from error

GROQ = ("openai/gpt-oss-120b", "qwen/qwen3-32b", "qwen/qwen3.8-max", "llama-3.3-70b-versatile", "moonshotai/kimi-k2")
MISTRAL = ("mistral-large-latest", "mistral-medium-latest", "magistral-medium-2507", "devstral-medium", "codestral")


def requests() -> list[Request]:
    """All that there is to ask, and each thing that excludes another."""
    asked = [EVERYTHING, evolve(EVERYTHING, output=Output()), evolve(EVERYTHING, reasoning=Reasoning(Think.OFF))]
    asked += [evolve(EVERYTHING, tool_choice=ToolChoice(choose, "A")) for choose in Choose]
    asked += [evolve(EVERYTHING, reasoning=Reasoning(Think.ADAPTIVE, effort)) for effort in Effort]
    thought = [
        evolve(turn, parts=tuple(Thinking("hm") if isinstance(part, Thinking) else part for part in turn.parts))
        for turn in EVERYTHING.turns
    ]
    return [*asked, evolve(EVERYTHING, turns=tuple(thought))]


def quirks(vendor: str, model: str) -> Quirks:
    """As the catalogue has them."""
    return Provider.of(vendor).target(model).quirks


class GroqTests(SynchronousTestCase):
    """The groq SDK."""

    def test_requests(self) -> None:
        """No request has a field that it does not know, or of another type."""
        for model in GROQ:
            for request in requests():
                self.assertEqual(problems(body_of(request, quirks("groq", model)), CompletionCreateParams), [], model)

    def test_judge(self) -> None:
        """The judge is awake: it finds a misspelt field and a wrong type."""
        body = body_of(EVERYTHING, quirks("groq", GROQ[0]))
        body["max_tokenz"] = 1
        body["messages"][0]["content"] = 7
        found = problems(body, CompletionCreateParams)
        self.assertEqual(found[0], "$.max_tokenz: unknown to CompletionCreateParams")
        self.assertTrue(any(one.startswith("$.messages[0]") for one in found), found)


def judged(body: Any) -> list[str]:
    """What Mistral's SDK forbids. Its types have a name of their own for the one field that Python has taken."""
    described = body.get("response_format", {}).get("json_schema")
    if described:
        described["schema_definition"] = described.pop("schema")
    found = problems(body, ChatCompletionStreamRequestTypedDict)
    if described:
        described["schema"] = described.pop("schema_definition")
    ChatCompletionStreamRequest.model_validate(body)
    return found


class MistralTests(SynchronousTestCase):
    """The mistralai SDK."""

    def test_requests(self) -> None:
        """No request has a field that it does not know, or of another type."""
        for model in MISTRAL:
            for request in requests():
                self.assertEqual(judged(body_of(request, quirks("mistral", model))), [], model)

    def test_judge(self) -> None:
        """The judge is awake: it finds a misspelt field and a wrong type."""
        body = body_of(EVERYTHING, quirks("mistral", MISTRAL[0]))
        body["safe_promt"] = True
        body["messages"][0]["contents"] = "x"
        found = judged(body)
        self.assertEqual(found[0], "$.safe_promt: unknown to ChatCompletionStreamRequestTypedDict")
        self.assertTrue(any("$.messages[0]" in one for one in found), found)
