"""The whole proxy between two strings: real HTTP parsers at both ends, no socket, and a clock moved by hand.

`Wire.ask` is a client that sends a request to the real site on a `StringTransport`; `Wire.upstream` is the other end of
the connection that the real Agent opened for it.
"""

import http.client
import io
import json
from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from twisted.web.resource import Resource
from zope.interface import implementer

from ccproxy.access.budgets import Budgets
from ccproxy.access.limits import Admission
from ccproxy.access.networks import Proxies
from ccproxy.access.principals import Keyring
from ccproxy.captures.spool import Spool
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.exchange.cache import NO_CACHE, Cache
from ccproxy.exchange.call import Call
from ccproxy.exchange.dispatch import Dispatch
from ccproxy.exchange.experience import Experience
from ccproxy.exchange.failover import Failover
from ccproxy.exchange.feed import Feed
from ccproxy.exchange.fitness import Fitness
from ccproxy.exchange.hooks import NO_HOOKS, Hooks
from ccproxy.exchange.kept import KeptResponses, Recalling
from ccproxy.exchange.meter import unpriced
from ccproxy.exchange.onlookers import Onlookers
from ccproxy.exchange.opening import Opener
from ccproxy.exchange.places import Places, Room
from ccproxy.exchange.question import Questions
from ccproxy.exchange.record import Record
from ccproxy.exchange.running import Running
from ccproxy.exchange.tries import Bounds
from ccproxy.exchange.turnstile import Turnstile
from ccproxy.metrics.trends import Trends
from ccproxy.providers.keys import Keys
from ccproxy.providers.repairs import Remembered
from ccproxy.providers.target import Target
from ccproxy.routing.breakers import Breakers, Limits
from ccproxy.routing.facts import Facts
from ccproxy.routing.memory import Memory
from ccproxy.routing.routes import Chosen
from ccproxy.secret import Secret
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.upstream.pool import Pool
from ccproxy.web.dashboard.page import Dashboard, Shown
from ccproxy.web.dashboard.visits import Visits
from ccproxy.web.door import Door
from ccproxy.web.endpoint import Endpoint
from ccproxy.web.exchange import Known, OneExchange
from ccproxy.web.live import Exchanges, Live
from ccproxy.web.origins import Origins
from ccproxy.web.root import FRONTS, ForClients, make_root
from ccproxy.web.site import BoundedSite
from ccproxy.web.status import Health, LastResults, Status
from ccproxy.wire.tracecontext import untraced

OPENAI = Target(
    "openai",
    "gpt-test",
    "openai_chat",
    "http://openai.test/v1",
    key=Secret("upstream-key"),
    quirks=Quirks(vendor="openai", model="gpt-test"),
)
"""An upstream that is translated to."""

CLAUDE = Target(
    "anthropic",
    "claude-test",
    "anthropic",
    "http://anthropic.test",
    key=Secret("upstream-key"),
    quirks=Quirks(vendor="anthropic", model="claude-test"),
)
"""An upstream of the client's own dialect."""


@define
class FixedRoutes:
    """Routes that choose the same targets for every model."""

    targets: tuple[Target, ...]
    resume: bool = False

    def candidates(self, facts: Facts, now: float, take: bool = True) -> Chosen:
        return Chosen(self.targets, "default", resume=self.resume)


class UpstreamConnection:
    """One connection that the Agent asked for. It is pending until `accept` or `refuse`."""

    def __init__(self, factory: IProtocolFactory, connecting: "Deferred[Any]") -> None:
        self._factory = factory
        self._connecting = connecting
        self.transport = _Transport()
        self.protocol: Any = None
        self.dropped = False

    def accept(self) -> "UpstreamConnection":
        self.protocol = self._factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        self._connecting.callback(self.protocol)
        return self

    def refuse(self, error: Exception) -> None:
        self._connecting.errback(Failure(error))

    @property
    def request(self) -> tuple[str, dict[str, str], bytes]:
        """What the upstream got: target of the request line, headers, body."""
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return first, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.request[2])

    @property
    def stopped(self) -> bool:
        """Whether we let go of it."""
        return bool(
            self.transport.disconnecting or self.transport.disconnected or self.transport.producerState == "stopped"
        )

    @property
    def paused(self) -> bool:
        return self.transport.producerState == "paused"

    def head(self, status: int = 200, content_type: str = "text/event-stream", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {content_type}", "Transfer-Encoding: chunked"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.protocol.dataReceived("\r\n".join([*lines, "", ""]).encode())

    def say(self, data: bytes) -> None:
        """A chunk of the body."""
        if data:
            self.protocol.dataReceived(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """The last chunk."""
        self.protocol.dataReceived(b"0\r\n\r\n")

    def whole(self, body: bytes, status: int = 200, content_type: str = "application/json", **headers: str) -> None:
        self.head(status, content_type, **headers)
        self.say(body)
        self.end()

    def drop(self) -> None:
        """The connection breaks."""
        self.dropped = True
        self.protocol.connectionLost(Failure(ConnectionLost()))


class _Transport(StringTransport):
    """A transport that has an abort, as real ones do."""

    def abortConnection(self) -> None:
        self.disconnected = True


@implementer(IAgentEndpointFactory)
class Upstreams:
    """Every connection the Agent wants, in order; none is made before the test says so."""

    def __init__(self) -> None:
        self.pending: list[UpstreamConnection] = []
        self.seen: list[tuple[bytes, int]] = []

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        self.seen.append((uri.host, uri.port))
        return _MemoryEndpoint(self.pending)


@implementer(IStreamClientEndpoint)
@define
class _MemoryEndpoint:
    pending: list[UpstreamConnection]

    def connect(self, factory: IProtocolFactory) -> "Deferred[Any]":
        connecting: Deferred[Any] = Deferred()
        self.pending.append(UpstreamConnection(factory, connecting))
        return connecting


@define
class ClientConnection:
    """One client of ours."""

    channel: Any
    transport: _Transport

    @property
    def received(self) -> bytes:
        return self.transport.value()

    @property
    def closed(self) -> bool:
        return bool(self.transport.disconnecting or self.transport.disconnected)

    def send(self, data: bytes) -> None:
        self.channel.dataReceived(data)

    def leave(self) -> None:
        """Disconnect in the order in which Twisted's transports do."""
        if self.transport.producer is not None:
            self.transport.producer.stopProducing()
        self.channel.connectionLost(Failure(ConnectionDone()))

    def pause(self) -> None:
        """What a full send buffer does."""
        self.transport.producer.pauseProducing()

    def resume(self) -> None:
        self.transport.producer.resumeProducing()

    @property
    def answer(self) -> "ClientAnswer":
        return ClientAnswer.parse(self.received)


@define
class ClientAnswer:
    """An answer as a real HTTP parser reads it; `complete` is False where the body broke off."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool

    @classmethod
    def parse(cls, received: bytes) -> "ClientAnswer":
        response = http.client.HTTPResponse(_Socket(received), method="POST")  # type: ignore[arg-type]
        response.begin()
        complete = True
        try:
            body = response.read()
        except http.client.IncompleteRead as error:
            body, complete = error.partial, False
        headers = {name.lower(): value for name, value in response.getheaders()}
        return cls(response.status, headers, body, complete)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@define
class _Socket:
    data: bytes

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.data)


@define
class Wire:
    """The proxy, with its clock, its upstreams, and the records it made."""

    targets: tuple[Target, ...] = (OPENAI,)
    apikey: str = ""
    deadlines: Deadlines = field(factory=Deadlines)
    body_limit: int = 33554432
    clock: Clock = field(factory=Clock)
    upstreams: Upstreams = field(factory=Upstreams)
    records: list[Record] = field(factory=list)
    running: Running = field(factory=Running)
    site: Any = None
    cost: Any = unpriced
    traced: Any = untraced
    keyring: Keyring | None = None
    hooks: Hooks = NO_HOOKS
    cache: Cache = NO_CACHE
    kept: tuple[float, int] = (0.0, 0)
    """How long responses are kept, and how many bytes of them."""
    proxies: Proxies = field(factory=Proxies)
    admission: Admission = field(factory=Admission)
    budgets: Budgets = field(factory=Budgets)
    threads: list[tuple[Callable[[], Any], "Deferred[Any]"]] = field(factory=list)
    """Work for threads, to be run by hand."""
    breakers: Limits = field(factory=Limits)
    rooms: dict[str, Room] = field(factory=dict)
    bounds: Bounds = field(factory=Bounds)
    resume: bool = False
    routes: Any = None
    """Instead of `targets`: real routes."""
    memory: Memory = field(factory=Memory)
    origins: tuple[str, ...] = ()
    """Of web pages that may ask."""
    ledger: Any = None
    """What the dashboard asks."""
    witnessing: Any = None
    """What captures exchanges."""
    spool: Any = None
    """Where captures are."""
    credentials: Any = None
    """What finds keys out."""

    def __attrs_post_init__(self) -> None:
        self.pool = Pool(self.clock, self.upstreams)
        client = Client(self.pool, self.clock, self.deadlines, self.credentials)
        breakers = Breakers(self.breakers, chance=lambda: 0.0)
        self.fitness = Fitness(self.clock, breakers, Keys(), Places(self.clock, self.rooms))
        opener = Opener(Questions(DIALECTS, Remembered()), client, self.clock, self.deadlines, self.hooks, self.traced)
        dispatch = Dispatch(
            Turnstile(self.running, self.admission, self.clock, self.budgets),
            self.routes or FixedRoutes(self.targets, self.resume),
            Failover(opener, self.fitness, self.bounds, self.clock, self.deadlines.total),
            self.clock,
            Onlookers(self._observe, self.cost, self.witnessing),
            self.hooks,
            self.cache,
        )
        keyring = self.keyring or Keyring(Secret(self.apikey))
        ids = iter(f"req_{n}" for n in range(10**6))

        def new_id() -> str:
            return next(ids)

        self.results = LastResults(self.clock)
        self.results.know(target.provider for target in self.targets)
        self.feed = Feed(self.running, self.clock)
        self.experience = Experience(self.memory, self.clock)
        self.trends = Trends(self.clock.seconds)
        status = Status(keyring, self.results, self.running, self.clock.seconds, self._more)
        live = Live(keyring, ANTHROPIC, new_id, self.feed, self.clock)
        visits = Visits(self.clock.seconds)
        door = Door(keyring, self.proxies, self._in_thread, visits.present)
        known = Known(self.feed, self.ledger, self.spool or Spool(maybeDeferred, maybeDeferred, self.clock))
        shown = Shown(
            known,
            status.details,
            self.trends.details,
            lambda: {"apikey": "…1234"},
            lambda: ("the key looks like a placeholder",),
            self.clock,
        )
        dashboard = Dashboard(keyring, door, visits, shown)
        recalling = Recalling(dispatch, KeptResponses(self.clock.seconds, *self.kept))
        serving: dict[str, Any] = {**dict.fromkeys(FRONTS, dispatch), "openai_responses": recalling}
        for_clients = ForClients(
            {name: Endpoint(DIALECTS[name], keyring, serving[name], self.body_limit, new_id) for name in FRONTS},
            counting=Resource(),
            counting_input=Resource(),
            models=Resource(),
        )
        own = {
            "/health": Health(keyring, self.results),
            "/status": status,
            "/exchanges": Exchanges(keyring, ANTHROPIC, new_id, self.feed),
            "/exchanges/live": live,
            "/exchanges/": OneExchange(keyring, ANTHROPIC, new_id, known),
            "/dashboard": dashboard,
            "/dashboard/": dashboard,
            "/dashboard/live": live,
        }
        root = make_root(for_clients, own, ANTHROPIC, new_id, door, Origins(self.origins))
        self.site = BoundedSite(root, self.clock, self.body_limit, new_id)
        self.site.timeOut = None

    pool: Any = None
    results: Any = None
    feed: Any = None
    fitness: Any = None
    experience: Any = None
    trends: Any = None

    def _more(self) -> dict[str, Any]:
        failover = self.fitness.details()
        return {"configuration": {}, "failover": failover, "latencies": {}, "budgets": [], "ledger": {}}

    def _in_thread(self, work: Callable[[], Any]) -> "Deferred[Any]":
        done: Deferred[Any] = Deferred()
        self.threads.append((work, done))
        return done

    def run_thread(self) -> None:
        """Do the work that waits longest."""
        work, done = self.threads.pop(0)
        done.callback(work())

    def _observe(self, call: Call, record: Record) -> None:
        self.records.append(record)
        self.results.observe(call, record)
        self.feed.observe(call, record)
        self.experience.observe(call, record)
        self.trends.observe(call, record)

    def connect(self, peer: str = "127.0.0.1") -> ClientConnection:
        """A client that has said nothing yet."""
        channel = self.site.buildProtocol(IPv4Address("TCP", peer, 40000))
        transport = _Transport(IPv4Address("TCP", "127.0.0.1", 3456), IPv4Address("TCP", peer, 40000))
        channel.makeConnection(transport)
        return ClientConnection(channel, transport)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, peer: str = "127.0.0.1"
    ) -> ClientConnection:
        """Any request."""
        client = self.connect(peer)
        lines = {"Host": "localhost:3456", "Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        client.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        return client

    def ask(self, headers: dict[str, str] | None = None, peer: str = "127.0.0.1", **fields: Any) -> ClientConnection:
        """`POST /v1/messages`, as Claude Code does it; `fields` change the body."""
        body = {
            "model": "claude-test",
            "max_tokens": 100,
            "stream": True,
            "messages": [{"role": "user", "content": "Hello"}],
            **fields,
        }
        head = {"Content-Type": "application/json", "anthropic-version": "2023-06-01", **(headers or {})}
        return self.request("POST", "/v1/messages?beta=true", json.dumps(body).encode(), head, peer)

    def upstream(self) -> UpstreamConnection:
        """The next upstream connection, accepted."""
        return self.upstreams.pending.pop(0).accept()

    @property
    def record(self) -> Record:
        """The one record of the one exchange."""
        (record,) = self.records
        return record

    @property
    def at_rest(self) -> bool:
        """Nothing runs, no place or key is held, no timer of an exchange is left. (The pool's own timers for idle
        connections may be.)"""
        self.pool.close()
        held = self.fitness.places.counts() or self.fitness.keys.running()
        return len(self.running) == 0 and not held and self.clock.getDelayedCalls() == []


def chat(*deltas: dict[str, Any], finish: str | None = "stop", usage: dict[str, Any] | None = None) -> list[bytes]:
    """The frames of an OpenAI chat stream with these deltas."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-test"}

    def frame(choices: list[Any], **more: Any) -> bytes:
        return b"data: " + json.dumps({**head, "choices": choices, **more}).encode() + b"\n\n"

    frames = [frame([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    if finish is not None:
        frames.append(frame([{"index": 0, "delta": {}, "finish_reason": finish}]))
    frames.append(frame([], usage=usage or {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}))
    frames.append(b"data: [DONE]\n\n")
    return frames


def messages(*texts: str, stop: str = "end_turn") -> list[bytes]:
    """The frames of an Anthropic stream with one block of text, in these deltas."""

    def frame(name: str, **fields: Any) -> bytes:
        return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()

    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 1},
    }
    return [
        frame("message_start", message=message),
        frame("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(frame("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in texts),
        frame("content_block_stop", index=0),
        frame("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 3}),
        frame("message_stop"),
    ]


def frames(body: bytes) -> list[tuple[str, Any]]:
    """The events of an Anthropic stream as a client reads them: names and data; every frame must be complete."""
    if body and not body.endswith(b"\n\n"):
        raise AssertionError(f"the stream ends inside a frame: {body[-80:]!r}")
    events = []
    for part in body.decode().split("\n\n")[:-1]:
        name, data = part.split("\n")
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


def text_of(events: list[tuple[str, Any]]) -> str:
    """The text a client saw."""
    deltas = (data["delta"] for name, data in events if name == "content_block_delta")
    return "".join(delta.get("text", "") for delta in deltas)
