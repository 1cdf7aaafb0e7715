"""What nobody is to see, wherever it stands."""

import json

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures.masks import Masks
from ccproxy.wire.masking import OVERLAP, PIECE

KNOWN = 'Gk3Qv9/Zr1"Xw7'
LIKE = "sk-abcdefghij"


class MasksTests(SynchronousTestCase):
    """Bodies, headers and URLs."""

    def setUp(self) -> None:
        self.masks = Masks([KNOWN, "short"], ["user_id", "X-Team", r"/\b\d{16}\b/"])

    def masked(self, text: str) -> str:
        return self.masks.body(text.encode())[0].decode()

    def test_known_keys(self) -> None:
        """A known key is masked as it is, and as JSON and URLs write it; very short ones would be words."""
        forms = (KNOWN, json.dumps(KNOWN)[1:-1], KNOWN.replace("/", r"\/"), "Gk3Qv9%2FZr1%22Xw7")
        for form in forms:
            self.assertEqual(self.masked(f"a {form} b"), "a <redacted> b")
        self.assertEqual(self.masked("a short one"), "a short one")

    def test_keys_of_the_exchange(self) -> None:
        """A key that one exchange alone came with is masked there."""
        self.assertEqual(self.masks.body(b"a login-of-mine b", frozenset(["login-of-mine"])), (b"a <redacted> b", 1))
        self.assertEqual(self.masked("a login-of-mine b"), "a login-of-mine b")

    def test_what_looks_like_a_key(self) -> None:
        """Keys that nobody told us of are known by their looks; words that only hold such letters are not."""
        for text in (LIKE, f'"{LIKE}"', f"\\n{LIKE}", f"({LIKE})", "AIzaSyA1234567890", "eyJhbGciOiJI.eyJzdWI.abc"):
            self.assertIn("<redacted>", self.masked(text), text)
        for text in ("task-management", "ask-me-anything", "risk_assessment_x", "sk-short", "keyJhbGciOiJI"):
            self.assertEqual(self.masked(text), text)
        self.assertEqual(self.masked("Authorization: Bearer abcdefgh1234"), "Authorization: Bearer <redacted>")

    def test_wherever_it_stands(self) -> None:
        """Bodies are looked through in pieces, and nothing is missed where these meet, nor found twice."""
        for pattern in (KNOWN, LIKE, "1234567812345678"):
            for at in (0, PIECE - 8, PIECE, PIECE + 1, 2 * PIECE - 3, 2 * PIECE + OVERLAP - 5, 3 * PIECE - 20):
                data = (" " * at + f" {pattern} ").ljust(3 * PIECE).encode()
                masked, count = self.masks.body(data)
                self.assertEqual((count, masked.count(b"<redacted>")), (1, 1), (pattern, at))
                self.assertNotIn(pattern.encode(), masked)
        for at in (0, PIECE - 8, PIECE, 2 * PIECE - 3, 3 * PIECE):
            data = (" " * at).encode() + b'"password": "secret", "api_key": "another"'
            self.assertEqual(self.masks.body(data)[0].strip(), b'"password": "<redacted>", "api_key": "<redacted>"', at)
        twice = f"{LIKE} {LIKE} {KNOWN}{KNOWN}"
        self.assertEqual(self.masked(twice), "<redacted> <redacted> <redacted><redacted>")

    def test_fields(self) -> None:
        """The operator's names and those of keys; a tool's schema, which only tells of such a field, stays."""
        body = {"user_id": {"a": 1}, "api_key": "x", "properties": {"password": {"type": "string"}}, "n": 1}
        masked = json.loads(self.masked(json.dumps(body)))
        self.assertEqual(masked, {**body, "user_id": "<redacted>", "api_key": "<redacted>"})

    def test_headers(self) -> None:
        """By their names, by the operator's names, and by what stands in them; the scheme of a login stays."""
        headers = {
            "authorization": "Bearer abc",
            "x-api-key": "abc",
            "set-cookie": "a=b",
            "x-amz-security-token": "abc",
            "x-team": "blue",
            "x-note": f"see {KNOWN}",
            "anthropic-ratelimit-tokens-remaining": "5",
            "x-claude-code-session-id": "session",
        }
        self.assertEqual(
            self.masks.headers(headers),
            {
                "authorization": "Bearer <redacted>",
                "x-api-key": "<redacted>",
                "set-cookie": "<redacted>",
                "x-amz-security-token": "<redacted>",
                "x-team": "<redacted>",
                "x-note": "see <redacted>",
                "anthropic-ratelimit-tokens-remaining": "5",
                "x-claude-code-session-id": "session",
            },
        )

    def test_urls(self) -> None:
        """Passwords before the host and keys in the query are masked; host, path and other parameters are not."""
        for url, masked in (
            (
                "http://u:p@host:1/v1?beta=true&key=abc&x=1",
                "http://u:<redacted>@host:1/v1?beta=true&key=<redacted>&x=1",
            ),
            ("https://token@host/v1", "https://<redacted>@host/v1"),
            ("/v1/messages?access_token=abc", "/v1/messages?access_token=<redacted>"),
            ("http://127.0.0.1:80/v1/messages?beta=true", "http://127.0.0.1:80/v1/messages?beta=true"),
        ):
            self.assertEqual(self.masks.url(url), masked)
