"""The lock that a living daemon holds."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.process.home import Home, home
from ccproxy.cli.process.lock import Lock, amend
from ccproxy.cli.process.running import Running, keep, running

HOLDS = """
import sys
from pathlib import Path
from ccproxy.cli.process.lock import Lock
lock = Lock(Path(sys.argv[1]))
assert lock.acquire(shared=sys.argv[2] == "shared")
lock.write({"pid": 7}) if sys.argv[2] != "shared" else None
print("held", flush=True)
sys.stdin.read()
"""


class LockTests(SynchronousTestCase):
    """One file, and several that would have it."""

    def setUp(self) -> None:
        directory = Path(self.mktemp())
        directory.mkdir()
        self.path = (directory / "ccproxy.lock").absolute()
        self.lock, self.other = Lock(self.path), Lock(self.path)
        self.addCleanup(self.lock.release)
        self.addCleanup(self.other.release)

    def held_elsewhere(self, how: str = "alone") -> "subprocess.Popen[str]":
        """A process that holds the lock until its input ends."""
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDS, str(self.path), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
        )

        def stop() -> None:
            process.kill()
            process.communicate()

        self.addCleanup(stop)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "held\n")
        return process

    def test_one_holder(self) -> None:
        """One has it, and another has not, until the first lets go."""
        self.assertTrue(self.lock.acquire())
        self.assertFalse(self.other.acquire(patience=0))
        self.lock.release()
        self.assertTrue(self.other.acquire(patience=0))

    def test_content(self) -> None:
        """What the holder says is read by all; a shorter word leaves nothing of a longer one."""
        self.assertIsNone(self.other.read())
        self.lock.acquire()
        self.assertEqual(self.other.read(), {})
        self.lock.write({"pid": 5, "url": "http://127.0.0.1:1"})
        self.lock.write({"pid": 6})
        self.assertEqual(self.other.read(), {"pid": 6})

    def test_content_of_nobody(self) -> None:
        """What a holder said that is gone counts no more, though it still stands there."""
        self.lock.acquire()
        self.lock.write({"pid": 5})
        self.lock.release()
        self.assertIn("5", self.path.read_text())
        self.assertIsNone(self.other.read())

    def test_killed(self) -> None:
        """A process that is killed holds nothing any more."""
        process = self.held_elsewhere()
        self.assertEqual(self.lock.read(), {"pid": 7})
        self.assertFalse(self.lock.acquire(patience=0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertIsNone(self.lock.read())
        self.assertTrue(self.lock.acquire(patience=0))

    def test_handed_on(self) -> None:
        """A child that inherits it has it after its parent has let go."""
        self.lock.acquire()
        descriptor = self.lock.descriptor or 0
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(descriptor,)
        )
        self.lock.release()
        self.assertFalse(self.other.acquire(patience=0))
        child.communicate()
        self.assertTrue(self.other.acquire(patience=0))

    def test_shared(self) -> None:
        """Many share it; nobody has it alone before the last of them is gone."""
        first, second = self.held_elsewhere("shared"), self.held_elsewhere("shared")
        for process in (first, second):
            self.assertFalse(self.lock.acquire(patience=0))
            process.communicate()
        self.assertTrue(self.lock.acquire(patience=0))

    def test_only_the_holder_speaks(self) -> None:
        """Whoever has it not cannot write into it as its holder."""
        self.assertRaises(ValueError, self.lock.write, {})

    def test_looking_disturbs_nobody(self) -> None:
        """A look takes the lock for a moment; whoever wants it then waits that long."""
        self.lock.acquire(shared=True)
        self.lock.release()
        self.assertTrue(self.other.acquire())


class RunningTests(SynchronousTestCase):
    """What the lock says of a daemon."""

    def setUp(self) -> None:
        self.home = Home(Path(self.mktemp()).absolute())
        self.home.make()
        self.lock = Lock(self.home.lock)
        self.addCleanup(self.lock.release)

    def test_round_trip(self) -> None:
        """All that is written is read."""
        self.assertIsNone(running(self.home))
        daemon = Running(pid=4, url="http://x", listen=("tcp:1", "unix:s"), arguments=("--port=1",), ready=True)
        self.lock.acquire()
        self.lock.write(daemon.content())
        self.assertEqual(running(self.home), daemon)

    def test_other_version(self) -> None:
        """A daemon of another version may say more, or less."""
        self.lock.acquire()
        self.lock.write({"pid": 4, "mood": "fine"})
        self.assertEqual(running(self.home), Running(pid=4))

    def test_keep(self) -> None:
        """One that would have ended with its last user is told to stay; nothing else about it changes."""
        self.lock.acquire()
        self.lock.write(Running(pid=4, kept=False, url="http://x").content())
        there = running(self.home)
        assert there is not None
        keep(self.home, there)
        self.assertEqual(running(self.home), Running(pid=4, url="http://x"))

    def test_amended_from_outside(self) -> None:
        """Others can say something of the holder."""
        self.lock.acquire()
        self.lock.write({"pid": 4})
        amend(self.home.lock, {"pid": 5})
        self.assertEqual(Lock(self.home.lock).read(), {"pid": 5})

    def test_place(self) -> None:
        """Systemd's directory wins over a named one, and that over the home."""
        known = {"HOME": "/h", "CCPROXY_CONFIG_DIR": "/named"}
        self.assertEqual(home(known | {"RUNTIME_DIRECTORY": "/run/a:/run/b"}).directory, Path("/run/a"))
        self.assertEqual(home(known).directory, Path("/named"))
        self.assertEqual(home({"HOME": "/h"}).directory, Path("/h/.ccproxy"))
