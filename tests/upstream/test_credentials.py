"""Keys that are found out: when they are looked for, how often, and what happens when that fails."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define, evolve, field
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.secret import Secret, Sought
from ccproxy.upstream.commands import COMMAND_SECONDS, OUTPUT_LIMIT, NoKey, run
from ccproxy.upstream.credentials import EARLY, PAUSE_SECONDS, READ_SECONDS, Credentials
from tests.support.wire import OPENAI, Wire, chat

COMMAND = Sought("print the key", refresh=100.0)


@define
class Run:
    """One process, which the test ends."""

    protocol: ProcessProtocol
    words: list[bytes]
    environ: dict[str, str]
    killed: bool = False

    def closeStdin(self) -> None:
        """Nothing is written there."""

    def signalProcess(self, signal: str) -> None:
        self.killed = True

    def loseConnection(self) -> None:
        """Nothing more is read."""

    def end(self, printed: bytes = b"", status: int = 0, signal: int | None = None) -> None:
        self.protocol.outReceived(printed)
        well = not status and signal is None
        reason = ProcessDone(None) if well else ProcessTerminated(status or None, signal)
        self.protocol.processEnded(Failure(reason))


@define(slots=False)
class Processes(Clock):
    """A clock with processes."""

    runs: list[Run] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        Clock.__init__(self)

    def spawnProcess(
        self, protocol: ProcessProtocol, executable: str, args: list[bytes], env: dict[str, str], childFDs: Any
    ) -> None:
        self.runs.append(Run(protocol, args, env))
        protocol.makeConnection(self.runs[-1])  # type: ignore[arg-type]


class Looking(SynchronousTestCase):
    """One key, by a command."""

    def setUp(self) -> None:
        self.processes = Processes()
        self.credentials = Credentials(self.processes, {"PATH": "/bin"})

    def key(self, sought: Sought = COMMAND) -> Deferred[Secret]:
        return Deferred.fromCoroutine(self.credentials.key(sought, "p"))

    def renewed(self, used: str) -> Deferred[Secret]:
        return Deferred.fromCoroutine(self.credentials.renewed(COMMAND, Secret(used), "p"))

    def known(self, text: str = "k1") -> None:
        """The key is known from now on."""
        waiting = self.key()
        self.processes.runs.pop().end(text.encode())
        self.assertEqual(self.successResultOf(waiting), Secret(text))

    def test_first(self) -> None:
        """The command runs when its key is first wanted, once for all who want it; its first line is the key."""
        waiting = [self.key(), self.key(), self.key()]
        (process,) = self.processes.runs
        self.assertEqual((process.words, process.environ), ([b"/bin/sh", b"-c", b"print the key"], {"PATH": "/bin"}))
        waiting[1].cancel()
        self.failureResultOf(waiting[1])
        process.end(b"  k1 \nand more\n")
        self.assertEqual([self.successResultOf(waiting[0]), self.successResultOf(waiting[2])], [Secret("k1")] * 2)
        self.assertEqual(self.successResultOf(self.key()), Secret("k1"))
        self.assertEqual(len(self.processes.runs), 1)
        self.assertEqual(self.processes.getDelayedCalls(), [])

    def test_arguments(self) -> None:
        """A list is a program with its arguments, and no shell looks at them."""
        self.key(Sought(("get-key", "a b", "$HOME")))
        self.assertEqual(self.processes.runs[0].words, [b"get-key", b"a b", b"$HOME"])

    def test_early(self) -> None:
        """Before it gets old it is looked for in the background, and used meanwhile; when it is old all wait."""
        self.known()
        self.processes.advance(EARLY * 100 - 1)
        self.successResultOf(self.key())
        self.assertEqual(self.processes.runs, [])
        self.processes.advance(2)
        for _ in range(3):
            self.assertEqual(self.successResultOf(self.key()), Secret("k1"))
        (process,) = self.processes.runs
        process.end(b"k2")
        self.assertEqual(self.successResultOf(self.key()), Secret("k2"))
        self.processes.advance(101)
        waiting = self.key()
        self.assertNoResult(waiting)
        self.processes.runs[-1].end(b"k3")
        self.assertEqual(self.successResultOf(waiting), Secret("k3"))

    def test_refused(self) -> None:
        """A key that an upstream refused is looked for once, however many were refused with it."""
        self.known()
        waiting = [self.renewed("k1"), self.renewed("k1")]
        self.processes.runs.pop().end(b"k2")
        self.assertEqual([self.successResultOf(one) for one in waiting], [Secret("k2")] * 2)
        self.assertEqual(self.successResultOf(self.renewed("k1")), Secret("k2"))
        self.assertEqual(self.processes.runs, [])

    def test_fails(self) -> None:
        """Without a key the exchange is told why; what a command printed is shown to nobody."""
        for end, words in (
            (lambda run: run.end(b"sk-secret", 3), "status 3"),
            (lambda run: run.end(b"sk-secret", signal=9), "signal 9"),
            (lambda run: run.end(b""), "gave no key"),
            (lambda run: run.end(b"sk-\x00secret"), "gave no key"),
            (lambda run: run.end("sk-secrét".encode()), "gave no key"),
            (lambda run: run.end(b"x" * (OUTPUT_LIMIT + 1)), "gave no key"),
        ):
            waiting = self.key()
            end(self.processes.runs.pop())
            error = self.failureResultOf(waiting, ApiError).value
            self.assertIs(error.kind, Kind.REFUSED_CREDENTIAL)
            self.assertIn(words, error.message)
            self.assertNotIn("secr", error.message)

    def test_fails_later(self) -> None:
        """While there is a former key, it goes on being used; after a pause another try is made."""
        self.known()
        self.processes.advance(101)
        waiting = self.key()
        self.processes.runs.pop().end(status=1)
        self.assertEqual(self.successResultOf(waiting), Secret("k1"))
        self.assertEqual(self.successResultOf(self.key()), Secret("k1"))
        self.assertEqual(self.processes.runs, [])
        self.processes.advance(PAUSE_SECONDS)
        self.key()
        self.processes.runs.pop().end(b"k2")
        self.assertEqual(self.successResultOf(self.key()), Secret("k2"))

    def test_late(self) -> None:
        """A command that takes too long is killed."""
        waiting = self.key()
        self.processes.advance(COMMAND_SECONDS)
        (process,) = self.processes.runs
        self.assertTrue(process.killed)
        process.end(signal=9)
        self.assertIn("longer than 30 s", self.failureResultOf(waiting, ApiError).value.message)

    def test_file(self) -> None:
        """A file is read again when its key gets old, or is refused."""
        path = Path(self.mktemp())
        path.write_text("k1\n")
        sought = Sought(file=str(path), refresh=100.0)
        self.assertEqual(self.successResultOf(self.key(sought)), Secret("k1"))
        path.write_text("k2\n")
        self.assertEqual(self.successResultOf(self.key(sought)), Secret("k1"))
        self.processes.advance(101)
        self.assertEqual(self.successResultOf(self.key(sought)), Secret("k2"))
        path.unlink()
        self.credentials.forget()
        error = self.failureResultOf(self.key(sought), ApiError).value
        self.assertIn("cannot be read", error.message)

    def test_slow_file(self) -> None:
        """A file is read in a thread, and nobody waits for ever for one that cannot be."""
        path = Path(self.mktemp())
        path.write_text("k1\n")
        threads: list[tuple[Callable[[], Any], Deferred[Any]]] = []

        def in_thread(work: Callable[[], Any]) -> Deferred[Any]:
            threads.append((work, Deferred()))
            return threads[-1][1]

        self.credentials = Credentials(self.processes, in_thread=in_thread)
        sought = Sought(file=str(path))
        waiting = self.key(sought)
        self.assertNoResult(waiting)
        self.processes.advance(READ_SECONDS + 1)
        error = self.failureResultOf(waiting, ApiError).value
        self.assertIn("took longer than 10 s", error.message)
        waiting = self.key(sought)
        work, done = threads[1]
        done.callback(work())
        self.assertEqual(self.successResultOf(waiting), Secret("k1"))
        self.assertEqual(self.processes.getDelayedCalls(), [])

    def test_forget(self) -> None:
        """After a reload all are looked for anew."""
        self.known()
        self.credentials.forget()
        self.assertNoResult(self.key())


class Asking(SynchronousTestCase):
    """Through the whole proxy."""

    def wire(self, path: Path) -> Wire:
        return Wire(targets=(evolve(OPENAI, key=Sought(file=str(path))),))

    def test_once_more_on_401(self) -> None:
        """A key that is refused is looked for again; with another one the request is sent once more, and the client
        notices nothing. It is never sent a third time."""
        path = Path(self.mktemp())
        path.write_text("old")
        wire = self.wire(path)
        client = wire.ask()
        up = wire.upstream()
        self.assertEqual(up.request[1]["authorization"], "Bearer old")
        path.write_text("new")
        up.whole(b'{"error": {"message": "expired"}}', 401)
        wire.pool.close()
        again = wire.upstream() if wire.upstreams.pending else up
        self.assertIn("Bearer new", again.transport.value().decode())
        again.head()
        again.say(b"".join(chat({"content": "Hi"})))
        again.end()
        self.assertEqual(client.answer.status, 200)
        self.assertTrue(wire.at_rest)

    def test_refused_again_and_again(self) -> None:
        """A key that stays the same, and is refused, is looked for once in a while and not for every request."""
        processes = Processes()
        wire = Wire(targets=(evolve(OPENAI, key=COMMAND),), clock=processes)
        looked = 0
        for pause in (0, 1, 2, PAUSE_SECONDS):
            processes.advance(pause)
            wire.ask()
            while processes.runs:  # The first one needs a key at all.
                processes.runs.pop().end(b"k")
            wire.upstream().whole(b'{"error": {"message": "no"}}', 401, connection="close")
            looked += len(processes.runs)
            while processes.runs:
                processes.runs.pop().end(b"k")
        self.assertEqual(looked, 2)
        self.assertTrue(wire.at_rest)

    def test_client_leaves(self) -> None:
        """A client that leaves while the key is looked for again leaves no connection open behind it."""
        processes = Processes()
        wire = Wire(targets=(evolve(OPENAI, key=COMMAND),), clock=processes)
        client = wire.ask()
        processes.runs.pop().end(b"old")
        up = wire.upstream()
        up.head(401)
        up.say(b'{"error": ')
        self.assertEqual(len(processes.runs), 1)
        client.leave()
        self.assertTrue(up.stopped)
        processes.runs.pop().end(b"new")
        self.assertTrue(wire.at_rest)

    def test_same_key(self) -> None:
        """Where it is still the same key, its refusal is told."""
        path = Path(self.mktemp())
        path.write_text("old")
        wire = self.wire(path)
        client = wire.ask()
        wire.upstream().whole(b'{"error": {"message": "expired"}}', 401)
        self.assertEqual(wire.upstreams.pending, [])
        self.assertEqual(client.answer.status, 502)
        self.assertIn("expired", client.answer.json["error"]["message"])


class Commands(TestCase):
    """Real processes."""

    timeout = 20

    async def test_prints(self) -> None:
        """What is printed comes back, whatever is said of errors; what fails tells how."""
        program = "import sys; sys.stderr.write('noise' * 100000); print('k1'); sys.exit(int(sys.argv[1]))"
        words = [sys.executable, "-c", program]
        self.assertEqual(await run(reactor, [*words, "0"], {}), b"k1\n")
        with self.assertRaises(NoKey) as caught:
            await run(reactor, [*words, "7"], {})
        self.assertIn("status 7", str(caught.exception))

    async def test_absent(self) -> None:
        """A program that is not there ends like one that fails."""
        with self.assertRaises(NoKey):
            await run(reactor, ["/absent/program"], {})
        self.assertEqual(await run(reactor, ["/bin/sh", "-c", "echo $KEY"], {"KEY": "k2"}), b"k2\n")
