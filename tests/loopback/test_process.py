"""The life of a daemon, as commands begin and end it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.person import CCPROXY, PATIENCE, Person, belongs_to, end
from tests.support.terminal import Terminal


class PersonCase(SynchronousTestCase):
    """Each test has a person of its own."""

    def setUp(self) -> None:
        self.person = Person(Path(self.mktemp()))
        self.addCleanup(self.person.leave)
        self.ccproxy = self.person.ccproxy

    def answers(self) -> bool:
        """Whether something serves at the person's port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.person.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (ConnectionRefusedError, ConnectionResetError):
            return False
        finally:
            connection.close()

    def supervised(self, start: "Callable[[str], subprocess.Popen[str]]") -> str:
        """What a daemon says that is started with the path of a service manager's socket, serves, and is ended."""
        with tempfile.TemporaryDirectory() as directory:
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.addCleanup(manager.close)
            manager.bind(f"{directory}/notify")
            manager.settimeout(PATIENCE)
            daemon = start(f"{directory}/notify")
            try:
                while b"READY=1" not in manager.recv(4096):
                    pass
                self.assertTrue(self.answers())
            finally:
                daemon.terminate()
                said, _ = daemon.communicate(timeout=PATIENCE)
        return said


class SupervisedTests(PersonCase):
    """A daemon whose service manager listens."""

    def test_no_banner(self) -> None:
        """It is told in its own way that we serve; commands to type would only fill its journal."""
        said = self.supervised(lambda notify: self.person.begin("start", "--foreground", NOTIFY_SOCKET=notify))
        self.assertIn("starting up", said)
        self.assertNotIn("Press Ctrl-C", said)


class FullDiskTests(PersonCase):
    """Where no file can be written; a limit of this process' own stands for a disk that is full."""

    def test_background(self) -> None:
        """Nothing starts without a place for its log and its lock: that is told by name."""
        ended = self.person.run("sh", "-c", "ulimit -f 0; exec ccproxy start")
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, r"^.*/\.ccproxy/ccproxy\.lock cannot be written: File too large\n$")

    def test_foreground(self) -> None:
        """In the foreground it serves all the same."""
        said = self.supervised(
            lambda notify: subprocess.Popen(
                ["sh", "-c", "ulimit -f 0; exec ccproxy start --foreground"],
                cwd=self.person.directory,
                env={**self.person.environment, "NOTIFY_SOCKET": notify},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        self.assertNotIn("Traceback", said)


class LifeTests(PersonCase):
    """One daemon, from its start to its end."""

    def test_life(self) -> None:
        """Started it serves, and status says so; stopped it is gone, and status ends with 3."""
        before = self.ccproxy("status")
        self.assertEqual(before.returncode, 3)
        self.assertIn("ccproxy start", before.stdout)
        started = self.ccproxy("start")
        self.assertEqual((started.returncode, started.stderr), (0, ""))
        self.assertTrue(self.answers())
        status = self.ccproxy("status")
        self.assertEqual(status.returncode, 0)
        for word in ("runs", f"http://127.0.0.1:{self.person.port}", "~/.ccproxy/ccproxy.log", "demo"):
            self.assertIn(word, status.stdout)
        stopped = self.ccproxy("stop")
        self.assertEqual((stopped.returncode, stopped.stderr), (0, ""))
        self.assertFalse(self.answers())
        self.assertEqual(self.ccproxy("status").returncode, 3)
        again = self.ccproxy("stop")
        self.assertEqual((again.returncode, again.stdout), (0, "ccproxy does not run\n"))

    def test_no_place(self) -> None:
        """Where there can be no file of ours, that is told with the place and a cure, and nothing breaks."""
        home = self.person.home / "file"
        home.touch()
        for command, status, words in (
            (("status",), 3, "does not run"),
            (("stop",), 0, "does not run"),
            (("start",), 1, f"{home}/.ccproxy, for the lock and the log, cannot be used: Not a directory"),
            (("logs",), 1, f"{home}/.ccproxy/ccproxy.log cannot be used: Not a directory. Try to make it yours"),
            (("install",), 1, "~/.ccproxy/config.json cannot be written: Not a directory"),
            (("check", "/nowhere/x.json"), 78, "No such file or directory; `ccproxy init` writes one"),
            (("tail",), 3, "ccproxy start"),
        ):
            ended = self.ccproxy(*command, HOME=str(home))
            self.assertEqual(ended.returncode, status, command)
            self.assertIn(words, ended.stdout + ended.stderr)
            self.assertNotIn("Traceback", ended.stderr)

    def test_wrong_configuration(self) -> None:
        """With a mistake in the configuration status tells both: what is wrong with it, and that nothing runs."""
        self.person.configure({"prot": 1})
        ended = self.ccproxy("status")
        self.assertEqual(ended.returncode, 3)
        self.assertIn("prot", ended.stderr)
        self.assertIn("does not run", ended.stdout)

    def test_json(self) -> None:
        """What programs read: the keys stay what they are."""
        off = self.ccproxy("status", "--json")
        self.assertEqual((off.returncode, json.loads(off.stdout)), (3, {"running": False, "proxy": False}))
        path = self.person.configure({})
        self.ccproxy("start")
        known = json.loads(self.ccproxy("status", "--json").stdout)
        self.assertEqual((known["running"], known["proxy"], known["ready"]), (True, True, True))
        self.assertEqual(known["config"], {"config.json": str(path)})
        self.assertTrue(belongs_to(known["pid"], str(self.person.place)))
        self.assertEqual(known["exchanges"], {"served": 0, "running": 0})

    def test_at_the_same_moment(self) -> None:
        """However many start it at once: one daemon comes of it, and each of them is told that it serves."""
        starters = [self.person.begin("start") for _ in range(4)]
        said = [starter.communicate(timeout=PATIENCE) for starter in starters]
        self.assertEqual([starter.returncode for starter in starters], [0] * 4, said)
        self.assertEqual(sum("It runs in the background" in out for out, _ in said), 1)
        daemon = self.person.daemon()
        for out, _ in said:
            self.assertTrue("It runs in the background" in out or f"runs already: process {daemon}" in out, out)
        self.assertEqual((self.person.place / "ccproxy.log").read_text().count("starting up"), 1)

    def test_dies(self) -> None:
        """A daemon that is killed leaves files behind that hinder nobody."""
        self.ccproxy("start")
        end(self.person.daemon(), signal.SIGKILL)
        self.assertTrue((self.person.place / "ccproxy.pid").exists())
        self.assertEqual(self.ccproxy("status").returncode, 3)
        self.assertEqual(self.ccproxy("start").returncode, 0)
        self.assertTrue(self.answers())

    def test_pid_file_of_another(self) -> None:
        """A pid file that names a living process which is not ccproxy keeps nobody from starting, nor is that process
        stopped."""
        self.person.place.mkdir()
        (self.person.place / "ccproxy.pid").write_text(str(os.getpid()))
        self.assertEqual(self.ccproxy("stop").stdout, "ccproxy does not run\n")
        self.assertEqual(self.ccproxy("start").returncode, 0)
        self.assertEqual((self.person.place / "ccproxy.pid").read_text().strip(), str(self.person.daemon()))

    def test_restart(self) -> None:
        """Restarted it is another process, as it was told at its start."""
        port = self.person.port
        self.ccproxy("start", "--port", str(port), CCPROXY_PORT="1")
        first = self.person.daemon()
        restarted = self.ccproxy("restart", CCPROXY_PORT="2")
        self.assertEqual((restarted.returncode, restarted.stderr), (0, ""))
        self.assertNotEqual(self.person.daemon(), first)
        self.assertTrue(self.answers())

    def test_restart_with_a_mistake(self) -> None:
        """A configuration that is wrong keeps the daemon that runs."""
        self.ccproxy("start")
        first = self.person.daemon()
        self.person.configure({"prot": 1})
        self.assertEqual(self.ccproxy("restart").returncode, 78)
        self.assertEqual(self.person.daemon(), first)

    def test_reload(self) -> None:
        """A new configuration is taken over; a wrong one is told, and the daemon goes on."""
        self.person.configure({})
        self.assertEqual(self.ccproxy("reload").returncode, 3)
        self.ccproxy("start")
        self.person.configure({"apikey": "k"})
        good = self.ccproxy("reload")
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        self.person.configure({"prot": 1})
        bad = self.ccproxy("reload")
        self.assertEqual(bad.returncode, 1)
        self.assertIn("prot", bad.stderr)
        self.assertTrue(self.answers())

    def test_reload_of_another(self) -> None:
        """A daemon that was not started here is asked at its address, if its key is known; what it says is told."""
        self.person.configure({"apikey": "the-key"})
        self.ccproxy("start")
        neighbour = Person(Path(self.mktemp()))
        port = str(self.person.port)
        good = neighbour.ccproxy("reload", CCPROXY_PORT=port, CCPROXY_API_KEY="the-key")
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        self.assertIn("taken over", good.stdout)
        refused = neighbour.ccproxy("reload", CCPROXY_PORT=port)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("does not reload for us", refused.stderr)
        self.person.configure({"prot": 1})
        bad = neighbour.ccproxy("reload", CCPROXY_PORT=port, CCPROXY_API_KEY="the-key")
        self.assertEqual(bad.returncode, 1)
        self.assertIn("prot", bad.stderr)

    def test_lives_on(self) -> None:
        """A closed terminal does not end it: it is in a session of its own."""
        self.ccproxy("start")
        self.assertEqual(os.getsid(self.person.daemon()), self.person.daemon())

    def test_own_directory(self) -> None:
        """Another directory is another daemon."""
        other = Person(Path(self.mktemp()))
        elsewhere = str(self.person.home / "second")
        self.ccproxy("start")
        self.assertIn("not started", self.ccproxy("--config-dir", elsewhere, "status").stdout)
        began = self.ccproxy("--config-dir", elsewhere, "start", "--port", str(other.port))
        self.addCleanup(self.ccproxy, "--config-dir", elsewhere, "stop", "--force")
        self.assertEqual(began.returncode, 0, began.stderr)
        self.assertTrue(self.answers())
        self.assertEqual(self.ccproxy("--config-dir", elsewhere, "stop").returncode, 0)
        self.assertTrue(self.answers())


class InTheWayTests(PersonCase):
    """What keeps a daemon from starting is told by name."""

    def test_of_another_configuration(self) -> None:
        """Asked for another address while one runs, it says which one runs and what can be done."""
        self.ccproxy("start")
        other = self.ccproxy("start", "--port", "1")
        self.assertEqual(other.returncode, 1)
        self.assertIn(f"tcp:{self.person.port}:", other.stderr)
        self.assertIn("ccproxy restart", other.stderr)

    def test_of_another_home(self) -> None:
        """A ccproxy at the port that is not this person's is named: its process, whose that is, its version."""
        self.ccproxy("start")
        neighbour = Person(Path(self.mktemp()))
        for options in ((), ("--foreground",)):
            ended = neighbour.ccproxy("start", *options, CCPROXY_PORT=str(self.person.port))
            self.assertEqual(ended.returncode, 1)
            self.assertIn(f"your process {self.person.daemon()}", ended.stderr)
            self.assertIn("choose another port", ended.stderr)
            self.assertNotIn("listens at", ended.stdout)
        status = neighbour.ccproxy("status", CCPROXY_PORT=str(self.person.port))
        self.assertEqual(status.returncode, 0)
        self.assertIn("was not started", status.stdout)

    def test_other_program(self) -> None:
        """Any other program at the port is told as a taken port, with the cure and without a traceback."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.person.port))
            taken.listen()
            taken.settimeout(0)
            for options in ((), ("--foreground",)):
                ended = self.ccproxy("start", *options)
                self.assertNotEqual(ended.returncode, 0)
                self.assertIn("in use", ended.stdout + ended.stderr)
                self.assertIn("--port", ended.stdout + ended.stderr)
                self.assertNotIn("Traceback", ended.stdout + ended.stderr)
        self.assertEqual(self.ccproxy("status").returncode, 3)

    def test_no_place(self) -> None:
        """A home that cannot be written is told, with what does without."""
        self.person.place.write_text("in the way")
        ended = self.ccproxy("start")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("--foreground", ended.stderr)


class EndTests(PersonCase):
    """How running exchanges end with their daemon."""

    def setUp(self) -> None:
        super().setUp()
        # An upstream that takes requests and never answers.
        self.upstream = socket.socket()
        self.addCleanup(self.upstream.close)
        self.upstream.bind(("127.0.0.1", 0))
        self.upstream.listen()
        self.upstream.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{self.upstream.getsockname()[1]}/v1"
        provider = {"name": "slow", "api_base_url": url, "dialect": "openai_chat", "api_key": "", "models": ["m"]}
        self.person.configure({"providers": [provider]})
        self.ccproxy("start")
        client = http.client.HTTPConnection("127.0.0.1", self.person.port, timeout=PATIENCE)
        self.addCleanup(client.close)
        message = {"role": "user", "content": "Hello"}
        body = json.dumps({"model": "m", "max_tokens": 5, "messages": [message]})
        client.request("POST", "/v1/messages", body, {"content-type": "application/json"})
        self.client = client
        self.asked, _ = self.upstream.accept()
        self.addCleanup(self.asked.close)
        self.asked.recv(10)

    def test_drains(self) -> None:
        """What runs when it is told to stop is answered to its end; new connections are not taken."""
        stopping = self.person.begin("stop", "--timeout", "20s")
        assert stopping.stderr is not None
        self.assertIn("Waiting for what runs", stopping.stderr.readline())
        self.assertFalse(self.answers())
        choice = {"index": 0, "message": {"role": "assistant", "content": "At last."}, "finish_reason": "stop"}
        answer = json.dumps({"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.asked.sendall(head % len(answer) + answer)
        self.assertIn(b"At last.", self.client.getresponse().read())
        out, _ = stopping.communicate(timeout=PATIENCE)
        self.assertEqual(stopping.returncode, 0)
        self.assertRegex(out, r"^ccproxy has stopped \(process \d+\)\n$")

    def test_cut(self) -> None:
        """What takes longer than it is given is cut off, and that is told."""
        ended = self.ccproxy("stop", "--timeout", "100ms")
        self.assertEqual(ended.returncode, 0)
        self.assertIn("cut off", ended.stdout)
        self.assertEqual(self.ccproxy("status").returncode, 3)

    def test_two_signals(self) -> None:
        """The second signal does not wait for what runs."""
        pid = self.person.daemon()
        began = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        while self.answers():
            pass
        end(pid, signal.SIGTERM)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn("cut off", (self.person.place / "ccproxy.log").read_text())

    def test_force(self) -> None:
        """Killed, it is gone at once, and so is its pid file."""
        ended = self.ccproxy("stop", "--force")
        self.assertEqual(ended.returncode, 0)
        self.assertIn("killed", ended.stdout)
        self.assertFalse((self.person.place / "ccproxy.pid").exists())


class LogTests(PersonCase):
    """`ccproxy logs`."""

    def test_no_log(self) -> None:
        """Where nothing was logged yet, it says what makes a log."""
        ended = self.ccproxy("logs")
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertIn("ccproxy start", ended.stderr)

    def test_last_lines(self) -> None:
        """As many of the last lines as are asked for, however long the log is; a hundred otherwise."""
        self.person.place.mkdir()
        lines = [f"line {number} {'x' * (number % 100)}" for number in range(5000)]
        (self.person.place / "ccproxy.log").write_text("\n".join(lines) + "\n")
        for options, count in (((), 100), (("-n", "3"), 3), (("-n", "0"), 0), (("--lines", "99999"), 5000)):
            shown = self.ccproxy("logs", *options).stdout.splitlines()
            self.assertEqual(shown, lines[-count:] if count else [])

    def test_follow(self) -> None:
        """Followed, it shows what comes, in a rotated log's successor as well; it ends quietly on Ctrl-C."""
        self.person.place.mkdir()
        log = self.person.place / "ccproxy.log"
        log.write_text("one\n")
        following = self.person.begin("logs", "-f")
        self.addCleanup(following.communicate)
        self.addCleanup(following.kill)
        assert following.stdout is not None
        self.assertEqual(following.stdout.readline(), "one\n")
        with log.open("a") as file:
            file.write("two\n")
        self.assertEqual(following.stdout.readline(), "two\n")
        log.rename(log.with_suffix(".log.1"))
        log.write_text("three\n")
        self.assertEqual(following.stdout.readline(), "three\n")
        following.send_signal(signal.SIGINT)
        self.assertEqual(following.wait(PATIENCE), 0)
        assert following.stderr is not None
        self.assertEqual(following.stderr.read(), "")

    def test_rotation(self) -> None:
        """The daemon puts its log aside when it is full, and keeps as many as it is told."""
        self.person.configure({"log_max_size": 300, "log_keep": 1})
        self.ccproxy("start")
        for _ in range(3):
            self.ccproxy("reload")
        logs = sorted(path.name for path in self.person.place.glob("ccproxy.log*"))
        self.assertEqual(logs, ["ccproxy.log", "ccproxy.log.1"])
        self.assertIn("taken over", self.ccproxy("logs").stdout)


class ForegroundTests(PersonCase):
    """A daemon in the foreground, as a service manager runs it."""

    def test_terminal_is_closed(self) -> None:
        """One in a terminal ends with it, and nothing is left at its port; while the terminal is there, SIGHUP has it
        read its configuration again."""
        self.person.configure({})
        terminal = Terminal([*CCPROXY, "start", "--foreground"], self.person.environment, self.person.directory)
        self.addCleanup(terminal.process.wait)
        self.addCleanup(terminal.process.kill)
        terminal.wait_for("listens at")
        self.assertIn("taken over", self.ccproxy("reload").stdout)
        terminal.hang_up()
        terminal.process.wait(PATIENCE)
        self.assertFalse(self.answers())

    def test_service(self) -> None:
        """It keeps its files where the service manager wants them, and is found there; its log goes on after a reload,
        and tells the end as well. What it was started by is known to those who ask from elsewhere."""
        path = self.person.configure({})
        place = {"RUNTIME_DIRECTORY": str(self.person.home / "run")}
        daemon = self.person.begin("start", "--foreground", **place)
        self.addCleanup(daemon.communicate)
        self.addCleanup(daemon.kill)
        assert daemon.stdout is not None
        while "listens at" not in daemon.stdout.readline():
            pass
        self.assertEqual(self.ccproxy("status", **place).returncode, 0)
        from_elsewhere = self.ccproxy("status").stdout
        self.assertIn(f"your process {daemon.pid}", from_elsewhere)
        self.assertIn(path.name, from_elsewhere)
        self.assertIn("taken over", self.ccproxy("reload", **place).stdout)
        self.assertIn("runs in the foreground", self.ccproxy("restart", **place).stderr)
        self.assertIn("journalctl", self.ccproxy("logs", **place).stderr)
        self.assertEqual(self.ccproxy("stop", **place).returncode, 0)
        out, errors = daemon.communicate(timeout=PATIENCE)
        self.assertIn("read again", out)
        self.assertIn("shutting down", out)
        self.assertEqual(errors, "")
