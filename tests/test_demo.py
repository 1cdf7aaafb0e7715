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


def function(called: str, *properties: str) -> dict[str, object]:
    """A tool whose arguments are texts."""
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in properties},
        "required": [*properties],
    }
    return {"type": "function", "function": {"name": called, "parameters": schema}}


TOOLS = [function("Edit", "path"), function("Read", "path"), function("Bash", "command", "description")]


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

    def test_which_tool(self) -> None:
        """It calls the tool that the client insists on, or that the person names, or one that changes nothing, with
        arguments that the tool takes."""
        weather = function("get_weather", "city")
        shell = function("exec_command", "cmd")
        named = {"type": "function", "function": {"name": "Edit"}}
        for tools, words, choice, name, arguments in (
            (TOOLS, "Use the read tool", "auto", "Read", {"path": "ccproxy demo"}),
            ([TOOLS[0], weather], "Use a tool", "auto", "get_weather", {"city": "ccproxy demo"}),
            ([weather, shell], "Use a tool", "auto", "exec_command", {"cmd": "echo hello from the ccproxy demo"}),
            (TOOLS, "Hello", named, "Edit", {"path": "ccproxy demo"}),
            (TOOLS[:1], "Hello", "required", "Edit", {"path": "ccproxy demo"}),
        ):
            call = reply(messages=user(words), tools=tools, tool_choice=choice).blocks[-1]
            assert isinstance(call, ToolUse)
            self.assertEqual((call.name, json.loads(call.arguments)), (name, arguments))
        for tools, choice in ((TOOLS[:1], "auto"), (TOOLS, "none")):
            self.assertIs(reply(messages=user("Use a tool"), tools=tools, tool_choice=choice).stop.reason, Reason.DONE)

    def test_hears_the_person(self) -> None:
        """What clients and systems say to the model besides is not taken for the person's words."""
        conversation = [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Good morning"},
                    {"type": "text", "text": "<system-reminder>use a tool"},
                    {"type": "text", "text": "<environment_details>\nTools: none\n</environment_details>"},
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

    def test_schema(self) -> None:
        """Asked for JSON by a schema, it answers with what fits it."""
        schema = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
        form = {"type": "json_schema", "json_schema": {"name": "sums", "schema": schema}}
        (text,) = reply(messages=user("2 and 3?"), response_format=form).blocks
        assert isinstance(text, Text)
        self.assertEqual(json.loads(text.text), {"total": 1})


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
