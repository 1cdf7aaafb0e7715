"""`GET /exchanges/ID`, and the trace on the page: what is known of one exchange, and who may read what was said."""

from typing import Any

from twisted.internet.defer import fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.clients import Client
from ccproxy.access.principals import Keyring
from ccproxy.exchange.feed import RECENT_LIMIT
from ccproxy.exchange.telling import told
from ccproxy.ledger.database import LedgerError
from ccproxy.secret import Secret
from tests.captures.hearing import Heard
from tests.captures.test_capture import STREAM
from tests.ledger.records import record
from tests.support.wire import CLAUDE, OPENAI

OURS, THEIRS = "the-key-of-the-operator", "the-key-of-a-client"
PROMPT = "the-prompt-of-somebody"


class Kept:
    """A ledger with one exchange in it, or one that cannot be asked."""

    def __init__(self, works: bool = True) -> None:
        self._works = works

    def ask(self, _question: Any, wanted: str, *_: Any) -> Any:
        if not self._works:
            return fail(LedgerError("no"))
        return succeed([told(record(id="req_kept"))] if "req_kept".startswith(wanted) else [])


class OneExchangeTests(SynchronousTestCase):
    """A proxy whose exchanges are captured, with an operator and a client of theirs."""

    def setUp(self) -> None:
        clients = [(Client("theirs"), Secret(THEIRS))]
        self.heard = Heard(
            self.mktemp(),
            targets=(OPENAI,),
            keyring=Keyring(Secret(OURS), clients=clients),
            ledger=Kept(),
        )
        self.wire = self.heard.wire

    def exchange(self) -> None:
        self.wire.ask({"x-api-key": THEIRS}, messages=[{"role": "user", "content": PROMPT}])
        upstream = self.wire.upstream()
        upstream.head()
        for piece in STREAM:
            upstream.say(piece)
        upstream.end()
        self.heard.write()

    def get(self, path: str, key: str = OURS, peer: str = "127.0.0.1") -> Any:
        return self.wire.request("GET", path, headers={"x-api-key": key} if key else {}, peer=peer).answer

    def test_all_of_it(self) -> None:
        """Whoever administers gets the record, and what was said."""
        self.exchange()
        found = self.get("/exchanges/req_0").json
        self.assertEqual((found["id"], found["outcome"], found["target"]), ("req_0", "finished", "openai,gpt-test"))
        self.assertIn(PROMPT, found["capture"]["request"]["body"]["text"])
        self.assertEqual(found["capture"]["attempts"][0]["answer"]["body"]["text"].encode(), b"".join(STREAM))

    def test_prompts_are_not_for_everybody(self) -> None:
        """Neither a client, nor whoever is on this machine without a key, reads what others asked; strangers get
        nothing at all. The page refuses them both."""
        self.exchange()
        for key in (THEIRS, "", "wrong"):
            found = self.get("/exchanges/req_0", key)
            self.assertEqual((found.status, found.json["capture"]), (200, None), key)
            self.assertNotIn(PROMPT.encode(), found.body)
            self.assertNotIn(PROMPT.encode(), self.get("/exchanges/req_0", key, "192.0.2.7").body)
            self.assertGreaterEqual(self.get("/exchanges/req_0", key, "192.0.2.7").status, 401)
            for path in ("/dashboard/exchanges/req_0", "/dashboard/exchanges/req_0?part=1"):
                page = self.get(path, key)
                self.assertNotIn(PROMPT.encode(), page.body)
                self.assertIn(page.status, (303, 401, 403), (path, key))

    def test_on_the_page(self) -> None:
        """The trace shows the translation, line by line, in a page that runs nothing of what is in it."""
        self.exchange()
        for part in ("", "&part=1"):
            page = self.get(f"/dashboard/exchanges/req_0?all=1{part}")
            self.assertIn("script-src 'self'", page.headers["content-security-policy"])
            text = page.body.decode()
            for words in ("Word for word", "<del", "<ins", "- model: claude-test", "+ model: gpt-test", PROMPT):
                self.assertIn(words, text)
            self.assertNotIn("style=", text)

    def test_attempts(self) -> None:
        """Each request that went upstream has a link of its own; one that is not there shows the last."""
        heard = Heard(self.mktemp(), targets=(OPENAI, CLAUDE))
        heard.wire.ask()
        heard.wire.upstream().whole(b'{"error": {"message": "the first one"}}', status=503)
        heard.wire.upstream().whole(b'{"error": {"message": "the second one"}}', status=503)
        heard.write()
        first = heard.wire.request("GET", "/dashboard/exchanges/req_0?attempt=1").answer.body.decode()
        self.assertIn("?attempt=2", first)
        for number in ("7", "x", "9" * 30, "-1"):
            page = heard.wire.request("GET", f"/dashboard/exchanges/req_0?attempt={number}").answer
            self.assertEqual(page.status, 200)
            self.assertIn("the second one", page.body.decode())

    def test_without_a_capture(self) -> None:
        """An exchange of which nothing was captured is shown as ever: one that runs, one of lately, one in the
        ledger."""
        self.wire.ask({"x-api-key": THEIRS})
        running = self.get("/exchanges/req_0").json
        self.assertEqual((running["id"], "outcome" in running), ("req_0", False))
        kept = self.get("/exchanges/req_kept").json
        self.assertEqual((kept["id"], kept["capture"]), ("req_kept", None))
        self.assertNotIn("Word for word", self.get("/dashboard/exchanges/req_kept").body.decode())

    def test_a_capture_without_a_record(self) -> None:
        """What no ledger has, and too much has happened since, is shown from the capture."""
        self.exchange()
        for number in range(RECENT_LIMIT):
            self.wire.feed.observe(None, record(id=f"req_x{number}"))
        found = self.get("/exchanges/req_0").json
        self.assertEqual((found["outcome"], found["capture"]["id"]), ("finished", "req_0"))
        self.assertIn("Word for word", self.get("/dashboard/exchanges/req_0").body.decode())

    def test_nothing_is_known(self) -> None:
        """An exchange that nobody knows is none; no name leads to another file, and a ledger that fails to no more."""
        self.exchange()
        self.wire.ledger = Kept(works=False)
        for name in ("req_9", "..%2Fcaptures%2Freq_0", "%00", "req_0.capture", "x" * 5000):
            self.assertEqual(self.get(f"/exchanges/{name}").status, 404, name)
            self.assertNotIn(PROMPT.encode(), self.get(f"/dashboard/exchanges/{name}").body)
