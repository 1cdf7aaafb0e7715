"""Providers seen and changed over HTTP, in a daemon that serves: what it answers, what is written, and what is used."""

import json
from pathlib import Path
from typing import Any

import treq
from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.trial.unittest import TestCase
from twisted.web.client import HTTPConnectionPool

from ccproxy.config.source import Source
from ccproxy.daemon.listening import Sockets
from ccproxy.service import Configuration, make_service

KEY = {"authorization": "Bearer our-key"}
FILE = """\
{
  // ours
  "apikey": "our-key",
  "clients": [{"name": "anna", "key": "annas-key"}],
  "listen": ["tcp:0:interface=127.0.0.1"],
  "ledger": {"enabled": false},
  "providers": [
    // the first
    {
      "name": "one",
      "api_base_url": "http://127.0.0.1:9/v1",
      "api_key": "sk-ant-0123456789abcdef", // secret
      "dialect": "openai_chat",
      "models": ["m"],
    },
    {"name": "groq", "api_key": "${GROQ_API_KEY}"},
  ],
  "routes": {"default": "one,m", "think": {"provider": "one", "model": "m", "fallbacks": ["groq,g"]}},
}
"""
NEW = {
    "name": "two",
    "apiBaseUrl": "http://127.0.0.1:9/v1",
    "apiKey": "sk-new-secret-key-000",
    "dialect": "openai_chat",
}


class Administered(TestCase):
    """A daemon with a file of its own."""

    timeout = 20

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute().with_suffix(".json")
        self.environ = {"GROQ_API_KEY": "gsk-from-the-environment", "HOME": str(self.path.parent / "home")}
        self.write(FILE)

    def write(self, text: str, mode: int = 0o600) -> None:
        self.path.write_text(text)
        self.path.chmod(mode)

    def start(self, path: str | None = None) -> MultiService:
        source = Source.found(path or str(self.path), self.environ)
        service = make_service(source.read(), reactor, configuration=Configuration(source))
        service.startService()
        self.addCleanup(service.stopService)
        (sockets,) = (part for part in service if isinstance(part, Sockets))
        (listener,) = sockets.listeners
        port: Any = listener.port
        self.url = f"http://127.0.0.1:{port.getHost().port}"
        return service

    async def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and body of an answer."""
        data = None if body is None else json.dumps(body).encode()
        pool = HTTPConnectionPool(reactor, persistent=False)
        answer = await treq.request(method, self.url + path, data=data, headers=headers or KEY, pool=pool)
        content = await answer.content()
        for secret in (b"0123456789", b"from-the-environment", b"sk-new-secret"):
            self.assertNotIn(secret, content)
        return answer.code, json.loads(content)

    async def refused(self, method: str, path: str, body: object = None, status: int = 400) -> str:
        """Why something is refused; the file is as it was."""
        before = self.path.read_text()
        code, value = await self.ask(method, path, body)
        message = str(value["error"]["message"])
        self.assertEqual(code, status, message)
        self.assertEqual(self.path.read_text(), before)
        self.assertEqual([one.name for one in self.path.parent.iterdir() if ".new" in one.name], [])
        return message

    async def test_seen(self) -> None:
        """All and one, keys masked: whatever of a key is shown is not enough to guess it."""
        self.start()
        code, providers = await self.ask("GET", "/providers")
        self.assertEqual((code, [one["name"] for one in providers]), (200, ["one", "groq"]))
        self.assertEqual(providers[0]["api_key"], "sk-…cdef")
        self.assertEqual(providers[1]["api_key"], "gsk-…ment")
        self.assertEqual(await self.ask("GET", "/providers/one"), (200, providers[0]))
        self.assertIn("did you mean", await self.refused("GET", "/providers/on", status=404))

    async def test_who_may(self) -> None:
        """Only whoever administers: no stranger, and no client that merely uses us."""
        self.start()
        for headers, expected in (({}, 401), ({"x-api-key": "annas-key"}, 403)):
            for method, path in (
                ("GET", "/providers"),
                ("POST", "/providers"),
                ("PUT", "/providers/one"),
                ("DELETE", "/providers/one"),
                ("PATCH", "/providers/one/toggle"),
                ("POST", "/reload"),
            ):
                code, _ = await self.ask(method, path, {}, {"x-nothing": "x", **headers})
                self.assertEqual(code, expected, (method, path))

    async def test_added(self) -> None:
        """A new provider is in the file and in force at once; the file keeps its comments and stays private."""
        self.start()
        code, value = await self.ask("POST", "/providers", NEW)
        self.assertEqual((code, value["name"], value["api_key"]), (201, "two", "sk-…-000"))
        text = self.path.read_text()
        for kept in ("// ours", "// the first", "// secret", "${GROQ_API_KEY}", '"sk-new-secret-key-000"'):
            self.assertIn(kept, text)
        self.assertNotIn("from-the-environment", text)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        _, models = await self.ask("GET", "/v1/models/two%2Fx")
        self.assertEqual(models["owned_by"], "two")
        self.assertIn("is there already", await self.refused("POST", "/providers", NEW, 409))

    async def test_permissions(self) -> None:
        """A file that everybody could read is not left so with a key in it; a group that may read it still may."""
        self.write(FILE, 0o644)
        self.start()
        await self.ask("POST", "/providers", NEW)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o640)

    async def test_changed(self) -> None:
        """Some options change, the others stay; a key that is sent back as it was shown is the one that is there."""
        self.start()
        _, seen = await self.ask("GET", "/providers/one")
        code, value = await self.ask("PUT", "/providers/one", {**seen, "models": ["m", "n"]})
        self.assertEqual((code, value["models"]), (200, ["m", "n"]))
        self.assertIn('"api_key": "sk-ant-0123456789abcdef", // secret', self.path.read_text())
        code, _ = await self.ask("PUT", "/providers/one", {"api_key": "sk-new-secret-key-000"})
        self.assertEqual(code, 200)
        self.assertIn('"api_key": "sk-new-secret-key-000", // secret', self.path.read_text())

    async def test_renamed(self) -> None:
        """Routes follow a provider to its new name."""
        self.start()
        code, value = await self.ask("PUT", "/providers/groq", {"name": "fast", "api_base_url": ""})
        self.assertEqual(code, 400, value)  # Nobody knows a vendor of that name.
        code, _ = await self.ask("PUT", "/providers/one", {"name": "uno"})
        self.assertEqual(code, 200)
        text = self.path.read_text()
        self.assertIn('"default": "uno,m"', text)
        self.assertIn('"provider": "uno"', text)
        self.assertIn('"groq,g"', text)
        self.assertIn("is there already", await self.refused("PUT", "/providers/uno", {"name": "groq"}, 409))

    async def test_removed(self) -> None:
        """One that a route needs stays; any other goes."""
        self.start()
        self.assertIn("routes.default", await self.refused("DELETE", "/providers/one"))
        await self.ask("POST", "/providers", NEW)
        code, value = await self.ask("DELETE", "/providers/two")
        self.assertEqual((code, value), (200, {"message": "Provider deleted successfully"}))
        self.assertNotIn("two", self.path.read_text())
        self.assertEqual((await self.ask("GET", "/providers/two"))[0], 404)

    async def test_toggled(self) -> None:
        """Off and on again."""
        self.start()
        for word in ("disabled", "enabled"):
            code, value = await self.ask("PATCH", "/providers/groq/toggle")
            self.assertEqual((code, value), (200, {"message": f"Provider {word} successfully"}))
            _, seen = await self.ask("GET", "/providers/groq")
            self.assertEqual(seen["enabled"], word == "enabled")

    async def test_key_stays_at_home(self) -> None:
        """A key that is there is not sent to a new host, by whatever option the host is changed."""
        self.start()
        for change in (
            {"api_base_url": "http://203.0.113.5/v1"},
            {"api_base_url": "https://127.0.0.1:9/v1"},
            {"apiBaseUrl": "http://127.0.0.1:10/v1"},
        ):
            self.assertIn("another host", await self.refused("PUT", "/providers/one", change))
        self.assertIn("another host", await self.refused("PUT", "/providers/groq", {"name": "openai"}))
        code, _ = await self.ask("PUT", "/providers/one", {"api_base_url": "http://127.0.0.1:9/v2"})
        self.assertEqual(code, 200)
        moved = {"api_base_url": "http://127.0.0.1:10/v1", "api_key": "sk-new-secret-key-000"}
        self.assertEqual((await self.ask("PUT", "/providers/one", moved))[0], 200)

    async def test_refused(self) -> None:
        """What cannot be, and what must not be, is refused in words, and changes nothing."""
        self.start()
        for change, words in (
            ({"api_base_url": "ftp://example.com"}, "http:// or https://"),
            ({"api_base_url": "http://user:pass@example.com/v1"}, "without a user or password"),
            ({"api_base_url": "http://169.254.169.254/v1"}, "metadata services"),
            ({"api_base_url": "http://2852039166/v1"}, "metadata services"),
            ({"api_base_url": "http://[::ffff:169.254.169.254]/v1"}, "metadata services"),
            ({"api_base_url": "http://metadata.google.internal/v1"}, "metadata services"),
            ({"api_base_url": "http://127.0.0.1:9/${GROQ_API_KEY}"}, "without ${...}"),
            ({"models": ["${HOME}"]}, "without ${...}"),
            ({"api_key": {"command": "id"}}, "commands and files belong in the file"),
            ({"api_keys": [{"file": "/etc/passwd"}]}, "commands and files belong in the file"),
            ({"api_kye": "x"}, 'did you mean "api_key"'),
            ({"models": "m"}, "a list in brackets"),
            ({"enabled": "yes"}, "true or false"),
            ({"dialect": "klingon"}, "anthropic"),
            ({"name": "a,b"}, "without comma"),
            ([], "an object"),
        ):
            message = await self.refused("PUT", "/providers/one", change)
            self.assertIn(words, message)
        for body in ({"apiKey": "k"}, {"name": 5}, {"name": ""}):
            self.assertIn("name", await self.refused("POST", "/providers", body))
        for method, path, status in (
            ("POST", "/providers/one", 405),
            ("PUT", "/providers", 405),
            ("PATCH", "/providers/one", 404),
            ("PUT", "/providers/one/toggle", 404),
            ("PUT", "/providers/three", 404),
        ):
            await self.refused(method, path, {}, status)

    async def test_by_place(self) -> None:
        """Where variables name providers by their place, none is taken out from before them."""
        self.environ["CCPROXY_PROVIDERS_1_API_KEY"] = "gsk-from-the-environment"
        self.start()
        self.assertIn("by its place", await self.refused("DELETE", "/providers/one", status=409))
        self.assertNotIn("from-the-environment", self.path.read_text())

    async def test_changed_by_hand(self) -> None:
        """A file that names other providers than those in force is left to whoever changed it."""
        self.start()
        self.write(FILE.replace('"groq"', '"xai"'))
        self.assertIn("reload", await self.refused("POST", "/providers", NEW, 409))
        self.write("{")
        self.assertIn("cannot be changed", await self.refused("POST", "/providers", NEW, 409))

    async def test_from_the_environment(self) -> None:
        """Where keys in the environment stand for providers, they are named in the file that is made, without keys."""
        own = self.path.parent / "home" / ".ccproxy" / "config.json"
        self.write('{"listen": ["tcp:0:interface=127.0.0.1"], "apikey": "our-key", "ledger": {"enabled": false}}')
        self.environ["CCPROXY_CONFIG"] = str(own)
        own.parent.mkdir(parents=True)
        own.write_text(self.path.read_text())
        self.start(str(own))
        code, _ = await self.ask("POST", "/providers", NEW)
        self.assertEqual(code, 201)
        written = json.loads(own.read_text())["providers"]
        self.assertEqual([one["name"] for one in written], ["groq", "two"])
        self.assertEqual(written[0], {"name": "groq"})
        self.assertNotIn("from-the-environment", own.read_text())

    async def test_unwritable(self) -> None:
        """A file that cannot be written is told, since a change that is gone at the next start helps nobody."""
        real = self.path.with_name(f"{'long' * 62}.json")  # With that name nothing can be beside it.
        self.path.rename(real)
        self.path.symlink_to(real.name)
        self.start()
        there = sorted(self.path.parent.iterdir())
        self.assertIn("cannot be written", (await self.ask("POST", "/providers", NEW))[1]["error"]["message"])
        self.assertEqual((self.path.read_text(), sorted(self.path.parent.iterdir())), (FILE, there))

    async def test_linked(self) -> None:
        """A file that is a link stays one: what it leads to is changed."""
        real = self.path.with_name("real.json")
        self.path.rename(real)
        self.path.symlink_to(real.name)
        self.start()
        self.assertEqual((await self.ask("POST", "/providers", NEW))[0], 201)
        self.assertTrue(self.path.is_symlink())
        self.assertIn('"two"', real.read_text())

    async def test_taken_back(self) -> None:
        """A change that cannot be taken over is taken back."""
        self.start()
        text = self.path.read_text().replace('"tcp:0:interface=127.0.0.1"', '"tcp:0:interface=192.0.2.1"')
        self.write(text)
        self.assertIn("cannot listen", await self.refused("POST", "/providers", NEW, 409))

    async def test_reload(self) -> None:
        """`POST /reload` tells how it went."""
        self.start()
        self.assertEqual((await self.ask("POST", "/reload"))[0], 200)
        self.write("{")
        code, value = await self.ask("POST", "/reload")
        self.assertEqual((code, value["ok"], value["reloads"]), (400, False, 2))
        self.assertIn("line 1", value["message"])

    async def test_switched_off(self) -> None:
        """Without the administration there are no such pages."""
        self.write(FILE.replace('"apikey"', '"administration": {"enabled": false}, "apikey"'))
        self.start()
        self.assertEqual((await self.ask("GET", "/providers"))[0], 404)
        self.assertEqual((await self.ask("POST", "/reload"))[0], 404)
