"""The pages below `/dashboard`, read as a browser reads them: what they show, to whom, and what they let it do."""

import re
from typing import Any
from urllib.parse import urlencode

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.clients import Client
from ccproxy.access.keys import hash_of
from ccproxy.access.principals import Keyring
from ccproxy.ledger.database import LedgerError
from ccproxy.ledger.queries import exchange
from ccproxy.secret import Secret
from ccproxy.web.dashboard.frame import POLICY
from ccproxy.web.dashboard.kept import ASK_EVERY, DAYS
from ccproxy.web.dashboard.visits import VISIT_SECONDS, VISITS_LIMIT
from tests.support.wire import CLAUDE, ClientAnswer, Wire, messages

KEY = "the-key-of-this-test"
AWAY = "192.0.2.7"
HOSTILE = "<script>alert('1')</script>\"&"


class NoLedger:
    """A ledger that keeps nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, *_: Any) -> Deferred[Any]:
        self.asked += 1
        return fail(LedgerError("no ledger is kept"))


class FixedLedger:
    """A ledger that says the same of every day, and knows one exchange."""

    def __init__(self, day: str, found: dict[str, Any]) -> None:
        self._day = day
        self._found = found

    def ask(self, question: Any, *parameters: Any) -> Deferred[Any]:
        if question is exchange:
            return succeed([self._found] if parameters == (self._found["id"],) else [])
        figures = {"exchanges": 4, "failed": 1, "tokens_in": 5000, "cache_read": 15000, "cache_written": 0}
        figures |= {"tokens_out": 70, "reasoning": 0, "cost": 1.25, "unpriced": 1}
        return succeed([{name: {"day": self._day, "model": HOSTILE}[name] for name in parameters[0]} | figures])


def text(answer: ClientAnswer) -> str:
    """A page."""
    return answer.body.decode()


class DashboardTests(SynchronousTestCase):
    """Over the whole proxy."""

    def setUp(self) -> None:
        self.ledger = NoLedger()
        self.wire = Wire((CLAUDE,), ledger=self.ledger)

    def get(self, path: str = "/dashboard", wire: Wire | None = None, **more: Any) -> ClientAnswer:
        return (wire or self.wire).request("GET", path, **more).answer

    def answered(self, **fields: Any) -> None:
        self.wire.ask(**fields)
        self.wire.upstream().whole(b"".join(messages("Hi")), content_type="text/event-stream")
        self.wire.pool.close()

    def test_empty(self) -> None:
        """Before anything happened the page says what to do."""
        answer = self.get()
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("Point a client at this address", text(answer))
        self.assertIn("Nothing runs.", text(answer))
        self.assertIn("not asked yet", text(answer))
        self.assertIn("No ledger is kept", text(answer))

    def test_tables_without_script(self) -> None:
        """What runs and what ended is in the page as it comes, each with a link to its trace."""
        self.answered(model="claude-of-before")
        self.wire.ask(model="claude-of-now")
        page = text(self.get())
        running, recent = page.partition('id="running"')[2].split('id="recent"')
        self.assertIn('href="/dashboard/exchanges/req_1" class="trace">claude-of-now</a>', running)
        self.assertIn('href="/dashboard/exchanges/req_0" class="trace">claude-of-before</a>', recent)
        self.assertIn("anthropic,claude-test", recent)
        self.assertIn("finished", recent)

    def test_nothing_inline_nothing_foreign(self) -> None:
        """The policy forbids all but our own files, and no page has anything that it would forbid."""
        self.answered()
        for path in ("/dashboard", "/dashboard/configuration", "/dashboard/exchanges/req_0", "/dashboard/nothing"):
            answer = self.get(path)
            self.assertEqual(answer.headers["content-security-policy"], POLICY)
            self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
            self.assertEqual(answer.headers["cache-control"], "no-store")
            page = text(answer)
            self.assertNotRegex(page, r"<style|\sstyle=|\son\w+=|javascript:|https?://")
            self.assertEqual(re.findall(r"<script[^>]*>[^<]+</script>", page), [])
            for address in re.findall(r'(?:src|href)="([^"]+)"', page):
                self.assertTrue(address.startswith(("/dashboard", "#")), address)
        self.assertIn("default-src 'none'", POLICY)

    def test_files(self) -> None:
        """The page's files are there for whoever signs in, of their types, and are kept by browsers."""
        wire = Wire((CLAUDE,), apikey=KEY, ledger=NoLedger())
        page = text(self.get("/dashboard/sign-in", wire=wire, peer=AWAY))
        found = re.findall(r'(?:src|href)="(/dashboard/\w+/[\w.]+)"', page)
        self.assertEqual([path.rpartition(".")[2] for path in found], ["svg", "css", "js"])
        for path, kind in zip(found, ("image/svg+xml", "text/css", "text/javascript"), strict=True):
            answer = self.get(path, wire=wire, peer=AWAY)
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.headers["content-type"].startswith(kind))
            self.assertIn("immutable", answer.headers["cache-control"])
        self.assertEqual(self.get("/dashboard/x/../page.css", wire=wire, peer=AWAY).status, 303)

    def test_escaping(self) -> None:
        """Whatever a client calls a model, it is text."""
        self.answered(model=HOSTILE)
        self.wire.ask(model=HOSTILE)
        for path in ("/dashboard", "/dashboard/exchanges/req_0", "/dashboard/exchanges/req_1?part=1"):
            page = text(self.get(path))
            self.assertIn("&lt;script&gt;alert('1')", page)
            self.assertNotIn("<script>alert", page)
        page = text(self.get("/dashboard/exchanges/%3Cscript%3Ealert(1)"))
        self.assertNotIn("<script>alert", page)

    def test_trace(self) -> None:
        """An exchange's route, its tries and times, as a page and for the script alone."""
        self.answered()
        page, part = (text(self.get(f"/dashboard/exchanges/req_0{more}")) for more in ("", "?part=1"))
        self.assertIn("<!DOCTYPE html>", page)
        self.assertNotIn("<html", part)
        for one in (page, part):
            for word in ("default", "anthropic,claude-test", "verbatim", "9 in, 3 out", "Targets tried", "first word"):
                self.assertIn(word, one)
        self.wire.ask()
        self.assertIn("runs since", text(self.get("/dashboard/exchanges/req_1?part=1")))
        self.assertIn("No exchange", text(self.get("/dashboard/exchanges/req_99")))

    def test_ledger(self) -> None:
        """Days, models and exchanges of before come from the ledger; what it does not know is told to be unknown."""
        self.answered(model=HOSTILE)
        old = {**self.wire.feed.recent()[0], "id": "req_old", "losses": ["top_k: no place"], "asked": "claude-of-old"}
        wire = Wire((CLAUDE,), ledger=FixedLedger("1970-01-01", old))
        page = text(self.get(wire=wire))
        self.assertIn("$1.25 + 1 unknown", page)
        self.assertIn("75% from cache", page)
        self.assertIn(f"cost of each of the last {DAYS} days by model: $1.25 in all", page)
        self.assertNotIn("<script>alert", page)
        trace = text(self.get("/dashboard/exchanges/req_old", wire=wire))
        self.assertIn("claude-of-old", trace)
        self.assertIn("top_k: no place", trace)

    def test_the_ledger_is_asked_once(self) -> None:
        """However many look, the ledger is not asked again for a while."""
        for _ in range(5):
            self.get()
        self.assertEqual(self.ledger.asked, 1)
        self.wire.clock.advance(ASK_EVERY)
        self.get("/dashboard/overview")
        self.assertEqual(self.ledger.asked, 2)

    def test_a_reader_that_leaves(self) -> None:
        """Who leaves while the ledger is asked takes nothing from those who wait for the same answer."""
        asked: Deferred[Any] = Deferred()
        self.patch(self.ledger, "ask", lambda *_: asked)
        first, second = (self.wire.request("GET", "/dashboard") for _ in range(2))
        first.leave()
        self.assertEqual(second.received, b"")
        asked.errback(LedgerError("no ledger is kept"))
        self.assertIn("No ledger is kept", text(second.answer))

    def test_configuration(self) -> None:
        """What is in force, and what is doubtful."""
        page = text(self.get("/dashboard/configuration"))
        self.assertIn("…1234", page)
        self.assertIn("looks like a placeholder", page)
        self.assertIn('href="/dashboard/configuration">1</a>', text(self.get()))


class AccessTests(SynchronousTestCase):
    """Who may see it, and how a browser signs in."""

    def setUp(self) -> None:
        self.wire = Wire((CLAUDE,), apikey=KEY, ledger=NoLedger())

    def sign_in(self, key: str = KEY, **headers: str) -> ClientAnswer:
        head = {"Origin": "http://localhost:3456", "Sec-Fetch-Site": "same-origin", **headers}
        body = urlencode({"key": key}).encode()
        return self.wire.request("POST", "/dashboard/sign-in", body, head, AWAY).answer

    def cookie(self) -> dict[str, str]:
        return {"Cookie": self.sign_in().headers["set-cookie"].partition(";")[0]}

    def status(self, path: str = "/dashboard", headers: dict[str, str] | None = None, peer: str = AWAY) -> int:
        return self.wire.request("GET", path, headers=headers, peer=peer).answer.status

    def test_without_a_key(self) -> None:
        """Where there is no key, this machine alone sees it, and no page of another site."""
        self.wire = Wire((CLAUDE,), ledger=NoLedger())
        self.assertEqual(self.status(peer="127.0.0.1"), 200)
        self.assertEqual(self.status(), 403)
        self.assertEqual(self.status(headers={"Host": "evil.test"}, peer="127.0.0.1"), 403)
        self.assertEqual(self.status(headers={"Sec-Fetch-Site": "cross-site"}, peer="127.0.0.1"), 403)

    def test_sent_to_sign_in(self) -> None:
        """Where there is one, a browser is sent to the form; the script hears what it is."""
        for peer in (AWAY, "127.0.0.1"):
            answer = self.wire.request("GET", "/dashboard", peer=peer).answer
            self.assertEqual((answer.status, answer.headers["location"]), (303, "/dashboard/sign-in"))
        self.assertEqual(self.status("/dashboard/sign-in"), 200)
        self.assertEqual(self.status("/dashboard/overview"), 401)
        self.assertEqual(self.status("/dashboard/exchanges/req_0?part=1"), 401)
        self.assertEqual(self.status("/dashboard/live"), 401)
        self.assertEqual(self.status(headers={"x-api-key": KEY}), 200)

    def test_signed_in(self) -> None:
        """The right key brings a cookie that opens the page and its stream, and nothing of the API."""
        answer = self.sign_in()
        self.assertEqual((answer.status, answer.headers["location"]), (303, "/dashboard"))
        attributes = answer.headers["set-cookie"].lower()
        for one in ("httponly", "samesite=strict", "path=/dashboard"):
            self.assertIn(one, attributes)
        self.assertNotIn(KEY, attributes)
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        self.assertEqual(self.status(headers=cookie), 200)
        self.assertEqual(self.status("/dashboard/sign-in", cookie), 303)
        reader = self.wire.request("GET", "/dashboard/live", headers=cookie, peer=AWAY)
        self.assertIn(b"event: snapshot", reader.received)
        reader.leave()
        for path in ("/exchanges", "/v1/messages"):
            method = "POST" if path.startswith("/v1") else "GET"
            self.assertEqual(self.wire.request(method, path, b"{}", cookie, AWAY).answer.status, 401)

    def test_wrong(self) -> None:
        """A wrong key brings no cookie; nor does a huge one."""
        for key, status in (("wrong", 401), ("", 401), ("x" * 5000, 413)):
            answer = self.sign_in(key)
            self.assertEqual(answer.status, status)
            self.assertNotIn("set-cookie", answer.headers)
        self.assertEqual(self.status(headers={"Cookie": "ccproxy_visit=guessed"}), 303)

    def test_forms_of_other_sites(self) -> None:
        """A page of another site signs nobody in, and nobody out."""
        self.assertEqual(self.sign_in(Origin="https://evil.test").status, 403)
        self.assertEqual(self.sign_in(Origin="null").status, 403)
        self.assertEqual(self.sign_in(**{"Sec-Fetch-Site": "cross-site"}).status, 403)

    def test_signed_out(self) -> None:
        """Signing out ends the visit here, not in the browser alone."""
        cookie = self.cookie()
        answer = self.wire.request("POST", "/dashboard/sign-out", b"", cookie, AWAY).answer
        self.assertIn("max-age=0", answer.headers["set-cookie"].lower())
        self.assertEqual(self.status(headers=cookie), 303)

    def test_ends(self) -> None:
        """A visit ends when it was quiet for long, or when too many came after it."""
        cookie = self.cookie()
        self.wire.clock.advance(VISIT_SECONDS - 1)
        self.assertEqual(self.status(headers=cookie), 200)
        self.wire.clock.advance(VISIT_SECONDS + 1)
        self.assertEqual(self.status(headers=cookie), 303)
        cookie = self.cookie()
        for _ in range(VISITS_LIMIT):
            self.sign_in()
        self.assertEqual(self.status(headers=cookie), 303)

    def test_hashed_keys(self) -> None:
        """A key of which only a hash is kept is proven in a thread; a client that does not administer sees nothing."""
        clients = [(Client("boss", administers=True), hash_of("boss-key")), (Client("anna"), Secret("annas-key"))]
        self.wire = Wire((CLAUDE,), keyring=Keyring(Secret(""), clients=clients), ledger=NoLedger())
        body = urlencode({"key": "boss-key"}).encode()
        client = self.wire.request("POST", "/dashboard/sign-in", body, peer=AWAY)
        self.assertEqual(client.received, b"")
        self.wire.run_thread()
        self.assertEqual(client.answer.status, 303)
        cookie = {"Cookie": client.answer.headers["set-cookie"].partition(";")[0]}
        self.assertEqual(self.status(headers=cookie), 200)
        self.assertEqual(self.sign_in("annas-key").status, 403)
