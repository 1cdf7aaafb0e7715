"""Clients, networks and limits in a configuration: what is taken, and what is told of what is not."""

import json
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.hashes import KeyHash
from ccproxy.access.keys import hash_of
from ccproxy.access.limits import Allowance, Limits
from ccproxy.config.admission import keyring, limits
from ccproxy.config.durations import BadDuration, moment, rate
from ccproxy.config.load import load
from ccproxy.config.settings import ConfigError, Settings

HASH = str(hash_of("k", KeyHash(10, b"s" * 16, b"")))

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"clients": [{"name": "a"}]}, "neither `key` nor `key_hash`"),
    ({"clients": [{"name": "a", "key": "k", "key_hash": HASH}]}, "both `key` and `key_hash`"),
    ({"clients": [{"name": "", "key": "k"}]}, "expected a name other than client and local"),
    ({"clients": [{"name": "client", "key": "k"}]}, "expected a name other than client and local"),
    ({"clients": [{"name": "a", "key": "k"}, {"name": "a", "key": "l"}]}, "a second time"),
    ({"clients": [{"name": "a", "key": "k"}, {"name": "b", "key": "k"}]}, "found the key of clients[0]"),
    ({"apikey": "k", "clients": [{"name": "a", "key": "k"}]}, "found the key of apikey"),
    ({"clients": [{"name": "a", "key_hash": HASH}, {"name": "b", "key_hash": HASH}]}, "key_hash of clients[0]"),
    ({"clients": [{"name": "a", "key_hash": "secret"}]}, "a hash as `ccproxy key` prints it"),
    ({"clients": [{"name": "a", "key": "k", "rate": "fast"}]}, '"5/s", "100/m"'),
    ({"clients": [{"name": "a", "key": "k", "rate": -1}]}, '"5/s", "100/m"'),
    ({"clients": [{"name": "a", "key": "k", "tokens_per_minute": -1}]}, "from 0 (no limit) on"),
    ({"clients": [{"name": "a", "key": "k", "expires": "tomorrow"}]}, "a date such as"),
    ({"clients": [{"name": "a", "key": "k", "expires": "2027-01-31T10:00:00"}]}, "a date such as"),
    ({"clients": [{"name": "a", "key": "k", "networks": {"allow": ["10.0.0.1/8"]}}]}, "10.0.0.0/8"),
    ({"networks": {"deny": ["here"]}}, "an address or a network"),
    ({"trusted_proxies": ["nginx"]}, "an address or a network"),
    ({"origins": ["*"]}, "origins[0]: found no `apikey`"),
    ({"apikey": "k", "origins": ["https://app.example/"]}, "expected an origin such as https://app.example, or *"),
    ({"per_address": {"max_concurrent": -2}}, "from 0 (no limit) on"),
    ({"listen": ["haproxy:tcp:1:interface=127.0.0.1"]}, "no `trusted_proxies`"),
]


class ClientsTests(SynchronousTestCase):
    """Files with clients in them."""

    def load(self, value: dict[str, Any]) -> Settings:
        path = Path(self.mktemp()).with_suffix(".json")
        path.write_text(json.dumps(value))
        return load(str(path), {})

    def test_wrong(self) -> None:
        """What cannot be meant is told in words that help, and no key or hash is shown."""
        for value, words in WRONG:
            with self.assertRaises(ConfigError, msg=value) as caught:
                self.load(value)
            self.assertIn(words, str(caught.exception))
            for secret in ("secret", HASH):
                self.assertNotIn(secret, str(caught.exception))

    def test_salts(self) -> None:
        """Each salt costs an unknown key more: many are refused."""
        made = [str(KeyHash(10, bytes([n]) * 16, b"d" * 32)) for n in range(5)]
        clients = [{"name": f"c{n}", "key_hash": made[n]} for n in range(5)]
        self.load({"clients": clients[:4]})
        with self.assertRaises(ConfigError) as caught:
            self.load({"clients": clients})
        self.assertIn("5 different salts", str(caught.exception))

    def test_keys_open_the_door(self) -> None:
        """With clients, other machines may be served; a disabled one does not count, and is not let in."""
        everywhere = {"host": "0.0.0.0"}
        client = {"name": "anna", "key": "annas-key"}
        settings = self.load({**everywhere, "clients": [client]})
        self.assertEqual(keyring(settings).identify({"x-api-key": "annas-key"}, "203.0.113.5").name, "anna")
        with self.assertRaises(ConfigError):
            self.load({**everywhere, "clients": [{**client, "enabled": False}]})

    def test_limits(self) -> None:
        """What is written is what is kept."""
        written = {"name": "a", "key": "k", "rate": "100/h", "tokens_per_minute": 5000, "max_concurrent": 3}
        (client,) = self.load({"clients": [written]}).clients
        self.assertEqual(limits(client), Limits(Allowance(100, 3600.0), Allowance(5000), 3))
        self.assertFalse(limits(self.load({}).per_address))


class RatesAndMoments(SynchronousTestCase):
    """As people write them."""

    def test_rates(self) -> None:
        """A number is a minute's; 0 and nothing set no limit."""
        for written, expected in (
            (60, Allowance(60)),
            ("60", Allowance(60)),
            ("5/s", Allowance(5, 1.0)),
            (" 100 / m ", Allowance(100, 60.0)),
            ("1000/h", Allowance(1000, 3600.0)),
            ("10000/d", Allowance(10000, 86400.0)),
            (0, None),
            ("0", None),
            ("", None),
        ):
            self.assertEqual(rate(written), expected, written)
        for wrong in ("0/s", "-1", "1/w", "1.5/s", 1.5, True, None, [], "1/s/s", 10**12):
            self.assertRaises(BadDuration, rate, wrong)

    def test_moments(self) -> None:
        """A day ends at its end, in UTC."""
        self.assertEqual(moment("2027-01-14"), 1_799_971_200.0)
        self.assertEqual(moment("2027-01-15T08:00:00+00:00"), 1_800_000_000.0)
        self.assertEqual(moment("2027-01-15T09:00:00+01:00"), 1_800_000_000.0)
        self.assertIsNone(moment(""))
        for wrong in ("2027-02-30", "soon", 5, None, "2027-01-15T08:00:00", "9999-12-31"):
            self.assertRaises(BadDuration, moment, wrong)
