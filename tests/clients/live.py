"""The ground for tests with real clients: a scripted upstream, the daemon before it, and a wiretap before that."""

import os
from pathlib import Path
from typing import Any, ClassVar

from twisted.internet import reactor
from twisted.trial.unittest import FailTest, SkipTest, TestCase

from tests.support.daemon import Daemon
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.scripted_vendors import CHAT, KEY, Vendor
from tests.support.wires import MODEL
from tests.support.wiretap import Wiretap

TOKEN = "client-token-77c2"


def unavailable(reason: str) -> SkipTest | FailTest:
    """What a test raises that cannot run here: a skip, and a failure where CCPROXY_CI says that everything must run."""
    return FailTest(f"{reason} (and CCPROXY_CI forbids to skip)") if os.environ.get("CCPROXY_CI") else SkipTest(reason)


class LiveCase(TestCase):
    """Each test has an upstream of one vendor and a daemon of its own. It fails for what the script was not asked for,
    for what was asked beyond it, and for a key in the daemon's log."""

    timeout = 90
    vendor: ClassVar[Vendor] = CHAT

    def setUp(self) -> None:
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir(parents=True)
        self.upstream = ScriptedUpstream(reactor)
        self.addCleanup(self.upstream.stop)
        self.wiretap = Wiretap(reactor, self.gateway())
        self.addCleanup(self.wiretap.stop)

    def gateway(self) -> int:
        """Starts ccproxy; the port it listens on."""
        self.daemon = Daemon(reactor, self.home / "daemon", self.configuration())
        self.addCleanup(self._end_daemon)
        return self.daemon.port

    def configuration(self) -> dict[str, Any]:
        route = {"provider": "scripted", "model": MODEL}
        return {"apikey": TOKEN, "providers": [self.vendor.provider(self.upstream.port)], "routes": {"default": route}}

    async def _end_daemon(self) -> None:
        await self.daemon.stop()
        (self.home / "daemon.log").write_text(self.daemon.log)
        for secret in (TOKEN, KEY):
            self.assertNotIn(secret, self.daemon.log)

    def tearDown(self) -> None:
        self.upstream.check()
        for request in self.upstream.received:
            self.assertEqual(self.vendor.key_of(request), KEY)
            self.assertNotIn(TOKEN, repr(request))
