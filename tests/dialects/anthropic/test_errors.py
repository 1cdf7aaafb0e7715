"""Errors of upstreams, and how ours are told."""

import json

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.errors import error_frame, parse_error, render_error
from ccproxy.errors import ApiError, Kind, Original

OVERFLOW = "prompt is too long: 213462 tokens > 200000 maximum"


def envelope(type_: str, message: str) -> bytes:
    """An error as Anthropic sends it."""
    error = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_up"}
    return json.dumps(error, indent=1).encode()


class ReadingTests(SynchronousTestCase):
    """What an upstream's refusal means to us."""

    def test_statuses(self) -> None:
        """Each status has its kind, and the client gets the status that fits."""
        for status, type_, message, kind, told in (
            (400, "invalid_request_error", "max_tokens: wrong", Kind.INVALID, 400),
            (400, "invalid_request_error", OVERFLOW, Kind.OVERFLOW, 400),
            (400, "invalid_request_error", "Your credit balance is too low", Kind.QUOTA, 402),
            (401, "authentication_error", "invalid x-api-key", Kind.REFUSED_CREDENTIAL, 502),
            (402, "billing_error", "no", Kind.QUOTA, 402),
            (403, "permission_error", "no", Kind.REFUSED_CREDENTIAL, 502),
            (404, "not_found_error", "model: claude-z", Kind.NO_ROUTE, 404),
            (409, "conflict_error", "no", Kind.CONFLICT, 409),
            (413, "request_too_large", "Request exceeds the maximum size", Kind.TOO_LARGE, 413),
            (429, "rate_limit_error", "30,000 input tokens per minute", Kind.OVERLOADED, 429),
            (500, "api_error", "Internal", Kind.BROKEN, 502),
            (504, "timeout_error", "slow", Kind.TIMEOUT, 504),
            (529, "overloaded_error", "Overloaded", Kind.OVERLOADED, 529),
        ):
            error = parse_error(status, {"content-type": "application/json"}, envelope(type_, message))
            self.assertEqual((error.kind, error.status), (kind, told), type_)
            self.assertIn(message, error.message)
            assert error.original is not None
            self.assertEqual(error.original.status, status)

    def test_retry_after(self) -> None:
        """The wait that the upstream asks for is kept."""
        error = parse_error(429, {"retry-after": "7"}, envelope("rate_limit_error", "slow down"))
        self.assertEqual(error.retry_after, 7)

    def test_other_envelopes(self) -> None:
        """Envelopes of other vendors, and mere text, are read for their message."""
        for body in (b'{"error":{"message":"Nope."}}', b'{"error":"Nope."}', b'{"message":"Nope."}', b"Nope."):
            self.assertEqual(parse_error(400, {}, body).message, "Nope.")

    def test_web_page(self) -> None:
        """A web page is no answer of an API: something in between sent it, and it says nothing of our key."""
        for status in (403, 503):
            error = parse_error(status, {}, b"<!DOCTYPE html><title>Blocked</title>")
            self.assertIs(error.kind, Kind.BROKEN)
            self.assertIn("web page", error.message)

    def test_never_raises(self) -> None:
        """Whatever the body is, it becomes an error."""
        for body in (
            b"",
            b"\xff\xfe",
            b"[]",
            b"null",
            b'{"error":7}',
            b'{"error":{}}',
            b'{"error":{"type":1,"message":2}}',
        ):
            for status in (300, 400, 418, 429, 500, 599):
                self.assertTrue(parse_error(status, {}, body).message)

    def test_secrets(self) -> None:
        """A key in an upstream's words reaches nobody."""
        error = parse_error(401, {}, envelope("authentication_error", "wrong key sk-ant-api03-abcdefgh12345678"))
        self.assertNotIn("abcdefgh12345678", error.message)


class TellingTests(SynchronousTestCase):
    """How clients of this dialect are told."""

    def test_envelope(self) -> None:
        """Every kind has Anthropic's envelope, with the type of its status and the exchange's id."""
        for kind, type_ in {
            Kind.INVALID: "invalid_request_error",
            Kind.UNTRANSLATABLE: "invalid_request_error",
            Kind.AUTH: "authentication_error",
            Kind.FORBIDDEN: "permission_error",
            Kind.NO_ROUTE: "not_found_error",
            Kind.TOO_LARGE: "request_too_large",
            Kind.OVERFLOW: "invalid_request_error",
            Kind.QUOTA: "billing_error",
            Kind.RATE: "rate_limit_error",
            Kind.BUDGET: "rate_limit_error",
            Kind.BUSY: "overloaded_error",
            Kind.OVERLOADED: "overloaded_error",
            Kind.REFUSED_CREDENTIAL: "api_error",
            Kind.UNREACHABLE: "api_error",
            Kind.TIMEOUT: "timeout_error",
            Kind.BROKEN: "api_error",
            Kind.CANCELLED: "api_error",
        }.items():
            answer = render_error(ApiError(kind, "Sorry."), "req_1")
            error = {"type": "error", "error": {"type": type_, "message": "Sorry."}, "request_id": "req_1"}
            self.assertEqual(json.loads(answer.body), error, kind)
            self.assertEqual((answer.status, answer.content_type), (kind.status, "application/json"))

    def test_exact_statuses(self) -> None:
        """A status that is more exact than the kind's decides the type."""
        for status, type_ in ((429, "rate_limit_error"), (409, "conflict_error"), (405, "invalid_request_error")):
            answer = render_error(ApiError(Kind.OVERLOADED, "x", status=status), "r")
            self.assertEqual((answer.status, json.loads(answer.body)["error"]["type"]), (status, type_))

    def test_native_passes(self) -> None:
        """An upstream's own error goes out as it came, to the byte: clients act on its words. Its status is ours."""
        body = envelope("invalid_request_error", OVERFLOW)
        answer = render_error(parse_error(400, {"content-type": "application/json"}, body), "req_1")
        self.assertEqual((answer.status, answer.body), (400, body))
        quota = envelope("invalid_request_error", "Your credit balance is too low")
        self.assertEqual(render_error(parse_error(400, {}, quota), "req_1").status, 402)

    def test_not_our_key(self) -> None:
        """What an upstream says about *our* key is not told as if it were the client's."""
        answer = render_error(parse_error(401, {}, envelope("authentication_error", "invalid x-api-key")), "req_1")
        self.assertEqual(answer.status, 502)
        self.assertEqual(json.loads(answer.body)["error"]["type"], "api_error")

    def test_never_a_web_page(self) -> None:
        """What is no envelope never goes out as it came; nor does another dialect's."""
        page = render_error(parse_error(502, {"content-type": "text/html"}, b"<html>Bad Gateway</html>"), "req_1")
        self.assertEqual(json.loads(page.body)["type"], "error")
        original = Original("openai_chat", 400, "application/json", b'{"error":{"message":"x"}}')
        foreign = render_error(ApiError(Kind.INVALID, "Told.", original=original), "req_1")
        self.assertEqual(json.loads(foreign.body)["error"]["message"], "Told.")

    def test_frame(self) -> None:
        """In a stream it is an event of that name, and an overload stays one."""
        frame = error_frame(ApiError(Kind.OVERLOADED, "Full\nup."), "req_1")
        head, data, *rest = frame.split(b"\n")
        self.assertEqual((head, rest), (b"event: error", [b"", b""]))
        self.assertEqual(json.loads(data.removeprefix(b"data: "))["error"]["type"], "overloaded_error")
