"""`ccproxy tail` at a running daemon, as it is typed."""

import json
import os
import sys
import urllib.request
from pathlib import Path

import treq
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from ccproxy.cli.tail import Wanted, ended_line
from ccproxy.exchange.telling import told
from tests.ledger.records import record
from tests.loopback.test_process import PersonCase
from tests.support.daemon import CHECKOUT, Daemon
from tests.support.person import PATIENCE
from tests.support.processes import Process

COMMAND = [sys.executable, "-c", "from ccproxy.cli.main import main; main()", "tail"]


class TailTests(TestCase):
    """One daemon, before the demo, and whoever follows it."""

    timeout = 30

    async def follow(self, *options: str) -> None:
        """Starts to follow."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(CHECKOUT)}
        config = self.home / "client.json"
        config.write_text(json.dumps({"port": self.daemon.port}))
        self.process = Process(
            reactor, [*COMMAND, "-c", str(config), *options], environ, self.home, on_output=self.look
        )
        self.addCleanup(self.process.stop)

    def look(self) -> None:
        for marker, said in list(self.awaited.items()):
            if marker in self.process.output.decode(errors="replace"):
                del self.awaited[marker]
                said.callback(None)

    def when_said(self, marker: str) -> "Deferred[None]":
        said: Deferred[None] = Deferred()
        self.awaited[marker] = said
        self.look()
        return said

    async def ask(self, **headers: str) -> str:
        body = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
        answer = await treq.post(
            f"http://127.0.0.1:{self.daemon.port}/v1/messages",
            json.dumps(body).encode(),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            persistent=False,
            reactor=reactor,
        )
        await answer.content()
        return str(answer.headers.getRawHeaders("request-id")[0])

    async def test_follow(self) -> None:
        """Exchanges of a session are told as they end, others are not, and what ended before is told first."""
        self.home = Path(self.mktemp()).absolute()
        self.awaited: dict[str, Deferred[None]] = {}
        self.daemon = Daemon(reactor, self.home, {})
        self.addCleanup(self.daemon.stop)
        before = await self.ask(x_claude_code_session_id="mine")
        await self.follow("--session", "mine", "--model", "claude-*")
        await self.when_said(before)
        other = await self.ask(x_claude_code_session_id="another")
        await self.when_said(await self.ask(x_claude_code_session_id="mine"))
        lines = self.process.output.decode().splitlines()
        self.assertEqual(len(lines), 2, self.process.output)
        self.assertNotIn(other, self.process.output.decode())
        self.assertIn("claude-x → demo,demo", lines[1])
        self.assertNotIn("\x1b", lines[1])

    async def test_nothing_there(self) -> None:
        """Where no daemon runs that is said, and the exit status is 3."""
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir()
        self.awaited = {}
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(CHECKOUT)}
        (self.home / "config.json").write_text(json.dumps({"listen": ["unix:/nowhere/s"]}))
        process = Process(reactor, COMMAND, environ, self.home)
        self.assertEqual(await process.when_ended(), 3)
        self.assertIn(b"ccproxy does not run", process.errors)


class EarlierTests(PersonCase):
    """A daemon that was started anew."""

    def test_earlier(self) -> None:
        """What ended before the daemon was started is told first, in its order, from the ledger."""
        self.ccproxy("start")
        body = json.dumps({"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]})
        ids = []
        for _ in range(2):
            request = urllib.request.Request(f"http://127.0.0.1:{self.person.port}/v1/messages", body.encode())
            with urllib.request.urlopen(request) as answer:
                ids.append(answer.headers["request-id"])
        self.ccproxy("restart")
        following = self.person.begin("tail")
        try:
            lines = [following.stdout.readline() for _ in ids]
        finally:
            following.terminate()
            following.communicate(timeout=PATIENCE)
        self.assertEqual([next((id for id in ids if id in line), line) for line in lines], ids)


class LineTests(TestCase):
    """Which exchanges are shown, and how."""

    def test_wanted(self) -> None:
        """By session, by client, by the model asked for, the one that answers, or its target."""
        one = told(record(1))
        for wanted in (
            Wanted(),
            Wanted("s-1"),
            Wanted(model="claude-*"),
            Wanted(model="llama"),
            Wanted(model="groq,*"),
        ):
            self.assertTrue(wanted.matches(one), wanted)
        for wanted in (Wanted("s-2"), Wanted(model="gpt-*"), Wanted(client="bob"), Wanted("s-1", "x")):
            self.assertFalse(wanted.matches(one), wanted)

    def test_line(self) -> None:
        """A line has all that matters."""
        line = ended_line(told(record(1)))
        for part in (
            "✓ claude-x → groq,llama",
            "1.5 s (250 ms to the first word), 2 targets tried",
            "15 in, 5 out",
            "$0.50",
        ):
            self.assertIn(part, line)
