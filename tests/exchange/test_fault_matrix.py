"""Every fault, at every moment, of a stream and of a whole reply, with one, two and three targets.

Each cell is an exchange of the whole proxy between strings. It asserts what the client saw, which upstreams were asked
and how often, and that nothing runs on: no exchange, no timer, no place, no upstream connection that was not let go.
"""

import json
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from itertools import product
from typing import Any

from attrs import evolve, field, frozen
from twisted.internet.error import ConnectionRefusedError, DNSLookupError, TimeoutError
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS as REGISTRY
from ccproxy.exchange.record import Outcome
from ccproxy.model.events import BlockDelta, Failed
from ccproxy.providers.target import Target
from ccproxy.upstream.client import Deadlines
from tests.support.streams import parse
from tests.support.wire import (
    CLAUDE,
    OPENAI,
    ClientConnection,
    UpstreamConnection,
    Wire,
    chat,
    frames,
    messages,
    text_of,
)

FIRST_BYTE, STALL = 20.0, 5.0
COUNTS = (1, 2, 3)
WORDS = "The vendor's own words."


def targets(dialect: str, count: int) -> tuple[Target, ...]:
    """So many targets of one dialect, each at a provider and a host of its own, with models of their own names."""
    model = CLAUDE if dialect == "anthropic" else OPENAI
    return tuple(
        evolve(
            model,
            provider=f"p{n}",
            model=f"m{n}",
            base_url=f"http://p{n}.test",
            quirks=evolve(model.quirks, model=f"m{n}", account=f"a{n}"),
        )
        for n in range(1, count + 1)
    )


def envelope(dialect: str, kind: str, message: str) -> bytes:
    """An error's body."""
    if dialect == "anthropic":
        return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    return json.dumps({"error": {"message": message, "type": kind, "code": kind, "param": None}}).encode()


@frozen
class Scene:
    """One exchange under way: the proxy, its client, and the connections that were made so far."""

    dialect: str
    wire: Wire
    client: ClientConnection
    made: list[UpstreamConnection] = field(factory=list)

    def upstream(self) -> UpstreamConnection:
        """The next connection, accepted, its request read."""
        up = self.wire.upstream()
        self.made.append(up)
        return up

    def frames(self, *texts: str) -> list[bytes]:
        """A good stream in the upstream's dialect."""
        if self.dialect == "anthropic":
            return messages(*texts)
        return chat({"role": "assistant", "content": ""}, *({"content": text} for text in texts))

    def whole(self, text: str) -> bytes:
        """A good whole reply in the upstream's dialect."""
        if self.dialect == "anthropic":
            return json.dumps(
                {
                    "id": "msg_1",
                    "type": "message",
                    "role": "assistant",
                    "model": "m",
                    "content": [{"type": "text", "text": text}],
                    "stop_reason": "end_turn",
                    "stop_sequence": None,
                    "usage": {"input_tokens": 9, "output_tokens": 3},
                }
            ).encode()
        message = {"role": "assistant", "content": text}
        return json.dumps(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
            }
        ).encode()

    def answer_well(self) -> None:
        """What a target does that works."""
        up = self.upstream()
        if up.json.get("stream"):
            up.whole(b"".join(self.frames("Right", " so.")), content_type="text/event-stream")
        else:
            up.whole(self.whole("Right so."))

    def begin(self, up: UpstreamConnection, *texts: str) -> None:
        """Headers and the beginning of an answer: up to its last piece of text, or up to the first."""
        if up.json.get("stream"):
            up.head()
            before = 2 if self.dialect == "anthropic" else 1
            up.say(b"".join(self.frames(*texts)[: before + len(texts)]))
        else:
            up.head(content_type="application/json")
            whole = self.whole("".join(texts) or "x")
            up.say(whole[: len(whole) // 2])


Strike = Callable[[Scene], None]


@frozen
class Fault:
    """Something that goes wrong at one target. `told` are the statuses that a client may see of it."""

    name: str
    strike: Strike
    told: frozenset[int]
    calls: int = 1
    fails_over: bool = True
    words: str = ""
    """Of the upstream, which the client must be told."""
    retry_after: tuple[int, int] | None = None
    """Between which seconds the client is told to come back."""
    vain: bool | None = None
    """Whether the client is told that a retry is vain; None where nothing is asked for."""


def refuses(error: Exception) -> Strike:
    """No connection comes about."""

    def strike(scene: Scene) -> None:
        scene.wire.upstreams.pending.pop(0).refuse(error)

    return strike


def says(status: int, kind: str, words: str = WORDS, **headers: str) -> Strike:
    """An answer with this status, and an error in it."""

    def strike(scene: Scene) -> None:
        scene.upstream().whole(envelope(scene.dialect, kind, words), status, **headers)

    return strike


def replies(body: bytes, content_type: str) -> Strike:
    """Status 200, and this."""
    return lambda scene: scene.upstream().whole(body, 200, content_type)


def reset_twice(scene: Scene) -> None:
    """Closed before any answer, and again."""
    scene.upstream().drop()
    scene.upstream().drop()


def garbage(scene: Scene) -> None:
    """It speaks something else."""
    scene.upstream().protocol.dataReceived(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


def cut_in_head(scene: Scene) -> None:
    """Within the headers."""
    up = scene.upstream()
    up.protocol.dataReceived(b"HTTP/1.1 200 OK\r\nContent-Ty")
    up.drop()


def silent(scene: Scene) -> None:
    """It takes the request and says nothing."""
    scene.upstream()
    scene.wire.clock.advance(FIRST_BYTE + 0.1)


def stalls(scene: Scene) -> None:
    """Headers, the beginning of a stream, and no content."""
    scene.begin(scene.upstream())
    scene.wire.clock.advance(STALL + 0.1)


def only_comments(scene: Scene) -> None:
    """Signs of life for longer than it may be silent, each in time."""
    up = scene.upstream()
    scene.begin(up)
    for _ in range(4):
        scene.wire.clock.advance(STALL / 4 - 0.1)
        up.say(b": keep-alive\n\n" if up.json.get("stream") else b" ")
    scene.wire.clock.advance(1)


def cut_before_content(scene: Scene) -> None:
    """The connection breaks behind the stream's beginning."""
    up = scene.upstream()
    scene.begin(up)
    up.drop()


def ends_before_content(scene: Scene) -> None:
    """A last chunk in good order, and no content."""
    up = scene.upstream()
    scene.begin(up)
    up.end()


def cut_sized(scene: Scene) -> None:
    """A body shorter than its length."""
    up = scene.upstream()
    up.protocol.dataReceived(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")
    up.drop()


def error_frame(kind: str) -> Strike:
    """An error told within a 200, before any content."""

    def strike(scene: Scene) -> None:
        up = scene.upstream()
        body = envelope(scene.dialect, kind, WORDS)
        if up.json.get("stream"):
            scene.begin(up)
            up.say((b"event: error\n" if scene.dialect == "anthropic" else b"") + b"data: " + body + b"\n\n")
        else:
            up.whole(body)

    return strike


def said(*statuses: int) -> frozenset[int]:
    """The statuses that a cell allows."""
    return frozenset(statuses)


OVERFLOW = "prompt is too long: 300000 tokens > 200000 maximum"

FAULTS = (
    Fault("refused", refuses(ConnectionRefusedError()), said(502, 503, 529)),
    Fault("no such host", refuses(DNSLookupError()), said(502, 503, 529)),
    Fault("connect timeout", refuses(TimeoutError()), said(502, 503, 529, 504)),
    Fault("reset before headers", reset_twice, said(502, 503, 529), calls=2),
    Fault("not HTTP", garbage, said(502, 503)),
    Fault("cut in its head", cut_in_head, said(502, 503)),
    Fault("no headers", silent, said(504, 529)),
    Fault("stall", stalls, said(504, 529)),
    Fault("comments only", only_comments, said(504, 529)),
    Fault("400", says(400, "invalid_request_error"), said(400), fails_over=False, words=WORDS),
    Fault("413", says(413, "request_too_large"), said(413), fails_over=False, words=WORDS),
    Fault("422", says(422, "invalid_request_error"), said(400), fails_over=False, words=WORDS),
    Fault("401", says(401, "authentication_error"), said(502, 503), words=WORDS),
    Fault("403", says(403, "permission_error"), said(502, 503), words=WORDS),
    Fault("404", says(404, "not_found_error"), said(404), words=WORDS),
    Fault("408", says(408, "timeout_error"), said(504, 529), words=WORDS),
    Fault("409", says(409, "conflict_error"), said(409), words=WORDS),
    Fault("429", says(429, "rate_limit_error"), said(429), words=WORDS),
    Fault("429 with seconds", says(429, "rate_limit_error", retry_after="7"), said(429), retry_after=(7, 7)),
    Fault("429 for long", says(429, "rate_limit_error", retry_after="3600"), said(429), retry_after=(60, 60)),
    Fault(
        "429 with a date",
        lambda scene: says(429, "rate_limit_error", retry_after=formatdate(usegmt=True, timeval=_soon()))(scene),
        said(429),
        retry_after=(25, 31),
    ),
    Fault(
        "429 with both dates",
        says(
            429,
            "rate_limit_error",
            date="Wed, 25 Nov 2026 12:00:00 GMT",
            retry_after="Wed, 25 Nov 2026 12:00:21 GMT",
        ),
        said(429),
        retry_after=(21, 21),
    ),
    Fault("402", says(402, "billing_error"), said(402), words=WORDS, vain=True),
    Fault("quota as 403", says(403, "insufficient_quota"), said(402, 403, 429), words=WORDS, vain=True),
    Fault("quota as 429", says(429, "insufficient_quota"), said(402, 403, 429), words=WORDS, vain=True),
    Fault("overflow", says(400, "invalid_request_error", OVERFLOW), said(400), words=OVERFLOW),
    Fault("overflow as 413", says(413, "invalid_request_error", OVERFLOW), said(400), words=OVERFLOW),
    Fault("500", says(500, "api_error"), said(502, 503), words=WORDS),
    Fault("502", says(502, "api_error"), said(502, 503), words=WORDS),
    Fault("503", says(503, "overloaded_error"), said(503, 529), words=WORDS),
    Fault("503 with seconds", says(503, "overloaded_error", retry_after="9"), said(503, 529), retry_after=(9, 9)),
    Fault("504", says(504, "timeout_error"), said(504, 529), words=WORDS),
    Fault("529", says(529, "overloaded_error"), said(503, 529), words=WORDS),
    Fault("a web page as 502", lambda scene: page(scene, 502), said(502, 503)),
    Fault("a redirect", lambda scene: page(scene, 302), said(502, 503)),
    Fault("204", lambda scene: page(scene, 204, b""), said(502, 503)),
    Fault("200, empty", replies(b"", "application/json"), said(502, 503)),
    Fault("200, an empty stream", replies(b"", "text/event-stream"), said(502, 503)),
    Fault("200, a web page", replies(b"<html><body>Welcome</body></html>", "text/html"), said(502, 503)),
    Fault("200, a web page as JSON", replies(b"<!doctype html><p>Hi", "application/json"), said(502, 503)),
    Fault("200, a web page as a stream", replies(b"<!doctype html>\n\n<p>Hi", "text/event-stream"), said(502, 503)),
    Fault("200, half of a JSON", replies(b'{"id": "x", "content', "application/json"), said(502, 503)),
    Fault("200, other JSON", replies(b'{"hello": "world"}', "application/json"), said(502, 503)),
    Fault("200, an overload", error_frame("overloaded_error"), said(503, 529), words=WORDS),
    Fault("200, a failure", error_frame("api_error"), said(503, 529), words=WORDS),
    Fault("200, something new", error_frame("unheard_of_error"), said(503, 529), words=WORDS),
    Fault("cut before content", cut_before_content, said(502, 503)),
    Fault("end before content", ends_before_content, said(502, 503)),
    Fault("cut before its length", cut_sized, said(502, 503)),
)


def _soon() -> float:
    return time.time() + 30


def page(scene: Scene, status: int, body: bytes = b"<html><body>Bad Gateway</body></html>") -> None:
    """Something in between answers."""
    up = scene.upstream()
    lines = f"HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nLocation: http://elsewhere.test/\r\n"
    length = "" if status == 204 else f"Content-Length: {len(body)}\r\n"
    up.protocol.dataReceived((lines + length + "\r\n").encode() + body)


def cut(scene: Scene, up: UpstreamConnection) -> None:
    """The connection breaks."""
    up.drop()


def ends(scene: Scene, up: UpstreamConnection) -> None:
    """The body ends in good order, the answer does not."""
    up.end()


def falls_silent(scene: Scene, up: UpstreamConnection) -> None:
    """Nothing more comes."""
    scene.wire.clock.advance(STALL + 0.1)


def only_pings(scene: Scene, up: UpstreamConnection) -> None:
    """Signs of life come, and nothing else."""
    ping = (
        b'event: ping\ndata: {"type": "ping"}\n\n' if scene.dialect == "anthropic" else b": OPENROUTER PROCESSING\n\n"
    )
    for _ in range(4):
        scene.wire.clock.advance(STALL / 4 - 0.1)
        up.say(ping if up.json.get("stream") else b" ")
    scene.wire.clock.advance(1)


def overloads(scene: Scene, up: UpstreamConnection) -> None:
    """It says that it is overloaded, and goes on as if nothing had been."""
    if not up.json.get("stream"):
        up.drop()
        return
    event = b"event: error\n" if scene.dialect == "anthropic" else b""
    up.say(
        event
        + b"data: "
        + envelope(scene.dialect, "overloaded_error", WORDS)
        + b"\n\n"
        + b"".join(scene.frames("more")[2:])
    )


def speaks_nonsense(scene: Scene, up: UpstreamConnection) -> None:
    """A frame that is no JSON."""
    up.say(b"data: {nonsense\n\n")
    up.drop()


AFTER: dict[str, tuple[Callable[[Scene, UpstreamConnection], None], str]] = {
    # what happens behind the first content: the type of the error in the stream
    "cut": (cut, "api_error"),
    "clean end": (ends, "api_error"),
    "stall": (falls_silent, "timeout_error"),
    "pings only": (only_pings, "timeout_error"),
    "an overload": (overloads, "overloaded_error"),
    "nonsense": (speaks_nonsense, "api_error"),
}

DIALECTS = ("anthropic", "openai_chat")
OPENAI_CLIENTS = {
    "openai_chat": ("/v1/chat/completions", "messages"),
    "openai_responses": ("/v1/responses", "input"),
}
"""The paths of OpenAI's APIs, and what they call the conversation."""


class Matrix(SynchronousTestCase):
    """All of it."""

    def begin(self, dialect: str, count: int, stream: bool, client: str = "anthropic") -> Scene:
        """A client has asked."""
        wire = Wire(targets(dialect, count), deadlines=Deadlines(first_byte=FIRST_BYTE, stall=STALL))
        if client == "anthropic":
            return Scene(dialect, wire, wire.ask(stream=stream))
        path, said = OPENAI_CLIENTS[client]
        body = {"model": "claude-test", "stream": stream, said: [{"role": "user", "content": "Hello"}]}
        return Scene(dialect, wire, wire.request("POST", path, json.dumps(body).encode()))

    def asked(self, scene: Scene) -> list[str]:
        """The hosts that were asked, in order."""
        return [host.decode().removesuffix(".test") for host, _ in scene.wire.upstreams.seen]

    def nothing_runs_on(self, scene: Scene, cell: str) -> None:
        """Neither here nor at an upstream."""
        self.assertEqual(scene.wire.upstreams.pending, [], cell)
        self.assertTrue(scene.wire.at_rest, cell)
        self.assertEqual(len(scene.wire.records), 1, cell)
        for up in scene.made:
            self.assertTrue(up.stopped or up.dropped, cell)

    def refused(self, scene: Scene, fault: Fault, calls: int, cell: str) -> None:
        """The client was told of the fault, as an error of its dialect and nothing else."""
        answer = scene.client.answer
        self.assertIn(answer.status, fault.told, f"{cell}: {answer.body!r}")
        self.assertTrue(answer.complete, cell)
        self.assertEqual(answer.headers["content-type"], "application/json", cell)
        error = answer.json["error"]
        self.assertEqual(answer.json["type"], "error", cell)
        self.assertIn(fault.words, error["message"], cell)
        self.assertNotIn("{", error["message"] if fault.words else "", cell)
        self.assertEqual(answer.headers["x-ccproxy-attempts"], str(calls), cell)
        self.assertTrue(answer.headers["x-ccproxy-target"].startswith("p"), cell)
        self.assertEqual(
            error["type"] == "overloaded_error",
            answer.status in (503, 529) and "BROKEN" not in repr(scene.wire.record.error),
            cell,
        )
        if fault.retry_after is not None:
            least, most = fault.retry_after
            self.assertTrue(least <= int(answer.headers["retry-after"]) <= most, f"{cell}: {answer.headers}")
        if fault.vain is not None:
            self.assertEqual(answer.headers["x-should-retry"], "false" if fault.vain else "true", cell)
        self.assertIs(scene.wire.record.outcome, Outcome.REFUSED, cell)

    def answered(self, scene: Scene, stream: bool, calls: int, cell: str) -> None:
        """The client got the whole answer of the target that gave one, under the name that it asked for."""
        answer = scene.client.answer
        self.assertEqual((answer.status, answer.complete), (200, True), f"{cell}: {answer.body!r}")
        self.assertEqual(answer.headers["x-ccproxy-attempts"], str(calls), cell)
        last = len(scene.wire.targets)
        self.assertEqual(answer.headers["x-ccproxy-target"], f"p{last},m{last}", cell)
        if stream:
            events = frames(answer.body)
            self.assertEqual([name for name, _ in events].count("message_start"), 1, cell)
            self.assertEqual(events[0][1]["message"]["model"], "claude-test", cell)
            self.assertEqual(text_of(events), "Right so.", cell)
            self.assertEqual(events[-1][0], "message_stop", cell)
            usage = events[-2][1]["usage"]
        else:
            self.assertEqual(answer.json["model"], "claude-test", cell)
            self.assertEqual([block["text"] for block in answer.json["content"]], ["Right so."], cell)
            usage = answer.json["usage"]
        self.assertEqual(usage["output_tokens"], 3, cell)
        self.assertEqual(scene.wire.record.usage.output, 3, cell)
        self.assertIs(scene.wire.record.outcome, Outcome.FINISHED, cell)

    def test_nobody_answers(self) -> None:
        """Every target has the same fault: the client is told of it, and each target was asked as often as may be."""
        cells = 0
        for fault, dialect, stream, count in product(FAULTS, DIALECTS, (True, False), COUNTS):
            cell = f"{fault.name}, {dialect}, {'stream' if stream else 'whole'}, {count} targets"
            scene = self.begin(dialect, count, stream)
            struck = count if fault.fails_over else 1
            for _ in range(struck):
                self.assertEqual(scene.client.received, b"", cell)
                fault.strike(scene)
            self.assertEqual(
                self.asked(scene), [f"p{n}" for n in range(1, struck + 1) for _ in range(fault.calls)], cell
            )
            self.refused(scene, fault, struck * fault.calls, cell)
            self.nothing_runs_on(scene, cell)
            cells += 1
        self.assertEqual(cells, len(FAULTS) * len(DIALECTS) * 2 * len(COUNTS))

    def test_the_last_answers(self) -> None:
        """All targets but the last have the fault: the client gets the last one's answer, and sees nothing of it."""
        for fault, dialect, stream, count in self.rescued():
            cell = f"{fault.name}, {dialect}, {'stream' if stream else 'whole'}, {count} targets"
            scene = self.begin(dialect, count, stream)
            for _ in range(count - 1):
                fault.strike(scene)
                self.assertEqual(scene.client.received, b"", cell)
            scene.answer_well()
            before = [f"p{n}" for n in range(1, count) for _ in range(fault.calls)]
            self.assertEqual(self.asked(scene), [*before, f"p{count}"], cell)
            self.answered(scene, stream, len(before) + 1, cell)
            self.nothing_runs_on(scene, cell)

    def rescued(self) -> Iterator[tuple[Fault, str, bool, int]]:
        """The cells in which another target may answer."""
        for fault, dialect, stream, count in product(FAULTS, DIALECTS, (True, False), COUNTS):
            if fault.fails_over or count == 1:
                yield fault, dialect, stream, count

    def test_after_content_in_a_stream(self) -> None:
        """Every piece that came is delivered, then the error, and nothing after it; nobody else is asked."""
        for (name, (strike, kind)), dialect, count in product(AFTER.items(), DIALECTS, COUNTS):
            cell = f"{name} after content, {dialect}, {count} targets"
            scene = self.begin(dialect, count, True)
            up = scene.upstream()
            scene.begin(up, "Hel", "lo")
            self.assertEqual(text_of(frames(self.so_far(scene))), "Hello", cell)
            strike(scene, up)
            answer = scene.client.answer
            events = [event for event in frames(answer.body) if event[0] != "ping"]
            self.assertEqual((answer.status, answer.complete), (200, True), cell)
            self.assertEqual(text_of(events), "Hello", cell)
            self.assertEqual([name for name, _ in events].count("error"), 1, f"{cell}: {events}")
            self.assertEqual((events[-1][0], events[-1][1]["error"]["type"]), ("error", kind), f"{cell}: {events[-1]}")
            self.assertEqual(self.asked(scene), ["p1"], cell)
            self.assertIs(scene.wire.record.outcome, Outcome.BROKEN, cell)
            self.nothing_runs_on(scene, cell)

    def so_far(self, scene: Scene) -> bytes:
        """The body that the client has by now, without the chunks it came in."""
        return scene.client.answer.body

    def test_after_content_in_a_whole_reply(self) -> None:
        """What came of a whole reply is shown to nobody: another target answers, or the client is told."""
        for (name, (strike, _)), dialect, count, well in product(AFTER.items(), DIALECTS, COUNTS, (True, False)):
            cell = f"{name} within a whole reply, {dialect}, {count} targets, {'answered' if well else 'refused'}"
            if well and count == 1:
                continue
            scene = self.begin(dialect, count, False)
            for _ in range(count - 1 if well else count):
                up = scene.upstream()
                scene.begin(up, "Hel", "lo")
                self.assertEqual(scene.client.received, b"", cell)
                strike(scene, up)
            if well:
                scene.answer_well()
                self.answered(scene, False, count, cell)
            else:
                fault = Fault(name, lambda scene: None, said(502, 503, 504, 529))
                self.refused(scene, fault, count, cell)
                self.assertNotIn(b"Hel", scene.client.received, cell)
            self.assertEqual(self.asked(scene), [f"p{n}" for n in range(1, count + 1)], cell)
            self.nothing_runs_on(scene, cell)

    def test_done_without_the_last_chunk(self) -> None:
        """An answer that is all there is a success, though its body never ends or its connection breaks."""
        for dialect, stream, drops in product(DIALECTS, (True, False), (True, False)):
            cell = f"{dialect}, {'stream' if stream else 'whole'}, {'dropped' if drops else 'kept'}"
            scene = self.begin(dialect, 1, stream)
            up = scene.upstream()
            if not up.json.get("stream"):
                continue  # A whole reply without its end may lack anything.
            up.head()
            up.say(b"".join(scene.frames("Right", " so.")))
            if drops:
                up.drop()
            else:
                scene.wire.clock.advance(2.1)
            self.answered(scene, stream, 1, cell)
            self.nothing_runs_on(scene, cell)

    def test_signs_of_life_do_no_harm(self) -> None:
        """Comments and pings, before the first content and behind it, fail no target that answers in time."""
        for dialect, stream, count in product(DIALECTS, (True, False), COUNTS):
            cell = f"{dialect}, {'stream' if stream else 'whole'}, {count} targets"
            scene = self.begin(dialect, count, stream)
            up = scene.upstream()
            ping = b'event: ping\ndata: {"type": "ping"}\n\n' if dialect == "anthropic" else b": PROCESSING\n\n"
            if up.json.get("stream"):
                up.head()
                pieces = scene.frames("Right", " so.")
            else:
                up.head(content_type="application/json")
                whole, ping = scene.whole("Right so."), b" "
                pieces = [whole[:20], whole[20:]]
            wait = STALL / 2 if up.json.get("stream") else STALL / 5
            before = (4 if dialect == "anthropic" else 3) if up.json.get("stream") else 1  # All but its end.
            for piece in [*pieces[:before], b"".join(pieces[before:])]:
                scene.wire.clock.advance(wait)
                if up.json.get("stream") or piece is pieces[0]:
                    up.say(ping)
                scene.wire.clock.advance(wait - 0.1)
                self.assertFalse(up.stopped, cell)
                up.say(piece)
            up.end()
            last = scene.client.answer
            self.assertEqual((last.status, last.complete), (200, True), cell)
            self.assertEqual(last.headers["x-ccproxy-attempts"], "1", cell)
            self.assertEqual(self.asked(scene), ["p1"], cell)
            self.assertIs(scene.wire.record.outcome, Outcome.FINISHED, cell)
            self.nothing_runs_on(scene, cell)

    def test_clients_of_openai(self) -> None:
        """Clients of the other dialects are told the same: an error with the same status and words, or what came, and
        then the error, as their own parsers read it."""
        for client, dialect, count in product(OPENAI_CLIENTS, DIALECTS, COUNTS):
            for fault in FAULTS:
                cell = f"{fault.name}, {client} client, {dialect}, {count} targets"
                scene = self.begin(dialect, count, True, client)
                for _ in range(count if fault.fails_over else 1):
                    fault.strike(scene)
                answer = scene.client.answer
                self.assertIn(answer.status, fault.told, f"{cell}: {answer.body!r}")
                self.assertIn(fault.words, answer.json["error"]["message"], cell)
                self.assertNotIn("type", answer.json, cell)
                if fault.vain is not None:
                    self.assertEqual(answer.headers["x-should-retry"], "true" if not fault.vain else "false", cell)
                self.nothing_runs_on(scene, cell)
            for name, (strike, _) in AFTER.items():
                cell = f"{name} after content, {client} client, {dialect}, {count} targets"
                scene = self.begin(dialect, count, True, client)
                up = scene.upstream()
                scene.begin(up, "Hel", "lo")
                strike(scene, up)
                events = parse(REGISTRY[client].parse_stream(Quirks()), [scene.client.answer.body])
                text = "".join(event.text for event in events if isinstance(event, BlockDelta))
                self.assertEqual((text, scene.client.answer.complete), ("Hello", True), cell)
                self.assertIsInstance(events[-1], Failed, f"{cell}: {scene.client.answer.body!r}")
                self.assertNotIn(b"[DONE]", scene.client.received, cell)
                self.assertEqual(self.asked(scene), ["p1"], cell)
                self.nothing_runs_on(scene, cell)

    def test_the_client_leaves(self) -> None:
        """At any moment of any target: nobody else is asked, and it counts against nobody."""
        for dialect, stream, count, moment in product(DIALECTS, (True, False), COUNTS, ("connect", "head", "begun")):
            cell = f"{dialect}, {'stream' if stream else 'whole'}, at target {count}, {moment}"
            scene = self.begin(dialect, 3, stream)
            for _ in range(count - 1):
                says(500, "api_error")(scene)
            if moment != "connect":
                up = scene.upstream()
                if moment == "begun":
                    scene.begin(up)
            before = scene.wire.fitness.details()["breakers"]
            scene.client.leave()
            self.assertEqual(scene.client.received, b"", cell)
            self.assertEqual(self.asked(scene), [f"p{n}" for n in range(1, count + 1)], cell)
            self.assertIs(scene.wire.record.outcome, Outcome.ABANDONED, cell)
            self.assertEqual(scene.wire.fitness.details()["breakers"], before, cell)
            scene.wire.upstreams.pending.clear()
            self.nothing_runs_on(scene, cell)


class Mixed(SynchronousTestCase):
    """Targets that fail in different ways: the client is told what is of most use to it."""

    def told(self, *strikes: Strike) -> Any:
        """The client's answer when each target in turn fails so."""
        wire = Wire(targets("anthropic", len(strikes)))
        scene = Scene("anthropic", wire, wire.ask())
        for strike in strikes:
            strike(scene)
        self.assertTrue(wire.at_rest)
        return scene.client.answer

    def test_order(self) -> None:
        """A limit, then refused keys and empty accounts, then what is not there, then what failed; in either order."""
        ranked = [
            (says(429, "rate_limit_error", "limited", retry_after="5"), 429),
            (says(400, "invalid_request_error", OVERFLOW), 400),
            (says(401, "authentication_error", "who are you"), 502),
            (says(404, "not_found_error", "no such model"), 404),
            (says(529, "overloaded_error", "overloaded"), 529),
            (says(500, "api_error", "oops"), 502),
        ]
        for at, (better, status) in enumerate(ranked):
            for worse, _ in ranked[at + 1 :]:
                self.assertEqual(self.told(better, worse).status, status)
                self.assertEqual(self.told(worse, better).status, status)

    def test_soonest(self) -> None:
        """Of two limits the client is told the one that is over first."""
        answer = self.told(
            says(429, "rate_limit_error", retry_after="50"), says(429, "rate_limit_error", retry_after="5")
        )
        self.assertEqual(answer.headers["retry-after"], "5")

    def test_not_vain(self) -> None:
        """An empty account does not keep the client from trying again where another target was only busy."""
        busy = says(529, "overloaded_error")
        self.assertEqual(self.told(says(402, "billing_error"), busy).headers["x-should-retry"], "true")
        self.assertEqual(self.told(says(402, "billing_error")).headers["x-should-retry"], "false")

    def test_a_bad_request_ends_it(self) -> None:
        """A target that finds fault with the request is believed, whatever the first one said."""
        wire = Wire(targets("anthropic", 3))
        scene = Scene("anthropic", wire, wire.ask())
        says(529, "overloaded_error")(scene)
        says(400, "invalid_request_error", "messages: at least one")(scene)
        self.assertEqual(scene.client.answer.status, 400)
        self.assertEqual(wire.upstreams.pending, [])

    def test_larger_windows(self) -> None:
        """What did not fit goes to targets that are known to hold more, then to such that nothing is known of; never to
        smaller ones."""
        windows = (200_000, 100_000, None, 1_000_000)
        made = tuple(
            evolve(target, quirks=evolve(target.quirks, window=window))
            for target, window in zip((*targets("anthropic", 3), _fourth()), windows, strict=True)
        )
        wire = Wire(made)
        scene = Scene("anthropic", wire, wire.ask())
        for _ in range(3):
            says(400, "invalid_request_error", OVERFLOW)(scene)
        self.assertEqual([host for host, _ in wire.upstreams.seen], [b"p1.test", b"p4.test", b"p3.test"])
        self.assertEqual((scene.client.answer.status, wire.upstreams.pending), (400, []))


def _fourth() -> Target:
    (first,) = targets("anthropic", 1)
    return evolve(first, provider="p4", base_url="http://p4.test")
