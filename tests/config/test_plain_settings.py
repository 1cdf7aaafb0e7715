"""Settings as they are shown: nothing in them opens a door."""

import json

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.settings import LedgerSettings, ProviderSettings, Settings
from ccproxy.config.summary import plain
from ccproxy.secret import Secret


class PlainTests(SynchronousTestCase):
    """What `check --json` and the page show."""

    def test_keys_in_urls(self) -> None:
        """Passwords and keys are masked in URLs, too, and the rest of these is as it was."""
        settings = Settings(
            apikey=Secret("hidden-1-aaaaaaaaaaaaaaa"),
            proxy_url="http://user:hidden-2@proxy.test:8080",
            ledger=LedgerSettings(database="postgresql://ledger:hid/den-3@db.test/name?sslmode=require"),
            providers=(ProviderSettings(name="x", api_base_url="https://x.test/v1?api_key=hidden-4&version=3"),),
        )
        shown = json.dumps(plain(settings), ensure_ascii=False)
        self.assertNotRegex(shown, "hidden|den-3")
        self.assertIn("http://user:…@proxy.test:8080", shown)
        self.assertIn("@db.test/name?sslmode=require", shown)
        self.assertIn("https://x.test/v1?api_key=…&version=3", shown)

    def test_addresses(self) -> None:
        """What only looks alike is left alone."""
        for text in ("tcp:3456:interface=127.0.0.1", "http://127.0.0.1:3456/v1", "a@b", "claude-*", "http://x/a:b@c"):
            self.assertEqual(plain(text), text)
