"""`POST /v1/messages/count_tokens`: who counts, what is remembered, and what happens when a counter fails."""

import gzip
import json
from collections.abc import Callable
from typing import Any

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.principals import Keyring
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.dialect import Dialect
from ccproxy.dialects.openai_responses.dialect import OPENAI_RESPONSES
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError, Kind
from ccproxy.providers.target import Auth, Secret, Target
from ccproxy.routing.facts import Facts
from ccproxy.routing.routes import Chosen
from ccproxy.tokens.factors import Factors
from ccproxy.tokens.ruler import ESTIMATE, Ruler
from ccproxy.upstream.client import Client
from ccproxy.upstream.pool import Pool
from ccproxy.web.counters import INLINE_BYTES, REST_SECONDS, UPSTREAM_SECONDS, Ours, Theirs
from ccproxy.web.counting import Counting, Counts
from ccproxy.web.site import BoundedSite
from tests.support.routing import routes_of
from tests.support.wire import CLAUDE, OPENAI, ClientConnection, FixedRoutes, Wire

LOGIN = Target("anthropic", "claude-test", "anthropic", "http://anthropic.test", passes_login=True)
"""An upstream for which the client brings its own credential."""

GEMINI = Target(
    "gemini",
    "gemini-3-pro",
    "gemini",
    "http://gemini.test/v1beta",
    key=Secret("upstream-key"),
    auth=Auth.GOOGLE,
    quirks=Quirks(vendor="gemini", model="gemini-3-pro"),
)


class NoRoutes:
    """Routes that lead nowhere."""

    def candidates(self, facts: Facts, now: float, take: bool = True) -> Chosen:
        raise ApiError(Kind.NO_ROUTE, f"no route leads from {facts.model}")


@define
class Desk:
    """The resource on its own, with an upstream to answer by hand and threads to run by hand."""

    target: Target = OPENAI
    dialect: Dialect = ANTHROPIC
    ruler: Ruler = ESTIMATE
    apikey: str = ""
    routes: Any = None
    factors: Factors = field(factory=Factors)
    threads: list[tuple[Callable[[], int], "Deferred[int]"]] = field(factory=list)
    wire: Wire = field(factory=Wire)

    def __attrs_post_init__(self) -> None:
        wire = self.wire
        wire.pool = Pool(wire.clock, wire.upstreams)
        ids = iter(f"req_{n}" for n in range(10**6))

        def new_id() -> str:
            return next(ids)

        counts = Counts(
            self.routes or FixedRoutes((self.target,)),
            Theirs(DIALECTS, Client(wire.pool, wire.clock, wire.deadlines), wire.clock),
            Ours(self.ruler, self.in_thread),
            self.factors,
            wire.clock,
        )
        counting = Counting(self.dialect, Keyring(Secret(self.apikey)), counts, wire.body_limit, new_id)
        wire.site = BoundedSite(counting, wire.clock, wire.body_limit, new_id)
        wire.site.timeOut = None

    def in_thread(self, call: Callable[[], int]) -> "Deferred[int]":
        done: Deferred[int] = Deferred()
        self.threads.append((call, done))
        return done

    def run_threads(self) -> None:
        while self.threads:
            call, done = self.threads.pop(0)
            done.callback(call())

    def ask(self, headers: dict[str, str] | None = None, **fields: Any) -> ClientConnection:
        body = {"model": "claude-test", "messages": [{"role": "user", "content": "foo"}], **fields}
        return self.send(json.dumps(body).encode(), headers)

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> ClientConnection:
        return self.wire.request("POST", "/v1/messages/count_tokens?beta=true", body, headers)

    @property
    def asked(self) -> int:
        """How many connections to the upstream are waiting."""
        return len(self.wire.upstreams.pending)


def told(client: ClientConnection) -> tuple[int, str]:
    """The number, and who counted."""
    answer = client.answer
    if answer.status != 200:
        raise AssertionError(f"{answer.status}: {answer.body!r}")
    return answer.json["input_tokens"], answer.headers["x-ccproxy-token-count"]


class Routed(SynchronousTestCase):
    """Counting goes by the routes by which messages go."""

    def test_where(self) -> None:
        """A request to be counted goes where the same message would go, and says so."""
        routes = routes_of({"default": "a,m", "think": "b,m", "haiku": "c,small", "longContext": "b,long"})
        cases: list[tuple[dict[str, Any], str, str]] = [
            ({}, "route default", "a,m"),
            ({"thinking": {"type": "adaptive"}}, "route think", "b,m"),
            ({"model": "claude-haiku-5-5"}, "route haiku", "c,small"),
            ({"system": "some words to be counted " * 14_000}, "route longContext", "b,long"),
        ]
        for fields, rule, target in cases:
            desk = Desk(routes=routes)
            client = desk.ask(**fields)
            if desk.threads:
                work, done = desk.threads.pop()
                done.callback(work())
            headers = client.answer.headers
            found = headers["x-ccproxy-route"], headers["x-ccproxy-target"], headers["x-ccproxy-attempts"]
            self.assertEqual(found, (rule, target, "0"))

    def test_no_turn_is_taken(self) -> None:
        """Claude Code's bursts of counts do not use up the turns of targets."""
        routes = routes_of({"default": {"targets": ["a,m", "b,m"], "strategy": "weighted"}})
        desk = Desk(routes=routes)
        asked = {desk.ask(model=f"m{at}").answer.headers["x-ccproxy-target"] for at in range(5)}
        self.assertEqual(asked, {"a,m"})


class Here(SynchronousTestCase):
    """Counting on this machine, for upstreams that do not count."""

    def test_estimate(self) -> None:
        """Without ranks the answer is an estimate and says so; no upstream is asked."""
        desk = Desk()
        tokens, by = told(desk.ask())
        self.assertEqual(by, "estimate")
        self.assertTrue(1 <= tokens <= 20)
        self.assertEqual(desk.asked, 0)

    def test_responses(self) -> None:
        """A client of the Responses API gets its count in that API's words. Anthropic, which takes bodies of its own
        dialect alone, is not asked."""
        for target in (OPENAI, CLAUDE):
            desk = Desk(target, OPENAI_RESPONSES)
            client = desk.send(b'{"model": "m", "input": "one two three"}')
            self.assertEqual(desk.asked, 0)
            self.assertEqual(client.answer.json["object"], "response.input_tokens")
            self.assertGreater(told(client)[0], 3)

    def test_ruler(self) -> None:
        """Where tiktoken is at hand, it counts."""
        desk = Desk(ruler=Ruler("tiktoken", lambda text: 1000))
        tokens, by = told(desk.ask())
        self.assertEqual(by, "tiktoken")
        self.assertTrue(1000 <= tokens <= 1020)

    def test_all_of_it(self) -> None:
        """System prompt and tools count, not the messages alone."""
        desk = Desk()
        plain = told(desk.ask())[0]
        tool = {"name": "run", "description": "Runs a program. " * 50, "input_schema": {"type": "object"}}
        self.assertGreater(told(desk.ask(system="Be brief. " * 100))[0], plain + 150)
        self.assertGreater(told(desk.ask(tools=[tool]))[0], plain + 150)

    def test_factor(self) -> None:
        """What was learnt about the model is applied, and rounded up; it applies to what is remembered too."""
        desk = Desk(ruler=Ruler("estimate", lambda text: 993))
        before = told(desk.ask())[0]
        self.assertEqual(before, 1000)
        desk.factors.observe(OPENAI.name, 1000, 1333)
        self.assertEqual(told(desk.ask())[0], 1333)

    def test_remembered(self) -> None:
        """A body that was counted is not counted again; another one is."""
        texts: list[str] = []

        def measure(text: str) -> int:
            texts.append(text)
            return len(text)

        desk = Desk(ruler=Ruler("estimate", measure))
        first = [told(desk.ask())[0] for _ in range(26)]
        self.assertEqual(len(set(first)), 1)
        self.assertEqual(texts, ["foo"])
        desk.ask(system="x")
        self.assertEqual(len(texts), 2)

    def test_large(self) -> None:
        """A large text is counted off the reactor's thread, and the client waits for it."""
        desk = Desk()
        client = desk.ask(system="word " * (INLINE_BYTES // 4))
        self.assertEqual(client.received, b"")
        self.assertEqual(len(desk.threads), 1)
        desk.run_threads()
        self.assertGreater(told(client)[0], INLINE_BYTES // 5)

    def test_client_leaves(self) -> None:
        """A client that leaves while its text is counted is no fault, and the count comes to nobody."""
        desk = Desk()
        client = desk.ask(system="word " * (INLINE_BYTES // 4))
        client.leave()
        desk.run_threads()
        self.assertEqual(client.received, b"")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_fault_of_ours(self) -> None:
        """A fault of ours is told to the client, which would else wait for ever, and logged once."""

        def broken(text: str) -> int:
            raise ZeroDivisionError

        answer = Desk(ruler=Ruler("estimate", broken)).ask().answer
        self.assertEqual(answer.status, 502)
        self.assertEqual(answer.json["type"], "error")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_what_cannot_be_said(self) -> None:
        """A request that only Anthropic could serve is counted as the text that it is."""
        tokens, by = told(Desk().ask(container="c", system="Be brief. " * 100))
        self.assertEqual(by, "estimate")
        self.assertGreater(tokens, 150)


class Upstream(SynchronousTestCase):
    """Counting by the upstream."""

    def test_anthropic(self) -> None:
        """Anthropic's counter gets the body as it came but for the model's name, and its number is the answer."""
        desk = Desk(evolve(CLAUDE, model="claude-other"))
        body = b'{"model" : "claude-test", "messages":[{"role":"user","content":"h\\u0069"}]}'
        client = desk.send(body, {"anthropic-version": "2023-06-01", "anthropic-beta": "token-counting-2024-11-01"})
        upstream = desk.wire.upstream()
        line, headers, sent = upstream.request
        self.assertEqual(line, "POST /v1/messages/count_tokens HTTP/1.1")
        self.assertEqual(headers["anthropic-beta"], "token-counting-2024-11-01")
        self.assertEqual(headers["authorization"], "Bearer upstream-key")
        self.assertEqual(sent, body.replace(b"claude-test", b"claude-other"))
        upstream.whole(b'{"input_tokens": 4711}')
        self.assertEqual(told(client), (4711, "upstream"))
        self.assertEqual(client.answer.headers["x-ccproxy-target"], "anthropic,claude-other")

    def test_gemini(self) -> None:
        """Gemini's counter gets the whole request in its own words: system prompt and tools too."""
        desk = Desk(GEMINI)
        tool = {"name": "run", "description": "Runs.", "input_schema": {"type": "object", "properties": {}}}
        client = desk.ask(system="Be brief.", tools=[tool])
        upstream = desk.wire.upstream()
        line, headers, _ = upstream.request
        self.assertEqual(line, "POST /v1beta/models/gemini-3-pro:countTokens HTTP/1.1")
        self.assertEqual(headers["x-goog-api-key"], "upstream-key")
        (whole,) = upstream.json.values()
        self.assertEqual(set(upstream.json), {"generateContentRequest"})
        self.assertEqual(whole["model"], "models/gemini-3-pro")
        self.assertEqual(whole["systemInstruction"]["parts"], [{"text": "Be brief."}])
        self.assertEqual(whole["tools"][0]["functionDeclarations"][0]["name"], "run")
        upstream.whole(b'{"totalTokens": 31, "promptTokensDetails": []}')
        self.assertEqual(told(client), (31, "upstream"))

    def test_exact_numbers_are_not_scaled(self) -> None:
        """What the upstream counted needs no factor."""
        desk = Desk(CLAUDE)
        desk.factors.observe(CLAUDE.name, 1000, 2000)
        client = desk.ask()
        desk.wire.upstream().whole(b'{"input_tokens": 10}')
        self.assertEqual(told(client), (10, "upstream"))

    def test_remembered(self) -> None:
        """The upstream is asked once for one body."""
        desk = Desk(CLAUDE)
        desk.ask()
        desk.wire.upstream().whole(b'{"input_tokens": 10}')
        self.assertEqual(told(desk.ask()), (10, "upstream"))
        self.assertEqual(desk.asked, 0)

    def test_no_credential(self) -> None:
        """An upstream that wants a login is not asked for a client that brings none."""
        desk = Desk(LOGIN)
        self.assertEqual(told(desk.ask())[1], "estimate")
        self.assertEqual(desk.asked, 0)

    def test_failures(self) -> None:
        """Whatever the upstream answers instead of a number, the client gets one of ours; the upstream then has rest,
        and after it is asked again."""
        answers = (
            (404, b"{}"),
            (429, b"{}"),
            (500, b"oops"),
            (401, b"{}"),
            (200, b"[]"),
            (200, b'{"input_tokens": -1}'),
        )
        for status, body in answers:
            desk = Desk(CLAUDE)
            client = desk.ask()
            desk.wire.upstream().whole(body, status)
            self.assertEqual(told(client)[1], "estimate", (status, body))
            self.assertEqual(told(desk.ask(system="other"))[1], "estimate")
            self.assertEqual(desk.asked, 0)
            desk.wire.clock.advance(REST_SECONDS)
            desk.ask(system="third")
            self.assertEqual(desk.asked, 1, (status, body))

    def test_refused_request(self) -> None:
        """A request that the upstream does not like is counted here; others are still asked about."""
        desk = Desk(CLAUDE)
        client = desk.ask()
        desk.wire.upstream().whole(b"{}", 400)
        self.assertEqual(told(client)[1], "estimate")
        self.assertEqual(desk.ask(system="other").received, b"")

    def test_unreachable(self) -> None:
        """An upstream that cannot be reached makes no difference to the client."""
        desk = Desk(CLAUDE)
        client = desk.ask()
        desk.wire.upstreams.pending.pop(0).refuse(ConnectionRefusedError())
        self.assertEqual(told(client)[1], "estimate")

    def test_slow(self) -> None:
        """An upstream has three seconds: for its headers, and for its body."""
        for begun in (False, True):
            desk = Desk(CLAUDE)
            client = desk.ask()
            upstream = desk.wire.upstream()
            if begun:
                upstream.head(content_type="application/json")
                upstream.say(b'{"input')
            desk.wire.clock.advance(UPSTREAM_SECONDS - 0.1)
            self.assertEqual(client.received, b"")
            desk.wire.clock.advance(0.2)
            self.assertEqual(told(client)[1], "estimate")
            self.assertTrue(upstream.stopped)

    def test_own_login_refused(self) -> None:
        """A client whose own login does not work is told, instead of being given a number."""
        for status in (401, 403):
            desk = Desk(LOGIN)
            client = desk.ask({"authorization": "Bearer theirs"})
            upstream = desk.wire.upstream()
            self.assertEqual(upstream.request[1]["authorization"], "Bearer theirs")
            upstream.whole(b"{}", status)
            self.assertEqual(client.answer.status, status)
            self.assertEqual(client.answer.json["type"], "error")

    def test_client_leaves(self) -> None:
        """A client that leaves takes its question along."""
        desk = Desk(CLAUDE)
        client = desk.ask()
        upstream = desk.wire.upstream()
        client.leave()
        self.assertTrue(upstream.stopped)
        desk.wire.pool.close()
        self.assertEqual(desk.wire.clock.getDelayedCalls(), [])


class Refusals(SynchronousTestCase):
    """What is refused, as for every endpoint."""

    def test_key(self) -> None:
        """Who may not ask for an answer may not ask for a count."""
        desk = Desk(apikey="ours")
        self.assertEqual(desk.ask().answer.status, 401)
        self.assertEqual(desk.ask({"x-api-key": "ours"}).answer.status, 200)

    def test_bad_bodies(self) -> None:
        """Each wrong body is a 400 that names what is wrong."""
        cases = (
            (b"{", "JSON"),
            (b"[]", "object"),
            (b'{"messages": []}', "model"),
            (b'{"model": 5, "messages": []}', "model"),
            (b'{"model": "m", "messages": 5}', "messages"),
            (b'{"model": "m", "messages": [{"role": "user", "content": [{"text": "x"}]}]}', "content[0].type"),
        )
        for body, place in cases:
            answer = Desk().send(body).answer
            self.assertEqual(answer.status, 400, body)
            self.assertIn(place, answer.json["error"]["message"])

    def test_no_route(self) -> None:
        """A model that leads nowhere is a 404, which clients ignore."""
        answer = Desk(routes=NoRoutes()).ask().answer
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.json["error"]["type"], "not_found_error")

    def test_compressed(self) -> None:
        """A packed body is unpacked first."""
        body = gzip.compress(b'{"model": "m", "messages": [{"role": "user", "content": "foo"}]}')
        self.assertEqual(told(Desk().send(body, {"content-encoding": "gzip"})), told(Desk().ask()))
