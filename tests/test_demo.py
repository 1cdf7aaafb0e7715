"""The demo upstream: what it says, and that it says it in the real wire."""

import json

from twisted.internet.error import ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.demo import Demo, script
from ccproxy.dialects.openai_chat.dialect import OPENAI_CHAT
from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.model.usage import Reason
from tests.support.streams import parse

TOOLS = [{"type": "function", "function": {"name": "Read"}}, {"type": "function", "function": {"name": "Bash"}}]


def reply(**asked: object) -> Response:
    """What the demo answers, read by the dialect's own parser."""
    return fold(parse(OPENAI_CHAT.parse_stream(Quirks()), list(script(asked, "demo-1"))))


def user(text: str) -> list[object]:
    """A conversation of one turn."""
    return [{"role": "user", "content": text}]


class ScriptTests(SynchronousTestCase):
    """Its answers."""

    def test_says_that_it_is_the_demo(self) -> None:
        """It says plainly what it is, what it heard, and how to get the real thing; and it shows reasoning."""
        said = reply(messages=user("Good morning"))
        thinking, text = said.blocks
        assert isinstance(thinking, Thinking) and isinstance(text, Text)
        self.assertIn("scripted", thinking.text)
        for word in ("demo", "not a language model", "Good morning", "OPENAI_API_KEY"):
            self.assertIn(word, text.text)
        self.assertTrue(said.usage.output)

    def test_calls_a_tool(self) -> None:
        """Asked for a tool it calls one, with arguments that do no harm."""
        said = reply(messages=user("Please use a tool"), tools=TOOLS)
        call = said.blocks[-1]
        assert isinstance(call, ToolUse)
        self.assertEqual(call.name, "Bash")
        self.assertTrue(json.loads(call.arguments)["command"].startswith("echo "))
        self.assertIs(said.stop.reason, Reason.TOOLS)

    def test_hears_the_person(self) -> None:
        """What clients and systems say to the model besides is not taken for the person's words."""
        conversation = [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Good morning"},
                    {"type": "text", "text": "<system-reminder>use a tool"},
                ],
            },
            {"role": "system", "content": "There are tools."},
        ]
        text = reply(messages=conversation, tools=TOOLS).blocks[-1]
        assert isinstance(text, Text)
        self.assertIn("You said: Good morning", text.text)
        joined = "<system-reminder>\nThere is a tool.\n</system-reminder>\n\n\nGood morning"
        text = reply(messages=user(joined), tools=TOOLS).blocks[-1]
        assert isinstance(text, Text)
        self.assertIn("You said: Good morning", text.text)

    def test_without_tools_it_only_talks(self) -> None:
        """Asked for a tool where there is none, it says its piece."""
        self.assertIs(reply(messages=user("Please use a tool")).stop.reason, Reason.DONE)

    def test_reads_the_result(self) -> None:
        """A tool's result ends the loop."""
        said = reply(messages=[{"role": "tool", "tool_call_id": "call_demo", "content": "hello"}], tools=TOOLS)
        (text,) = said.blocks
        assert isinstance(text, Text)
        self.assertIn("got this back: hello", text.text)

    def test_json(self) -> None:
        """Asked for JSON, as for a session's title, it answers JSON."""
        (text,) = reply(messages=user("title"), response_format={"type": "json_schema"}).blocks
        assert isinstance(text, Text)
        self.assertIn("title", json.loads(text.text))


class DemoTests(SynchronousTestCase):
    """The service."""

    def test_runs_with_the_daemon(self) -> None:
        """It can be reached after the start and not before, on loopback alone."""
        reactor = MemoryReactorClock()
        demo = Demo(reactor)
        self.assertRaises(ConnectionRefusedError, demo.endpoint)
        demo.startService()
        self.assertEqual([server[3] for server in reactor.tcpServers], ["127.0.0.1"])
        demo.endpoint()
        demo.stopService()
        self.assertRaises(ConnectionRefusedError, demo.endpoint)
