"""What is known of a call before it is routed."""

import json
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.dialect import Dialect, Headers
from ccproxy.dialects.openai_chat.dialect import OPENAI_CHAT
from ccproxy.dialects.openai_responses.dialect import OPENAI_RESPONSES
from ccproxy.errors import ApiError
from ccproxy.model.messages import Request
from ccproxy.routing.facts import Facts
from ccproxy.routing.survey import Survey

HELLO = [{"role": "user", "content": "Hello"}]
PIXEL = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
BASH = {"name": "Bash", "description": "Runs a command", "input_schema": {"type": "object"}}
OLD_USER = "user_5af0_account_11-22_session_33-44"
NEW_USER = json.dumps({"device_id": "5af0", "account_uuid": "", "session_id": "33-44"})


def facts(headers: Headers | None = None, dialect: Dialect = ANTHROPIC, **fields: Any) -> Survey:
    """Those of a request with these fields."""
    body = {"model": "m", "max_tokens": 100, "messages": HELLO, **fields}
    return Survey("m", headers or {}, json.dumps(body).encode(), dialect=dialect)


def chat(**fields: Any) -> Survey:
    """Those of a chat completion with these fields."""
    return facts(None, OPENAI_CHAT, **fields)


def responses(**fields: Any) -> Survey:
    """Those of a request to Responses with these fields."""
    body = json.dumps({"model": "m", "input": "Hello", **fields}).encode()
    return Survey("m", {}, body, dialect=OPENAI_RESPONSES)


class FactsTests(SynchronousTestCase):
    """Each fact, in the dialects that have a way to tell it."""

    def test_session(self) -> None:
        """Claude Code's header tells the session; without it, both forms of `metadata.user_id` do, or OpenAI's key."""
        header = {"x-claude-code-session-id": "s-1"}
        self.assertEqual(facts(header, metadata={"user_id": OLD_USER}).session, "s-1")
        self.assertEqual(facts(metadata={"user_id": OLD_USER}).session, "33-44")
        self.assertEqual(facts(metadata={"user_id": NEW_USER}).session, "33-44")
        self.assertEqual(facts(metadata={"user_id": "{not JSON"}).session, "")
        self.assertEqual(facts().session, "")
        self.assertEqual(chat(prompt_cache_key="k").session, "k")

    def test_conversation(self) -> None:
        """A subagent's prompt is its own; where no session is told, the user stands for it."""
        session, agent = {"x-claude-code-session-id": "s"}, {"x-claude-code-agent-id": "a"}
        self.assertEqual(facts(session).conversation, "s")
        self.assertEqual(facts(session | agent).conversation, "s/a")
        self.assertEqual(facts(metadata={"user_id": "alice"}).conversation, "alice")
        self.assertEqual(facts().conversation, "")

    def test_long_name(self) -> None:
        """One of megabytes is not remembered as it is, and still tells its conversation from others."""
        names = [facts(metadata={"user_id": "u" * 1_000_000 + end}).conversation for end in "aab"]
        self.assertEqual(names[0], names[1])
        self.assertNotEqual(names[0], names[2])
        self.assertLess(len(names[0]), 200)

    def test_agents(self) -> None:
        """Ids of subagents are in headers."""
        self.assertEqual(facts({"x-claude-code-agent-id": "a2", "x-claude-code-parent-agent-id": "a1"}).agent, "a2")
        self.assertEqual(facts().agent, "")

    def test_program(self) -> None:
        """The client's program says what it is."""
        self.assertEqual(facts({"user-agent": "claude-cli/2.1.329 (external, cli)"}).program[:10], "claude-cli")

    def test_tools(self) -> None:
        """Tools go by their names, whoever runs them."""
        self.assertEqual(facts(tools=[BASH, SEARCH]).tools, ("Bash", "web_search"))
        self.assertEqual(facts(tools=[]).tools, ())
        function = {"type": "function", "function": {"name": "weather"}}
        self.assertEqual(chat(tools=[function, {"type": "browse"}]).tools, ("weather", "browse"))

    def test_thinking(self) -> None:
        """Thinking is asked for by `enabled` and `adaptive`; `disabled` and silence are no wish."""
        cases: list[tuple[Any, bool]] = [
            ({"type": "enabled", "budget_tokens": 2000}, True),
            ({"type": "adaptive", "display": "omitted"}, True),
            ({"type": "disabled"}, False),
            (None, False),
        ]
        for thinking, asked in cases:
            self.assertIs(facts(thinking=thinking).thinking, asked, thinking)
        self.assertFalse(facts().thinking)
        self.assertTrue(chat(reasoning_effort="high").thinking)
        self.assertFalse(chat(reasoning_effort="none").thinking)
        self.assertTrue(responses(reasoning={"effort": "high"}).thinking)

    def test_web_search(self) -> None:
        """The vendor's own search is meant, and not a tool of the client's by that name."""
        self.assertTrue(facts(tools=[BASH, SEARCH]).web_search)
        own = {**BASH, "name": "web_search"}
        self.assertFalse(facts(tools=[own]).web_search)
        self.assertFalse(facts().web_search)
        self.assertTrue(chat(web_search_options={}).web_search)
        self.assertTrue(responses(tools=[{"type": "web_search"}]).web_search)

    def test_images(self) -> None:
        """An image counts wherever it is, and a document is none."""
        result = {"type": "tool_result", "tool_use_id": "t", "content": [PIXEL]}
        call = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Read", "input": {}}]}
        self.assertTrue(facts(messages=[{"role": "user", "content": [PIXEL]}]).images)
        self.assertTrue(facts(messages=[*HELLO, call, {"role": "user", "content": [result]}]).images)
        document = {**PIXEL, "type": "document"}
        self.assertFalse(facts(messages=[{"role": "user", "content": [document]}]).images)
        self.assertFalse(facts().images)
        self.assertTrue(chat(messages=[{"role": "user", "content": [PICTURE]}]).images)

    def test_tokens(self) -> None:
        """System prompt, messages, tools and results of tools are all counted."""
        words = "some words to be counted " * 1000
        result = {"type": "tool_result", "tool_use_id": "t", "content": words}
        call = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Read", "input": {}}]}
        places: list[dict[str, Any]] = [
            {"system": words},
            {"messages": [{"role": "user", "content": words}]},
            {"tools": [{**BASH, "description": words}]},
            {"messages": [*HELLO, call, {"role": "user", "content": [result]}]},
        ]
        little = facts().tokens
        for fields in places:
            # With tools comes what Anthropic itself tells the model of them.
            self.assertApproximates(facts(**fields).tokens - little, 4850, 250)

    def test_parameters(self) -> None:
        """Any field of the body is found by its path."""
        one = facts(temperature=0.5, output_config={"effort": "high"})
        self.assertEqual(one.parameter("temperature"), 0.5)
        self.assertEqual(one.parameter("output_config.effort"), "high")
        for path in ("top_p", "output_config.format", "temperature.x", "output_config.effort.x"):
            self.assertIsNone(one.parameter(path), path)
        for body in (b"", b"{", b"[1]"):
            self.assertEqual(Survey("m", {}, body, dialect=ANTHROPIC).parameters, {}, body)

    def test_only_a_name(self) -> None:
        """Of a bare name nothing else is known, and nothing fails."""
        bare = Facts("m")
        self.assertEqual((bare.session, bare.conversation, bare.tools, bare.tokens), ("", "", (), 0))
        self.assertEqual((bare.thinking, bare.images, bare.web_search), (False, False, False))
        self.assertIsNone(bare.parameter("temperature"))

    def test_unreadable(self) -> None:
        """A request that the model cannot hold is no error here: it is so much text."""
        broken = facts(messages=[{"role": "oracle", "content": "word " * 2000}])
        self.assertRaises(ApiError, lambda: broken.request)
        self.assertEqual((broken.tools, broken.images, broken.session), ((), False, ""))
        self.assertApproximates(broken.tokens, 2000, 200)

    def test_untranslatable(self) -> None:
        """A request that only Anthropic can serve still tells all about itself."""
        only = facts(container="c", tools=[BASH], thinking={"type": "adaptive"}, metadata={"user_id": NEW_USER})
        self.assertRaises(ApiError, lambda: only.request)
        self.assertEqual((only.tools, only.thinking, only.session), (("Bash",), True, "33-44"))

    def test_read_at_most_once(self) -> None:
        """However many facts are asked for, the request is read once; for those in headers, not at all."""
        read: list[bytes] = []

        def parse(headers: Headers, body: bytes) -> Request:
            read.append(body)
            return ANTHROPIC.parse_request(headers, body)

        one = facts({"x-claude-code-session-id": "s"}, evolve(ANTHROPIC, parse_request=parse), tools=[BASH])
        self.assertEqual((one.conversation, one.agent, one.program), ("s", "", ""))
        self.assertEqual(read, [])
        self.assertEqual((one.tools, one.images, one.thinking, one.web_search), (("Bash",), False, False, False))
        self.assertGreater(one.tokens, 300)
        self.assertIs(one.request, one.request)
        self.assertEqual(len(read), 1)

    def test_forgotten(self) -> None:
        """What was told of a request is known when the request is not; for more it is read once more."""
        read: list[bytes] = []

        def parse(headers: Headers, body: bytes) -> Request:
            read.append(body)
            return ANTHROPIC.parse_request(headers, body)

        one = facts(None, evolve(ANTHROPIC, parse_request=parse), tools=[BASH], metadata={"user_id": NEW_USER})
        self.assertEqual((one.session, one.tools), ("33-44", ("Bash",)))
        one.forget()
        one.forget()
        self.assertEqual((one.session, one.tools, len(read)), ("33-44", ("Bash",), 1))
        self.assertEqual((one.request.model, len(read)), ("m", 2))
