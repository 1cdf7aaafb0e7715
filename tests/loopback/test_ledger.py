"""The ledger over real threads, real databases and real deaths."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import treq
from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ccproxy.config.settings import LedgerSettings, MetricsSettings, Settings
from ccproxy.daemon.listening import Sockets
from ccproxy.ledger.database import LedgerError, database
from ccproxy.ledger.ledger import WRITE_EVERY, Keeping, Ledger
from ccproxy.ledger.pool import Connections
from ccproxy.ledger.queries import exchange, exchanges, usage
from ccproxy.service import make_service
from tests.ledger.postgres import server
from tests.ledger.records import record
from tests.support.daemon import CHECKOUT

DIES = """
import sys
from ccproxy.daemon.listening import Sockets
from ccproxy.ledger.database import database
from ccproxy.ledger.rows import write
from tests.ledger.records import record
place = database(sys.argv[1])
connection = place.connect()
place.bring_up(connection)
for start in range(0, 10**7, 100):
    write(place, connection, [record(number) for number in range(start, start + 100)])
    print(start + 100, flush=True)
"""
"""Writes for ever, and says how far it came: what it said was committed."""

ROUNDS = 5


class KilledTests(SynchronousTestCase):
    """`kill -9`, in the middle of a write."""

    def test_kill(self) -> None:
        """A ledger whose writer was killed at any moment is sound, and has all that was committed; another goes on."""
        path = Path(self.mktemp()).absolute() / "ledger.db"
        for lines in range(1, ROUNDS + 1):
            path.parent.mkdir(exist_ok=True)
            for leftover in path.parent.glob("ledger.db*"):
                leftover.unlink()
            writer = subprocess.Popen(
                [sys.executable, "-c", DIES, str(path)], stdout=subprocess.PIPE, cwd=CHECKOUT, text=True
            )
            assert writer.stdout is not None
            said = [writer.stdout.readline() for _ in range(lines)]
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read()
            writer.stdout.close()
            self.assertEqual(writer.wait(10), -signal.SIGKILL)
            committed = int((rest.splitlines() or said)[-1])
            place = database(str(path))
            with closing(place.connect()) as connection:
                self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                (total,) = usage(place, connection, (), 0.0)
                self.assertIn(total["exchanges"], (committed, committed + 100))
                place.bring_up(connection)


class Threads:
    """The ledger in threads; `place` says where."""

    timeout = 20

    def place(self) -> str:
        raise NotImplementedError

    def setUp(self) -> None:
        self.where = self.place()
        self.ledger = Ledger(lambda where: Connections(where, reactor), reactor)
        self.ledger.open(database(self.where), Keeping(None, None))
        self.addCleanup(self.ledger.close)

    async def test_written_and_read(self) -> None:
        """What is observed can be asked for, and all of it is there at the end."""
        for number in range(1500):
            self.ledger.observe(None, record(number))  # type: ignore[arg-type]
        await self.ledger.close()
        self.assertEqual((self.ledger.written, self.ledger.lost), (1500, 0))
        self.ledger.open(database(self.where), Keeping(None, None))
        (total,) = await self.ledger.ask(usage, (), 0.0)
        self.assertEqual(total["exchanges"], 1500)
        (one,) = await self.ledger.ask(exchange, "req_1499")
        self.assertEqual(one["target"], "groq,llama")

    async def test_a_question_that_fails(self) -> None:
        """It fails alone; the next one is answered."""
        with self.assertRaises(LedgerError):
            await self.ledger.ask(
                lambda _database, connection: connection.cursor().execute("SELECT absent FROM nowhere")
            )
        self.assertEqual(await self.ledger.ask(exchanges, 5), [])


class SqliteTests(Threads, TestCase):
    """In a file."""

    def place(self) -> str:
        return str(Path(self.mktemp()) / "ledger.db")

    async def test_another_place_while_it_is_written(self) -> None:
        """A reload that puts the ledger elsewhere does not wait for a write that waits itself, nor is that one lost."""
        await self.ledger.ask(exchanges, 5)
        with closing(sqlite3.connect(self.where, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.ledger.observe(None, record(1))  # type: ignore[arg-type]
            await deferLater(reactor, WRITE_EVERY + 0.2)
            began = time.monotonic()
            self.ledger.open(None, Keeping(None, None))
            self.assertLess(time.monotonic() - began, 1)
            self.ledger.observe(None, record(2))  # type: ignore[arg-type]
            other.execute("ROLLBACK")
        while not self.ledger.written:
            await deferLater(reactor, 0.05)
        self.assertEqual((self.ledger.waiting, self.ledger.lost), (0, 0))


class PostgresTests(Threads, TestCase):
    """In a server of our own."""

    def place(self) -> str:
        place = database(server())
        with closing(place.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("DROP TABLE IF EXISTS exchanges")
            cursor.execute("DROP TABLE IF EXISTS ledger_version")
            connection.commit()
        return server()

    async def test_a_lost_connection(self) -> None:
        """A server that ends our connections costs no record and no answer."""
        self.ledger.observe(None, record(1))  # type: ignore[arg-type]
        await self.ledger.ask(exchanges, 5)
        place = database(server())
        with closing(place.connect()) as connection, closing(connection.cursor()) as cursor:
            others = "pid <> pg_backend_pid() AND application_name = 'ccproxy'"
            cursor.execute(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}")
            self.assertGreaterEqual(cursor.fetchone()[0], 1)
        await self.ledger.ask(exchanges, 5)
        await self.ledger.close()
        self.assertEqual((self.ledger.written, self.ledger.lost), (1, 0))


class DaemonTests(TestCase):
    """A running daemon, before the demo."""

    timeout = 20

    async def test_kept(self) -> None:
        """An exchange is in the ledger when the daemon has stopped, with no word of what was said."""
        path = Path(self.mktemp()) / "ledger.db"
        settings = Settings(listen=("tcp:0:interface=127.0.0.1",), ledger=LedgerSettings(database=str(path)))
        service = make_service(settings, reactor)
        service.startService()
        self.addCleanup(lambda: service.running and service.stopService())
        ask = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "unspeakable"}]}
        port = port_of(service)
        answer = await treq.post(
            f"http://127.0.0.1:{port}/v1/messages", json.dumps(ask).encode(), persistent=False, reactor=reactor
        )
        self.assertIn("unspeakable", (await answer.content()).decode())
        await service.stopService()
        place = database(str(path))
        with closing(place.connect()) as connection:
            (found,) = exchanges(place, connection, 5)
        self.assertEqual(found["id"], answer.headers.getRawHeaders("request-id")[0])
        self.assertEqual((found["outcome"], found["target"], found["cost"]), ("finished", "demo,demo", 0.0))
        self.assertGreater(found["tokens_out"], 0)
        self.assertNotIn(b"unspeakable", b"".join(file.read_bytes() for file in path.parent.iterdir()))

    async def test_no_place(self) -> None:
        """A daemon whose ledger cannot be written serves all the same."""
        settings = Settings(
            listen=("tcp:0:interface=127.0.0.1",), ledger=LedgerSettings(database="/proc/nowhere/ledger.db")
        )
        service = make_service(settings, reactor)
        service.startService()
        self.addCleanup(lambda: service.running and service.stopService())
        ask = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
        port = port_of(service)
        answer = await treq.post(
            f"http://127.0.0.1:{port}/v1/messages", json.dumps(ask).encode(), persistent=False, reactor=reactor
        )
        self.assertEqual(answer.code, 200)
        await answer.content()
        await service.stopService()


def port_of(service: Any) -> int:
    """Where a daemon listens."""
    (sockets,) = (part for part in service if isinstance(part, Sockets))
    (listener,) = sockets.listeners
    return int(listener.port.getHost().port)


class MetricsTests(TestCase):
    """`/metrics` of a running daemon."""

    timeout = 20

    async def test_two_endpoints(self) -> None:
        """It is among the pages about us, and at an endpoint of its own that has nothing else."""
        endpoint = ("tcp:0:interface=127.0.0.1",)
        service = make_service(Settings(listen=endpoint, metrics=MetricsSettings(listen=endpoint)), reactor)
        service.startService()
        self.addCleanup(lambda: service.running and service.stopService())
        parts = [*service, *(part for group in service if type(group) is MultiService for part in group)]
        sockets = [part for part in parts if isinstance(part, Sockets)]
        ports = [listener.port.getHost().port for part in sockets for listener in part.listeners]
        for port, path, code in (
            (ports[0], "/metrics", 200),
            (ports[1], "/metrics", 200),
            (ports[1], "/status", 404),
            (ports[1], "/v1/messages", 404),
        ):
            answer = await treq.get(f"http://127.0.0.1:{port}{path}", persistent=False, reactor=reactor)
            content = await answer.content()
            self.assertEqual(answer.code, code, path)
            self.assertEqual(b"ccproxy_exchanges_running 0\n" in content, code == 200)
