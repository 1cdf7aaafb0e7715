"""What one configuration makes of us."""

import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.settings import ExtensionSettings, HookSettings, Settings
from ccproxy.exchange.threads import THREADS
from ccproxy.front import make_front, new_id
from ccproxy.lasting import Lasting
from ccproxy.tokens.ruler import ESTIMATE
from ccproxy.web.site import BoundedSite
from tests.support.wire import Wire


class Reactor(Clock):
    """A clock that hears nothing of threads."""

    def callFromThread(self, *call: Any) -> None:
        """Nobody waits for it."""


class DialectsTests(SynchronousTestCase):
    """What providers speak."""

    def test_loaded(self) -> None:
        """A dialect that only providers speak is loaded with the first configuration that has one."""
        program = (
            "import sys; from twisted.internet.task import Clock; from ccproxy.config.settings import *\n"
            "from ccproxy.front import make_front; from ccproxy.lasting import Lasting\n"
            "from ccproxy.tokens.ruler import ESTIMATE\n"
            "for name in ('openai', 'gemini'):\n"
            "    settings = Settings(providers=(ProviderSettings(name),))\n"
            "    make_front(settings, Lasting.make(Clock(), ESTIMATE))\n"
            "    print('ccproxy.dialects.gemini.dialect' in sys.modules)\n"
        )
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        self.assertEqual((ended.stdout.split(), ended.stderr), (["False", "True"], ""))


class HooksTests(SynchronousTestCase):
    """The operator's functions, in one configuration after the other."""

    def test_threads(self) -> None:
        """Those that hang count for all configurations together: a reload makes no room for as many again."""
        directory = Path(self.mktemp())
        directory.mkdir()
        (directory / "ours.py").write_text("def look(exchange):\n    pass\n")
        hook = HookSettings("request", "ours.look", required=True)
        settings = Settings(extensions=ExtensionSettings(str(directory), (hook,)))
        wire = Wire(clock=Reactor())
        lasting = Lasting.make(wire.clock, ESTIMATE)
        released = Event()
        self.addCleanup(released.set)
        for _ in range(THREADS):
            lasting.threads.run(released.wait)
        front = make_front(settings, lasting)
        wire.site = BoundedSite(front.root, wire.clock, front.body_limit, new_id)
        client = wire.ask()
        self.assertEqual(client.answer.status, 500)
        self.assertIn("ours.look", client.answer.json["error"]["message"])
