"""Tests of `ccproxy.dialects.openai_responses.errors`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_responses.errors import error_frame, parse_error, render_error
from ccproxy.errors import ApiError, Kind, Original


def told(status: int, value: Any, headers: dict[str, str] | None = None) -> ApiError:
    """The error of an upstream's answer."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return parse_error(status, headers or {}, body)


def envelope(message: str, code: str | None = None, type: str = "invalid_request_error") -> dict[str, Any]:
    """OpenAI's error body."""
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


class UpstreamTests(SynchronousTestCase):
    """Errors of upstreams."""

    def test_kinds(self) -> None:
        """Status and words decide what an error means; the vendor's words are kept."""
        for status, value, kind, shown in (
            (400, envelope("Unknown parameter: 'x'."), Kind.INVALID, 400),
            (401, envelope("Incorrect API key provided", "invalid_api_key"), Kind.REFUSED_CREDENTIAL, 502),
            (404, envelope("The model does not exist", "model_not_found"), Kind.NO_ROUTE, 404),
            (429, envelope("Rate limit reached. Try again in 3s.", "rate_limit_exceeded"), Kind.OVERLOADED, 429),
            (429, envelope("You exceeded your current quota", "insufficient_quota"), Kind.QUOTA, 402),
            (500, envelope("The server had an error", None, "server_error"), Kind.BROKEN, 502),
            (503, envelope("Overloaded"), Kind.OVERLOADED, 529),
            (400, envelope("Your input exceeds the context window of this model.", "context_length_exceeded"),
             Kind.OVERFLOW, 400),
            (403, envelope("Flagged.", "bio_policy"), Kind.INVALID, 400),
            (400, {"detail": "Instructions are required"}, Kind.INVALID, 400),
            (400, {"error": "plain"}, Kind.INVALID, 400),
            (400, [envelope("in a list")], Kind.INVALID, 400),
            (502, b"upstream connect error", Kind.BROKEN, 502),
        ):  # fmt: skip
            error = told(status, value)
            self.assertEqual((error.kind, error.status), (kind, shown), value)
            assert error.original is not None
            self.assertEqual(error.original.status, status)
        self.assertIn("Unknown parameter: 'x'.", told(400, envelope("Unknown parameter: 'x'.")).message)
        self.assertEqual(told(429, envelope("Try again in 3s.")).retry_after, 3)

    def test_pages(self) -> None:
        """A web page or a redirect is told as what it is."""
        self.assertIn("HTML", told(502, b"<!DOCTYPE html><h1>Bad gateway</h1>").message)
        self.assertIn("https://api.elsewhere.com", told(301, b"", {"location": "https://api.elsewhere.com"}).message)

    def test_secrets_are_left_out(self) -> None:
        """A key that the vendor repeats does not reach the client."""
        self.assertNotIn("sk-abcdefgh12345678", told(401, envelope("Incorrect API key: sk-abcdefgh12345678")).message)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.integers(300, 599), st.binary(max_size=60) | st.text(max_size=20).map(lambda text: text.encode()))
    def test_never_raises(self, status: int, body: bytes) -> None:
        """Whatever the body is, there is an error with a message."""
        self.assertTrue(parse_error(status, {}, body).message)


class ClientTests(SynchronousTestCase):
    """Errors for clients."""

    def test_envelope(self) -> None:
        """OpenAI's envelope, with the codes that its clients act on; every kind has one."""
        for error, status, code in (
            (ApiError(Kind.INVALID, "m"), 400, None),
            (ApiError(Kind.OVERFLOW, "m"), 400, "context_length_exceeded"),
            (ApiError(Kind.NO_ROUTE, "m"), 404, "model_not_found"),
            (ApiError(Kind.AUTH, "m"), 401, "invalid_api_key"),
            (ApiError(Kind.OVERLOADED, "m"), 503, "server_is_overloaded"),
            (ApiError(Kind.OVERLOADED, "m", status=429), 429, "rate_limit_exceeded"),
            (ApiError(Kind.QUOTA, "m"), 402, "insufficient_quota"),
        ):
            answer = render_error(error, "x1")
            self.assertEqual(answer.status, status)
            self.assertEqual(json.loads(answer.body)["error"]["code"], code)
        for kind in Kind:
            self.assertEqual(json.loads(render_error(ApiError(kind, "m"), "x").body)["error"]["message"], "m")

    def test_the_upstreams_own(self) -> None:
        """An error of the same dialect goes out as it came, but never that our key was refused."""
        body = b'{"error": {"message": "odd",  "code": "x"}}'
        original = Original("openai_responses", 418, "application/json", body)
        answer = render_error(ApiError(Kind.INVALID, "odd", original=original), "x")
        self.assertEqual((answer.status, answer.body), (400, body))
        answer = render_error(ApiError(Kind.REFUSED_CREDENTIAL, "refused", original=original), "x")
        self.assertEqual((answer.status, json.loads(answer.body)["error"]["message"]), (502, "refused"))

    def test_no_envelope(self) -> None:
        """What is no error of this dialect's (a web page of something in between) is told in one."""
        answer = render_error(parse_error(502, {"content-type": "text/html"}, b"<html>Bad Gateway</html>"), "x")
        self.assertEqual((answer.status, answer.content_type), (502, "application/json"))
        self.assertIn("HTML page", json.loads(answer.body)["error"]["message"])

    def test_overflow_without_code(self) -> None:
        """An overflow that the upstream tells without its code gets the code: Codex CLI compacts for nothing else. One
        with it goes out as it came."""
        words = "Your input exceeds the context window of this model."
        for code in (None, "context_length_exceeded"):
            body = json.dumps({"error": {"message": words, "type": "invalid_request_error", "code": code}}).encode()
            answer = render_error(parse_error(400, {}, body), "req_1")
            self.assertEqual(answer.status, 400)
            told = json.loads(answer.body)["error"]
            self.assertEqual(told["code"], "context_length_exceeded")
            self.assertEqual(told["message"], words)
            self.assertEqual(answer.body == body, code is not None)

    def test_when_to_come_back(self) -> None:
        """Codex CLI reads how long to wait from the words of a rate limit, so they say it."""
        error = ApiError(Kind.OVERLOADED, "Slow down.", status=429, retry_after=2.5)
        last = json.loads(error_frame(error, "x1").split(b"\ndata: ")[-1])
        self.assertEqual(last["response"]["error"]["message"], "Slow down. Please try again in 2.5s.")
        error = ApiError(Kind.OVERLOADED, "Try again in 2.5s.", status=429, retry_after=2.5)
        last = json.loads(error_frame(error, "x1").split(b"\ndata: ")[-1])
        self.assertEqual(last["response"]["error"]["message"], "Try again in 2.5s.")

    def test_frames(self) -> None:
        """Within a stream an error is told twice, and numbered after everything before."""
        frames = [
            frame.split(b"\ndata: ") for frame in error_frame(ApiError(Kind.TIMEOUT, "m"), "x1").split(b"\n\n")[:2]
        ]
        self.assertEqual([name for name, _ in frames], [b"event: error", b"event: response.failed"])
        first, second = (json.loads(data) for _, data in frames)
        self.assertEqual((first["code"], first["message"]), ("timeout", "m"))
        self.assertEqual((second["response"]["status"], second["response"]["error"]["code"]), ("failed", "timeout"))
        self.assertGreater(second["sequence_number"], first["sequence_number"])
        self.assertGreater(first["sequence_number"], 10**9)
