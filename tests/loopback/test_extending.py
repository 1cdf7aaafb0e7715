"""Hooks in a daemon of its own, where they have real threads to wait and to hang in."""

import json
from pathlib import Path
from typing import Any

import treq
from twisted.internet import reactor
from twisted.trial.unittest import TestCase
from twisted.web.client import HTTPConnectionPool

from ccproxy.config.source import Source
from ccproxy.daemon.listening import Sockets
from ccproxy.routing.extensions import found
from ccproxy.service import Configuration, make_service
from tests.support.wire import frames, text_of

HOOKS = """
import threading
import time

GATE = threading.Event()
HEARD = []

def waits(exchange):
    time.sleep(0.05)
    exchange.body["messages"][0]["content"] = "changed in " + threading.current_thread().name

def hangs(exchange):
    exchange.body["messages"] = []
    GATE.wait(10)

def heard(exchange):
    HEARD.append((exchange.client, exchange.record.outcome.value))
"""
ASK = {"model": "m", "max_tokens": 100, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}


class HookTests(TestCase):
    """Before the demo, which repeats what it is asked."""

    timeout = 20

    async def ask(self, hooks: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        """What the demo was asked, and the module with the hooks."""
        home = Path(self.mktemp()).absolute()
        home.mkdir()
        name = f"hooks_{home.name}"
        (home / f"{name}.py").write_text(HOOKS)
        written = [{**one, "hook": f"{name}.{one['hook']}"} for one in hooks]
        value = {
            "listen": ["tcp:0:interface=127.0.0.1"],
            "ledger": {"enabled": False},
            "extensions": {"hooks": written},
        }
        path = home / "config.json"
        path.write_text(json.dumps(value))
        source = Source.found(str(path), {})
        service = make_service(source.read(), reactor, configuration=Configuration(source))
        service.startService()
        self.addCleanup(service.stopService)
        (sockets,) = (part for part in service if isinstance(part, Sockets))
        (listener,) = sockets.listeners
        port: Any = listener.port
        pool = HTTPConnectionPool(reactor, persistent=False)
        answer = await treq.post(f"http://127.0.0.1:{port.getHost().port}/v1/messages", json=ASK, pool=pool)
        said = text_of(frames(await answer.content()))
        module = {one: found(f"{name}.{one}", str(home)) for one in ("GATE", "HEARD")}
        return said.partition("You said: ")[2].partition("\n")[0], module

    async def test_waits(self) -> None:
        """A plain function may wait: it has a thread of its own."""
        said, _ = await self.ask([{"on": "request", "hook": "waits"}])
        self.assertEqual(said, "changed in ccproxy apart")

    async def test_hangs(self) -> None:
        """One that hangs is done without, and what it changed is forgotten; the end of the exchange is heard of."""
        hanging = {"on": "request", "hook": "hangs", "timeout": "100ms"}
        said, module = await self.ask([hanging, {"on": "finished", "hook": "heard", "reactor": True}])
        self.assertEqual(said, "Hello")
        self.assertEqual(module["HEARD"], [("local", "finished")])
        module["GATE"].set()
