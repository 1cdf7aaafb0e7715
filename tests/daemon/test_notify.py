"""What systemd hears of us."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.daemon.notify import SIGNS, STATUS_SECONDS, Herald, Supervisor
from ccproxy.daemon.reload import Reloaded


class Reactor(Clock):
    """A clock whose running begins when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], Any]] = []

    def callWhenRunning(self, call: Callable[[], Any]) -> None:
        """As the reactor does it."""
        self.waiting.append(call)

    def run(self) -> None:
        """Be running."""
        for call in self.waiting:
            call()


class Manager:
    """systemd's end of the socket."""

    def __init__(self) -> None:
        # A name that fits into a socket's address, wherever the tests run.
        self.directory = Path(mkdtemp(prefix="ccproxy"))
        self.path = str(self.directory / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)

    def heard(self) -> list[dict[str, str]]:
        """What has come since the last look."""
        messages = []
        while True:
            try:
                data = self._socket.recv(4096)
            except BlockingIOError:
                return messages
            messages.append(dict(line.split("=", 1) for line in data.decode().split("\n")))

    def close(self) -> None:
        """Be gone."""
        self._socket.close()
        for path in self.directory.iterdir():
            path.unlink()
        self.directory.rmdir()


class SupervisorTests(SynchronousTestCase):
    """Who wants to hear of us, by the environment."""

    def test_nobody(self) -> None:
        """Without a socket there is nobody to tell."""
        self.assertIsNone(Supervisor.of({}, 5))
        self.assertIsNone(Supervisor.of({"NOTIFY_SOCKET": ""}, 5))

    def test_patience(self) -> None:
        """A sign of life is expected where the time for it is meant for us."""
        environ = {"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "30000000"}
        self.assertEqual(Supervisor.of(environ, 5), Supervisor("/s", 30.0))
        self.assertEqual(Supervisor.of(environ | {"WATCHDOG_PID": "5"}, 5), Supervisor("/s", 30.0))
        self.assertEqual(Supervisor.of(environ | {"WATCHDOG_PID": "6"}, 5), Supervisor("/s"))
        for nonsense in ("", "0", "soon"):
            self.assertEqual(Supervisor.of(environ | {"WATCHDOG_USEC": nonsense}, 5), Supervisor("/s"))

    def test_lines(self) -> None:
        """Each word is a line of its own, whatever line breaks its text has."""
        manager = Manager()
        self.addCleanup(manager.close)
        Supervisor(manager.path).tell({"READY": "1", "STATUS": "two\nlines=1"})
        self.assertEqual(manager.heard(), [{"READY": "1", "STATUS": "two lines=1"}])

    def test_abstract(self) -> None:
        """A name that begins with @ is in no directory."""
        name = f"ccproxy-test-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
            listening.bind("\0" + name)
            Supervisor("@" + name).tell({"READY": "1"})
            self.assertEqual(listening.recv(100), b"READY=1")

    def test_deaf(self) -> None:
        """A manager that is not there is no reason to fail."""
        Supervisor("/nowhere/at/all").tell({"READY": "1"})


class HeraldTests(SynchronousTestCase):
    """What is told, and when."""

    def setUp(self) -> None:
        self.manager = Manager()
        self.addCleanup(self.manager.close)
        self.reactor = Reactor()
        self.line = "serving"

    def herald(self, patience: float | None = None) -> Herald:
        """One that has been started."""
        herald = Herald(self.reactor, Supervisor(self.manager.path, patience), lambda: self.line)
        herald.startService()
        return herald

    def test_ready(self) -> None:
        """We are ready when the reactor runs, and not before."""
        herald = self.herald()
        self.assertEqual(self.manager.heard(), [])
        self.reactor.run()
        self.assertEqual(self.manager.heard(), [{"READY": "1", "STATUS": "serving"}])
        herald.stopService()
        self.assertEqual(self.manager.heard(), [{"STOPPING": "1", "STATUS": "stopping; serving"}])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_stopped_before_it_ran(self) -> None:
        """What ends before it has begun is never called ready."""
        self.herald().stopService()
        self.reactor.run()
        self.assertEqual([set(message) for message in self.manager.heard()], [{"STOPPING", "STATUS"}])

    def test_signs_of_life(self) -> None:
        """Several signs come in the time in which one is expected."""
        self.herald(patience=3.0)
        self.reactor.run()
        self.manager.heard()
        self.reactor.pump([0.5] * 6)
        self.assertEqual(self.manager.heard(), [{"WATCHDOG": "1"}] * SIGNS)

    def test_line(self) -> None:
        """The line about us is renewed when it changes; nobody is bothered when it does not."""
        self.herald()
        self.reactor.run()
        self.manager.heard()
        self.reactor.advance(STATUS_SECONDS)
        self.assertEqual(self.manager.heard(), [])
        self.line = "serving more"
        self.reactor.advance(STATUS_SECONDS)
        self.assertEqual(self.manager.heard(), [{"STATUS": "serving more"}])

    def test_reload(self) -> None:
        """A reload is told at both ends; its failure is in the line until one goes well."""
        herald = self.herald()
        self.reactor.run()
        self.manager.heard()
        herald.reloading()
        herald.reloaded(Reloaded(1, False, "line 3 is wrong"))
        herald.reloading()
        herald.reloaded(Reloaded(2, True, "taken over"))
        reading = {"RELOADING": "1", "STATUS": "reading the configuration again"}
        bad = {"READY": "1", "STATUS": "serving -- line 3 is wrong"}
        self.assertEqual(self.manager.heard(), [reading, bad, reading, {"READY": "1", "STATUS": "serving"}])
