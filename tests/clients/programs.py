"""The ground for tests with clients that are programs: each test has an installation as on a fresh machine."""

import json
import os
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet import reactor

from tests.clients.fetching import Missing
from tests.clients.live import TOKEN, LiveCase, unavailable
from tests.support.processes import Process
from tests.support.tripwire import Tripwire


@frozen
class Ran:
    """What one run of a program gave."""

    status: int
    output: str
    errors: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of its output that are JSON objects."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]


class ProgramCase(LiveCase):
    """A client with a home, and a `directory` to work in. All that would leave this machine ends at a tripwire: these
    clients look for updates and extensions by themselves, and must do without."""

    token = TOKEN

    def setUp(self) -> None:
        try:
            self.program = self.fetched()
        except Missing as reason:
            raise unavailable(str(reason)) from None
        super().setUp()
        self.tripwire = Tripwire(reactor)
        self.addCleanup(self.tripwire.stop)
        self.user = self.home / "user"
        self.directory = self.user / "project"
        self.directory.mkdir(parents=True)
        self.url = f"http://127.0.0.1:{self.wiretap.port}/v1"
        self.install()

    def fetched(self) -> Path:
        """The program. Raises `Missing`."""
        raise NotImplementedError

    def install(self) -> None:
        """Writes the client's configuration: `url` is where it finds ccproxy."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """What the client's environment has besides the usual."""
        return {}

    async def run_program(self, *arguments: str) -> Ran:
        """Runs the client to its end."""
        way_out = f"http://127.0.0.1:{self.tripwire.port}"
        env = {
            "HOME": str(self.user),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "SHELL": "/bin/sh",
            "TMPDIR": str(self.user),
            "HTTP_PROXY": way_out,
            "HTTPS_PROXY": way_out,
            "NO_PROXY": "127.0.0.1,localhost",
            **self.environment(),
        }
        process = Process(reactor, [str(self.program), *arguments], env, self.directory)
        self.addCleanup(process.stop, "KILL")
        ran = Ran(await process.when_ended(), process.output.decode(), process.errors.decode(errors="replace"))
        (self.home / "program.log").write_text(ran.output + ran.errors)
        return ran

    def tearDown(self) -> None:
        super().tearDown()
        for visit in self.tripwire.visits:
            self.assertNotIn(TOKEN.encode(), visit)
