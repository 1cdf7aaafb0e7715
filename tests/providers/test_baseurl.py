"""Base URLs as people write them."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.providers.baseurl import PATHS, BadUrl, dialect_told_by, normalised


class Normalised(SynchronousTestCase):
    """One form for all that mean the same."""

    def test_anthropic(self) -> None:
        """With and without /v1, a slash, or the path of the request: Anthropic's base URL is the same."""
        for url in (
            "https://api.anthropic.com",
            "https://api.anthropic.com/",
            "https://api.anthropic.com/v1",
            "https://api.anthropic.com/v1/v1/",
            "https://api.anthropic.com/v1/messages",
            " HTTPS://API.anthropic.com/v1/messages/ ",
        ):
            self.assertEqual(normalised(url, "anthropic"), "https://api.anthropic.com")
        self.assertEqual(normalised("https://host/anthropic/v1", "anthropic"), "https://host/anthropic")

    def test_openai(self) -> None:
        """An OpenAI-type URL ends in /v1 unless a path says otherwise."""
        for url in (
            "http://localhost:8000",
            "http://localhost:8000/v1",
            "http://localhost:8000/v1/v1",
            "http://localhost:8000/v1/chat/completions",
        ):
            self.assertEqual(normalised(url, "openai_chat"), "http://localhost:8000/v1")
        self.assertEqual(normalised("https://host/chat/completions", "openai_chat"), "https://host")
        self.assertEqual(normalised("https://host/api/paas/v4/", "openai_chat"), "https://host/api/paas/v4")
        self.assertEqual(normalised("https://host/v1/responses", "openai_responses"), "https://host/v1")

    def test_gemini(self) -> None:
        """A path of models, or of one call, is cut."""
        base = "https://generativelanguage.googleapis.com/v1beta"
        for ending in ("", "/", "/models/", "/models/gemini-x:generateContent"):
            self.assertEqual(normalised(base + ending, "gemini"), base)

    def test_refused(self) -> None:
        """What is no http URL, or carries a password or a query, is refused without being shown."""
        for url in ("", "api.openai.com", "ftp://host", "https://", "https://user:pw@host", "https://host/?a=b",
                    "https://host:port", "https://ho st", "https://höst", "http://[::"):  # fmt: skip
            error = self.assertRaises(BadUrl, normalised, url, "openai_chat")
            self.assertNotIn("pw", str(error))

    def test_dialect_told_by_path(self) -> None:
        """The path of a request gives the dialect away, a base URL does not."""
        self.assertEqual(dialect_told_by("https://host/v1/messages"), "anthropic")
        self.assertEqual(dialect_told_by("https://host/v1/chat/completions/"), "openai_chat")
        self.assertEqual(dialect_told_by("https://host/v1/responses"), "openai_responses")
        self.assertEqual(dialect_told_by("https://host/v1beta/models/m:streamGenerateContent"), "gemini")
        self.assertEqual(dialect_told_by("https://host/v1"), "")

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(
        st.sampled_from(sorted(PATHS)),
        st.lists(st.sampled_from(["v1", "messages", "chat", "completions", "models", "api", "v1beta", ""]), max_size=5),
    )
    def test_settled_at_once(self, dialect: str, steps: list[str]) -> None:
        """A URL that ends in no request's path normalises to a URL without a slash at its end, and stays as it is."""
        once = normalised("https://host/" + "/".join(steps), dialect)
        self.assertFalse(once.endswith("/"))
        self.assertNotIn("/v1/v1/", once + "/")
        if not any(once.endswith(ending) for ending in PATHS[dialect]) and once.count("/") > 2:
            self.assertEqual(normalised(once, dialect), once)
