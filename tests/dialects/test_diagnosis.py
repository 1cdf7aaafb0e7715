"""A vendor's refusal that names a field is understood, in every wording known, and cured without touching the rest."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.diagnosis import TEXT_LIMIT, repair
from ccproxy.dialects.field_repairs import DROPPABLE, WITHIN
from ccproxy.dialects.refusals import refused

MESSAGES: list[dict[str, Any]] = [
    {"role": "developer", "content": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
    {"role": "user", "content": "temperature is not supported"},
    {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Hm.",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "Read", "arguments": '{"strict": true}'}},
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "ok"},
]
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "Read",
        "parameters": {"type": "object", "properties": {"strict": {"type": "boolean"}}},
        "strict": True,
    },
}
BODY: dict[str, Any] = {
    "model": "m",
    "messages": MESSAGES,
    "tools": [TOOL],
    "tool_choice": "required",
    "max_tokens": 32000,
    "temperature": 0.5,
    "top_p": 0.9,
    "stop": ["END"],
    "stream": True,
    "stream_options": {"include_usage": True},
    "parallel_tool_calls": False,
    "reasoning_effort": "low",
    "prompt_cache_key": "k",
    "user": "u",
    "metadata": {"a": "b"},
    "service_tier": "auto",
    "store": False,
}


def cured(words: str, body: dict[str, Any] = BODY) -> dict[str, Any]:
    """The body after the repair that these words lead to."""
    before = copy.deepcopy(body)
    found = repair(body, words)
    assert found is not None, f"no repair for {words!r}"
    after = found.apply(body)
    assert body == before, "the body that was given is changed"
    json.dumps(after)
    return after


def without(*names: str) -> dict[str, Any]:
    """The usual body without these fields."""
    return {name: value for name, value in BODY.items() if name not in names}


class FieldTests(SynchronousTestCase):
    """Fields that are refused by name are left out."""

    def test_wordings(self) -> None:
        """Each vendor's way to refuse a field is understood, and that field alone goes."""
        for name, words in (
            ("temperature", "Unsupported parameter: 'temperature' is not supported with this model."),
            ("temperature", "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default"),
            ("temperature", "`temperature` is deprecated for this model."),
            ("temperature", "`temperature` may only be set to 1 when thinking is enabled."),
            ("top_p", "`top_p` and `temperature` cannot both be specified for this model."),
            ("top_p", "Model grok-4 does not support parameter topP."),
            ("stop", "Model grok-4 does not support parameter stop."),
            ("reasoning_effort", "Argument not supported on this model: reasoningEffort"),
            ("reasoning_effort", "Unsupported value: 'reasoning_effort' does not support 'low' with this model."),
            ("parallel_tool_calls", "Unknown parameter: 'parallel_tool_calls'."),
            ("stream_options", "Unrecognized request argument supplied: stream_options"),
            ("prompt_cache_key", "prompt_cache_key: Extra inputs are not permitted"),
            ("prompt_cache_key", "Extra inputs are not permitted, field: 'prompt_cache_key', value: 'k'"),
            ("prompt_cache_key", "body.prompt_cache_key: property 'body.prompt_cache_key' is unsupported"),
            ("user", 'json: unknown field "user"'),
            ("user", "unknown field `user`, expected one of `model`, `messages`"),
            ("metadata", "The 'metadata' parameter is only allowed when 'store' is enabled: metadata is not allowed"),
            ("service_tier", "property 'service_tier' is unsupported, did you mean 'stop'?"),
            ("store", "Unrecognized key(s) in object: 'store'"),
            ("store", "got an unexpected keyword argument 'store'"),
            (
                "user",
                '{"detail":[{"type":"extra_forbidden","loc":["body","user"],"msg":"Extra inputs are not permitted"}]}',
            ),
            (
                "user",
                '{"detail":[{"loc":["body","user"],"msg":"extra fields not permitted","type":"value_error.extra"}]}',
            ),
            ("top_p", '{"error":{"message":"No.","param":"top_p","code":"unsupported_parameter"}}'),
        ):
            self.assertEqual(cured(words), without(name), words)

    def test_within_others(self) -> None:
        """A field of a field goes alone; the outer one goes with its last."""
        body = {"model": "m", "input": [], "reasoning": {"effort": "low", "summary": "auto"}}
        self.assertEqual(
            cured('{"error":{"message":"verify","param":"reasoning.summary","code":"unsupported_value"}}', body),
            {**body, "reasoning": {"effort": "low"}},
        )
        self.assertEqual(
            cured("Unsupported parameter: 'reasoning.effort' is not supported with this model.", body),
            {**body, "reasoning": {"summary": "auto"}},
        )
        config = {"model": "m", "output_config": {"effort": "high"}}
        self.assertEqual(cured("This model does not support the effort parameter.", config), {"model": "m"})

    def test_in_messages_and_tools(self) -> None:
        """Fields of messages and tools go wherever they are, but not from schemas and arguments of the same words."""
        strict = cured("tools.0.function.strict: Extra inputs are not permitted")
        self.assertNotIn("strict", strict["tools"][0]["function"])
        self.assertEqual(strict["tools"][0]["function"]["parameters"], TOOL["function"]["parameters"])
        self.assertEqual(strict["messages"], MESSAGES)
        unmarked = cured("messages.0.content.0.text.cache_control: Extra inputs are not permitted")
        self.assertEqual(unmarked["messages"][0]["content"], [{"type": "text", "text": "Be brief."}])
        thoughtless = cured(
            "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : "
            "property 'reasoning_content' is unsupported)]"
        )
        self.assertNotIn("reasoning_content", thoughtless["messages"][2])
        self.assertEqual(thoughtless["messages"][2]["tool_calls"], MESSAGES[2]["tool_calls"])

    def test_gemini(self) -> None:
        """Gemini's fields are in generationConfig, and told in snakes or camels."""
        body = {"contents": [], "generationConfig": {"topK": 3, "thinkingConfig": {"thinkingLevel": "LOW"}}}
        words = "Invalid JSON payload received. Unknown name \"thinkingLevel\" at 'generation_config.thinking_config'"
        self.assertEqual(cured(words, body)["generationConfig"], {"topK": 3, "thinkingConfig": {}})
        self.assertEqual(cured("top_k is not supported for this model", body)["generationConfig"].get("topK"), None)

    def test_what_is_asked_stays(self) -> None:
        """Model, conversation, tools and the form of the answer are never left out, whatever is said of them."""
        for name in ("model", "messages", "tools", "input", "contents", "stream", "system", "response_format"):
            self.assertNotIn(name, DROPPABLE | WITHIN)
            body = {**BODY, name: BODY.get(name, "x")}
            self.assertIsNone(repair(body, f"Unsupported parameter: '{name}' is not supported with this model."), name)

    def test_no_repair(self) -> None:
        """What is not understood stays refused, and so does a field that was not sent."""
        for words in (
            "",
            "Invalid request",
            "messages: at least one message is required",
            "Your credit balance is too low",
            "Unsupported parameter: 'seed' is not supported with this model.",
            "x" * TEXT_LIMIT + "Unsupported parameter: 'temperature' is not supported.",
        ):
            self.assertIsNone(repair(BODY, words), words[:60])

    @settings(max_examples=150, derandomize=True, deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                ["unknown field ", "tool_choice", " not supported", "Unsupported parameter: ", "'temperature'",
                 "thinking",
                 '"loc": [', "]", "extra_forbidden", "max_tokens", "[1, 10]", "signature", "developer", "\x00", "é",
                 ".", "invalid_encrypted_content", "[", "messages.0.content"]
            ),
            max_size=12,
        )
    )  # fmt: skip
    def test_any_words(self, pieces: list[str]) -> None:
        """No words make it fail, and what they lead to keeps the model, is JSON, and changes nothing it was given."""
        words = "".join(pieces)
        before = copy.deepcopy(BODY)
        if (found := repair(BODY, words)) is not None:
            after = found.apply(BODY)
            json.dumps(after)
            self.assertEqual(after["model"], "m")
            self.assertEqual(len(after["messages"]), len(MESSAGES))
            self.assertNotEqual(after, BODY)
            self.assertEqual(found.apply(after), after)
        self.assertEqual(BODY, before)
        list(refused(words))


class LimitTests(SynchronousTestCase):
    """The limit of output, by its right name and within the model's cap."""

    def test_renamed(self) -> None:
        """The one name becomes the other, and never are both sent."""
        after = cured(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        self.assertEqual(after, {**without("max_tokens"), "max_completion_tokens": 32000})
        words = '{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs"}]}'
        self.assertEqual(cured(words, after), BODY)
        both = {**BODY, "max_completion_tokens": 5}
        self.assertIsNone(repair(both, "Unknown parameter: 'max_tokens'."))

    def test_lowered(self) -> None:
        """The wish becomes the cap that the vendor tells."""
        for words in (
            "max_tokens is too large: 32000. This model supports at most 8192 completion tokens, whereas you provided",
            "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for m",
            "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
            "Range of max_tokens should be [1, 8192]",
            "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than",
        ):
            self.assertEqual(cured(words), {**BODY, "max_tokens": 8192}, words)

    def test_never_raised(self) -> None:
        """A cap above the wish is no reason to ask for more."""
        self.assertIsNone(repair(BODY, "the valid range of max_tokens is [1, 64000]"))


class ChoiceTests(SynchronousTestCase):
    """Choices of tools, and reasoning beside them."""

    def test_left_free(self) -> None:
        """A choice that the vendor does not have is left to the model."""
        for words in ("tool_choice 'required' is not supported", "Invalid tool_choice: only auto is supported"):
            self.assertEqual(cured(words), without("tool_choice"))

    def test_forced_choice_outweighs_reasoning(self) -> None:
        """Where both exclude each other and reasoning has a switch, it is switched off, for forced calls alone."""
        words = "Thinking mode does not support this tool_choice"
        body = {"model": "m", "messages": [], "tool_choice": "required", "thinking": {"type": "enabled"}}
        found = repair(body, words)
        assert found is not None
        self.assertEqual(found.apply(body), {**body, "thinking": {"type": "disabled"}})
        free = {**body, "tool_choice": "auto"}
        self.assertEqual(found.apply(free), free)
        qwen = {"model": "m", "messages": [], "tool_choice": {"type": "function"}, "enable_thinking": True}
        said = "The tool_choice parameter does not support being set to required or object in thinking mode"
        self.assertEqual(cured(said, qwen)["enable_thinking"], False)

    def test_without_a_switch(self) -> None:
        """Where reasoning cannot be switched off, the choice is left to the model."""
        self.assertEqual(cured("Thinking mode does not support this tool_choice"), without("tool_choice"))

    def test_conflicting_pair(self) -> None:
        """Of a switch that is off and an effort the effort goes."""
        body = {"model": "m", "messages": [], "thinking": {"type": "disabled"}, "reasoning_effort": "low"}
        after = cured("thinking options type cannot be disabled when reasoning_effort is set", body)
        self.assertEqual(after, {"model": "m", "messages": [], "thinking": {"type": "disabled"}})

    def test_the_other_way_to_think(self) -> None:
        """Anthropic's models take a budget or are adaptive: the one becomes the other, within the limit of output."""
        body: dict[str, Any] = {"model": "m", "messages": [], "max_tokens": 4000}
        budget = {**body, "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "summarized"}}
        adaptive = {**body, "thinking": {"type": "adaptive", "display": "summarized"}}
        words = '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive"'
        self.assertEqual(cured(words, budget), adaptive)
        after = cured("adaptive thinking is not supported on this model", adaptive)
        self.assertEqual(after["thinking"], {"type": "enabled", "display": "summarized", "budget_tokens": 2976})
        small = {**adaptive, "max_tokens": 1500}
        self.assertEqual(
            cured("adaptive thinking is not supported on this model", small)["thinking"]["type"], "disabled"
        )
        self.assertEqual(cured("thinking is not supported on this model", adaptive)["thinking"], {"type": "disabled"})

    def test_role(self) -> None:
        """A vendor that knows no developer is told the same by the system."""
        for words in (
            "messages[0].role: unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`",
            "'developer' is not one of ['system', 'assistant', 'user', 'tool', 'function'] - 'messages.0.role'",
            "Unexpected message role.",
        ):
            after = cured(words)
            self.assertEqual(
                [message["role"] for message in after["messages"]], ["system", "user", "assistant", "tool"]
            )


class ReasoningTests(SynchronousTestCase):
    """Reasoning of earlier turns that a vendor does not take."""

    def test_signatures(self) -> None:
        """Blocks with signatures that do not hold go; the loop of tools goes on without thinking."""
        body = {
            "model": "m",
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": "bad"},
                        {"type": "tool_use", "id": "t", "name": "f", "input": {"list": [{"type": "thinking"}]}},
                    ],
                },
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]},
            ],
        }
        words = "messages.2.content.0: Invalid `signature` in `thinking` block"
        after = cured(words, body)
        self.assertEqual([message["role"] for message in after["messages"]], ["user", "assistant", "user"])
        self.assertEqual(after["messages"][1]["content"], [body["messages"][2]["content"][1]])  # type: ignore[index]
        self.assertEqual(after["thinking"], {"type": "disabled"})
        found = repair(body, words)
        self.assertFalse(found and found.lasting)

    def test_encrypted_content(self) -> None:
        """Reasoning items that OpenAI cannot read go, and no call is touched."""
        call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
        body = {"model": "m", "input": [{"type": "reasoning", "summary": [], "encrypted_content": "x"}, call]}
        words = (
            '{"error":{"code":"invalid_encrypted_content","message":"The encrypted content x could not be verified."}}'
        )
        self.assertEqual(cured(words, body), {"model": "m", "input": [call]})

    def test_thought_signatures(self) -> None:
        """Gemini's calls get the sign that stands for none, other parts have none."""
        body = {
            "contents": [
                {"role": "model", "parts": [
                    {"text": "Hm.", "thought": True, "thoughtSignature": "bad"},
                    {"functionCall": {"name": "f", "args": {"thoughtSignature": 1}}, "thoughtSignature": "bad"},
                ]}
            ]
        }  # fmt: skip
        parts = cured("Corrupted thought signature.", body)["contents"][0]["parts"]
        self.assertEqual(parts[0], {"text": "Hm.", "thought": True})
        self.assertEqual(parts[1]["thoughtSignature"], "skip_thought_signature_validator")
        self.assertEqual(parts[1]["functionCall"], {"name": "f", "args": {"thoughtSignature": 1}})

    def test_missing_reasoning(self) -> None:
        """Messages of calls get the field that DeepSeek and Kimi want to see, where they have it not."""
        call = {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}
        body = {
            "model": "m",
            "messages": [call, {**call, "reasoning_content": "Hm."}, {"role": "user", "content": "a"}],
        }
        for words in (
            "The `reasoning_content` in the thinking mode must be passed back to the API.",
            "thinking is enabled but reasoning_content is missing in assistant tool call message at index 0",
        ):
            after = cured(words, body)["messages"]
            self.assertEqual([message.get("reasoning_content") for message in after], ["", "Hm.", None])
