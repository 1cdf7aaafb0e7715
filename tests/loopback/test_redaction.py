"""Secrets planted wherever one can come from, and looked for wherever something is written or shown."""

import io
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import treq
from click.testing import CliRunner
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import TestCase

from ccproxy.cli.main import main
from ccproxy.config.load import load
from ccproxy.ledger.database import database
from ccproxy.ledger.queries import exchanges
from ccproxy.log import Form, Output
from ccproxy.service import make_service
from tests.loopback.test_ledger import port_of

OURS = "sk-ours-aaaaaaaaaaaaaaaa"
PROVIDERS = "sk-provider-bbbbbbbbbbbbbbbb"
PATTERNLESS = "Gk3Qv9Zr1Xw7Lm5Tn2Pc"
"""A key that looks like none: only whoever knows that it is one can keep it."""
LOGIN = "sk-ant-oat01-cccccccccccccccc"
IN_URL = "hunter2dddddddd"
PROMPT = "the-unspeakable-prompt-eeeeeeee"
FORMER, RENEWED = "Rx8Yq2Mw6Kd4Hs1Vb9Fj", "Zt5Nc7Pe3Gu0Xa8Lo6Wi"
"""A key that is found out, and the one that takes its place when it is refused."""
COOKIE = "Jm4Bq9Ds2Tv6Ky8Rh1Cn"
USER = "somebody-by-name-ffffffff"
"""What the operator does not want to be captured."""
TEAM = "the-blue-team-gggggggg"
SECRETS = {
    "ours": OURS,
    "provider": PROVIDERS,
    "patternless": PATTERNLESS,
    "login": LOGIN,
    "url": IN_URL,
    "prompt": PROMPT,
    "former key": FORMER,
    "renewed key": RENEWED,
    "cookie": COOKIE,
    "user": USER,
    "team": TEAM,
}
WORD_FOR_WORD = ("capture", "exchange", "show", "/dashboard/exchanges/")
"""How the places are called that have prompts, and are for whoever may read them."""


RESULT = {"type": "tool_result", "tool_use_id": "t", "content": json.dumps({"user_id": USER, "n": [PROVIDERS]})}


class Echoing(Protocol):
    """An upstream that refuses, and repeats in its error every header that it got. The provider whose key is found out
    has a new one as soon as it is refused."""

    key_file: Path

    def dataReceived(self, data: bytes) -> None:
        head = data.partition(b"\r\n\r\n")[0].decode("latin-1")
        status = b"401 No" if "/sought/" in head else b"400 Bad"
        if status[:3] == b"401":
            self.key_file.write_text(RENEWED)
        body = json.dumps({"error": {"message": f"I do not like {head}", "type": "invalid_request_error"}}).encode()
        self.transport.write(
            b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nx-key: %b\r\nset-cookie: a=%b\r\nx-note: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b"
            % (status, PROVIDERS.encode(), COOKIE.encode(), PATTERNLESS.encode(), len(body), body)
        )


class RedactionTests(TestCase):
    """One daemon with everything switched on, asked well and badly."""

    timeout = 30

    async def test_nothing_is_told(self) -> None:
        """No secret is in a log of any form, in the ledger, in a page, a metric, the live stream, in a capture, nor
        in what a command shows of one; prompts are where they are meant to be, and nowhere else."""
        upstream = await serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(Factory.forProtocol(Echoing))
        self.addCleanup(upstream.stopListening)
        home = Path(self.mktemp()).absolute()
        home.mkdir(parents=True)
        Echoing.key_file = home / "sought"
        Echoing.key_file.write_text(FORMER)
        logs = [io.StringIO() for _ in range(2)]
        for form, stream in zip((Form(False, LogLevel.debug), Form(True, LogLevel.debug)), logs, strict=True):
            output = Output()
            output.configure(form, stream)
            globalLogPublisher.addObserver(output)
            self.addCleanup(globalLogPublisher.removeObserver, output)
        service = make_service(load(str(self.configure(home, upstream.getHost().port)), {"HOME": str(home)}), reactor)
        service.startService()
        self.addCleanup(lambda: service.running and service.stopService())
        base = f"http://127.0.0.1:{port_of(service)}"
        live = await treq.get(f"{base}/exchanges/live", headers={"x-api-key": OURS}, persistent=False, unbuffered=True)
        streamed = bytearray()
        looked: Deferred[None] = Deferred()

        def follow(data: bytes) -> None:
            streamed.extend(data)
            if b"event: look" in streamed and not looked.called:
                looked.callback(None)

        treq.collect(live, follow).addErrback(lambda _: None)
        pages = await self.use(base)
        await looked
        await service.stopService()
        place = database(str(home / "ledger.db"))
        with closing(place.connect()) as connection:
            kept = exchanges(place, connection, 100)
        self.assertGreaterEqual(len(kept), 8)
        shown = {
            "text log": logs[0].getvalue(),
            "json log": logs[1].getvalue(),
            "ledger": json.dumps(kept),
            "ledger files": "".join(file.read_bytes().decode("latin-1") for file in home.glob("ledger.db*")),
            "live stream": streamed.decode(),
            "settings": repr(load(str(home / "config.json"), {"HOME": str(home)})),
            **pages,
            **await deferToThread(self.commands, home),
            **{f"capture {file.name}": file.read_bytes().decode("latin-1") for file in home.glob("captures/*")},
        }
        captures = [text for where, text in shown.items() if where.startswith("capture ")]
        self.assertGreaterEqual(len(captures), 15)
        self.assertTrue(any(PROMPT in text for text in captures))
        self.assertTrue(any(PROMPT in text for where, text in shown.items() if where.startswith("show")))
        for where, text in shown.items():
            self.assertGreater(len(text), 50, where)
            for name, secret in SECRETS.items():
                if name != "prompt" or not where.startswith(WORD_FOR_WORD):
                    self.assertNotIn(secret, text, f"{name} in {where}")

    def configure(self, home: Path, port: int) -> Path:
        """Two providers that refuse, one whose key looks like a key and one whose does not."""
        path = home / "config.json"
        names = {"up": PROVIDERS, "odd": PATTERNLESS}
        providers = [
            {"name": name, "api_base_url": f"http://127.0.0.1:{port}/v1", "api_key": key, "dialect": dialect}
            for (name, key), dialect in zip(names.items(), ("openai_chat", "anthropic"), strict=True)
        ]
        sought = {"name": "sought", "api_base_url": f"http://127.0.0.1:{port}/sought/v1", "dialect": "openai_chat"}
        providers.append({**sought, "api_key": {"file": str(home / "sought"), "refresh": "1h"}})
        content = {
            "listen": ["tcp:0:interface=127.0.0.1"],
            "apikey": OURS,
            "providers": providers,
            "routes": {"default": {"provider": "up", "model": "m"}},
            "ledger": {"database": str(home / "ledger.db")},
            "capture": {"enabled": True, "redact": ["user_id", "X-Team"]},
            "budgets": [{"period": "day", "money": 10.0}],
        }
        path.write_text(json.dumps(content))
        os.chmod(path, 0o600)  # noqa: PTH101
        return path

    async def use(self, base: str) -> dict[str, str]:
        """Exchanges that go well, go wrong, and are refused; then every page about them."""
        body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": PROMPT}]}
        body["metadata"] = {"user_id": USER}
        call = {"type": "tool_use", "id": "t", "name": "T", "input": {"deep": [{"user_id": USER, "api_key": LOGIN}]}}
        body["messages"] += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [RESULT]}]
        logins: dict[str, dict[str, str]] = {
            "key": {"x-api-key": OURS},
            "bearer": {"authorization": f"Bearer {OURS}"},
            "both": {"x-api-key": OURS, "authorization": f"Bearer {LOGIN}"},
            "wrong": {"x-api-key": LOGIN},
        }
        for headers in logins.values():
            headers |= {"cookie": f"session={COOKIE}", "x-team": TEAM}
            for model in ("m", "odd,m", f"nobody,{LOGIN}", f"odd,{LOGIN}", "sought,m"):
                await self.post(f"{base}/v1/messages?key={IN_URL}", headers, {**body, "model": model})
            await self.post(f"{base}/v1/chat/completions?key={IN_URL}", headers, body)
        await self.post(f"{base}/v1/messages", logins["key"], {"model": "m", "api_key": LOGIN})
        await self.post(f"{base}/v1/{IN_URL}", logins["key"], body)
        pages = {}
        dashboard = ("/dashboard", "/dashboard/overview", "/dashboard/configuration")
        for path in ("/status", "/health", "/metrics", "/exchanges", "/v1/models", *dashboard):
            answer = await treq.get(base + path, headers={"x-api-key": OURS}, persistent=False, reactor=reactor)
            self.assertEqual(answer.code, 200, path)
            pages[path] = (await answer.content()).decode()
        for one in json.loads(pages["/exchanges"])["recent"]:
            path = f"/dashboard/exchanges/{one['id']}"
            answer = await treq.get(base + path, headers={"x-api-key": OURS}, persistent=False, reactor=reactor)
            pages[path] = (await answer.content()).decode()
            path = f"/exchanges/{one['id']}"
            answer = await treq.get(base + path, headers={"x-api-key": OURS}, persistent=False, reactor=reactor)
            pages[f"exchange {one['id']}"] = (await answer.content()).decode()
        return pages

    def commands(self, home: Path) -> dict[str, str]:
        """What commands show of captures, the daemon being gone."""
        shown = {}
        for file in home.glob("captures/*"):
            name = file.name.partition(".")[0]
            for options in ((), ("--all",), ("--json",), ("--raw",), ("--curl",), ("--client",)):
                arguments = ["show", name, *options, "--config", str(home / "config.json")]
                result = CliRunner().invoke(main, arguments, env={"HOME": str(home)}, catch_exceptions=False)
                shown[f"{' '.join(arguments[:3])}"] = result.output
        return shown

    async def post(self, url: str, headers: dict[str, str], body: dict[str, Any]) -> None:
        answer = await treq.post(url, json.dumps(body).encode(), headers=headers, persistent=False, reactor=reactor)
        await answer.content()
