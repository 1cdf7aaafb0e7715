"""Which headers pass, which stop at us, and what a log never shows."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.headers import CREDENTIALS, HOP_BY_HOP, back_to_client, joined, redact, to_anthropic

PASSING = {
    "anthropic-version": "2026-10-21",
    "anthropic-beta": "one-2026-01-01,two-2026-01-01",
    "anthropic-workspace-id": "w",
    "anthropic-never-heard-of": "new",
    "x-claude-code-session-id": "s-1",
    "x-claude-code-agent-id": "a",
    "x-claude-1p-request-class": "main",
    "x-stainless-retry-count": "0",
    "x-app": "cli",
    "user-agent": "claude-cli/2",
    "accept": "application/json",
}


class ToAnthropicTests(SynchronousTestCase):
    """A client's headers on their way to an upstream of the same dialect."""

    def test_families_pass(self) -> None:
        """The protocol's headers and the clients' own go along with their values as they came, known or new."""
        self.assertEqual(to_anthropic(PASSING), PASSING)

    def test_credentials_stop(self) -> None:
        """Nothing that says who someone is goes along: ccproxy's own key would leak."""
        self.assertEqual(to_anthropic(dict.fromkeys(CREDENTIALS, "secret")), {})

    def test_connection_stops(self) -> None:
        """Headers of the client's connection, of proxies before us and of browsers stop here."""
        others = ("host", "content-length", "accept-encoding", "x-forwarded-for", "cf-ray", "origin", "referer")
        self.assertEqual(to_anthropic(dict.fromkeys([*HOP_BY_HOP, *others], "x")), {})

    def test_named_by_connection(self) -> None:
        """What the client declares to be of its connection stops here, even from a family that passes."""
        self.assertEqual(to_anthropic({"connection": "close, X-App", "x-app": "cli"}), {})


class BackToClientTests(SynchronousTestCase):
    """An upstream's headers on their way back."""

    ANSWER = {  # noqa: RUF012
        "request-id": "req_1",
        "x-should-retry": "true",
        "anthropic-ratelimit-unified-status": "allowed",
        "anthropic-organization-id": "org",
        "set-cookie": "a=b",
        "content-encoding": "gzip",
        "transfer-encoding": "chunked",
    }

    def test_operators_account(self) -> None:
        """Limits and names of the operator's account are not shown to clients."""
        back = back_to_client(self.ANSWER, own_login=False)
        self.assertEqual(back, {"request-id": "req_1", "x-should-retry": "true"})

    def test_own_login(self) -> None:
        """A client who used a login of its own sees the state of its account."""
        back = back_to_client(self.ANSWER, own_login=True)
        self.assertEqual(back["anthropic-ratelimit-unified-status"], "allowed")
        self.assertNotIn("set-cookie", back)


class JoinedTests(SynchronousTestCase):
    """Headers as dialects read them."""

    def test_joined(self) -> None:
        """Names are in lower case, several values of one name are joined, and no byte is too odd."""
        raw = [(b"Anthropic-Beta", [b"a", b"b"]), (b"X-App", [b"\xe9"])]
        self.assertEqual(joined(raw), {"anthropic-beta": "a, b", "x-app": "é"})


class RedactTests(SynchronousTestCase):
    """Lines for the log."""

    SECRET = "Ab3dEf6hIj9lMn2p"

    def test_secrets_vanish(self) -> None:
        """Keys vanish from headers, dictionaries, query strings and plain sentences."""
        for line in (
            f"Authorization: Bearer {self.SECRET}",
            f"authorization: {self.SECRET}",
            f"{{'x-api-key': '{self.SECRET}', 'accept': 'x'}}",
            f'{{"api_key": "{self.SECRET}"}}',
            f"Headers({{b'authorization': [b'Bearer {self.SECRET}']}})",
            f"Cookie: {self.SECRET}",
            f"GET https://a.test/v1?key={self.SECRET}&x=1",
            f"wrong key sk-ant-{self.SECRET} given",
            f"bearer {self.SECRET} is wrong",
            f"refresh_token={self.SECRET}",
        ):
            redacted = redact(line)
            self.assertNotIn(self.SECRET, redacted, line)
            self.assertIn("<redacted>", redacted)

    def test_rest_stays(self) -> None:
        """What is no secret is left alone, and so is what surrounds one."""
        line = "exchange req_1 to openai,gpt-6 took 3.2 s; prompt_tokens=12; skill-based routing"
        self.assertEqual(redact(line), line)
        self.assertEqual(redact("x-api-key: abc, accept: json"), "x-api-key: <redacted>, accept: json")

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.text(max_size=200))
    def test_any_text(self, text: str) -> None:
        """Any text can be redacted, and redacting twice changes nothing more."""
        self.assertEqual(redact(redact(text)), redact(text))
