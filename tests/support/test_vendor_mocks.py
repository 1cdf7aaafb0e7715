"""The vendors that refuse things do refuse them: each rule is broken once, in a request that is else right."""

import copy
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.vendor_mocks import MOCKS, AnthropicMock, ChatMock, GeminiMock, ResponsesMock, Subject

Break = Callable[[dict[str, Any]], object]

CALL = {"id": "aBcDeFg12", "type": "function", "function": {"name": "Read", "arguments": "{}"}}


def chat_body(subject: Subject) -> dict[str, Any]:
    """A request that every chat vendor takes."""
    mock = subject.mock
    assert isinstance(mock, ChatMock)
    call: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    if mock.wants_reasoning:
        call["reasoning_content"] = "Hm."
    return {
        "model": subject.model,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            call,
            {"role": "tool", "tool_call_id": CALL["id"], "content": "ok"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "Read", "parameters": {"type": "object", "properties": {}}}}
        ],
        mock.limit: 100,
        "stream": True,
    }


CHAT: dict[str, Break] = {
    "an unknown field": lambda body: body.update(context_management={}),
    "both limits": lambda body: body.update(max_tokens=1, max_completion_tokens=1),
    "an unknown role": lambda body: body["messages"].append({"role": "nobody", "content": "x"}),
    "an answer begun": lambda body: body["messages"].append({"role": "assistant", "content": "Well,"}),
    "a result without a call": lambda body: body["messages"].append(
        {"role": "tool", "tool_call_id": "nothing1", "content": "x"}
    ),
    "a call without a result": lambda body: body["messages"].pop(),
    "an id twice": lambda body: body["messages"].extend(body["messages"][2:]),
    "a strange name": lambda body: body["tools"][0]["function"].update(name="a b"),
    "a schema's dialect": lambda body: body["tools"][0]["function"]["parameters"].update({"$schema": "x"}),
    "no schema": lambda body: body["tools"][0]["function"].update(parameters={}),
    "a choice without tools": lambda body: (body.pop("tools"), body.update(tool_choice="auto")),
    "an unknown choice": lambda body: body.update(tool_choice="any"),
    "an unknown effort": lambda body: body.update(reasoning_effort="ultra"),
    "an unknown part": lambda body: body["messages"][1].update(content=[{"type": "thinking_text"}]),
    "an empty question": lambda body: body["messages"][1].update(content=""),
    "a field of a message": lambda body: body["messages"][2].update(thoughts="x"),
    "too hot": lambda body: body.update(temperature=2.5),
}
"""What no vendor takes."""

ONLY: dict[str, tuple[Callable[[ChatMock], bool], Break]] = {
    "a large limit": (lambda mock: mock.most is not None, lambda body: body.update(
        {name: 10**7 for name in ("max_tokens", "max_completion_tokens") if name in body})),
    "warm": (lambda mock: mock.warmest < 2, lambda body: body.update(temperature=2.0)),
    "sampling": (lambda mock: not mock.samples, lambda body: body.update(top_p=0.5)),
    "stops": (lambda mock: mock.stops is not None, lambda body: body.update(stop=["x"] * 17)),
    "a required call": (lambda mock: "required" not in mock.choices, lambda body: body.update(tool_choice="required")),
    "a named call": (lambda mock: "named" not in mock.choices, lambda body: body.update(
        tool_choice={"type": "function", "function": {"name": "Read"}})),
    "a forced call while thinking": (lambda mock: mock.no_force_while_thinking and mock.thinks_by_default,
                                     lambda body: body.update(tool_choice="required")),
    "a late system message": (lambda mock: not mock.late_system, lambda body: body["messages"].extend(
        [{"role": "system", "content": "x"}, {"role": "user", "content": "x"}])),
    "a user behind a tool": (lambda mock: not mock.user_after_tool, lambda body: body["messages"].append(
        {"role": "user", "content": "x"})),
    "two users": (lambda mock: mock.alternates, lambda body: body["messages"].insert(
        1, {"role": "user", "content": "x"})),
    "an image": (lambda mock: not mock.images, lambda body: body["messages"][1].update(
        content=[{"type": "image_url", "image_url": {"url": "data:"}}])),
    "a file": (lambda mock: not mock.files, lambda body: body["messages"][1].update(
        content=[{"type": "file", "file": {}}])),
    "a cache marker": (lambda mock: not mock.marks, lambda body: body["messages"][1].update(
        content=[{"type": "text", "text": "x", "cache_control": {}}])),
    "a schema to answer": (lambda mock: not mock.schemas, lambda body: body.update(
        response_format={"type": "json_schema"})),
    "strict": (lambda mock: not mock.strict, lambda body: body["tools"][0]["function"].update(strict=True)),
    "no reasoning": (lambda mock: mock.wants_reasoning and mock.thinks_by_default,
                     lambda body: body["messages"][2].pop("reasoning_content")),
    "a developer": (lambda mock: "developer" not in mock.roles, lambda body: body["messages"][0].update(
        role="developer")),
    "reasoning_content": (lambda mock: "reasoning_content" not in mock.said,
                          lambda body: body["messages"][2].update(reasoning_content="Hm.")),
    "a long id": (lambda mock: mock.id == "[a-zA-Z0-9]{9}", lambda body: (
        body["messages"][2].update(tool_calls=[{**CALL, "id": "toolu_01"}]),
        body["messages"][3].update(tool_call_id="toolu_01"))),
    "off and an effort": (lambda mock: bool(mock.switches) and bool(mock.efforts), lambda body: body.update(
        thinking={"type": "disabled"}, reasoning_effort="low")),
}  # fmt: skip
"""What some do not take, with those who do not."""


def broken(body: dict[str, Any], how: Break) -> dict[str, Any]:
    """Another body, with one thing wrong."""
    other = copy.deepcopy(body)
    how(other)
    return other


class ChatTests(SynchronousTestCase):
    """Vendors of chat completions."""

    def test_right(self) -> None:
        """A plain request is taken by all, so that what is refused below is refused for what is wrong."""
        for subject in MOCKS:
            if isinstance(subject.mock, ChatMock):
                self.assertIsNone(subject.refuse(chat_body(subject)), subject)

    def test_wrong(self) -> None:
        """What no vendor takes none of them takes."""
        for subject in MOCKS:
            if isinstance(subject.mock, ChatMock):
                for name, how in CHAT.items():
                    self.assertIsNotNone(subject.refuse(broken(chat_body(subject), how)), (subject.model, name))

    def test_wrong_for_some(self) -> None:
        """Each peculiarity is some vendor's, who refuses what goes against it, with a status and an error body."""
        for name, (applies, how) in ONLY.items():
            found = 0
            for subject in MOCKS:
                if isinstance(subject.mock, ChatMock) and applies(subject.mock):
                    refusal = subject.refuse(broken(chat_body(subject), how))
                    assert refusal is not None, (subject.model, name)
                    self.assertEqual(refusal[0], 400)
                    self.assertTrue(refusal[1]["error"]["message"])
                    found += 1
            self.assertTrue(found, name)


class OtherTests(SynchronousTestCase):
    """Vendors of the other dialects."""

    def refused(self, mock: ResponsesMock | GeminiMock | AnthropicMock, body: dict[str, Any], **wrong: Any) -> None:
        """The body is taken, and is not with these fields."""
        self.assertIsNone(mock.refuse(body))
        for name, value in wrong.items():
            self.assertIsNotNone(mock.refuse({**body, name: value}), name)

    def test_responses(self) -> None:
        """Nothing is stored, calls are answered, strictness is told, and reasoning has its words."""
        call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
        body = {"model": "m", "input": [{"role": "user", "content": "Hi"}], "store": False, "max_output_tokens": 16}
        mock = ResponsesMock(efforts=frozenset({"none", "low"}), samples=False, most=100)
        for wrong in (
            {"store": True}, {"messages": []}, {"max_output_tokens": 1}, {"max_output_tokens": 1000},
            {"reasoning": {"effort": "max"}}, {"temperature": 1}, {"tool_choice": "auto"},
            {"tools": [{"type": "function", "name": "f"}]},
            {"tools": [{"type": "function", "name": "a b", "strict": False}]},
            {"input": [call]}, {"input": [{**call, "id": "fc_1"}]}, {"input": [call, {"role": "user", "content": "x"}]},
            {"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]},
            {"input": [{"type": "reasoning", "id": "rs_1"}]}, {"input": [{"role": "nobody"}]},
            {"input": [{"type": "x"}]},
        ):  # fmt: skip
            self.refused(mock, body, **wrong)
        self.refused(ResponsesMock(), body, reasoning={"effort": "low"})

    def test_gemini(self) -> None:
        """Roles alternate, results match their calls, reasoning is a level or a budget, and steps are signed."""
        ask = {"role": "user", "parts": [{"text": "Hi"}]}
        step = {"role": "model", "parts": [{"functionCall": {"name": "f"}}]}
        done = {"role": "user", "parts": [{"functionResponse": {"name": "f"}}]}
        body = {"contents": [ask]}
        mock = GeminiMock(budgets=(128, 1000), signs=True)
        for wrong in (
            {"messages": []}, {"contents": [ask, ask]}, {"contents": [step, done]}, {"contents": [ask, step, ask]},
            {"contents": [ask, step, done]}, {"contents": [{"role": "user", "parts": []}]},
            {"generationConfig": {"maxOutputTokens": 10**6}}, {"generationConfig": {"stopSequences": list("abcdef")}},
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}},
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 5000}}},
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}},
            {"tools": [{"functionDeclarations": [{"parametersJsonSchema": {"$schema": "x"}}]}]},
        ):  # fmt: skip
            self.refused(mock, body, **wrong)

    def test_anthropic(self) -> None:
        """Limits, budgets, sampling and choices beside thinking, results behind calls, and signatures of its own."""
        ask = {"role": "user", "content": "Hi"}
        body = {"model": "m", "max_tokens": 2000, "messages": [ask]}
        call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
        mock = AnthropicMock(adaptive=False, budgets=True)
        foreign = {"type": "thinking", "thinking": "", "signature": "px1.abc"}
        for wrong in (
            {"max_tokens": None}, {"max_tokens": 10**7}, {"reasoning_effort": "low"},
            {"thinking": {"type": "adaptive"}},
            {"thinking": {"type": "enabled", "budget_tokens": 2000}}, {"tool_choice": {"type": "any"}},
            {"messages": [ask, {"role": "assistant", "content": [call]}]},
            {"messages": [{"role": "system", "content": "x"}]},
            {"messages": [ask, {"role": "assistant", "content": [call]}, ask]},
            {"messages": [{"role": "user", "content": ""}]},
            {"messages": [{"role": "user", "content": []}]},
            {"messages": [ask, {"role": "assistant", "content": [foreign]}]},
        ):  # fmt: skip
            self.refused(mock, body, **wrong)
        thinking = {**body, "thinking": {"type": "enabled", "budget_tokens": 1024}, "tools": [{}]}
        self.refused(mock, thinking, temperature=0.5, tool_choice={"type": "any"})
