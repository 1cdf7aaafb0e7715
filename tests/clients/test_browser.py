"""The dashboard in a real Chromium: what a person sees, does, and hears read aloud."""

import time
from pathlib import Path
from typing import Any

import treq
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from ccproxy.access.networks import Proxies
from ccproxy.access.principals import Keyring
from ccproxy.captures.spool import Spool
from ccproxy.config.settings import CaptureSettings, LedgerSettings, Settings
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.exchange.feed import Feed
from ccproxy.exchange.running import Running
from ccproxy.ledger.ledger import Ledger
from ccproxy.secret import Secret
from ccproxy.service import make_service
from ccproxy.web.dashboard.page import Dashboard, Shown
from ccproxy.web.dashboard.visits import Visits
from ccproxy.web.door import Door
from ccproxy.web.exchange import Known
from ccproxy.web.live import Live
from ccproxy.web.root import Root
from ccproxy.web.site import BoundedSite
from tests.clients.fetching import Missing, npm_program
from tests.clients.live import unavailable
from tests.ledger.records import record
from tests.loopback.test_ledger import port_of
from tests.support.browser import Browser, program

KEY = "the-key-of-this-test"
FIRST_PAINT = 1000
"""Milliseconds."""

PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
WORDS = "Word for word"

LIVE = "document.getElementById('live')?.className === 'live on'"
AXE = """axe.run({resultTypes: ['violations']}).then((found) => found.violations.map(
    (one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`))"""

RATE = 500
"""Exchanges a second that nobody should notice."""

SECONDS = 4


class BrowserCase(TestCase):
    """A browser for each test, which must have nothing to complain of and must have asked nobody but us."""

    timeout = 120

    def setUp(self) -> None:
        if program() is None:
            raise unavailable("there is no Chromium (on Debian: apt install chromium)")

    async def browser(self, port: int) -> Browser:
        profile = Path(self.mktemp()).absolute()
        profile.mkdir(parents=True)
        browser = await Browser.open(reactor, profile)
        self.addCleanup(browser.close)
        self.base = f"http://127.0.0.1:{port}"
        return browser

    def check(self, browser: Browser) -> None:
        self.assertEqual(browser.complaints, [])
        for address in browser.asked:
            self.assertTrue(address.startswith(f"{self.base}/dashboard"), address)


class PageTests(BrowserCase):
    """The whole daemon, with a key, before the demo."""

    async def setUp(self) -> None:
        super().setUp()
        place = Path(self.mktemp()).absolute()
        settings = Settings(
            listen=("tcp:0:interface=127.0.0.1",),
            apikey=Secret(KEY),
            ledger=LedgerSettings(database=str(place / "ledger.db")),
            capture=CaptureSettings(enabled=True, directory=str(place / "captures")),
        )
        service = make_service(settings, reactor)
        service.startService()
        self.addCleanup(service.stopService)
        self.page = await self.browser(port_of(service))

    async def ask(self, model: str) -> None:
        body = {"model": model, "max_tokens": 99, "messages": [{"role": "user", "content": "Hello"}]}
        answer = await treq.post(
            f"{self.base}/v1/messages", json=body, headers={"x-api-key": KEY}, persistent=False, reactor=reactor
        )
        self.assertEqual(answer.code, 200)
        await answer.content()

    async def captured(self) -> str:
        """The address of the latest exchange, once it can be shown word for word."""
        shown: str = await self.page.until("document.querySelector('#recent a.trace')?.getAttribute('href')")
        await self.page.until(
            f"fetch('{shown}').then((answer) => answer.text()).then((text) => text.includes('{WORDS}'))"
        )
        return shown

    async def signed_in(self) -> None:
        await self.page.go(f"{self.base}/dashboard")
        self.assertTrue((await self.page.run("location.pathname")).endswith("/sign-in"))
        await self.page.run(f"document.getElementById('key').value = '{KEY}'")
        await self.page.run("document.getElementById('key').focus()")
        await self.page.press("Enter", 13)
        await self.page.until(LIVE)

    async def test_used(self) -> None:
        """Signed in by the keyboard; painted at once; a request appears by itself, and its trace opens by a click and
        by Enter, and closes by Escape."""
        await self.signed_in()
        await self.page.go(f"{self.base}/dashboard")
        self.assertLess(await self.page.until(PAINTED), FIRST_PAINT)
        await self.page.until(LIVE)
        await self.ask("claude-<b>bold</b>")
        link = "document.querySelector('#recent a.trace')"
        await self.page.until(f"{link}?.textContent === 'claude-<b>bold</b>'")
        self.assertEqual(await self.page.run("document.querySelectorAll('#recent b').length"), 0)
        opened = "document.getElementById('trace').open && document.querySelector('#traced h2').textContent"
        for open_it in (f"{link}.closest('tr').cells[3].click()", f"{link}.focus()"):
            await self.page.run(open_it)
            if "focus" in open_it:
                await self.page.press("Enter", 13)
            self.assertIn("demo,demo", await self.page.until(opened))
            await self.page.press("Escape", 27)
            await self.page.until("!document.getElementById('trace').open")
        await self.page.until("document.querySelector('#targets').textContent.includes('demo,demo')")
        self.check(self.page)

    async def test_accessible(self) -> None:
        """Axe finds nothing to object to, in either theme, at either width, on any page."""
        try:
            path = await deferToThread(npm_program, "axe", "axe-core@{version}", "axe-core", "axe-core/axe.min.js")
        except Missing as reason:
            raise unavailable(str(reason)) from None
        axe = path.read_text(encoding="utf-8")
        pictures = Path(self.mktemp()).absolute()
        pictures.mkdir(parents=True)
        await self.page.go(f"{self.base}/dashboard")
        await self.judge(axe, "sign-in", pictures)
        await self.signed_in()
        await self.ask("claude-test")
        shown = await self.captured()
        for name, address in (("page", "/dashboard"), ("configuration", "/dashboard/configuration"), ("trace", shown)):
            await self.page.go(f"{self.base}{address}")
            await self.judge(axe, name, pictures)
        self.check(self.page)

    async def judge(self, axe: str, name: str, pictures: Path) -> None:
        """One page in all its looks."""
        await self.page.run(f"{axe};0")
        for width, height in ((1280, 900), (390, 844)):
            for scheme in ("light", "dark"):
                await self.page.look(width, height, scheme)
                self.assertEqual(await self.page.run(AXE), [], f"{name} at {width} in {scheme}")
                self.assertLessEqual(await self.page.run("document.documentElement.scrollWidth"), width, name)
                (pictures / f"{name}-{width}-{scheme}.png").write_bytes(await self.page.picture())

    async def test_word_for_word(self) -> None:
        """A click shows a captured exchange as client and upstream saw it, what differs in colour, at either width; a
        tag in a prompt is text."""
        await self.signed_in()
        await self.ask("claude-<b>bold</b>")
        await self.captured()
        for width in (1280, 390):
            await self.page.look(width, 844, "light")
            await self.page.run("document.querySelector('#recent a.trace').click()")
            await self.page.until("document.getElementById('trace').open")
            text = await self.page.run("document.querySelector('#traced .seen').textContent")
            for words in (
                WORDS,
                "- POST /v1/messages",
                "+ POST http://",
                "- model: claude-<b>bold</b>",
                "+ model: demo",
            ):
                self.assertIn(words, text)
            self.assertNotIn(KEY, text)
            self.assertEqual(await self.page.run("document.querySelectorAll('#traced .seen b').length"), 0)
            colours = [
                f"getComputedStyle(document.querySelector('.seen {kind}')).backgroundColor" for kind in ("del", "ins")
            ]
            self.assertNotEqual(await self.page.run(colours[0]), await self.page.run(colours[1]))
            dialog = "document.getElementById('trace')"
            self.assertLessEqual(await self.page.run(f"{dialog}.scrollWidth - {dialog}.clientWidth"), 0)
            await self.page.press("Escape", 27)
        self.check(self.page)

    async def test_theme(self) -> None:
        """The button goes from the system's theme to light and to dark, and the browser remembers."""
        await self.signed_in()
        await self.page.look(1280, 900, "dark")
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = await self.page.run(ground)
        await self.page.run("document.getElementById('theme').click()")
        light = await self.page.run(ground)
        self.assertNotEqual(dark, light)
        await self.page.go(f"{self.base}/dashboard")
        self.assertEqual(await self.page.run(ground), light)
        await self.page.run("document.getElementById('theme').click()")
        self.assertEqual(await self.page.run(ground), dark)
        self.check(self.page)

    async def test_policy_holds(self) -> None:
        """Had somebody smuggled something in, the browser would neither fetch, run nor wear it; and these tests would
        hear of it."""
        await self.signed_in()
        smuggled = '<img src="http://127.0.0.1:1/spy" style="color: red" onerror="window.had = 1">'
        await self.page.run(f"document.body.insertAdjacentHTML('beforeend', '{smuggled}')")
        await self.page.until("performance.now() > 300")
        self.assertIsNone(await self.page.run("window.had"))
        for word in ("spy", "inline style", "inline event"):
            self.assertTrue(any(word in one for one in self.page.complaints), self.page.complaints)

    async def test_without_script(self) -> None:
        """The tables are there, and a link leads to a trace."""
        await self.signed_in()
        await self.ask("claude-test")
        path = await self.captured()
        await self.page.call("Emulation.setScriptExecutionDisabled", value=True)
        await self.page.go(f"{self.base}/dashboard")
        link = await self.page.run("document.querySelector('#recent a.trace').getAttribute('href')")
        self.assertEqual(link, path)
        await self.page.go(f"{self.base}{link}")
        self.assertIn("demo,demo", await self.page.run("document.querySelector('article h2').textContent"))
        self.assertIn("+ model: demo", await self.page.run("document.querySelector('.seen').textContent"))
        self.check(self.page)


class BusyTests(BrowserCase):
    """The page beside much that happens."""

    async def test_many_exchanges(self) -> None:
        """At 500 exchanges a second the page draws a few times a second, shows as many rows as ever, says that there
        were more, and neither it nor we are kept busy by that."""
        feed = Feed(Running(), reactor)
        keys, visits = Keyring(Secret("")), Visits(reactor.seconds)
        door = Door(keys, Proxies(), deferToThread, visits.present)
        live = Live(keys, ANTHROPIC, lambda: "req_0", feed, reactor)
        status = {"uptime_seconds": 1.0, "exchanges": {"served": 1}, "configuration": {}, "latencies": {}}
        status |= {"failover": {}, "providers": [], "budgets": []}
        nothing = Ledger(lambda _: None, reactor)
        known = Known(feed, nothing, Spool(deferToThread, deferToThread, reactor))
        shown = Shown(known, lambda: status, dict, dict, tuple, reactor)
        page = Dashboard(keys, door, visits, shown)
        pages: dict[str, Any] = {"/dashboard": page, "/dashboard/live": live}
        site = BoundedSite(
            Root({**pages, "/dashboard/": page}, ANTHROPIC, lambda: "req_0", door), reactor, 99, lambda: "req_0"
        )
        port = reactor.listenTCP(0, site, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        browser = await self.browser(port.getHost().port)
        await browser.go(f"{self.base}/dashboard")
        await browser.until(LIVE)
        await browser.run(
            "window.drawn = 0;"
            "new MutationObserver(() => { window.drawn += 1; })"
            ".observe(document.querySelector('#recent tbody'), {childList: true});"
            "window.frames_ = []; let before = performance.now();"
            "requestAnimationFrame(function next(now) {"
            " window.frames_.push(now - before); before = now; requestAnimationFrame(next); }); 0"
        )
        count = 0

        def happen(times: int) -> None:
            nonlocal count
            for _ in range(times * RATE // 50):
                count += 1
                feed.observe(None, record(count))  # type: ignore[arg-type]

        happening = LoopingCall.withCount(happen)
        done: Deferred[Any] = happening.start(1 / 50)
        used = time.process_time()
        await deferLater(reactor, SECONDS)
        used = time.process_time() - used
        happening.stop()
        await done
        await deferLater(reactor, 1)
        drawn = await browser.run("window.drawn")
        self.assertGreaterEqual(count, RATE * SECONDS * 0.9)
        self.assertGreaterEqual(drawn, 2)
        self.assertLessEqual(drawn, (SECONDS + 1) * 4)
        self.assertEqual(await browser.run("document.querySelectorAll('#recent tbody tr').length"), 50)
        self.assertIn("more not listed", await browser.run("document.getElementById('live').textContent"))
        self.assertLess(used / SECONDS, 0.5)
        frames = await browser.run("window.frames_.sort((one, other) => one - other)")
        self.assertLess(frames[int(len(frames) * 0.95)], 100)

        self.check(browser)
