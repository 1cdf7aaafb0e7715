"""Who is let in, and what of a client's credentials goes along."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.clients import Client
from ccproxy.access.hashes import KeyHash
from ccproxy.access.keys import hash_of
from ccproxy.access.networks import Networks, is_loopback
from ccproxy.access.principals import Keyring, Principal
from ccproxy.errors import ApiError, Kind
from ccproxy.secret import Secret

KEY = "our-own-key"
LOCAL = {"host": "127.0.0.1:3456"}


def keyed() -> Keyring:
    """Wants our key."""
    return Keyring(Secret(KEY))


def keyless(*hosts: str) -> Keyring:
    """Wants no key."""
    return Keyring(Secret(""), hosts)


class ByKey(SynchronousTestCase):
    """With an `apikey` the key decides, wherever the client is."""

    def refused(self, headers: dict[str, str], peer: str | None = "127.0.0.1") -> ApiError:
        error = self.assertRaises(ApiError, keyed().identify, headers, peer)
        self.assertIs(error.kind, Kind.AUTH)
        self.assertNotIn(KEY, error.message)
        return error

    def test_either_header(self) -> None:
        """The key is accepted as a bearer, in any case of the word, and as x-api-key."""
        for headers in (
            {"authorization": f"Bearer {KEY}"},
            {"authorization": f"bearer   {KEY} "},
            {"authorization": f"BEARER {KEY}"},
            {"x-api-key": KEY},
        ):
            self.assertEqual(keyed().identify(headers, "203.0.113.5"), Principal("client"))

    def test_header_of_azure(self) -> None:
        """Clients of Azure's OpenAI show the key in a header of their own, which never goes along to a provider."""
        self.assertEqual(keyed().identify({"api-key": KEY}, "203.0.113.5"), Principal("client"))
        self.refused({"api-key": "another"})
        self.assertEqual(keyless().identify({**LOCAL, "api-key": "unused"}, "127.0.0.1").passes, {})

    def test_wrong_or_absent(self) -> None:
        """A wrong key, a key of another scheme and no key at all are refused, even from this machine."""
        for headers in (
            {},
            {"authorization": ""},
            {"authorization": f"Basic {KEY}"},
            {"authorization": KEY},
            {"authorization": "Bearer "},
            {"x-api-key": KEY + "x"},
            {"x-api-key": KEY[:-1]},
            {"x-api-key": "schlüssel ☃"},
        ):
            self.refused(headers)

    def test_the_message_helps(self) -> None:
        """The refusal says how to present the key, without the words that Claude Code would hide it for."""
        self.assertIn("none came", self.refused({}).message)
        message = self.refused({"x-api-key": "wrong-secret"}).message
        self.assertIn("is not it", message)
        self.assertNotIn("x-api-key", message)
        self.assertIn("Authorization: Bearer", message)
        self.assertNotIn("wrong-secret", message)

    def test_login_goes_along(self) -> None:
        """Where one header carries our key, the other is the client's own login and goes along; our key never does."""
        login = {"authorization": "Bearer sk-ant-oat-login", "x-api-key": KEY}
        self.assertEqual(keyed().identify(login, None).passes, {"authorization": "Bearer sk-ant-oat-login"})
        other = {"authorization": f"Bearer {KEY}", "x-api-key": "sk-ant-api"}
        self.assertEqual(keyed().identify(other, None).passes, {"x-api-key": "sk-ant-api"})
        both = {"authorization": f"Bearer {KEY}", "x-api-key": KEY}
        self.assertEqual(keyed().identify(both, None).passes, {})

    def test_login_is_not_shown(self) -> None:
        """A principal's repr does not show the login."""
        principal = keyed().identify({"x-api-key": KEY, "authorization": "Bearer sk-ant-oat-login"}, None)
        self.assertNotIn("sk-ant", repr(principal))

    def test_key_beyond_ascii(self) -> None:
        """A key in UTF-8 is recognised in the form in which headers are decoded."""
        keyring = Keyring(Secret("schlüssel"))
        sent = "schlüssel".encode().decode("latin-1")
        self.assertEqual(keyring.identify({"x-api-key": sent}, None).name, "client")


class ByPlace(SynchronousTestCase):
    """Without an `apikey` only this machine is served, and no web page."""

    def refused(self, headers: dict[str, str], peer: str | None) -> str:
        error = self.assertRaises(ApiError, keyless().identify, headers, peer)
        self.assertIs(error.kind, Kind.FORBIDDEN)
        self.assertIn("apikey", error.message)
        return error.message

    def test_this_machine(self) -> None:
        """Loopback addresses of both families and unix sockets are this machine."""
        for peer in ("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", None):
            self.assertEqual(keyless().identify(LOCAL, peer).name, "local")

    def test_other_machines(self) -> None:
        """Other addresses are refused, whatever X-Forwarded-For says."""
        for peer in ("192.168.1.2", "::ffff:10.0.0.1", "2001:db8::1", "0.0.0.0", "", "localhost"):
            self.refused({**LOCAL, "x-forwarded-for": "127.0.0.1"}, peer)

    def test_passed_on(self) -> None:
        """A proxy on this machine that asks for another one is refused, by whichever header it tells so."""
        for name, value in (
            ("x-forwarded-for", "127.0.0.1, 203.0.113.5"),
            ("x-real-ip", "203.0.113.5"),
            ("forwarded", "for=203.0.113.5"),
            ("forwarded", 'proto=https; For="[2001:db8::5]:4711", for=127.0.0.1'),
            ("forwarded", "for=_somebody"),
        ):
            self.refused({**LOCAL, name: value}, "127.0.0.1")
        for name, value in (
            ("x-real-ip", "127.0.0.1"),
            ("forwarded", 'for="[::1]:80";proto=http'),
            ("forwarded", "by=_me"),
        ):
            self.assertEqual(keyless().identify({**LOCAL, name: value}, "127.0.0.1").name, "local", value)

    def test_host_header(self) -> None:
        """The Host header must name this machine: a page that rebinds its own name to 127.0.0.1 does not."""
        for host in ("localhost", "LOCALHOST:3456", "127.0.0.1", "127.1.2.3:80", "[::1]:3456", "localhost."):
            self.assertEqual(keyless().identify({"host": host}, "127.0.0.1").name, "local")
        for host in (
            "evil.example",
            "evil.example:3456",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "",
            "[::",
        ):
            self.refused({"host": host}, "127.0.0.1")

    def test_no_host_header(self) -> None:
        """HTTP/1.0 has no Host header; browsers always send one."""
        self.assertEqual(keyless().identify({}, "127.0.0.1").name, "local")

    def test_configured_host(self) -> None:
        """The configured listening address is a name of this machine as well."""
        self.assertEqual(keyless("devbox").identify({"host": "devbox:3456"}, "127.0.0.1").name, "local")
        self.refused({"host": "devbox:3456"}, "127.0.0.1")

    def test_pages(self) -> None:
        """Requests that a browser sends for a page of another site are refused, those of local pages are not."""
        for origin in ("http://localhost:5173", "http://127.0.0.1:3456", "https://[::1]"):
            self.assertEqual(keyless().identify({**LOCAL, "origin": origin}, "127.0.0.1").name, "local")
        for origin in ("https://evil.example", "null", "", "file://", "http://localhost.evil.example"):
            self.refused({**LOCAL, "origin": origin}, "127.0.0.1")
        self.refused({**LOCAL, "sec-fetch-site": "cross-site"}, "127.0.0.1")
        self.assertEqual(keyless().identify({**LOCAL, "sec-fetch-site": "same-origin"}, "127.0.0.1").name, "local")

    def test_credentials_pass(self) -> None:
        """Without a key of ours every credential is the client's own."""
        headers = {**LOCAL, "authorization": "Bearer login", "x-api-key": "sk"}
        passes = keyless().identify(headers, "127.0.0.1").passes
        self.assertEqual(passes, {"authorization": "Bearer login", "x-api-key": "sk"})

    def test_not_an_address(self) -> None:
        """What is no address is not of this machine."""
        for text in ("", "localhost", "127.0.0.1.evil", "::1::", "1270.0.0.1"):
            self.assertFalse(is_loopback(text))


class Details(SynchronousTestCase):
    """Who may see how ccproxy is configured."""

    def test_key_holders_and_this_machine(self) -> None:
        """Key holders from anywhere and clients on this machine may; others may not, nor may web pages."""
        self.assertTrue(keyed().may_see_details({"x-api-key": KEY}, "203.0.113.5"))
        self.assertTrue(keyed().may_see_details(LOCAL, "127.0.0.1"))
        self.assertFalse(keyed().may_see_details({}, "203.0.113.5"))
        self.assertFalse(keyed().may_see_details({"host": "evil.example"}, "127.0.0.1"))
        self.assertFalse(keyless().may_see_details(LOCAL, "203.0.113.5"))


class OfSeveralClients(SynchronousTestCase):
    """With `clients`, each key tells whose it is."""

    def keyring(self, now: float = 0.0) -> Keyring:
        """Anna has a key, Bert the hash of one, and both have their conditions."""
        anna = Client("anna", networks=Networks.of(["10.0.0.0/8"]))
        bert = Client("bert", expires=100.0)
        hashed = hash_of("berts-key", KeyHash(10, b"s" * 16, b""))
        keys: list[tuple[Client, Secret | KeyHash]] = [(anna, Secret("annas-key")), (bert, hashed)]
        return Keyring(Secret(KEY), clients=keys, networks=Networks.of(deny=["10.6.6.6"]), clock=lambda: now)

    def who(self, key: str, peer: str | None = "10.0.0.1", now: float = 0.0) -> Principal:
        keyring = self.keyring(now)
        headers = {"x-api-key": key}
        for proof in keyring.proofs(headers):
            proof.settle(proof.run())
        self.assertEqual(keyring.proofs(headers), [])
        return keyring.identify(headers, peer)

    def test_names(self) -> None:
        """Each is known by its name; the holder of `apikey` is still the one who administers."""
        self.assertEqual(self.who(KEY).name, "client")
        self.assertEqual(self.who("annas-key").name, "anna")
        self.assertEqual(self.who("berts-key").name, "bert")
        self.assertEqual(self.who("annas-key").address, "10.0.0.1")

    def test_refused(self) -> None:
        """A key that is nobody's, one that has expired, and one used from elsewhere are refused; so is whoever comes
        from where nobody may."""
        for key, peer, now, kind, words in (
            ("carls-key", "10.0.0.1", 0.0, Kind.AUTH, "own key"),
            ("berts-key", "10.0.0.1", 100.0, Kind.AUTH, "expired"),
            ("annas-key", "203.0.113.5", 0.0, Kind.FORBIDDEN, "may not be used from"),
            (KEY, "10.6.6.6", 0.0, Kind.FORBIDDEN, "do not admit"),
        ):
            error = self.assertRaises(ApiError, self.who, key, peer, now)
            self.assertIs(error.kind, kind)
            self.assertIn(words, error.message)
            self.assertNotIn(key, error.message)
        self.assertEqual(self.who("berts-key", now=99.9).name, "bert")

    def test_unproven(self) -> None:
        """A hashed key that was not proven yet is nobody's."""
        self.assertRaises(ApiError, self.keyring().identify, {"x-api-key": "berts-key"}, "10.0.0.1")

    def test_login_goes_along(self) -> None:
        """A client's own login beside its key is passed on; its key never is."""
        headers = {"x-api-key": "annas-key", "authorization": "Bearer her-login"}
        self.assertEqual(self.keyring().identify(headers, "10.0.0.1").passes, {"authorization": "Bearer her-login"})

    def test_details(self) -> None:
        """Only who administers sees how we are, and changes it."""
        keyring = self.keyring()
        self.assertTrue(keyring.may_see_details({"x-api-key": KEY}, "10.0.0.1"))
        self.assertFalse(keyring.may_see_details({"x-api-key": "annas-key"}, "10.0.0.1"))
        self.assertEqual(keyring.trusted({"x-api-key": KEY}, "10.0.0.1").name, "client")
        error = self.assertRaises(ApiError, keyring.trusted, {"x-api-key": "annas-key"}, "10.0.0.1")
        self.assertIs(error.kind, Kind.FORBIDDEN)
