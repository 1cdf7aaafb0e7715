"""Upstream refusals and the errors they become."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.statuses import error_of
from ccproxy.errors import Kind, Original

BY_STATUS = [
    # upstream, our kind, what the client sees
    (400, Kind.INVALID, 400),
    (401, Kind.REFUSED_CREDENTIAL, 502),
    (402, Kind.QUOTA, 402),
    (403, Kind.REFUSED_CREDENTIAL, 502),
    (404, Kind.NO_ROUTE, 404),
    (405, Kind.INVALID, 400),
    (408, Kind.TIMEOUT, 504),
    (409, Kind.CONFLICT, 409),
    (413, Kind.TOO_LARGE, 413),
    (415, Kind.INVALID, 400),
    (418, Kind.INVALID, 400),
    (422, Kind.INVALID, 400),
    (425, Kind.OVERLOADED, 429),
    (429, Kind.OVERLOADED, 429),
    (498, Kind.OVERLOADED, 529),
    (500, Kind.BROKEN, 502),
    (502, Kind.BROKEN, 502),
    (503, Kind.OVERLOADED, 529),
    (504, Kind.TIMEOUT, 504),
    (529, Kind.OVERLOADED, 529),
    (301, Kind.BROKEN, 502),
]


class ErrorOfTests(SynchronousTestCase):
    """One refusal."""

    def test_status(self) -> None:
        """Without telling words the status decides, and the message is the vendor's."""
        for status, kind, told in BY_STATUS:
            error = error_of(status, "the vendor's words")
            self.assertEqual((error.kind, error.status, error.message), (kind, told, "the vendor's words"), status)

    def test_overflow(self) -> None:
        """A prompt too long is known under whatever status the vendor tells it."""
        for status in (400, 413, 422, 500):
            error = error_of(status, "maximum context length is 100 tokens, your messages resulted in 200 tokens")
            self.assertEqual((error.kind, error.status), (Kind.OVERFLOW, 400), status)
            self.assertIn("prompt is too long: 200 tokens > 100 maximum", error.message)

    def test_quota(self) -> None:
        """An empty account is no rate limit, though vendors tell both as 429."""
        for status in (400, 403, 429):
            self.assertIs(error_of(status, "no", code="insufficient_quota").kind, Kind.QUOTA)

    def test_no_model(self) -> None:
        """An unknown model is no fault of the request, whatever the status: another target may have one of that name.
        The vendor's status stays."""
        for code, message in (("model_not_found", "no"), ("invalid-argument", "Model not found: grok-9")):
            error = error_of(400, message, code=code)
            self.assertEqual((error.kind, error.status), (Kind.NO_ROUTE, 400))
            self.assertTrue(error.another_target_may_help)

    def test_bad_key(self) -> None:
        """A wrong key is the operator's matter also where the vendor calls the request malformed, as xAI does."""
        error = error_of(400, "Incorrect API key provided.", code="invalid-argument")
        self.assertEqual((error.kind, error.status), (Kind.REFUSED_CREDENTIAL, 502))

    def test_rate_told_as_too_large(self) -> None:
        """Groq's 413 for tokens per minute passes with time."""
        error = error_of(413, "Request too large on tokens per minute (TPM): try again in 3s")
        self.assertEqual((error.kind, error.status, error.retry_after), (Kind.OVERLOADED, 429, 3.0))

    def test_delay(self) -> None:
        """The delay is read from the headers, or else from the whole body."""
        self.assertEqual(error_of(429, "slow down", headers={"retry-after": "9"}).retry_after, 9.0)
        original = Original("x", 429, "application/json", b'{"error": {"message": "slow", "retryDelay": "4s"}}')
        self.assertEqual(error_of(429, "slow", original=original).retry_after, 4.0)

    def test_secrets(self) -> None:
        """No key in the vendor's words reaches the client."""
        self.assertNotIn("sk-proj-", error_of(401, "Incorrect API key provided: sk-proj-abcdef123456").message)

    def test_silent(self) -> None:
        """A refusal without words is told by its status."""
        self.assertIn("418", error_of(418, "  ").message)
