"""Errors: read in every vendor's envelope, told in OpenAI's."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.errors import error_frame, parse_error, render_error
from ccproxy.dialects.openai_chat.responses import parse_response
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind, Original
from ccproxy.wire.jsontext import dumps, loads

LONG = "This model's maximum context length is 100 tokens. However, your messages resulted in 200 tokens."


def read(status: int, body: Any, **headers: str) -> ApiError:
    """The error of an answer; a body that is not bytes is written as JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_error(status, named, body if isinstance(body, bytes) else dumps(body))


KEYS = (
    "error",
    "message",
    "code",
    "type",
    "detail",
    "errors",
    "base_resp",
    "metadata",
    "raw",
    "object",
    "choices",
    "delta",
    "content",
    "tool_calls",
    "function",
    "index",
    "usage",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


class ReadingTests(SynchronousTestCase):
    """What an upstream's refusal says."""

    def test_envelopes(self) -> None:
        """The message is found in every shape."""
        for body in (
            {"error": {"message": "words", "type": "invalid_request_error", "param": None, "code": None}},
            {"error": "words"},
            {"object": "error", "message": "words", "type": "BadRequestError", "code": 400},
            {
                "object": "error",
                "message": "words",
                "type": "invalid_request_error",
                "code": "3230",
                "raw_status_code": 400,
            },
            [{"error": {"code": 400, "message": "words", "status": "INVALID_ARGUMENT"}}],
            {"code": "Some requested entity was not found", "error": "words"},
            {"code": "InvalidParameter", "message": "words", "request_id": "r"},
            {"detail": "words"},
            {"error": {"code": "1214", "message": "words"}},
            {"errors": [{"code": 7003, "message": "words"}]},
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 400,
                    "metadata": {"raw": '{"error":{"message":"words"}}'},
                }
            },
            b"words",
        ):
            error = read(400, body)
            self.assertEqual((error.kind, error.message), (Kind.INVALID, "words"), body)

    def test_details(self) -> None:
        """FastAPI's list of details is told as it is."""
        error = read(422, {"detail": [{"loc": ["body", "tools"], "msg": "field required"}]})
        self.assertIn("field required", error.message)
        self.assertIs(error.kind, Kind.INVALID)

    def test_original(self) -> None:
        """The answer as it came is kept."""
        body = b'{"error": {"message": "m"}}'
        original = Original("openai_chat", 400, "application/json", body)
        self.assertEqual(read(400, body, content_type="application/json").original, original)

    def test_prose(self) -> None:
        """A page says that it is one, a long text is cut, a redirect says what to look at, and silence its status."""
        self.assertIn("HTML page", read(403, b"<!DOCTYPE html><html>Attention Required!</html>").message)
        self.assertLess(len(read(502, b"x" * 5000).message), 600)
        self.assertIn("base URL", read(301, b"", location="https://example.org/login").message)
        self.assertIn("500", read(500, b"").message)

    def test_kinds(self) -> None:
        """What the words and codes mean outweighs the status."""
        for status, body, kind in (
            (400, {"error": {"message": LONG, "code": "context_length_exceeded"}}, Kind.OVERFLOW),
            (400, {"error": {"message": "no", "code": "context_length_exceeded"}}, Kind.OVERFLOW),
            (
                400,
                {"error": {"message": "long", "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 5}},
                Kind.OVERFLOW,
            ),
            (429, {"error": {"message": "no", "type": "insufficient_quota", "code": "insufficient_quota"}}, Kind.QUOTA),
            (429, {"error": {"code": "1113", "message": "余额不足"}}, Kind.QUOTA),
            (400, {"error": {"message": "no", "code": "content_filter"}}, Kind.INVALID),
            (403, {"error": {"message": "Your input was flagged", "code": 403}}, Kind.INVALID),
            (401, {"error": {"message": "no"}}, Kind.REFUSED_CREDENTIAL),
            (429, {"error": {"message": "no"}}, Kind.OVERLOADED),
            (503, {"error": {"message": "Loading model", "code": 503, "type": "unavailable_error"}}, Kind.OVERLOADED),
        ):
            self.assertIs(read(status, body).kind, kind, body)

    def test_miscalled(self) -> None:
        """Groq tells a call that its model wrote wrong as a bad request. The request is none: it is sent once more, and
        then another target may answer."""
        told = {"message": "Tool call validation failed", "type": "invalid_request_error", "code": "tool_use_failed"}
        error = read(400, {"error": {**told, "failed_generation": "<tool>"}})
        self.assertEqual((error.kind, error.status), (Kind.BROKEN, 502))
        self.assertTrue(error.same_target_may_help and error.another_target_may_help)

    def test_figures_of_llamacpp(self) -> None:
        """The figures that llama.cpp gives apart are in Anthropic's words."""
        body = {"error": {"message": "long", "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 5}}
        self.assertTrue(read(400, body).message.startswith("prompt is too long: 9 tokens > 5 maximum"))

    def test_retry(self) -> None:
        """The delay is kept."""
        self.assertEqual(read(429, {"error": {"message": "try again in 2s"}}).retry_after, 2.0)
        self.assertEqual(read(429, {}, retry_after="3").retry_after, 3.0)

    def test_whole_reply(self) -> None:
        """An error told with status 200 is one, and so is what is no reply."""
        for body, kind in (
            (b'{"error": {"message": "busy", "code": 429}}', Kind.OVERLOADED),
            (b'{"base_resp": {"status_code": 1004, "status_msg": "key"}}', Kind.REFUSED_CREDENTIAL),
            (b'[{"error": {"message": "m", "status": "INVALID_ARGUMENT"}}]', Kind.INVALID),
            (b"<html>login</html>", Kind.BROKEN),
            (b"{}", Kind.BROKEN),
            (b'{"choices": []}', Kind.BROKEN),
            (b"5", Kind.BROKEN),
            (b"", Kind.BROKEN),
        ):
            with self.assertRaises(ApiError) as caught:
                parse_response(body, Quirks())
            self.assertIs(caught.exception.kind, kind, body)

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(JSON, st.integers(100, 999))
    def test_any(self, value: Any, status: int) -> None:
        """Nothing that an upstream may send breaks us."""
        body = dumps(value)
        self.assertIsInstance(parse_error(status, {}, body), ApiError)
        try:
            parse_response(body, Quirks())
        except ApiError:
            pass

    @settings(derandomize=True, max_examples=50, deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes(self, body: bytes) -> None:
        """Not even what is no JSON."""
        self.assertIsInstance(parse_error(500, {"retry-after": "x"}, body), ApiError)


class TellingTests(SynchronousTestCase):
    """What a client sees."""

    def test_envelope(self) -> None:
        """Every kind of error is told in OpenAI's envelope with its status."""
        for kind in Kind:
            answer = render_error(ApiError(kind, "words"), "req_1")
            error = loads(answer.body)["error"]
            self.assertEqual(error.keys(), {"message", "type", "param", "code"})
            self.assertEqual(error["message"], "words")
            self.assertEqual(answer.status, 503 if kind is Kind.OVERLOADED else kind.status)
        self.assertEqual(loads(render_error(ApiError(Kind.NO_ROUTE, ""), "").body)["error"]["code"], "model_not_found")

    def test_rate(self) -> None:
        """An upstream's rate limit is one for the client too."""
        answer = render_error(ApiError(Kind.OVERLOADED, "slow", status=429), "")
        self.assertEqual((answer.status, loads(answer.body)["error"]["code"]), (429, "rate_limit_exceeded"))

    def test_original(self) -> None:
        """An upstream's error in this dialect goes out as it came, without keys; the refusal of our key never does."""
        body = b'{"error": {"message": "bad", "x": 1 }}'
        answer = render_error(read(400, body, content_type="application/json"), "")
        self.assertEqual((answer.status, answer.body), (400, body))
        leaky = render_error(read(400, b'{"error": {"message": "key sk-proj-abcdef123456"}}'), "")
        self.assertNotIn(b"abcdef", leaky.body)
        refused = render_error(read(401, b'{"error": {"message": "Incorrect API key"}}'), "")
        self.assertEqual(refused.status, 502)

    def test_no_envelope(self) -> None:
        """What is no error of this dialect's (a web page of something in between) is told in one."""
        for body in (b"<html><body>Bad Gateway</body></html>", b"overloaded", b"", b'"error"', b'{"error": "text"}'):
            answer = render_error(read(502, body, content_type="text/html"), "")
            self.assertEqual((answer.status, answer.content_type), (502, "application/json"))
            self.assertEqual(loads(answer.body)["error"]["type"], "server_error")

    def test_foreign_original(self) -> None:
        """Another dialect's error is told in this one."""
        error = ApiError(Kind.INVALID, "words", original=Original("anthropic", 400, "application/json", b"{}"))
        self.assertEqual(loads(render_error(error, "").body)["error"]["message"], "words")

    def test_frame(self) -> None:
        """Within a stream the error is one frame."""
        data = error_frame(ApiError(Kind.BROKEN, "gone"), "req_1")
        self.assertTrue(data.startswith(b"data: ") and data.endswith(b"\n\n"))
        self.assertEqual(loads(data[6:])["error"]["message"], "gone")
