"""`ccproxy start` as people type it: what it says, what it leaves behind, and how it ends."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ccproxy.cli.banner import banner
from ccproxy.config.settings import Settings
from tests.clients.live import unavailable
from tests.support.daemon import CHECKOUT, Daemon
from tests.support.person import WAITING
from tests.support.processes import Process

COMMAND = [sys.executable, "-c", "from ccproxy.cli.main import main; main()", "start"]
HEALTH = b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n"
PATIENCE = 20


class StartTests(SynchronousTestCase):
    """Each test has a home of its own, and a socket in it where the daemon listens."""

    def setUp(self) -> None:
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir(parents=True)
        # A socket's path may have some hundred characters, and this directory may be deep.
        self.socket = Path(os.path.relpath(self.home / "s"))
        self.configure({"listen": ["unix:s"]})
        self.addCleanup(self.stop)

    def configure(self, configuration: object) -> None:
        (self.home / "config.json").write_text(json.dumps(configuration))

    def start(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Runs `ccproxy start` to its end. What it leaves running ends with the test at the latest."""
        ended = subprocess.run(
            [*COMMAND, *options],
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        ended.stderr = WAITING.sub("", ended.stderr)
        return ended

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(CHECKOUT)}

    def health(self) -> bytes:
        """What the daemon says when it is asked how it is."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(self.socket))
            client.sendall(HEALTH)
            return client.makefile("rb").read()

    def pid(self) -> int:
        return int((self.home / ".ccproxy" / "ccproxy.pid").read_text())

    def stop(self) -> None:
        """Ends the daemon in the background, if there is one, and waits for it: it is no child of ours."""
        try:
            process = os.pidfd_open(self.pid())
        except (FileNotFoundError, ProcessLookupError):
            return
        try:
            signal.pidfd_send_signal(process, signal.SIGTERM)
            ended, _, _ = select.select([process], [], [], PATIENCE)
        finally:
            os.close(process)
        self.assertTrue(ended)

    def test_whose_configuration(self) -> None:
        """Where another program's configuration is read that is told, and how many of its keys are not taken."""
        provider = {"name": "x", "api_base_url": "http://127.0.0.1:9/v1", "api_key": "k"}
        self.configure({"PORT": 0, "Providers": [provider], "Router": {}, "StatusLine": {}, "CLAUDE_PATH": "x"})
        ended = self.start()
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("config.json is read as a configuration of claude-code-router", ended.stderr)
        self.assertIn("2 of its keys are not taken as written there", ended.stderr)

    def test_wrong_configuration(self) -> None:
        """A mistake in the configuration is one message, and an exit status on which systemd does not try again."""
        self.configure({"prot": 1})
        for options in ((), ("--foreground",)):
            ended = self.start(*options)
            self.assertEqual((ended.returncode, ended.stdout), (78, ""))
            self.assertTrue(ended.stderr.startswith("ccproxy: "), ended.stderr)
            self.assertIn("prot", ended.stderr)
            self.assertNotIn("Traceback", ended.stderr)
        self.assertFalse((self.home / ".ccproxy").exists())

    def test_background(self) -> None:
        """In the background it serves when the command returns; it says where its log is and how to stop it. It leaves
        no pid file when it ends, and can be started again."""
        for _ in range(2):
            ended = self.start()
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            self.assertIn(b"200 OK", self.health())
            self.assertIn("ccproxy stop", ended.stdout)
            self.assertIn(f"{self.home}/.ccproxy/ccproxy.log", ended.stdout)
            self.stop()
            self.assertFalse((self.home / ".ccproxy" / "ccproxy.pid").exists())
        self.assertEqual((self.home / ".ccproxy" / "ccproxy.log").read_text().count("info listening at s\n"), 2)

    def test_runs_already(self) -> None:
        """Started twice, the second one names the process that runs, and leaves it alone."""
        self.start()
        pid = self.pid()
        ended = self.start()
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertIn(f"process {pid}", ended.stdout)
        self.assertIn(b"200 OK", self.health())
        self.assertEqual(self.pid(), pid)

    def test_cannot_listen(self) -> None:
        """A daemon that cannot listen does not start: the reason comes to the terminal, from behind as well."""
        self.configure({"listen": ["unix:nowhere/s"]})
        for options in ((), ("--foreground",)):
            ended = self.start(*options)
            said = ended.stdout + ended.stderr
            self.assertNotEqual(ended.returncode, 0, said)
            self.assertIn("cannot listen at unix:nowhere/s", said)
            self.assertNotIn("listens at", said)
            self.assertNotIn("Traceback", said)
        self.assertFalse((self.home / ".ccproxy" / "ccproxy.pid").exists())
        for form in ("text", "json"):
            self.configure({"listen": ["unix:nowhere/s"], "log_format": form})
            first = self.start().stderr.splitlines()[0]
            self.assertIn("cannot listen", first)

    def test_stale_pid_file(self) -> None:
        """A pid file that a crash left behind keeps nobody from starting."""
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        (self.home / ".ccproxy").mkdir()
        (self.home / ".ccproxy" / "ccproxy.pid").write_text(str(gone.pid))
        ended = self.start()
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertNotEqual(self.pid(), gone.pid)


class Client(Protocol):
    """Asks how the daemon is. `answered` fires with all that it said, when it hangs up."""

    def __init__(self) -> None:
        self.answered: Deferred[bytes] = Deferred()
        self._received = b""

    def connectionMade(self) -> None:
        self.transport.write(HEALTH)

    def dataReceived(self, data: bytes) -> None:
        self._received += data

    def connectionLost(self, reason: object = None) -> None:
        self.answered.callback(self._received)


class ForegroundTests(TestCase):
    """In the foreground."""

    timeout = PATIENCE

    async def test_foreground(self) -> None:
        """It says how to use it, and then logs to the terminal; it ends on a signal and leaves nothing behind."""
        home = Path(self.mktemp()).absolute()
        home.mkdir(parents=True)
        (home / "config.json").write_text(json.dumps({"listen": ["systemd:domain=INET:index=0"]}))
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(CHECKOUT)}
        environment |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"}
        # Its socket takes connections before it has started, so that nobody must ask whether it is there.
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            command = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', *COMMAND, "--foreground"]
            process = Process(reactor, command, environment, home, inherits={3: listening.fileno()})
            self.addCleanup(process.stop)
            port = listening.getsockname()[1]
        client = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), Client())
        self.assertIn(b"200 OK", await client.answered)
        self.assertNotEqual(await process.stop("INT"), 0)
        self.assertEqual(process.errors, b"")
        self.assertIn(b"ccproxy listens at systemd:domain=INET:index=0\n", process.output)
        self.assertIn(b"shutting down", process.output)
        self.assertEqual([path.name for path in (home / ".ccproxy").iterdir()], ["ccproxy.lock"])


class BannerWorksTests(TestCase):
    """The commands that the console prints."""

    timeout = PATIENCE

    async def test_curl(self) -> None:
        """The curl command that a newcomer is shown works as printed: the demo answers it to the end."""
        shell, curl = shutil.which("sh"), shutil.which("curl")
        if shell is None or curl is None:
            raise unavailable("curl is not installed")
        daemon = Daemon(reactor, Path(self.mktemp()).absolute(), {})
        self.addCleanup(daemon.stop)
        text = banner(Settings(listen=(f"tcp:{daemon.port}:interface=127.0.0.1",)))
        (command,) = [line.strip() for line in text.splitlines() if "curl" in line]
        process = Process(reactor, [shell, "-c", command], {"PATH": os.environ["PATH"]}, Path.cwd())
        self.assertEqual(await process.when_ended(), 0)
        self.assertIn(b"event: message_stop", process.output)
        self.assertIn(b"demo", process.output)
