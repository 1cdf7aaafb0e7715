"""`ccproxy ask`, with upstreams and a daemon on loopback."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.main import main
from ccproxy.cli.process.home import home
from ccproxy.cli.process.lock import Lock
from ccproxy.cli.process.running import Running
from tests.support.person import Person, free_port
from tests.support.servers import serving
from tests.support.wires import Finish, Reply, Say, Think, anthropic, chat, gemini, reply, responses

WIRES = {
    "openai_chat": ("/v1/chat/completions", chat),
    "openai_responses": ("/v1/responses", responses),
    "anthropic": ("/v1/messages", anthropic),
    "gemini": ("/v1beta/models/m:streamGenerateContent", gemini),
}


class Speaking(BaseHTTPRequestHandler):
    """Speaks every dialect, by the path it is asked at. A path that begins with a status is refused with it."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, dict[str, str], Any]]
    said: Reply
    whole = False
    cut = False

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.partition("?")[0]
        self.asked.append((path, {name.lower(): value for name, value in self.headers.items()}, body))
        if path[1:4].isdigit():
            self._answer(int(path[1:4]), "application/json", [b'{"error": {"message": "not today"}}'])
            return
        make = next(make for ending, make in WIRES.values() if path == ending)
        chunks = make(self.said, stream=not self.whole)
        self._answer(200, "application/json" if self.whole else "text/event-stream", chunks)

    def _answer(self, status: int, kind: str, chunks: list[bytes]) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in chunks[: len(chunks) // 2] if self.cut else chunks:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if self.cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        pass


class AskTests(SynchronousTestCase):
    """One question, asked in every way."""

    def setUp(self) -> None:
        class Handler(Speaking):
            asked: list[tuple[str, dict[str, str], Any]] = []  # noqa: RUF012
            said = reply(Think("Let me see. ", "seal"), Say("Hello, world"))

        self.handler = Handler
        self.server = serving(self, ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.home = Path(self.mktemp()).absolute()
        (self.home / ".ccproxy").mkdir(parents=True)
        self.environ: dict[str, str | None] = {**dict.fromkeys(os.environ), "HOME": str(self.home), "NO_COLOR": "1"}

    def configure(self, *paths: str, dialect: str = "openai_chat") -> None:
        """One provider for each path of a base URL, tried in this order."""
        names = [f"p{number}" for number in range(len(paths))]
        providers = [
            {"name": name, "api_base_url": self.url + path, "dialect": dialect, "api_key": f"key-{name}"}
            for name, path in zip(names, paths, strict=True)
        ]
        targets = [{"provider": name, "model": "m"} for name in names]
        route = {**targets[0], "fallbacks": targets[1:]}
        text = json.dumps({"providers": providers, "routes": {"default": route}})
        (self.home / ".ccproxy" / "config.json").write_text(text)

    def ask(self, *arguments: str, piped: str = "") -> Result:
        return CliRunner().invoke(main, ["ask", *arguments], env=self.environ, input=piped, catch_exceptions=False)

    def test_every_dialect(self) -> None:
        """The provider is asked in its own dialect, and its words come as they are; its thoughts do not."""
        for dialect, (path, _) in WIRES.items():
            self.configure("/v1beta" if dialect == "gemini" else "/v1", dialect=dialect)
            result = self.ask("How", "are you?")
            self.assertEqual((result.exit_code, result.stdout), (0, "Hello, world\n"), result.output)
            self.assertEqual(self.handler.asked[-1][0], path)
            self.assertIn("How are you?", json.dumps(self.handler.asked[-1][2]))
            self.assertIn("key-p0", " ".join(self.handler.asked[-1][1].values()))

    def test_whole(self) -> None:
        """A provider that answers whole is understood, too."""
        self.configure("/v1")
        self.handler.whole = True
        self.assertEqual(self.ask("hi").stdout, "Hello, world\n")

    def test_piped(self) -> None:
        """What comes on standard input stands behind the words; without either there is no question."""
        self.configure("/v1")
        self.ask("Explain this:", "--system", "Be brief.", piped="some code\n")
        body = self.handler.asked[-1][2]
        said = [message["content"] for message in body["messages"]]
        self.assertEqual(said, ["Be brief.", "Explain this:\n\nsome code"])
        self.assertEqual(self.ask().exit_code, 2)

    def test_verbose(self) -> None:
        """--verbose shows the thoughts, who answered, and what it took, apart from the answer."""
        self.configure("/v1")
        result = self.ask("hi", "-v")
        self.assertEqual(result.stdout, "Hello, world\n")
        self.assertIn("Let me see.", result.stderr)
        self.assertRegex(result.stderr, r"\d+ tokens in, \d+ out, \d+\.\d s")

    def test_fallback(self) -> None:
        """Where one does not answer the next is asked, and why is told; the last one's reason is the error."""
        self.configure("/503/v1", "/v1")
        result = self.ask("hi")
        self.assertEqual((result.exit_code, result.stdout), (0, "Hello, world\n"))
        self.assertIn("p0,m: ", result.stderr)
        self.configure("/503/v1", "/401/v1")
        result = self.ask("hi")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("Error: p1,m: ", result.stderr)
        self.assertIn("not today", result.stderr)
        self.assertNotIn("key-p", result.output)

    def test_broken(self) -> None:
        """An answer that breaks off is shown as far as it came, and is an error."""
        self.configure("/v1")
        self.handler.cut = True
        self.handler.said = reply(Say("one two three four five six seven eight"))
        result = self.ask("hi")
        self.assertEqual(result.exit_code, 1)
        self.assertTrue(result.stdout.startswith("one"), result.stdout)
        self.assertIn("broke off", result.stderr)

    def test_cut_off(self) -> None:
        """An answer at its limit says so."""
        self.configure("/v1")
        self.handler.said = reply(Say("one two"), finish=Finish.LENGTH)
        self.assertIn("cut off", self.ask("hi").stderr)

    def test_through_the_daemon(self) -> None:
        """With a daemon that runs, it is asked as Claude Code asks it, with its key; --direct goes past it."""
        self.configure("/v1")
        self.environ["CCPROXY_API_KEY"] = "our-key"
        place = home({"HOME": str(self.home), "CCPROXY_CONFIG_DIR": str(self.home / ".ccproxy")})
        lock = Lock(place.lock)
        self.assertTrue(lock.acquire())
        self.addCleanup(lock.release)
        lock.write(Running(pid=os.getpid(), url=self.url, ready=True).content())
        self.environ["CCPROXY_CONFIG_DIR"] = str(self.home / ".ccproxy")
        self.assertEqual(self.ask("hi", "-m", "think").stdout, "Hello, world\n")
        path, headers, body = self.handler.asked[-1]
        self.assertEqual((path, headers["x-api-key"], body["model"]), ("/v1/messages", "our-key", "think"))
        self.assertEqual(self.ask("hi", "--direct").stdout, "Hello, world\n")
        self.assertEqual(self.handler.asked[-1][0], "/v1/chat/completions")

    def test_nobody(self) -> None:
        """Without a provider it says what to set; a wrong configuration has its own status."""
        self.environ["CCPROXY_PORT"] = str(free_port())
        result = self.ask("hi")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("OPENROUTER_API_KEY", result.stderr)
        (self.home / ".ccproxy" / "config.json").write_text('{"prot": 1}')
        self.assertEqual(self.ask("hi").exit_code, 78)


class ServiceTests(SynchronousTestCase):
    """A machine whose daemon somebody else started."""

    def test_somebody_elses_daemon(self) -> None:
        """Who has configured nothing asks the daemon that serves at the usual address."""
        one, other = Person(Path(self.mktemp())), Person(Path(self.mktemp()))
        self.addCleanup(one.leave)
        one.ccproxy("start")
        other.environment["CCPROXY_PORT"] = str(one.port)
        asked = other.ccproxy("ask", "Hello")
        self.assertEqual((asked.returncode, asked.stderr), (0, ""))
        self.assertIn("built-in demo", asked.stdout)
