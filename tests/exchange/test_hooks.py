"""Hooks through the whole proxy: what they see, what they change, and what becomes of those that fail."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.hook import Hook, Point, in_starbased_form
from ccproxy.exchange.hooks import Hooks
from ccproxy.exchange.threads import THREADS, Threads
from ccproxy.hooks import Exchange, Refuse
from ccproxy.providers.target import Target
from ccproxy.routing.extensions import POINTS
from ccproxy.routing.patience import FAILURES, REST_SECONDS
from tests.support.wire import CLAUDE, OPENAI, ClientConnection, UpstreamConnection, Wire, chat, frames, text_of


def hooked(*hooks: Hook, targets: tuple[Target, ...] = (OPENAI,)) -> Wire:
    """The proxy with these hooks; threads are run by hand."""
    wire = Wire(targets=targets)
    named = {target.name: target for target in (OPENAI, CLAUDE)}
    made = Hooks(hooks, wire.clock, wire._in_thread, named.__getitem__)
    return Wire(targets=targets, hooks=made, clock=wire.clock, threads=wire.threads)


def hook(point: Point, call: Callable[..., Any], threaded: bool = False, **how: Any) -> Hook:
    """A hook, in the reactor unless said otherwise."""
    return Hook(getattr(call, "__name__", "hook"), point, call, threaded=threaded, **how)


def answer(up: UpstreamConnection, text: str = "Hi") -> None:
    """A whole answer of the upstream."""
    up.head()
    up.say(b"".join(chat({"content": text})))
    up.end()


def message(client: ClientConnection) -> str:
    """Of an error."""
    return str(client.answer.json["error"]["message"])


class Changing(SynchronousTestCase):
    """Hooks that change something."""

    def test_points(self) -> None:
        """The configuration's words for points are the points."""
        self.assertEqual(POINTS, tuple(point.value for point in Point))

    def test_request(self) -> None:
        """The body and the model of a request, by assignment and within."""

        def shorten(exchange: Exchange) -> None:
            exchange.body["messages"][0]["content"] = "changed"
            exchange.body = {**exchange.body, "max_tokens": 7}

        wire = hooked(hook(Point.REQUEST, shorten))
        wire.ask()
        up = wire.upstream()
        self.assertEqual(up.json["messages"][-1]["content"], "changed")
        self.assertIn(7, (up.json.get("max_tokens"), up.json.get("max_completion_tokens")))

    def test_model(self) -> None:
        """Another model is asked for, and is what routes see."""

        def other(exchange: Exchange) -> None:
            exchange.model = "other"

        wire = hooked(hook(Point.REQUEST, other))
        wire.ask()
        answer(wire.upstream())
        self.assertEqual(wire.record.asked, "other")

    def test_untouched(self) -> None:
        """Who only looks leaves every byte as it was."""

        def look(exchange: Exchange) -> None:
            self.assertEqual(exchange.body["max_tokens"], 100)

        wire = hooked(hook(Point.REQUEST, look), targets=(CLAUDE,))
        body = b'{"model": "claude-test",   "max_tokens":100, "messages":[{"role":"user","content":"x"}]}'
        wire.request("POST", "/v1/messages", body)
        self.assertEqual(wire.upstream().request[2], body)

    def test_routed(self) -> None:
        """Targets are put in another order, or replaced; a name that leads nowhere changes nothing."""
        for wanted, expected in (
            (["anthropic,claude-test", "openai,gpt-test"], b"anthropic.test"),
            (["anthropic,claude-test"], b"anthropic.test"),
            ([], b"openai.test"),
        ):

            def choose(exchange: Exchange, wanted: list[str] = wanted) -> None:
                self.assertEqual(exchange.targets, ["openai,gpt-test"])
                exchange.targets = wanted

            wire = hooked(hook(Point.ROUTED, choose))
            wire.ask()
            self.assertEqual(wire.upstreams.seen[0][0], expected)

    def test_sending(self) -> None:
        """Headers and body of what goes upstream; the key is not there to be seen."""

        def mark(exchange: Exchange) -> None:
            self.assertEqual(exchange.target, "openai,gpt-test")
            self.assertNotIn("upstream-key", repr(exchange.upstream_headers))
            exchange.upstream_headers["x-team"] = "blue"
            exchange.upstream_body["seed"] = 5

        wire = hooked(hook(Point.SENDING, mark))
        wire.ask()
        up = wire.upstream()
        self.assertEqual((up.request[1]["x-team"], up.json["seed"]), ("blue", 5))

    def test_credentials(self) -> None:
        """No credential of the client's is shown, and its login arrives all the same."""
        seen: list[str] = []
        login = Target("anthropic", "claude-test", "anthropic", "http://anthropic.test", passes_login=True)

        def look(exchange: Exchange) -> None:
            seen.append(repr((exchange, exchange.headers)))
            exchange.headers["anthropic-beta"] = "x"

        wire = hooked(hook(Point.REQUEST, look), targets=(login,))
        wire.ask({"authorization": "Bearer her-login"})
        self.assertNotIn("her-login", seen[0])
        headers = wire.upstream().request[1]
        self.assertEqual((headers["authorization"], headers["anthropic-beta"]), ("Bearer her-login", "x"))

    def test_refused(self) -> None:
        """A hook refuses, with its words and status; nobody is asked upstream."""
        for status, kind in ((403, "permission_error"), (400, "invalid_request_error"), (429, "rate_limit_error")):

            def never(exchange: Exchange, status: int = status) -> None:
                raise Refuse("not on Sundays", status)

            wire = hooked(hook(Point.REQUEST, never))
            client = wire.ask()
            self.assertEqual((client.answer.status, message(client)), (status, "not on Sundays"))
            self.assertEqual(client.answer.json["error"]["type"], kind)
            self.assertEqual(wire.upstreams.pending, [])
            self.assertTrue(wire.at_rest)

    def test_starbased(self) -> None:
        """`fn(data, user_api_key_dict, **kwargs) -> data` works as it did, and leaves none of its notes in the body."""

        def old(data: dict[str, Any], user_api_key_dict: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
            data["metadata"]["ccproxy_model_name"] = data["model"]
            data["model"] = kwargs["to"]
            data["proxy_server_request"]["headers"].clear()
            return data

        adapted = in_starbased_form(old)
        wire = hooked(hook(Point.REQUEST, adapted, parameters={"to": "claude-other"}), targets=(CLAUDE,))
        wire.ask(metadata={"user_id": "u"})
        body = wire.upstream().json
        self.assertEqual((body["metadata"], "proxy_server_request" in body), ({"user_id": "u"}, False))

    def test_state(self) -> None:
        """What a hook notes is there at the later points of the same exchange, and of no other."""
        seen: list[object] = []

        def note(exchange: Exchange) -> None:
            seen.append(dict(exchange.state))
            exchange.state["n"] = exchange.state.get("n", 0) + 1

        wire = hooked(*(hook(point, note) for point in (Point.REQUEST, Point.ROUTED, Point.FINISHED)))
        wire.ask()
        answer(wire.upstream())
        self.assertEqual(seen, [{}, {"n": 1}, {"n": 2}])


class Watching(SynchronousTestCase):
    """Hooks that look on."""

    def test_all(self) -> None:
        """The upstream's headers, each event, and the end with its record."""
        heard: list[str] = []

        def headers(exchange: Exchange) -> None:
            heard.append(f"{exchange.status} {exchange.answer_headers['content-type']}")

        def event(exchange: Exchange, event: object) -> None:
            heard.append(type(event).__name__)

        def end(exchange: Exchange) -> None:
            assert exchange.record is not None
            heard.append(exchange.record.outcome.value)

        wire = hooked(
            hook(Point.ANSWERING, headers),
            hook(Point.EVENT, event),
            hook(Point.FINISHED, end),
            hook(Point.FAILED, end),
        )
        client = wire.ask()
        answer(wire.upstream())
        self.assertEqual(text_of(frames(client.answer.body)), "Hi")
        expected = ["200 text/event-stream", "Started", "BlockStarted", "BlockDelta", "BlockStopped", "Finished"]
        self.assertEqual(heard, [*expected, "finished"])
        heard.clear()
        wire.pool.close()
        wire.ask()
        wire.upstream().whole(b'{"error": {"message": "no"}}', 400)
        self.assertEqual(heard, ["400 application/json", "refused"])

    def test_no_hooks(self) -> None:
        """Without hooks on events nothing stands between the stream and whoever watches it."""

        def watch(event: object) -> None:
            raise AssertionError

        self.assertIs(Hooks().watching(None, watch), watch)  # type: ignore[arg-type]


class Failing(SynchronousTestCase):
    """Hooks that do not do what they should."""

    def boom(self, exchange: Exchange) -> None:
        exchange.body["messages"] = []
        raise RuntimeError("boiled over")

    def test_raises(self) -> None:
        """What a hook that raises had changed is forgotten, and the exchange goes on."""
        wire = hooked(hook(Point.REQUEST, self.boom))
        wire.ask()
        self.assertEqual(wire.upstream().json["messages"][-1]["content"], "Hello")

    def test_told(self) -> None:
        """The log tells which hook failed where and why, and when it is left alone."""
        told: list[LogEvent] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        wire = hooked(hook(Point.REQUEST, self.boom))
        for _ in range(FAILURES):
            wire.ask()
        errors = [event for event in told if event["log_level"] is LogLevel.error]
        fields = {(one["hook"], one["point"], one["reason"], one["exchange"]) for one in errors}
        expected = {("boom", "request", "RuntimeError: boiled over", f"req_{n}") for n in range(FAILURES)}
        self.assertEqual(fields, expected)
        left_alone = ["left alone" in one["log_format"] for one in errors]
        self.assertEqual(left_alone, [False] * (FAILURES - 1) + [True])

    def test_unusable(self) -> None:
        """Neither does what a hook leaves that nobody can use."""
        for spoil in (
            lambda exchange: setattr(exchange, "body", {"model": object()}),
            lambda exchange: setattr(exchange, "body", ["no", "object"]),
            lambda exchange: setattr(exchange, "headers", None),
            lambda exchange: setattr(exchange, "model", 7),
        ):
            self.assert_forgotten(Point.REQUEST, spoil)
        for spoil in (
            lambda exchange: setattr(exchange, "upstream_body", {"model": object()}),
            lambda exchange: setattr(exchange, "upstream_headers", None),
            lambda exchange: exchange.upstream_headers.update(team=7),
        ):
            self.assert_forgotten(Point.SENDING, spoil)
        for targets in (None, [7], ["nowhere"]):
            self.assert_forgotten(Point.ROUTED, lambda exchange, targets=targets: setattr(exchange, "targets", targets))

    def assert_forgotten(self, point: Point, spoil: Callable[[Any], None]) -> None:
        """The exchange goes on as if the hook were not there; one that is required stops it, and is named."""
        wire = hooked(hook(point, spoil))
        wire.ask()
        self.assertEqual(wire.upstream().json["messages"][-1]["content"], "Hello")
        client = hooked(hook(point, spoil, required=True)).ask()
        self.assertEqual(client.answer.status, 500)
        self.assertIn("the hook", message(client))

    def test_required(self) -> None:
        """Where a hook is required, nothing passes without it."""
        wire = hooked(hook(Point.REQUEST, self.boom, required=True))
        for _ in range(FAILURES + 1):
            client = wire.ask()
            self.assertEqual(client.answer.status, 500)
            self.assertIn("boom", message(client))
        self.assertEqual(wire.upstreams.pending, [])

    def test_left_alone(self) -> None:
        """After a few failures in a row a hook is not called for a while."""
        calls: list[None] = []

        def fails(exchange: Exchange) -> None:
            calls.append(None)
            raise RuntimeError

        wire = hooked(hook(Point.REQUEST, fails))
        for _ in range(FAILURES + 2):
            wire.ask()
        self.assertEqual(len(calls), FAILURES)
        wire.clock.advance(REST_SECONDS)
        wire.ask()
        self.assertEqual(len(calls), FAILURES + 1)

    def test_dawdles(self) -> None:
        """A hook that is not done in time is done without, in a thread and in the reactor; when it comes back late,
        nobody listens."""
        for threaded in (True, False):
            late: Deferred[None] = Deferred()

            def slow(exchange: Exchange, late: Deferred[None] = late) -> object:
                exchange.body["messages"] = []
                return late

            wire = hooked(hook(Point.REQUEST, slow, threaded=threaded, timeout=2.0))
            wire.ask()
            self.assertEqual(wire.upstreams.pending, [])
            wire.clock.advance(1.9)
            self.assertEqual(wire.upstreams.pending, [])
            wire.clock.advance(0.2)
            self.assertEqual(wire.upstream().json["messages"][-1]["content"], "Hello")

    def test_async(self) -> None:
        """`async def` hooks are waited for, and so is a Deferred."""
        gate: Deferred[None] = Deferred()

        async def wait(exchange: Exchange) -> None:
            await gate
            exchange.model = "later"

        wire = hooked(hook(Point.REQUEST, wait))
        wire.ask()
        self.assertEqual(wire.upstreams.pending, [])
        gate.callback(None)
        answer(wire.upstream())
        self.assertEqual(wire.record.asked, "later")

    def test_client_leaves(self) -> None:
        """A client who leaves while a hook works ends the exchange; no timer is left."""
        wire = hooked(hook(Point.REQUEST, lambda exchange: Deferred()))
        client = wire.ask()
        client.leave()
        self.assertTrue(wire.at_rest)

    def test_client_leaves_behind_the_head(self) -> None:
        """A client that leaves while a hook looks at the head of the answer leaves no connection open behind it."""
        wire = hooked(hook(Point.ANSWERING, lambda exchange: None, threaded=True))
        client = wire.ask()
        up = wire.upstream()
        up.head()
        up.say(b"".join(chat({"content": "Hi"})))
        client.leave()
        self.assertTrue(up.stopped)
        self.assertEqual(wire.clock.getDelayedCalls(), [])

    def test_required_behind_the_head(self) -> None:
        """Neither does a required hook that fails there."""

        def bad(exchange: Exchange) -> None:
            raise ValueError

        wire = hooked(hook(Point.ANSWERING, bad, required=True))
        client = wire.ask()
        up = wire.upstream()
        up.head()
        self.assertEqual(client.answer.status, 500)
        self.assertTrue(up.stopped)
        self.assertEqual(wire.clock.getDelayedCalls(), [])

    def test_events(self) -> None:
        """A hook on events that raises spoils no answer, and one that is slow is switched off."""
        clock = Clock()
        calls: list[float] = []

        def raises(exchange: Exchange, event: object) -> None:
            raise RuntimeError

        def slow(exchange: Exchange, event: object) -> None:
            calls.append(clock.seconds())
            clock.advance(1)

        for function in (raises, slow):
            wire = Wire()
            if function is slow:
                clock = wire.clock
            wire = Wire(hooks=Hooks([hook(Point.EVENT, function)], wire.clock), clock=wire.clock)
            client = wire.ask()
            up = wire.upstream()
            up.head()
            up.say(b"".join(chat(*({"content": "x"} for _ in range(20)))))
            up.end()
            self.assertIn("x", text_of(frames(client.answer.body)))
        self.assertLessEqual(len(calls), FAILURES)


class ThreadsTests(SynchronousTestCase):
    """Threads of their own."""

    def test_results(self) -> None:
        """What a function gives or raises comes back through the reactor."""
        queue: list[tuple[Any, ...]] = []

        class Reactor:
            def callFromThread(self, *call: Any) -> None:
                queue.append(call)

        threads = Threads(Reactor())

        def result(work: Callable[[], object]) -> Deferred[Any]:
            done = threads.run(work)
            while not queue:
                pass
            function, *arguments = queue.pop()
            function(*arguments)
            return done

        self.assertEqual(self.successResultOf(result(lambda: 5)), 5)
        self.failureResultOf(result(lambda: 1 // 0), ZeroDivisionError)

    def test_hanging(self) -> None:
        """Only so many may hang: the next one fails at once."""
        reported: list[Any] = []

        class Reactor:
            def callFromThread(self, *call: Any) -> None:
                reported.append(call)

        threads = Threads(Reactor())
        for _ in range(THREADS):
            threads.run(lambda: None)
        self.assertRaises(RuntimeError, threads.run, lambda: None)
        while len(reported) < THREADS:
            pass
        for function, *arguments in reported:
            function(*arguments)
        threads.run(lambda: None)
