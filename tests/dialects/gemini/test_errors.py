"""Errors of Google's APIs."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.gemini.dialect import GEMINI
from ccproxy.errors import ApiError, Kind


def body(code: int, message: str, status: str, *details: dict[str, Any]) -> bytes:
    """An error as Google writes one."""
    return json.dumps({"error": {"code": code, "message": message, "status": status, "details": details}}).encode()


class Reading(SynchronousTestCase):
    """What an answer that is no success means."""

    def test_kinds(self) -> None:
        """Each status has its kind, and the message keeps Google's words and the answer as it came."""
        for status, kind, told in (
            (400, Kind.INVALID, 400),
            (401, Kind.REFUSED_CREDENTIAL, 502),
            (403, Kind.REFUSED_CREDENTIAL, 502),
            (404, Kind.NO_ROUTE, 404),
            (429, Kind.OVERLOADED, 429),
            (500, Kind.BROKEN, 502),
            (503, Kind.OVERLOADED, 529),
            (504, Kind.TIMEOUT, 504),
        ):
            error = GEMINI.parse_error(status, {}, body(status, "Words of Google.", "WHATEVER"))
            self.assertEqual((error.kind, error.status), (kind, told))
            self.assertIn("Words of Google.", error.message)
            assert error.original is not None
            self.assertEqual((error.original.dialect, error.original.status), ("gemini", status))

    def test_bad_key(self) -> None:
        """Google tells a bad key as 400: it is the operator's fault all the same."""
        reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
        error = GEMINI.parse_error(400, {}, body(400, "API key not valid.", "INVALID_ARGUMENT", reason))
        self.assertEqual(error.kind, Kind.REFUSED_CREDENTIAL)

    def test_retry(self) -> None:
        """The wait is read from the details, and is never longer than a minute; a header outweighs it."""
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}
        answer = body(429, "Quota exceeded for metric: requests", "RESOURCE_EXHAUSTED", info)
        self.assertEqual(GEMINI.parse_error(429, {}, answer).retry_after, 7.5)
        self.assertEqual(GEMINI.parse_error(429, {"retry-after": "2"}, answer).retry_after, 2.0)
        info["retryDelay"] = "3600s"
        answer = body(429, "Slow", "RESOURCE_EXHAUSTED", info)
        self.assertEqual(GEMINI.parse_error(429, {}, answer).retry_after, 60.0)

    def test_overflow(self) -> None:
        """A prompt that does not fit is told in the words that clients compact on."""
        words = "The input token count (300000) exceeds the maximum number of tokens allowed (200000)."
        error = GEMINI.parse_error(400, {}, body(400, words, "INVALID_ARGUMENT"))
        self.assertEqual(error.kind, Kind.OVERFLOW)
        self.assertIn("prompt is too long: 300000 tokens > 200000 maximum", error.message)

    def test_shapes(self) -> None:
        """An array of one, plain text, odd JSON and nothing at all are read without a crash."""
        wrapped = b"[" + body(429, "Wrapped", "RESOURCE_EXHAUSTED") + b"]"
        self.assertIn("Wrapped", GEMINI.parse_error(429, {}, wrapped).message)
        self.assertIn("upstream connect", GEMINI.parse_error(503, {}, b"upstream connect error").message)
        for odd in (
            b"",
            b"null",
            b"[]",
            b'{"error":null}',
            b'{"error":{"details":{}}}',
            b'{"error":{"details":[1]}}',
            b"\xff",
        ):
            self.assertEqual(GEMINI.parse_error(500, {}, odd).kind, Kind.BROKEN)

    def test_secrets(self) -> None:
        """A key that Google repeats does not reach the client."""
        key = "AIza" + "S" * 35
        self.assertNotIn(key, GEMINI.parse_error(400, {}, body(400, f"bad {key}", "INVALID_ARGUMENT")).message)


class Writing(SynchronousTestCase):
    """Errors for a client of this dialect."""

    def test_envelope(self) -> None:
        """Our own error has Google's envelope, with the wait and the exchange's id."""
        answer = GEMINI.render_error(ApiError(Kind.RATE, "Slow down.", retry_after=2.5), "x1")
        error = json.loads(answer.body)["error"]
        self.assertEqual((answer.status, error["code"], error["status"]), (429, 429, "RESOURCE_EXHAUSTED"))
        self.assertEqual([one.get("retryDelay") or one.get("requestId") for one in error["details"]], ["x1", "2.5s"])

    def test_original(self) -> None:
        """Google's own error goes to its client as it came."""
        came = body(404, "No such model", "NOT_FOUND")
        answer = GEMINI.render_error(GEMINI.parse_error(404, {"content-type": "application/json"}, came), "x1")
        self.assertEqual((answer.status, answer.body), (404, came))
