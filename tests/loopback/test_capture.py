"""Captured exchanges as somebody uses them: shown, sent again by curl, replayed, left by a daemon that was killed."""

import http.client
import json
import shutil
import signal
import stat
import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from ccproxy.captures.captured import Captured, read
from tests.loopback.test_ask import Speaking
from tests.support.person import PATIENCE, Person, end
from tests.support.servers import serving
from tests.support.wires import Call, Reply, Say, reply

OURS = "our-own-key-of-ccproxy"
NASTY = "it's \"quoted\" `x` $HOME ${HOME} \\n \\\\ !! %s é漢 \u2028 'END'\nEND\n@file"


class Answering(Speaking):
    """An upstream that counts tokens, too, and may hold back the rest of an answer."""

    going_on: threading.Event | None = None
    bodies: list[bytes]

    def do_POST(self) -> None:
        if self.path.startswith("/v1/messages/count_tokens"):
            self.rfile.read(int(self.headers["content-length"]))
            self._answer(200, "application/json", [b'{"input_tokens": 7}'])
            return
        super().do_POST()

    def _answer(self, status: int, kind: str, chunks: list[bytes]) -> None:
        if self.going_on is not None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for chunk in chunks[:6]:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self.wfile.flush()
            self.going_on.wait(PATIENCE)
            self.close_connection = True
            return
        super()._answer(status, kind, chunks)


class CaptureTests(SynchronousTestCase):
    """One person, their daemon, and an upstream of theirs."""

    def setUp(self) -> None:
        class Handler(Answering):
            asked: list[tuple[str, dict[str, str], Any]] = []  # noqa: RUF012
            said: Reply = reply(Say("Hello, world"), Call("Bash", {"command": "ls"}, "call_1"))

        self.handler = Handler
        self.server = serving(self, ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        self.person = Person(Path(self.mktemp()))
        self.addCleanup(self.person.leave)
        self.place = self.person.place / "captures"

    def begin(self, **options: Any) -> None:
        """Their daemon, with captures unless they say otherwise."""
        self.configure(**options)
        self.assertEqual(self.person.ccproxy("start").returncode, 0)

    def configure(self, **options: Any) -> None:
        url = f"http://127.0.0.1:{self.server.server_port}"
        providers = [
            {"name": "chat", "api_base_url": f"{url}/v1", "dialect": "openai_chat", "api_key": "the-key-of-chat"},
            {"name": "claude", "api_base_url": url, "dialect": "anthropic", "api_key": "the-key-of-claude"},
            {"name": "down", "api_base_url": f"{url}/503/v1", "dialect": "openai_chat", "api_key": "the-key-of-down"},
        ]
        capture = {"capture": {"enabled": True}}
        routes = {"default": "chat,m", "counted": "claude,m"}
        self.person.configure({"apikey": OURS, "providers": providers, "routes": routes, **capture, **options})

    def ask(self, text: str = "Hello", path: str = "/v1/messages?beta=true", **fields: Any) -> str:
        """An exchange, and its id."""
        connection = http.client.HTTPConnection("127.0.0.1", self.person.port, timeout=PATIENCE)
        body = {"model": "claude-x", "max_tokens": 99, "messages": [{"role": "user", "content": text}], **fields}
        headers = {"x-api-key": OURS, "content-type": "application/json", "anthropic-version": "2023-06-01"}
        with closing(connection):
            connection.request("POST", path, json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            answer.read()
        return str(answer.getheader("x-ccproxy-request-id"))

    def written(self, name: str, word: bytes = b'"what":"over"') -> Captured:
        """What was captured of an exchange, once this is in it."""
        path = self.place / f"{name}.capture"
        self.until(lambda: path.exists() and word in path.read_bytes())
        found = read(path.read_bytes())
        assert found is not None
        return found

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for what the daemon does by itself."""
        end = time.monotonic() + PATIENCE
        while not true():
            self.assertLess(time.monotonic(), end, "it is not written")
            time.sleep(0.02)

    @property
    def names(self) -> list[str]:
        """The exchanges that were captured."""
        return [path.name.removesuffix(".capture") for path in self.place.glob("*")]

    def test_show(self) -> None:
        """`show` has a difference of what client and upstream saw, or all of it, as text or as JSON; and no key."""
        self.begin()
        name = self.ask(NASTY)
        self.written(name)
        shown = self.person.ccproxy("show", name[:8])
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        for words in ("Targets tried", "- POST /v1/messages?beta=true", "+ authorization: Bearer <redacted>"):
            self.assertIn(words, shown.stdout)
        self.assertIn("- model: claude-x\n  + model: m\n", shown.stdout)
        whole = self.person.ccproxy("show", "--all").stdout
        self.assertGreater(len(whole), len(shown.stdout))
        value = json.loads(self.person.ccproxy("show", name, "--json").stdout)
        self.assertEqual((value["id"], value["target"]), (name, "chat,m"))
        request = json.loads(value["capture"]["attempts"][0]["request"]["body"]["text"])
        self.assertEqual(request["messages"][0]["content"], NASTY)
        raw = self.person.ccproxy("show", name, "--raw").stdout
        self.assertIn(value["capture"]["answer"]["body"]["text"], raw)
        refused = self.person.ccproxy("show", name, "--attempt", "4")
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("there is no attempt 4", refused.stderr)
        everything = shown.stdout + whole + json.dumps(value) + raw
        for key in (OURS, "the-key-of-chat"):
            self.assertNotIn(key, everything)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (self.place, self.place / f"{name}.capture")]
        self.assertEqual(modes, [0o700, 0o600])

    def test_curl(self) -> None:
        """The command that `show` prints sends the very same body and headers again, whatever is in it and however
        long it is, with the key that is in the variable."""
        if shutil.which("curl") is None:
            raise SkipTest("there is no curl")
        self.begin()
        for text in (NASTY, NASTY * 2000, "x" * 1_200_000):
            name = self.ask(text)
            self.written(name)
            _, headers, body = self.handler.asked[-1]
            command = self.person.ccproxy("show", name, "--curl").stdout
            self.assertNotIn("the-key-of-chat", command)
            sent = self.person.run("sh", said=command, CHAT_API_KEY="another-key")
            self.assertEqual((sent.returncode, sent.stderr), (0, ""))
            self.assertIn("Hello", sent.stdout)
            _, again, same = self.handler.asked[-1]
            self.assertEqual(len(self.handler.asked) % 2, 0)
            self.assertEqual(same, body)
            self.assertEqual(again["authorization"], "Bearer another-key")
            for header in headers.keys() - {"host", "content-length", "accept-encoding", "connection", "authorization"}:
                self.assertEqual(again[header], headers[header])

    def test_the_clients_curl(self) -> None:
        """What the client sent can be sent again as well, to the daemon."""
        if shutil.which("curl") is None:
            raise SkipTest("there is no curl")
        self.begin()
        name = self.ask(NASTY)
        asked = self.written(name).asked
        command = self.person.ccproxy("show", name, "--client").stdout
        self.assertNotIn(OURS, command)
        sent = self.person.run("sh", said=command, CCPROXY_API_KEY=OURS)
        self.assertEqual(json.loads(sent.stdout)["content"][0]["text"], "Hello, world")
        self.until(lambda: len(self.names) == 2)
        (new,) = set(self.names) - {name}
        again = self.written(new).asked
        self.assertEqual((again.url, again.message.body.data), (asked.url, asked.message.body.data))

    def test_replay(self) -> None:
        """A request is sent once more, with one's own key, and perhaps to another target; the exit status says whether
        the answers are alike, and what keeps it from being sent is told."""
        self.begin()
        name = self.ask(stream=True)
        self.written(name)
        same = self.person.ccproxy("replay", name)
        self.assertEqual((same.returncode, same.stderr), (0, ""))
        for words in ("The answers are alike.", "chat,m", "tokens in", "first word"):
            self.assertIn(words, same.stdout)
        other = self.person.ccproxy("replay", name, "--target", "claude,m", "--json")
        value = json.loads(other.stdout)
        self.assertEqual((other.returncode, value["alike"], value["replayed"]["target"]), (0, True, "claude,m"))
        self.assertEqual(self.handler.asked[-1][2]["messages"][0]["content"], "Hello")
        self.handler.said = reply(Say("Good bye"))
        different = self.person.ccproxy("replay", name)
        self.assertEqual(different.returncode, 1)
        self.assertIn("- text: Hello, world", different.stdout)
        self.assertIn("+   - text: Good bye", different.stdout)
        failed = self.person.ccproxy("replay", name, "--target", "down,m")
        self.assertEqual(failed.returncode, 1)
        self.assertIn("not today", failed.stdout)
        nobody = self.person.ccproxy("replay", "req_nobody")
        self.assertEqual((nobody.returncode, nobody.stdout), (2, ""))
        self.person.ccproxy("stop")
        stopped = self.person.ccproxy("replay", name)
        self.assertEqual((stopped.returncode, stopped.stdout), (3, ""))
        self.assertIn("does not run", stopped.stderr)

    def test_cut(self) -> None:
        """A request that was not kept whole is neither sent again nor shown as a command, and it is told why."""
        self.begin(capture={"enabled": True, "max_bytes": 1000})
        name = self.ask("x" * 5000)
        self.written(name)
        for arguments in (("replay",), ("show", "--curl"), ("show", "--client")):
            refused = self.person.ccproxy(*arguments, name)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("was not kept whole, but 1,000 of its ", refused.stderr)
            self.assertEqual(refused.stdout, "")

    def test_on_and_off(self) -> None:
        """A reload begins to capture, and ends it; an exchange of before that is told to have none."""
        self.begin(capture={"enabled": False})
        before = self.ask()
        self.configure()
        self.assertEqual(self.person.ccproxy("reload").returncode, 0)
        during = self.ask()
        self.written(during)
        self.configure(capture={"enabled": False})
        self.assertEqual(self.person.ccproxy("reload").returncode, 0)
        self.ask()
        self.person.ccproxy("stop")
        self.assertEqual(self.names, [during])
        self.assertEqual(self.person.ccproxy("show", before).returncode, 0)
        self.assertIn("Request: ", self.person.ccproxy("show", during).stdout)
        refused = self.person.ccproxy("show", before, "--curl")
        self.assertIn("nothing was captured of it", refused.stderr)

    def test_a_count_of_tokens(self) -> None:
        """A count that the upstream gave is captured, though the ledger has none; what we counted ourselves is not."""
        self.begin()
        ours = self.ask(path="/v1/messages/count_tokens")
        name = self.ask(path="/v1/messages/count_tokens", model="counted")
        self.written(name)
        shown = self.person.ccproxy("show", name)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("input_tokens: 7", shown.stdout)
        self.assertEqual(self.person.ccproxy("replay", name).returncode, 0)
        self.assertFalse((self.place / f"{ours}.capture").exists())

    def test_without_a_ledger(self) -> None:
        """Captures need no ledger: they tell the same."""
        self.begin(ledger={"enabled": False})
        name = self.ask()
        self.written(name)
        shown = self.person.ccproxy("show").stdout
        for words in (name, "finished", "chat,m", "+ model: m"):
            self.assertIn(words, shown)

    def test_killed(self) -> None:
        """A daemon that is killed in the middle of an answer leaves all that had come by then, and it can be shown."""
        self.handler.going_on = going_on = threading.Event()
        self.addCleanup(going_on.set)
        self.begin()
        asking = threading.Thread(target=self.ask_in_vain)
        asking.start()
        self.addCleanup(asking.join)
        self.until(lambda: bool(self.names))
        (name,) = self.names
        self.written(name, b'"what":"said"')
        end(self.person.daemon(), signal.SIGKILL)
        found = self.written(name, b'"what":"said"')
        self.assertFalse(found.complete)
        assert found.answered is not None
        self.assertIn(b"Hello", found.answered.message.body.data)
        shown = self.person.ccproxy("show", name)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("The end is missing on the client's side.", shown.stdout)
        self.assertEqual(self.names, [name])

    def ask_in_vain(self) -> None:
        try:
            self.ask(stream=True)
        except (OSError, http.client.HTTPException):
            return
