"""Routes at work: whole exchanges between real parsers, with routes as an operator writes them."""

import json
from typing import Any

from attrs import evolve
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.resolve import routes
from ccproxy.config.settings import ProviderSettings
from ccproxy.routing.memory import REFUGE_SECONDS
from ccproxy.routing.strategies import Ordering
from tests.support.routing import settings_of
from tests.support.wire import ClientConnection, UpstreamConnection, Wire, chat, frames, messages, text_of

CLAUDE = ProviderSettings("claude", "http://claude.test", dialect="anthropic")
BALANCED: dict[str, Any] = {"default": {"targets": ["a,m", "b,m", "c,m"], "strategy": "weighted"}}
ORDERED: dict[str, Any] = {"default": {"provider": "a", "model": "m", "fallbacks": ["b,m"]}}
FASTEST: dict[str, Any] = {"default": {"targets": ["a,m", "b,m"], "strategy": "fastest"}}


def wire(written: dict[str, Any]) -> Wire:
    """The proxy with these routes."""
    made = Wire()
    settings = settings_of(written)
    settings = evolve(settings, providers=(*settings.providers, CLAUDE))
    return Wire(routes=routes(settings, Ordering(made.memory)), memory=made.memory)


class RoutingTests(SynchronousTestCase):
    """What clients and upstreams see of routes."""

    def ask(self, wire: Wire, session: str = "s", **fields: Any) -> ClientConnection:
        return wire.ask({"x-claude-code-session-id": session}, **{"model": "m", **fields})

    def answer(self, upstream: UpstreamConnection, *texts: str) -> None:
        upstream.head(Connection="close")
        for frame in chat(*({"content": text} for text in texts or ("Hello",))):
            upstream.say(frame)
        upstream.end()

    def asked(self, wire: Wire, session: str = "s") -> str:
        """The target that answers a request of this conversation."""
        client = self.ask(wire, session)
        self.answer(wire.upstream())
        self.assertEqual(text_of(frames(client.answer.body)), "Hello")
        return client.answer.headers["x-ccproxy-target"]

    def test_conversations_stay(self) -> None:
        """Conversations are spread over the targets, and each stays with its own."""
        proxy = wire(BALANCED)
        self.assertEqual([self.asked(proxy, name) for name in "stu"], ["a,m", "b,m", "c,m"])
        self.assertEqual([self.asked(proxy, name) for name in "utstu"], ["c,m", "b,m", "a,m", "b,m", "c,m"])

    def test_a_conversation_moves(self) -> None:
        """When its target fails, a conversation goes to another and stays there; the others stay where they are."""
        proxy = wire(BALANCED)
        self.assertEqual([self.asked(proxy, name) for name in "st"], ["a,m", "b,m"])
        client = self.ask(proxy, "s")
        proxy.upstream().whole(b"{}", 503, Connection="close")
        self.answer(proxy.upstream())
        moved = client.answer.headers["x-ccproxy-target"]
        self.assertNotEqual(moved, "a,m")
        self.assertEqual(client.answer.headers["x-ccproxy-attempts"], "2")
        proxy.clock.advance(REFUGE_SECONDS + 1)
        self.assertEqual([self.asked(proxy, name) for name in "ssst"], [moved, moved, moved, "b,m"])

    def test_refuge(self) -> None:
        """A conversation that had to go to a fallback keeps that one's cache warm for a while, and then comes back."""
        proxy = wire(ORDERED)
        self.assertEqual(self.asked(proxy), "a,m")
        client = self.ask(proxy)
        proxy.upstream().whole(b"{}", 503, Connection="close")
        self.answer(proxy.upstream())
        self.assertEqual(client.answer.headers["x-ccproxy-target"], "b,m")
        self.assertEqual([self.asked(proxy), self.asked(proxy, "other")], ["b,m", "a,m"])
        proxy.clock.advance(REFUGE_SECONDS)
        self.assertEqual(self.asked(proxy), "a,m")

    def test_a_bad_request_moves_nobody(self) -> None:
        """An error about the request is no failure of the target."""
        proxy = wire(BALANCED)
        self.asked(proxy)
        client = self.ask(proxy)
        proxy.upstream().whole(b'{"error": {"message": "messages: too short"}}', 400, Connection="close")
        self.assertEqual(client.answer.status, 400)
        self.assertEqual(self.asked(proxy), "a,m")

    def test_broken_in_the_middle(self) -> None:
        """A target that broke off in the middle of its answer loses the conversation."""
        proxy = wire(BALANCED)
        self.assertEqual(self.asked(proxy), "a,m")
        self.ask(proxy)
        upstream = proxy.upstream()
        upstream.head()
        upstream.say(chat({"content": "Hel"})[0])
        upstream.drop()
        self.assertEqual(self.asked(proxy), "b,m")

    def test_fastest(self) -> None:
        """The time to the first token is measured from when a target is asked, and decides who is asked next."""
        proxy = wire(FASTEST)
        for seconds in (3, 1):
            self.ask(proxy, f"s{seconds}")
            upstream = proxy.upstream()
            proxy.clock.advance(seconds)
            self.answer(upstream)
        self.assertEqual(proxy.memory.speeds.measured("a,m"), 3.0)
        self.assertEqual(proxy.memory.speeds.measured("b,m"), 1.0)
        self.assertEqual(self.asked(proxy, "another"), "b,m")

    def test_parameters_translated(self) -> None:
        """What a route sets arrives at an upstream of another dialect; what the request says stands."""
        proxy = wire({"default": {"provider": "a", "model": "m", "parameters": {"temperature": 0.2, "top_p": 0.5}}})
        self.ask(proxy, top_p=0.9)
        sent = proxy.upstream().json
        self.assertEqual((sent["temperature"], sent["top_p"]), (0.2, 0.9))

    def test_parameters_passed_on(self) -> None:
        """In a body that is passed on they are patched in, and nothing else changes."""
        set_ = {"temperature": 0.2, "max_tokens": {"override": 50}}
        proxy = wire({"default": {"provider": "claude", "parameters": set_}})
        self.ask(proxy, odd={"kept": 1.0})
        upstream = proxy.upstream()
        self.assertIn(b'"odd": {"kept": 1.0}', upstream.request[2])
        self.assertEqual((upstream.json["temperature"], upstream.json["max_tokens"]), (0.2, 50))
        upstream.head()
        for frame in messages("Hello"):
            upstream.say(frame)
        upstream.end()
        self.assertEqual(proxy.record.plan.value if proxy.record.plan else "", "patched")

    def test_nothing_to_set(self) -> None:
        """A route without parameters leaves a body of the same dialect as it is, to the byte."""
        proxy = wire({"default": {"provider": "claude"}})
        body = b'{"model":"x", "max_tokens":5,\n"messages":[{"role":"user","content":"Hi"}] }'
        proxy.request("POST", "/v1/messages", body)
        self.assertEqual(proxy.upstream().request[2], body)

    def test_told_on_every_answer(self) -> None:
        """Every answer says which rule took the request, where it went, and how often it was tried."""
        proxy = wire({"think": "a,m", "claude-x": {"provider": "a", "model": "m", "fallbacks": ["b,m"]}})
        whole, refused, lost, broken = (
            self.ask(proxy, model="claude-x"),
            self.ask(proxy, model="claude-x"),
            self.ask(proxy, model="nothing"),
            proxy.request("POST", "/v1/messages", b"{"),
        )
        self.answer(proxy.upstream())
        proxy.upstreams.pending.pop(0).refuse(ConnectionRefusedError())
        proxy.upstreams.pending.pop(0).refuse(ConnectionRefusedError())
        expected = [("route claude-x", "a,m", "1"), ("route claude-x", "b,m", "2")]
        expected += [("none", "none", "0")] * 2
        for client, told in zip((whole, refused, lost, broken), expected, strict=True):
            headers = client.answer.headers
            found = headers["x-ccproxy-route"], headers["x-ccproxy-target"], headers["x-ccproxy-attempts"]
            self.assertEqual(found, told)
            self.assertIn("x-ccproxy-request-id", headers)
        self.assertEqual([client.answer.status for client in (lost, broken)], [404, 400])

    def test_names_that_no_header_holds(self) -> None:
        """A model's name of any kind and length is told in so far as a header can hold it."""
        proxy = wire({"default": "a"})
        for model in ("☃", "x\r\ny: z", "\ud800", "x" * 2048):
            body = json.dumps({"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]})
            client = proxy.request("POST", "/v1/messages", body.encode())
            proxy.upstreams.pending.pop(0).refuse(ConnectionRefusedError())
            headers = client.answer.headers
            self.assertLess(len(headers["x-ccproxy-target"]), 700)
            self.assertTrue(headers["x-ccproxy-target"].startswith("a,"))
            self.assertNotIn("y", headers)

    def test_why_is_recorded(self) -> None:
        """A record says what made the rule speak of the call."""
        proxy = wire({"default": "a,m", "think": "b,m"})
        self.ask(proxy, thinking={"type": "adaptive"})
        self.answer(proxy.upstream())
        self.assertEqual((proxy.record.rule, proxy.record.why), ("route think", "every name and thinking == true"))
