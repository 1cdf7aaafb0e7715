"""Claude Code itself, launched by ccproxy from a fresh home with one key in the environment."""

import os
from collections.abc import Sequence
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from tests.clients.claude_code import program
from tests.clients.fetching import Missing
from tests.clients.live import unavailable
from tests.support.person import CCPROXY, Person
from tests.support.processes import Process
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.scripted_vendors import CHAT, KEY
from tests.support.tripwire import Tripwire
from tests.support.wires import Call, reply

WINDOW = 100_000


class LauncherTests(TestCase):
    """Each test has a home without anything in it but the name of a provider."""

    timeout = 120

    def setUp(self) -> None:
        try:
            self.claude = program()
        except Missing as reason:
            raise unavailable(str(reason)) from None
        self.upstream = ScriptedUpstream(reactor)
        self.addCleanup(self.upstream.stop)
        self.tripwire = Tripwire(reactor)
        self.addCleanup(self.tripwire.stop)
        self.person = Person(Path(self.mktemp()))
        self.addCleanup(self.person.leave)
        provider = CHAT.provider(self.upstream.port) | {"api_key": "${MODEL_KEY}", "quirks": {"window": WINDOW}}
        self.person.configure({"providers": [provider]})
        way_out = f"http://127.0.0.1:{self.tripwire.port}"
        self.person.environment["MODEL_KEY"] = KEY
        self.environment = {
            **self.person.environment,
            "PATH": f"{self.claude.parent}:{os.environ['PATH']}",
            "SHELL": "/bin/sh",
            "IS_SANDBOX": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "HTTP_PROXY": way_out,
            "HTTPS_PROXY": way_out,
        }

    async def ccproxy(self, *arguments: str) -> Process:
        """Type a command of ccproxy's, and see it end."""
        command: Sequence[str] = [*CCPROXY, *arguments]
        process = Process(reactor, command, self.environment, self.person.directory)
        self.addCleanup(process.stop, "KILL")
        status = await process.when_ended()
        self.assertEqual(status, 0, process.output + process.errors)
        return process

    def tearDown(self) -> None:
        self.upstream.check()
        self.tripwire.check()

    async def test_every_way(self) -> None:
        """`ccproxy`, `ccproxy code` and `ccproxy run claude` all give an answer of the configured model, by the
        environment's key, and leave no daemon behind."""
        for words in ((), ("code",), ("claude",), ("run", "claude")):
            self.upstream.script(CHAT.says(reply(f"Hello from {len(words)}.")))
            process = await self.ccproxy(*words, "-p", "Say hello.")
            self.assertEqual(process.output.decode().strip(), f"Hello from {len(words)}.")
            self.assertEqual(CHAT.key_of(self.upstream.received[-1]), KEY)
            self.assertEqual(self.person.daemon(), 0)

    async def test_tools(self) -> None:
        """A tool loop completes, in a daemon that ran before and stays."""
        await self.ccproxy("start")
        call = Call("Bash", {"command": "echo launched-$((40+2))", "description": "Says something"}, "call_one1")
        self.upstream.script(CHAT.says(reply(call)), CHAT.says(reply("It says 42.")))
        process = await self.ccproxy("-p", "Run something.", "--dangerously-skip-permissions")
        self.assertEqual(process.output.decode().strip(), "It says 42.")
        self.assertIn("launched-42", repr(CHAT.results(self.upstream.received[-1].json())))
        self.assertNotEqual(self.person.daemon(), 0)

    async def test_subagent(self) -> None:
        """Where there are routes for its sizes and one for subagents, a subagent's questions go by that one, and all
        others by their size's."""
        provider = CHAT.provider(self.upstream.port) | {"api_key": "${MODEL_KEY}", "quirks": {"window": WINDOW}}
        big = {"provider": provider["name"], "model": "big"}
        sizes = dict.fromkeys(("default", "opus", "sonnet", "haiku"), big)
        self.person.configure({"providers": [provider], "routes": {**sizes, "subagent": {**big, "model": "small"}}})
        wish = {"description": "Says pong", "prompt": "Say pong.", "subagent_type": "general-purpose"}
        call = Call("Agent", {**wish, "run_in_background": False}, "call_one1")
        self.upstream.script(CHAT.says(reply(call)), CHAT.says(reply("pong")), CHAT.says(reply("It said pong.")))
        process = await self.ccproxy("-p", "Have somebody say pong.", "--dangerously-skip-permissions")
        self.assertEqual(process.output.decode().strip(), "It said pong.")
        asked = [received.json()["model"] for received in self.upstream.received]
        self.assertEqual(asked, ["big", "small", "big"])

    async def test_window(self) -> None:
        """Claude Code believes in the window of the model that answers, and not in one of a million tokens."""
        process = await self.ccproxy("-p", "/context")
        self.assertIn(b"/ 100k", process.output)
        self.assertIn(b"claude-via-default", process.output)
