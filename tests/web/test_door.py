"""What is settled before a page sees a request: the address behind proxies, and keys kept as hashes."""

import json

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.clients import Client
from ccproxy.access.hashes import KeyHash
from ccproxy.access.keys import hash_of
from ccproxy.access.networks import Proxies
from ccproxy.access.principals import Keyring
from ccproxy.secret import Secret
from ccproxy.web.door import PROOFS, PROOFS_OF_ONE
from tests.support.wire import Wire, chat

HASH = hash_of("berts-key", KeyHash(10, b"s" * 16, b""))


def keyring() -> Keyring:
    """Of one client, whose key is kept as a hash."""
    return Keyring(Secret(""), clients=[(Client("bert"), HASH)])


class Hashed(SynchronousTestCase):
    """A key that must be proven first."""

    def test_proven_once(self) -> None:
        """The first request waits for the slow function, which runs in a thread; the second does not."""
        wire = Wire(keyring=keyring())
        key = {"x-api-key": "berts-key"}
        client = wire.ask(key)
        self.assertEqual(wire.upstreams.pending, [])
        wire.run_thread()
        up = wire.upstream()
        up.head()
        up.say(b"".join(chat({"content": "Hi"})))
        up.end()
        self.assertEqual(client.answer.status, 200)
        self.assertEqual(wire.record.client, "bert")
        wire.pool.close()
        wire.ask(key)
        self.assertEqual(wire.threads, [])
        wire.upstream()

    def test_wrong(self) -> None:
        """A wrong key is refused after the same work, and at once the second time."""
        wire = Wire(keyring=keyring())
        client = wire.ask({"x-api-key": "wrong"})
        self.assertEqual(client.received, b"")
        wire.run_thread()
        self.assertEqual(client.answer.status, 401)
        self.assertEqual(wire.ask({"x-api-key": "wrong"}).answer.status, 401)
        self.assertEqual(wire.ask().answer.status, 401)
        self.assertEqual(wire.threads, [])

    def test_pages(self) -> None:
        """A page that answers at once answers after the proof just so."""
        wire = Wire(keyring=keyring())
        client = wire.request("GET", "/health", headers={"x-api-key": "berts-key"})
        wire.run_thread()
        self.assertEqual(client.answer.json["status"], "healthy")

    def test_client_leaves(self) -> None:
        """A client who leaves while its key is looked at is forgotten."""
        wire = Wire(keyring=keyring())
        client = wire.ask({"x-api-key": "berts-key"})
        client.leave()
        self.assertEqual(client.received, b"")
        self.assertEqual(wire.upstreams.pending, [])
        self.assertTrue(wire.at_rest)

    def test_flood(self) -> None:
        """Only so many keys wait, and only so many of one address; the others are told to come again."""
        wire = Wire(keyring=keyring())
        for number in range(PROOFS_OF_ONE):
            wire.ask({"x-api-key": f"guess {number}"}, peer="203.0.113.5")
        refused = wire.ask({"x-api-key": "one more"}, peer="203.0.113.5").answer
        self.assertEqual((refused.status, refused.headers["retry-after"]), (503, "1"))
        for number in range(PROOFS - PROOFS_OF_ONE):
            wire.ask({"x-api-key": f"other {number}"}, peer=f"198.51.100.{number}")
        self.assertEqual(wire.ask({"x-api-key": "berts-key"}, peer="192.0.2.1").answer.status, 503)
        while wire.threads:
            wire.run_thread()
        client = wire.ask({"x-api-key": "berts-key"}, peer="192.0.2.1")
        wire.run_thread()
        self.assertEqual(client.received, b"")
        wire.upstream()


class Forwarded(SynchronousTestCase):
    """`X-Forwarded-For`, without a key: what is believed decides who is local."""

    def status(self, trusted: list[str], peer: str, forwarded: str) -> int:
        wire = Wire(proxies=Proxies.of(trusted))
        client = wire.ask({"X-Forwarded-For": forwarded}, peer=peer)
        return client.answer.status if client.received else 200

    def test_believed(self) -> None:
        """Nobody becomes local by a header, and nobody stays local behind a trusted proxy."""
        for trusted, peer, forwarded, expected in (
            ([], "127.0.0.1", "203.0.113.5", 403),
            ([], "127.0.0.1", "203.0.113.5:4711, 127.0.0.1", 403),
            ([], "127.0.0.1", "127.0.0.1", 200),
            ([], "127.0.0.1", "127.0.0.1:4711, [::1]:4711", 200),
            ([], "127.0.0.1", "unknown", 403),
            ([], "203.0.113.5", "127.0.0.1", 403),
            (["127.0.0.1"], "127.0.0.1", "203.0.113.5", 403),
            (["127.0.0.1"], "127.0.0.1", "127.0.0.1", 200),
            (["127.0.0.1"], "127.0.0.1", "127.0.0.1, 203.0.113.5", 403),
            (["203.0.113.5"], "203.0.113.5", "127.0.0.1", 200),
            (["203.0.113.5"], "203.0.113.6", "127.0.0.1", 403),
        ):
            self.assertEqual(self.status(trusted, peer, forwarded), expected, (trusted, peer, forwarded))

    def test_several_headers(self) -> None:
        """Several headers of the name are one."""
        wire = Wire(proxies=Proxies.of(["127.0.0.1"]))
        body = json.dumps({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]})
        client = wire.connect()
        head = (
            "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n"
            f"X-Forwarded-For: 203.0.113.5\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.send(f"{head}{body}".encode())
        self.assertEqual(client.answer.status, 403)
