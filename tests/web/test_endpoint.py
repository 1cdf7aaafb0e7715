"""What the HTTP surface answers: who may ask, what is refused and how, and the lanes through which requests go."""

import gzip
import json

from twisted.logger import LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.principals import Keyring
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.errors import Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Outcome
from ccproxy.exchange.reply import Reply
from ccproxy.providers.target import Target
from ccproxy.routing.plans import Plan
from ccproxy.secret import Secret
from ccproxy.web.endpoint import Endpoint
from tests.support.wire import CLAUDE, OPENAI, ClientConnection, Wire, chat, frames, messages, text_of

LOGIN = Target("anthropic", "claude-test", "anthropic", "http://anthropic.test", passes_login=True)
"""An upstream for which the client brings its own credential."""


class Access(SynchronousTestCase):
    """Who may ask."""

    def test_loopback_needs_no_key(self) -> None:
        """Without a configured key this machine may ask, by any of its names."""
        for host in ("localhost:3456", "127.0.0.1:3456", "[::1]:3456", "localhost"):
            wire = Wire()
            wire.ask({"Host": host})
            self.assertEqual(len(wire.upstreams.pending), 1, host)

    def test_others_need_one(self) -> None:
        """Without a configured key another machine is refused, and told what to do."""
        wire = Wire()
        client = wire.request("POST", "/v1/messages", b"{}", peer="192.0.2.7")
        self.assertEqual(client.answer.status, 403)
        self.assertIn("apikey", client.answer.json["error"]["message"])

    def test_rebinding(self) -> None:
        """A web page that reaches us under its own host name is refused: DNS rebinding."""
        client = Wire().ask({"Host": "evil.example:3456"})
        self.assertEqual(client.answer.status, 403)

    def test_cross_origin(self) -> None:
        """A web page that reaches us under our own name is refused: it says where it comes from."""
        client = Wire().ask({"Origin": "https://evil.example"})
        self.assertEqual(client.answer.status, 403)

    def test_key(self) -> None:
        """With a configured key either header may carry it."""
        for headers in ({"x-api-key": "ours"}, {"Authorization": "Bearer ours"}, {"authorization": "bearer ours"}):
            wire = Wire(apikey="ours")
            wire.ask(headers)
            self.assertEqual(len(wire.upstreams.pending), 1, headers)

    def test_status_lines_have_words(self) -> None:
        """Those of newer statuses too, which Twisted has none for."""
        for status, words in ((429, b"Too Many Requests"), (529, b"Overloaded"), (404, b"Not Found")):
            wire = Wire()
            client = wire.ask()
            wire.upstream().whole(b'{"error": {"message": "not now"}}', status)
            self.assertTrue(client.received.startswith(b"HTTP/1.1 %d %b\r\n" % (status, words)), client.received[:60])

    def test_wrong_key(self) -> None:
        """A wrong key is a 401 that the client must not retry: it would, ten times."""
        for headers in ({}, {"x-api-key": "theirs"}, {"Authorization": "Bearer theirs"}):
            wire = Wire(apikey="ours")
            answer = wire.ask(headers).answer
            self.assertEqual(answer.status, 401)
            self.assertEqual(answer.headers["x-should-retry"], "false")
            self.assertEqual(answer.json["error"]["type"], "authentication_error")
            self.assertEqual(wire.upstreams.pending, [])

    def test_forwarded_for_is_not_believed(self) -> None:
        """Nobody becomes local by saying so."""
        client = Wire().request("POST", "/v1/messages", b"{}", {"X-Forwarded-For": "127.0.0.1"}, peer="192.0.2.7")
        self.assertEqual(client.answer.status, 403)


class BadInput(SynchronousTestCase):
    """What is refused before any upstream is asked."""

    def refused(self, body: bytes, headers: dict[str, str] | None = None, limit: int = 10000) -> tuple[int, str]:
        wire = Wire(body_limit=limit)
        answer = wire.request("POST", "/v1/messages", body, headers).answer
        self.assertEqual(wire.upstreams.pending, [])
        self.assertEqual(answer.json["type"], "error")
        self.assertEqual(answer.json["request_id"], answer.headers["request-id"])
        return answer.status, answer.json["error"]["message"]

    def test_long_model(self) -> None:
        """A model's name is remembered in many places, so it has an end."""
        wire = Wire()
        wire.ask(model="m" * 2048)
        answer = wire.ask(model="m" * 2049).answer
        self.assertEqual(answer.status, 400)
        self.assertIn("at most 2048 characters", answer.json["error"]["message"])
        self.assertEqual(len(wire.upstreams.pending), 1)

    def test_fields(self) -> None:
        """Each missing or wrong field is a 400 that names its path."""
        good = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
        cases: list[tuple[object, str]] = [
            ([], "object"),
            ({**good, "model": None}, "model"),
            ({**good, "model": 5}, "model"),
            ({**good, "max_tokens": "many"}, "max_tokens"),
            ({**good, "messages": "hi"}, "messages"),
            ({**good, "messages": [5]}, "messages[0]"),
            ({**good, "messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
            ({**good, "messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
            ({**good, "stream": "yes"}, "stream"),
        ]
        for body, path in cases:
            status, message = self.refused(json.dumps(body).encode())
            self.assertEqual(status, 400, body)
            self.assertIn(path, message, body)

    def test_not_json(self) -> None:
        """What is no JSON is told with its place."""
        status, message = self.refused(b'{"model": "m",\n oops}')
        self.assertEqual(status, 400)
        self.assertIn("line 2", message)

    def test_too_large_by_its_length(self) -> None:
        """A body that announces more than the limit is refused before it comes, in an answer that can be read."""
        wire = Wire(body_limit=1000)
        client = wire.connect()
        client.send(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n")
        self.assertEqual(client.answer.status, 413)
        self.assertEqual(client.answer.json["error"]["type"], "request_too_large")
        self.assertFalse(client.closed)
        client.send(b"x" * 1001)
        self.assertTrue(client.closed)

    def test_too_large_in_chunks(self) -> None:
        """A body that announces nothing is refused at the byte that exceeds the limit."""
        wire = Wire(body_limit=1000)
        client = wire.connect()
        client.send(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        self.assertEqual(client.received, b"")
        client.send(b"1\r\nx\r\n")
        self.assertEqual(client.answer.status, 413)

    def test_too_large_and_never_ending(self) -> None:
        """A refused body is read on for a while, so that the answer arrives, and not for ever."""
        wire = Wire(body_limit=1000)
        client = wire.connect()
        client.send(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n")
        wire.clock.advance(11)
        self.assertTrue(client.closed)

    def test_compressed(self) -> None:
        """A compressed body is served as if it were plain, and limited by what it becomes."""
        body = json.dumps({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x" * 5000}]})
        wire = Wire()
        wire.request("POST", "/v1/messages", gzip.compress(body.encode()), {"Content-Encoding": "gzip"})
        self.assertEqual(wire.upstream().json["messages"][0]["content"], "x" * 5000)
        status, _ = self.refused(gzip.compress(body.encode()), {"Content-Encoding": "gzip"}, limit=2000)
        self.assertEqual(status, 413)
        status, message = self.refused(b"x", {"Content-Encoding": "lzma"})
        self.assertEqual((status, "lzma" in message), (400, True))

    def test_unknown_paths_and_methods(self) -> None:
        """Whatever is asked, the answer is JSON in the client's envelope."""
        for method, path, status in (
            ("GET", "/v1/nothing", 404),
            ("POST", "/", 405),
            ("GET", "/v1/messages", 405),
            ("PUT", "/health", 405),
            ("GET", "/%00%ff", 404),
        ):
            answer = Wire().request(method, path).answer
            self.assertEqual(answer.status, status, path)
            self.assertEqual(answer.json["type"], "error")
            self.assertTrue(answer.headers["request-id"])


class Faulty:
    """Serves nobody."""

    async def serve(self, call: Call, reply: Reply) -> None:
        raise ZeroDivisionError


class FaultOfOurs(SynchronousTestCase):
    """Where whoever serves calls fails."""

    def test_is_told(self) -> None:
        """The client is told so and waits for nothing, and the log has the details."""
        wire = Wire()
        endpoint = Endpoint(ANTHROPIC, Keyring(Secret("")), Faulty(), 1000, lambda: "req_1")
        wire.site.answer_from(endpoint, 1000)
        answer = wire.ask().answer
        self.assertEqual((answer.status, answer.headers["request-id"]), (502, "req_1"))
        self.assertIn("its log has the details", answer.json["error"]["message"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class Surface(SynchronousTestCase):
    """What Claude Code and others ask besides."""

    def get(self, path: str, **how: str) -> ClientConnection:
        return Wire(apikey="ours").request("GET", path, **how)  # type: ignore[arg-type]

    def test_warm_up(self) -> None:
        """The warm-up probes and the telemetry of Claude Code are answered at once."""
        wire = Wire()
        for method, path in (
            ("HEAD", "/"),
            ("HEAD", "/api/hello"),
            ("POST", "/api/event_logging/batch"),
            ("POST", "/api/event_logging/v2/batch"),
        ):
            self.assertTrue(wire.request(method, path).received.startswith(b"HTTP/1.1 200"), path)

    def test_head(self) -> None:
        """A HEAD gets the headers that a GET would get, and no line in the log, not even of Twisted's."""
        told: list[LogEvent] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        head = Wire().request("HEAD", "/api/hello").received.decode()
        got = Wire().request("GET", "/api/hello").received.decode()
        self.assertEqual(head, got[: got.index("\r\n\r\n") + 4])
        self.assertRegex(head, "(?i)\r\ncontent-length: [1-9]")
        self.assertEqual([event["log_format"] for event in told if event["log_level"] >= LogLevel.info], [])

    def test_about(self) -> None:
        """The root says who we are and where to go."""
        about = self.get("/").answer.json
        self.assertEqual(about["name"], "ccproxy")
        self.assertEqual(about["links"]["anthropic"], "/v1/messages")

    def test_base_urls(self) -> None:
        """Base URLs with a /v1 of their own, without any, with a slash at the end or another gateway's prefix work."""
        body = b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],"input":"x"}'
        for path in (
            "/v1/v1/messages/",
            "//v1/messages",
            "/messages",
            "/anthropic/v1/messages",
            "/openai/v1/chat/completions",
            "/api/v1/chat/completions",
            "/chat/completions",
            "/responses",
            "/openai/deployments/gpt-5/chat/completions?api-version=2024-10-21",
        ):
            wire = Wire()
            wire.request("POST", path, body)
            self.assertEqual(len(wire.upstreams.pending), 1, path)

    def test_what_is_not_served(self) -> None:
        """What other gateways have and we do not is a 404 that says what there is."""
        for path in ("/v1/embeddings", "/v1/completions", "/v1/messages/batches", "/v1/responses/resp_1", "/v1", "/x"):
            answer = Wire().request("POST", path, b"{}").answer
            self.assertEqual(answer.status, 404, path)
            self.assertIn(f"nothing at {path}; ccproxy answers at /v1/messages", answer.json["error"]["message"])

    def test_health(self) -> None:
        """Everyone may see that we are well; the rest is for this machine and for key holders."""
        self.assertEqual(self.get("/health", peer="192.0.2.1").answer.json["status"], "healthy")
        self.assertNotIn("details", self.get("/health", peer="192.0.2.1").answer.json["providers"])
        self.assertIn("details", self.get("/health").answer.json["providers"])
        key = {"x-api-key": "ours"}
        answer = Wire(apikey="ours").request("GET", "/health", headers=key, peer="192.0.2.1").answer
        self.assertIn("details", answer.json["providers"])

    def test_status(self) -> None:
        """The status page counts exchanges, and says what each provider answered last."""
        wire = Wire()
        wire.ask()
        wire.upstream().whole(b'{"error":{"message":"no"}}', 500)
        wire.ask()
        status = wire.request("GET", "/status").answer.json
        self.assertEqual(status["exchanges"], {"served": 1, "running": 1})
        self.assertTrue(status["providers"][0]["last_result"].startswith("broken"))
        self.assertEqual(wire.request("GET", "/health").answer.json["providers"]["healthy"], 0)


class Verbatim(SynchronousTestCase):
    """Between ends that speak the same dialect nothing is touched."""

    BODY = (
        b'{"model" : "claude-test" ,"max_tokens":10,"stream":true, "new_field":{"x":[1,2.50,"\\u00e9"]},'
        b'"messages":[{"role":"user","content":[{"type":"unheard_of","model":"mine"}]}]}'
    )

    def test_request(self) -> None:
        """The body goes byte for byte, and the headers of the protocol with it; our key and the connection's do not."""
        wire = Wire((CLAUDE,), apikey="ours")
        wire.request(
            "POST",
            "/v1/messages?beta=true",
            self.BODY,
            {
                "x-api-key": "ours",
                "anthropic-version": "2026-10-21",
                "anthropic-beta": "one-2026-01-01,two-2026-01-01",
                "X-Claude-Code-Session-Id": "s-1",
                "X-Forwarded-For": "10.1.1.1",
                "Cookie": "a=b",
                "Accept-Encoding": "gzip, br",
            },
        )
        up = wire.upstream()
        line, headers, body = up.request
        self.assertTrue(line.startswith("POST /v1/messages"))
        self.assertEqual(body, self.BODY)
        self.assertEqual(headers["anthropic-beta"], "one-2026-01-01,two-2026-01-01")
        self.assertEqual(headers["anthropic-version"], "2026-10-21")
        self.assertEqual(headers["x-claude-code-session-id"], "s-1")
        self.assertEqual(
            headers["x-api-key" if CLAUDE.auth.value == "x-api-key" else "authorization"][-12:], "upstream-key"
        )
        self.assertNotIn(b"ours", up.transport.value())
        for name in ("x-forwarded-for", "cookie"):
            self.assertNotIn(name, headers)
        self.assertIs(wire.record.plan if wire.records else Plan.VERBATIM, Plan.VERBATIM)

    def test_model(self) -> None:
        """Where the target's name for the model differs, it alone is changed."""
        wire = Wire((Target("anthropic", "claude-real", "anthropic", "http://a.test", key=Secret("k")),))
        wire.request("POST", "/v1/messages", self.BODY)
        self.assertEqual(wire.upstream().request[2], self.BODY.replace(b"claude-test", b"claude-real"))

    def test_stream(self) -> None:
        """The stream comes back byte for byte, however it was cut."""
        data = b": hello\n\n" + b"".join(messages("Hel", "lo")).replace(b"msg_1", "msg_é".encode())
        for size in (1, 7, 1000):
            wire = Wire((CLAUDE,))
            client = wire.ask()
            up = wire.upstream()
            up.head(request_id="req_upstream")
            for start in range(0, len(data), size):
                up.say(data[start : start + size])
            up.end()
            self.assertEqual(client.answer.body, data)
            self.assertEqual(client.answer.headers["request-id"], "req_upstream")
            self.assertEqual(wire.record.usage.output, 3)
            self.assertEqual(wire.record.usage.input, 9)

    def test_whole(self) -> None:
        """A whole reply comes back byte for byte."""
        body = (
            b'{"id": "msg_1","type":"message","role":"assistant","model":"x","content":[{"type":"new_block","a":1.0}],'
            b'"stop_reason":"new_reason","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1},"new":true}'
        )
        wire = Wire((CLAUDE,))
        client = wire.ask(stream=False)
        wire.upstream().whole(body)
        self.assertEqual(client.answer.body, body)
        self.assertIs(wire.record.outcome, Outcome.FINISHED)

    def test_error(self) -> None:
        """An upstream's error comes back unmodified: clients act on its words."""
        body = b'{"type":"error", "error":{"type":"invalid_request_error","message":"prompt is too long"},"new":1}'
        wire = Wire((CLAUDE,))
        client = wire.ask()
        wire.upstream().whole(body, 400)
        self.assertEqual((client.answer.status, client.answer.body), (400, body))
        self.assertNotIn("x-should-retry", client.answer.headers)

    def test_error_in_the_stream(self) -> None:
        """So does an error in the middle of a stream."""
        error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
        wire = Wire((CLAUDE,))
        client = wire.ask()
        up = wire.upstream()
        up.head()
        data = b"".join(messages("Hel")[:3]) + error
        up.say(data)
        self.assertEqual(client.answer.body, data)
        self.assertIs(wire.record.outcome, Outcome.BROKEN)

    def test_own_login(self) -> None:
        """A provider without a key gets the client's own credential, and its refusal goes back as it came."""
        wire = Wire((LOGIN,))
        client = wire.ask({"Authorization": "Bearer sk-ant-oat-mine", "anthropic-beta": "oauth-2025-04-20"})
        up = wire.upstream()
        self.assertEqual(up.request[1]["authorization"], "Bearer sk-ant-oat-mine")
        body = b'{"type":"error","error":{"type":"authentication_error","message":"expired"}}'
        up.whole(body, 401, x_should_retry="true", anthropic_ratelimit_unified_status="allowed")
        self.assertEqual((client.answer.status, client.answer.body), (401, body))
        self.assertEqual(client.answer.headers["x-should-retry"], "true")
        self.assertEqual(client.answer.headers["anthropic-ratelimit-unified-status"], "allowed")

    def test_gateway_key_is_no_login(self) -> None:
        """Our own key never goes upstream, even where a login would."""
        wire = Wire((LOGIN,), apikey="ours")
        wire.ask({"x-api-key": "ours", "Authorization": "Bearer sk-ant-oat-mine"})
        up = wire.upstream()
        self.assertEqual(up.request[1]["authorization"], "Bearer sk-ant-oat-mine")
        self.assertNotIn(b"ours", up.transport.value())


class Translated(SynchronousTestCase):
    """Between dialects, both ways."""

    def test_stream(self) -> None:
        """A request goes out as chat completions, and the answer comes back as it is generated."""
        wire = Wire()
        client = wire.ask(system="Be brief.", max_tokens=50)
        up = wire.upstream()
        line, headers, _ = up.request
        self.assertTrue(line.startswith("POST /v1/chat/completions"))
        self.assertEqual(headers["authorization"], "Bearer upstream-key")
        self.assertEqual(headers["accept-encoding"].split(",")[0], "identity")
        self.assertEqual(up.json["model"], "gpt-test")
        self.assertEqual([m["content"] for m in up.json["messages"]], ["Be brief.", "Hello"])
        self.assertIs(up.json["stream"], True)
        up.head()
        up.say(b"".join(chat({"content": "Hel"})[:1]))
        self.assertIn(b'"Hel"', client.received)
        up.say(b"".join(chat({"content": "lo"}, finish="length")))
        up.end()
        events = frames(client.answer.body)
        self.assertEqual(text_of(events), "Hello")
        self.assertEqual(events[0][1]["message"]["model"], "claude-test")
        self.assertEqual(events[-2][1]["delta"]["stop_reason"], "max_tokens")
        self.assertEqual(events[-2][1]["usage"]["input_tokens"], 9)
        self.assertEqual(client.answer.headers["x-ccproxy-target"], OPENAI.name)
        self.assertEqual(client.answer.headers["x-accel-buffering"], "no")

    def test_whole(self) -> None:
        """A whole reply that may be long is the fold of a stream."""
        wire = Wire()
        client = wire.ask(stream=False, max_tokens=20_000)
        up = wire.upstream()
        self.assertIs(up.json["stream"], True)
        up.head()
        up.say(b"".join(chat({"content": "Hel"}, {"content": "lo"})))
        up.end()
        answer = client.answer
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(answer.json["content"], [{"type": "text", "text": "Hello"}])
        self.assertEqual(answer.json["stop_reason"], "end_turn")

    def test_brief(self) -> None:
        """A brief one is asked for whole, and none that the client wants as a stream."""
        for stream in (False, True):
            wire = Wire()
            client = wire.ask(stream=stream, max_tokens=1024)
            up = wire.upstream()
            self.assertIs(up.json["stream"], stream)
            self.assertEqual("stream_options" in up.json, stream)
            client.leave()

    def test_upstream_answers_whole(self) -> None:
        """An upstream that answers a request for a stream with a whole reply is understood, whatever it calls it."""
        whole = (
            b'{"id":"c","object":"chat.completion","model":"gpt-test","choices":[{"index":0,"message":{"role":"assistant",'
            b'"content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}'
        )
        for content_type in ("application/json", "text/plain", "application/octet-stream"):
            for stream in (True, False):
                wire = Wire()
                client = wire.ask(stream=stream)
                wire.upstream().whole(whole, content_type=content_type)
                body = client.answer.body
                text = text_of(frames(body)) if stream else json.loads(body)["content"][0]["text"]
                self.assertEqual(text, "Hello", (content_type, stream))

    def test_upstream_streams_under_another_name(self) -> None:
        """A stream that is called JSON is a stream."""
        wire = Wire()
        client = wire.ask()
        up = wire.upstream()
        up.head(content_type="application/json")
        up.say(b"".join(chat({"content": "Hello"})))
        up.end()
        self.assertEqual(text_of(frames(client.answer.body)), "Hello")

    def test_web_page(self) -> None:
        """A web page with status 200 is no answer."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().whole(b"<html>Please log in</html>", content_type="text/html")
        self.assertEqual(client.answer.status, 502)
        self.assertIn("web page", client.answer.json["error"]["message"])

    def test_empty_answer(self) -> None:
        """Nor is nothing."""
        for content_type in ("application/json", "text/event-stream"):
            wire = Wire()
            client = wire.ask()
            wire.upstream().whole(b"", content_type=content_type)
            self.assertEqual(client.answer.status, 502)

    def test_redirect(self) -> None:
        """A redirect is not followed: it could carry the key elsewhere."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().whole(b"", 307, location="http://elsewhere.test/")
        self.assertEqual(client.answer.status, 502)
        self.assertEqual(wire.upstreams.pending, [])

    def test_our_key_is_refused(self) -> None:
        """An upstream that refuses *our* key is the operator's fault, not the client's, and no retry helps."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().whole(b'{"error":{"message":"Incorrect API key provided: sk-abcdefgh12345678"}}', 401)
        self.assertEqual(client.answer.status, 502)
        self.assertEqual(client.answer.headers["x-should-retry"], "false")
        self.assertNotIn("sk-abcdefgh12345678", client.answer.body.decode())
        self.assertIs(wire.record.error.kind, Kind.REFUSED_CREDENTIAL)

    def test_rate_limit(self) -> None:
        """A rate limit keeps its status and its wait, which is clamped to what clients obey."""
        for given, told in (("7", "7"), ("1.2", "2"), ("3600", "60")):
            wire = Wire()
            client = wire.ask()
            wire.upstream().whole(b'{"error":{"message":"slow down"}}', 429, retry_after=given)
            self.assertEqual(client.answer.status, 429)
            self.assertEqual(client.answer.headers["retry-after"], told)

    def test_overflow(self) -> None:
        """A prompt that is too long is told in the words on which Claude Code compacts."""
        wire = Wire()
        client = wire.ask()
        message = (
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens."
        )
        body = {"error": {"message": message, "type": "invalid_request_error", "code": "context_length_exceeded"}}
        wire.upstream().whole(json.dumps(body).encode(), 400)
        self.assertEqual(client.answer.status, 400)
        self.assertIn("prompt is too long", client.answer.json["error"]["message"])
        self.assertNotIn("x-should-retry", client.answer.headers)
