"""Exchanges word for word, in every lane: what is captured is what both ends got."""

import json
from typing import Any

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures.captured import Answered, Leg
from ccproxy.captures.files import Keeping
from ccproxy.captures.folded import folded
from ccproxy.captures.masks import MASKED, Masks
from ccproxy.exchange.cache import Cache
from ccproxy.exchange.hook import Hook, Point
from ccproxy.exchange.hooks import Hooks
from ccproxy.exchange.view import Exchange
from ccproxy.model.messages import ToolUse
from ccproxy.secret import Secret, Sought
from tests.captures.hearing import ROOMY, Heard
from tests.exchange.test_continuing import GOOGLE, part
from tests.exchange.test_left_behind import rings
from tests.support.wire import CLAUDE, OPENAI, ClientConnection, UpstreamConnection

CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-test"}


def chunk(text: str = "", finish: str | None = None) -> bytes:
    """One of OpenAI's."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return b"data: " + json.dumps({**CHUNK, "choices": [choice]}).encode() + b"\n\n"


STREAM = [chunk("Hel"), chunk("lo"), chunk(finish="stop"), b"data: [DONE]\n\n"]

MESSAGE = json.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 2},
    }
).encode()


class CaptureTests(SynchronousTestCase):
    """One exchange at a time, from the client to its upstreams and back."""

    def heard(self, **options: Any) -> Heard:
        return Heard(self.mktemp(), **options)

    def assert_as_sent(self, leg: Leg, upstream: UpstreamConnection) -> None:
        """What is captured of a request is what the upstream got, but for what HTTP itself adds, and for keys."""
        first, headers, body = upstream.request
        self.assertEqual(leg.asked.message.body.data, body)
        self.assertEqual(f"{leg.asked.method} /{leg.asked.url.split('/', 3)[3]} HTTP/1.1", first)
        own = {"host", "content-length", "accept-encoding", "connection"}
        sent = {name: value for name, value in headers.items() if name not in own}
        secret = {"authorization": f"Bearer {MASKED}", "x-api-key": MASKED}
        self.assertEqual(dict(leg.asked.message.headers), {name: secret.get(name, sent[name]) for name in sent})

    def assert_as_got(self, answered: Answered | None, client: ClientConnection) -> None:
        """What is captured of an answer is what the client got."""
        assert answered is not None
        answer = client.answer
        self.assertEqual((answered.status, answered.message.body.data), (answer.status, answer.body))
        self.assertTrue(answered.message.body.complete)
        for name, value in answered.message.headers.items():
            self.assertEqual(answer.headers[name], value)

    def test_translated_stream(self) -> None:
        """A stream for a client of another dialect: both requests, and both streams to the byte."""
        heard = self.heard(targets=(OPENAI,))
        client = heard.wire.ask()
        upstream = heard.wire.upstream()
        upstream.head()
        for piece in STREAM:
            upstream.say(piece)
            heard.write()
        upstream.end()
        heard.write()
        found = heard.captured()
        (leg,) = found.legs
        self.assert_as_sent(leg, upstream)
        assert leg.answered is not None
        self.assertEqual(leg.answered.message.body.data, b"".join(STREAM))
        self.assert_as_got(found.answered, client)
        self.assertEqual(json.loads(found.asked.message.body.data)["messages"][0]["content"], "Hello")
        self.assertEqual((found.asked.url, found.dialect, found.stream), ("/v1/messages?beta=true", "anthropic", True))
        assert found.record is not None
        self.assertEqual((found.record["id"], found.record["outcome"]), ("req_0", "finished"))
        self.assertTrue(found.complete)

    def test_whole_answers(self) -> None:
        """Whole replies, passed on as they came, with another model's name, and translated."""
        for target, model in ((CLAUDE, "claude-test"), (CLAUDE, "claude-other"), (OPENAI, "claude-test")):
            heard = self.heard(targets=(target,))
            client = heard.wire.ask(stream=False, model=model)
            upstream = heard.wire.upstream()
            message = {"role": "assistant", "content": "Hello"}
            chat = {**CHUNK, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
            body = MESSAGE if target is CLAUDE else json.dumps(chat).encode()
            upstream.whole(body)
            heard.write()
            found = heard.captured()
            self.assert_as_sent(found.legs[0], upstream)
            answered = found.legs[0].answered
            assert answered is not None
            self.assertEqual(answered.message.body.data, body)
            self.assert_as_got(found.answered, client)

    def test_several_targets(self) -> None:
        """Each request that went out has its own answer, errors included."""
        heard = self.heard(targets=(OPENAI, CLAUDE))
        client = heard.wire.ask(stream=False)
        first = heard.wire.upstream()
        first.whole(b'{"error": {"message": "overloaded"}}', status=503)
        second = heard.wire.upstream()
        second.whole(MESSAGE)
        heard.write()
        found = heard.captured()
        self.assertEqual([leg.target for leg in found.legs], ["openai,gpt-test", "anthropic,claude-test"])
        self.assertEqual([leg.answered.status for leg in found.legs if leg.answered], [503, 200])
        for leg, upstream in zip(found.legs, (first, second), strict=True):
            self.assert_as_sent(leg, upstream)
        assert found.legs[0].answered is not None
        self.assertEqual(found.legs[0].answered.message.body.data, b'{"error": {"message": "overloaded"}}')
        self.assert_as_got(found.answered, client)

    def test_an_answer_that_goes_on_elsewhere(self) -> None:
        """Where another target goes on with an answer there are two requests, and one answer to the client."""
        heard = self.heard(targets=(OPENAI, evolve(OPENAI, provider="other")), resume=True)
        client = heard.wire.ask()
        first = heard.wire.upstream()
        first.head()
        first.say(STREAM[0])
        first.drop()
        second = heard.wire.upstream()
        second.head()
        for piece in STREAM[1:]:
            second.say(piece)
        second.end()
        heard.write()
        found = heard.captured()
        self.assertEqual([leg.target for leg in found.legs], ["openai,gpt-test", "other,gpt-test"])
        assert found.legs[0].answered is not None
        self.assertNotEqual(found.legs[0].answered.how, "")
        self.assertIn(b"Hel", found.legs[1].asked.message.body.data)
        self.assert_as_got(found.answered, client)

    def test_an_upstream_that_cannot_be_reached(self) -> None:
        """What was sent is there, without an answer; the client's error is."""
        heard = self.heard()
        client = heard.wire.ask()
        heard.wire.upstreams.pending.pop(0).refuse(ConnectionError("no"))
        heard.write()
        found = heard.captured()
        self.assertEqual([leg.answered for leg in found.legs], [None])
        self.assert_as_got(found.answered, client)

    def test_a_client_that_leaves(self) -> None:
        """What was said by then is kept, and how it ended."""
        heard = self.heard()
        client = heard.wire.ask()
        upstream = heard.wire.upstream()
        upstream.head()
        upstream.say(STREAM[0])
        client.leave()
        heard.write()
        found = heard.captured()
        assert found.record is not None
        assert found.legs[0].answered is not None
        self.assertEqual(found.record["outcome"], "abandoned")
        self.assertEqual(found.legs[0].answered.message.body.data, STREAM[0])
        self.assertTrue(found.complete)

    def test_kept_answers(self) -> None:
        """An answer that was kept for the same request asks nobody, and is captured as the client got it."""
        heard = self.heard(targets=(CLAUDE,), cache=Cache(60.0, 10**6))
        heard.wire.ask(stream=False, temperature=0)
        heard.wire.upstream().whole(MESSAGE)
        client = heard.wire.ask(stream=False, temperature=0)
        heard.write()
        found = heard.captured("req_1")
        self.assertEqual(found.legs, ())
        self.assert_as_got(found.answered, client)

    def test_a_renewed_key(self) -> None:
        """A request that is sent again with a renewed key is there twice, and neither key is."""
        keys = iter(("first-key-that-is-old", "second-key-that-is-new"))

        class Renewing:
            async def key(self, sought: Sought, provider: str) -> Secret:
                return Secret(next(keys))

            async def renewed(self, sought: Sought, used: Secret, provider: str) -> Secret:
                return Secret(next(keys))

        heard = self.heard(targets=(evolve(OPENAI, key=Sought("print a key")),), credentials=Renewing())
        heard.wire.ask(stream=False)
        upstream = heard.wire.upstream()
        upstream.whole(b'{"error": {"message": "first-key-that-is-old is not it"}}', status=401)
        second = heard.wire.upstream() if heard.wire.upstreams.pending else upstream
        second.whole(b'{"error": {"message": "second-key-that-is-new neither"}}', status=401)
        heard.write()
        found = heard.captured()
        self.assertEqual([leg.answered.status for leg in found.legs if leg.answered], [401, 401])
        for key in (b"first-key-that-is-old", b"second-key-that-is-new"):
            self.assertNotIn(key, heard.text())

    def test_hooks(self) -> None:
        """What the operator's hooks change is seen: the client's request is as it came, the upstream's as it went."""

        def change(exchange: Exchange) -> None:
            exchange.body = {**exchange.body, "temperature": 0.5}

        def sending(exchange: Exchange) -> None:
            exchange.upstream_headers["x-added"] = "by a hook"
            exchange.upstream_body = {**exchange.upstream_body, "added": True}

        made = [
            Hook("change", Point.REQUEST, change, threaded=False),
            Hook("sending", Point.SENDING, sending, threaded=False),
        ]
        clock = Clock()
        heard = self.heard(hooks=Hooks(made, clock))
        heard.wire.ask()
        upstream = heard.wire.upstream()
        heard.write()
        found = heard.captured()
        self.assertNotIn("temperature", json.loads(found.asked.message.body.data))
        self.assert_as_sent(found.legs[0], upstream)
        sent = json.loads(found.legs[0].asked.message.body.data)
        self.assertEqual((sent["temperature"], sent["added"]), (0.5, True))
        self.assertEqual(found.legs[0].asked.message.headers["x-added"], "by a hook")

    def test_an_answer_in_several_bodies(self) -> None:
        """Where a vendor gives an answer in several bodies, each request for more of it is there, with its own."""
        heard = self.heard(targets=(GOOGLE,))
        client = heard.wire.ask(max_tokens=20_000)
        bodies = (part("An ans", "dDE="), part("wer."))
        upstreams = []
        for body in bodies:
            upstreams.append(heard.wire.upstream())
            upstreams[-1].whole(body, content_type="text/event-stream", connection="close")
        heard.write()
        found = heard.captured()
        for leg, upstream, body in zip(found.legs, upstreams, bodies, strict=True):
            self.assertEqual(leg.asked.message.body.data, upstream.request[2])
            self.assertEqual(leg.asked.message.headers["x-goog-api-key"], MASKED)
            assert leg.answered is not None
            self.assertEqual(leg.answered.message.body.data, body)
        self.assert_as_got(found.answered, client)

    def test_what_is_filled_in(self) -> None:
        """Of a request that names what we keep, the client's own words are captured; the upstream's have it all."""
        heard = self.heard(kept=(3600.0, 10**6))
        first = {"model": "m", "input": [{"type": "message", "role": "user", "content": "The first question"}]}
        client = heard.wire.request("POST", "/v1/responses", json.dumps(first).encode())
        message = {"role": "assistant", "content": "Hello"}
        chat = {**CHUNK, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        heard.wire.upstream().whole(json.dumps(chat).encode())
        heard.wire.pool.close()
        name = client.answer.json["id"]
        body = json.dumps({**first, "input": "And then?", "previous_response_id": name}).encode()
        heard.wire.request("POST", "/v1/responses", body)
        heard.wire.upstream()
        heard.write()
        found = heard.captured("req_1")
        self.assertEqual(found.asked.message.body.data, body)
        self.assertIn(b"The first question", found.legs[0].asked.message.body.data)

    def test_long_bodies(self) -> None:
        """A body beyond the limit is kept up to it, and marked as cut with its true size; shorter ones are whole."""
        heard = self.heard(keeping=Keeping(3600.0, 10**8, 5000))
        heard.wire.ask(messages=[{"role": "user", "content": "x" * 20_000}])
        upstream = heard.wire.upstream()
        upstream.head()
        for number in range(300):
            upstream.say(chunk(f"{number} " * 10))
            if number % 10 == 0:
                heard.write()
        upstream.say(STREAM[-2])
        upstream.end()
        heard.write()
        found = heard.captured()
        asked = found.asked.message.body
        self.assertEqual((len(asked.data), asked.cut, asked.complete), (5000, True, False))
        self.assertEqual(asked.size, len(json.dumps({"x": "x" * 20_000})) + asked.size - 20_009)
        self.assertGreater(asked.size, 20_000)
        for body in (found.legs[0].answered.message.body, found.answered.message.body):  # type: ignore[union-attr]
            self.assertTrue(body.cut)
            self.assertLessEqual(len(body.data), 5000)
            self.assertGreater(body.size, 5000)
        self.assertLess(len(heard.text()), 30_000)

    def test_a_key_at_the_limit(self) -> None:
        """A key that a limit cuts in two is masked before it is cut."""
        heard = self.heard(keeping=Keeping(3600.0, 10**8, 100), masks=Masks(["a-long-key-that-is-known"]))
        for start in range(60, 110):
            heard.wire.ask(model="x" * start + "a-long-key-that-is-known")
        heard.write()
        self.assertEqual(len(heard.ids), 50)
        for name in heard.ids:
            self.assertNotIn(b"a-long-k", heard.text(name), name)

    def test_a_killed_daemon(self) -> None:
        """While an exchange runs, what came by is on disk a moment later, and can be read."""
        heard = self.heard()
        heard.wire.ask()
        upstream = heard.wire.upstream()
        upstream.head()
        upstream.say(STREAM[0])
        heard.write()
        found = heard.captured()
        self.assertFalse(found.complete)
        assert found.answered is not None
        assert found.legs[0].answered is not None
        self.assertEqual(found.legs[0].answered.message.body.data, STREAM[0])
        self.assertIn(b"Hel", found.answered.message.body.data)
        self.assertFalse(found.answered.message.body.complete)

    def test_secrets(self) -> None:
        """Logins, cookies and keys are masked in every header, URL and body, each where it stands."""
        heard = self.heard(masks=Masks(["a-configured-key", "upstream-key"], ["user_id", "x-team", r"/\b\d{16}\b/"]))
        headers = {
            "authorization": "Bearer a-clients-own-login",
            "x-api-key": "another-key-of-the-client",
            "cookie": "session=a-cookie",
            "x-team": "the-blue-team",
            "x-note": "a-configured-key",
        }
        secrets = ["a-clients-own-login", "another-key-of-the-client", "a-cookie", "the-blue-team", "a-configured-key"]
        secrets += ["the-user", "1234567812345678", "sk-looks-like-a-key", "upstream-key"]
        client = heard.wire.request(
            "POST",
            "/v1/messages?beta=true&key=in-the-query",
            json.dumps(
                {
                    "model": "m",
                    "max_tokens": 9,
                    "metadata": {"user_id": "the-user"},
                    "messages": [{"role": "user", "content": f"1234567812345678 {' '.join(secrets)} stays"}],
                }
            ).encode(),
            headers,
        )
        upstream = heard.wire.upstream()
        body = json.dumps({"error": {"message": f"{upstream.request[1]} {' '.join(secrets)}"}}).encode()
        upstream.whole(body, status=400, x_key="sk-looks-like-a-key", set_cookie="a=a-cookie")
        heard.write()
        text = heard.text().decode()
        self.assertIn("stays", text)
        self.assertIn("beta=true", text)
        self.assertEqual(client.answer.status, 400)
        left = [secret for secret in secrets if secret in text and secret not in ("the-user", "a-cookie")]
        self.assertEqual(left, ["the-blue-team"], "in a body it is a word like any other")
        self.assertNotIn('"user_id": "the-user"', text)
        self.assertNotIn("session=a-cookie", text)
        self.assertNotIn("in-the-query", text)

    def test_fields_in_pieces(self) -> None:
        """A field that the operator wants masked is, in the arguments of a tool that come a few characters an event:
        neither the upstream's stream nor the client's has it."""
        heard = self.heard(masks=Masks([], ["command"]))
        client = heard.wire.ask(tools=[{"name": "Bash", "input_schema": {"type": "object"}}])
        upstream = heard.wire.upstream()
        upstream.head()
        call = {"index": 0, "id": "t", "type": "function", "function": {"name": "Bash", "arguments": ""}}
        text = '{"command": "rm -rf unspeakable", "why": "told"}'
        pieces = [{"index": 0, "function": {"arguments": text[at : at + 3]}} for at in range(0, len(text), 3)]
        for number, one in enumerate((call, *pieces)):
            choice = {"index": 0, "delta": {"tool_calls": [one]}, "finish_reason": None}
            upstream.say(b"data: " + json.dumps({**CHUNK, "choices": [choice]}).encode() + b"\n\n")
            if number % 4 == 0:
                heard.write()
        upstream.say(chunk(finish="tool_calls") + STREAM[-1])
        upstream.end()
        heard.write()
        self.assertIn(b"message_stop", client.answer.body)
        found = heard.captured()
        for dialect, answered in (("openai_chat", found.legs[0].answered), ("anthropic", found.answered)):
            response = folded(dialect, answered)
            assert response is not None
            (used,) = response.blocks
            assert isinstance(used, ToolUse)
            self.assertEqual(json.loads(used.arguments), {"command": MASKED, "why": "told"})

    def test_nothing_is_captured(self) -> None:
        """Without a witness there is no file, and nobody hears a thing."""
        heard = self.heard()
        heard.wire = type(heard.wire)(clock=heard.clock)
        heard.wire.ask()
        upstream = heard.wire.upstream()
        upstream.head()
        upstream.say(b"".join(STREAM))
        upstream.end()
        heard.write()
        self.assertEqual(heard.ids, [])
        self.assertFalse(heard.directory.exists())

    def test_nothing_is_left_behind(self) -> None:
        """A captured exchange leaves no ring of objects either: what was heard goes when it is over."""
        heard = self.heard()
        for number in range(2):
            with rings() as found:
                heard.wire.ask()
                upstream = heard.wire.upstream()
                upstream.head()
                upstream.say(b"".join(STREAM))
                upstream.end()
                heard.write()
                heard.wire.pool.close()
                del upstream
            self.assertEqual(found if number else [], [])

    def test_a_fault_of_ours(self) -> None:
        """A capture that fails ends, and its exchange goes on."""
        heard = self.heard(keeping=ROOMY)
        heard.spool.note = lambda note: 1 / 0  # type: ignore[method-assign, return-value]
        client = heard.wire.ask()
        upstream = heard.wire.upstream()
        upstream.head()
        upstream.say(b"".join(STREAM))
        upstream.end()
        self.assertIn(b"message_stop", client.answer.body)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
