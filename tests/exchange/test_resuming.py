"""An answer that breaks off goes on at the next target, and the client sees one stream."""

import json
from itertools import product
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.exchange.joint import REPEATED_LEAST
from ccproxy.exchange.record import Outcome
from ccproxy.exchange.relay import PING_EVERY
from ccproxy.exchange.translated import HELD_LIMIT
from ccproxy.exchange.tries import Bounds
from ccproxy.exchange.voice import GO_ON
from ccproxy.model.events import BlockDelta, Failed, Finished
from ccproxy.model.messages import Request, Role, Text, Thinking, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.model.usage import Reason, Usage
from ccproxy.providers.target import Target
from ccproxy.secret import Secret
from ccproxy.upstream.client import Deadlines
from tests.support import wires
from tests.support.streams import parse
from tests.support.wire import ClientConnection, UpstreamConnection, Wire, frames, text_of

WIRES = {
    "anthropic": wires.anthropic,
    "openai_chat": wires.chat,
    "openai_responses": wires.responses,
    "gemini": wires.gemini,
}
CLIENTS = ("anthropic", "openai_chat", "openai_responses")
TEXT = "The quick brown fox jumps over the lazy dog.\n\nAnd then it sleeps, \U0001f98a as foxes do."


THINKING = {"max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 2000}}
"""Fields of a client who wants to see the model think."""


def target(dialect: str, number: int, model: str = "") -> Target:
    """One at a host of its own."""
    model = model or f"m{number}"
    return Target(
        f"p{number}",
        model,
        dialect,
        f"http://p{number}.test",
        key=Secret("k"),
        quirks=Quirks(model=model, account=f"a{number}"),
    )


OLD_CLAUDE = "claude-sonnet-4-5"
"""It goes on with an answer that was begun for it."""


def ask(wire: Wire, client: str) -> ClientConnection:
    """A client of this dialect asks for a stream."""
    if client == "anthropic":
        return wire.ask()
    hello = [{"role": "user", "content": "Hello"}]
    if client == "openai_chat":
        body: dict[str, Any] = {"messages": hello, "stream_options": {"include_usage": True}}
        path = "/v1/chat/completions"
    else:
        body, path = {"input": hello}, "/v1/responses"
    return wire.request("POST", path, json.dumps({"model": "x", "stream": True, **body}).encode())


def heard(client: ClientConnection, dialect: str) -> Response:
    """The one legal stream that a client of this dialect has got."""
    answer = client.answer
    if not answer.complete:
        raise AssertionError(f"the answer is not complete: {answer.body!r}")
    return fold(parse(DIALECTS[dialect].parse_stream(Quirks()), [answer.body]))


def begun(up: UpstreamConnection, dialect: str) -> tuple[Request, str]:
    """What a target was asked, and the beginning of an answer that it was given."""
    request = DIALECTS[dialect].parse_request({}, up.request[2])
    said = [turn for turn in request.turns if turn.role is Role.ASSISTANT]
    return request, "".join(part.text for turn in said for part in turn.parts if isinstance(part, Text))


def go_on(up: UpstreamConnection, dialect: str, whole: str = TEXT) -> str:
    """A target goes on where the text that it was given ends, and ends well. Gives what it was given."""
    _, given = begun(up, dialect)
    up.whole(b"".join(WIRES[dialect](wires.reply(whole[len(given) :]))), content_type="text/event-stream")
    return given


class EveryCut(SynchronousTestCase):
    """The first target dies, the second one goes on."""

    def exchange(
        self, client: str, first: str, second: str, cut: bytes, model: str = ""
    ) -> tuple[Wire, ClientConnection]:
        """An exchange in which the first target says this and dies."""
        wire = Wire((target(first, 1), target(second, 2, model)), resume=True)
        asked = ask(wire, client)
        up = wire.upstream()
        up.head()
        up.say(cut)
        up.drop()
        return wire, asked

    def test_killed_at_every_chunk(self) -> None:
        """Behind each chunk of the first target's stream, of every dialect, for clients of every dialect, before a
        second target of every dialect: one legal stream with the whole text, one beginning and one end."""
        cells = resumed = 0
        for client, first, second in product(CLIENTS, WIRES, WIRES):
            chunks = WIRES[first](wires.reply(TEXT))
            for at in range(len(chunks) + 1):
                wire, asked = self.exchange(client, first, second, b"".join(chunks[:at]))
                cell = f"{client} client, {first}, then {second}, behind chunk {at}"
                if wire.upstreams.pending:
                    resumed += 1
                    given = go_on(wire.upstream(), second)
                    self.assertTrue(TEXT.startswith(given), cell)
                reply = heard(asked, client)
                text = "".join(block.text for block in reply.blocks if isinstance(block, Text))
                self.assertEqual(text, TEXT, cell)
                self.assertEqual(reply.stop.reason, Reason.DONE, cell)
                self.assertIs(wire.record.outcome, Outcome.FINISHED, cell)
                self.assertTrue(wire.at_rest, cell)
                if client == "anthropic":
                    names = [name for name, _ in frames(asked.answer.body)]
                    self.assertEqual((names.count("message_start"), names.count("message_stop")), (1, 1), cell)
                    self.assertEqual(names.count("content_block_start"), 1, cell)
                cells += 1
        self.assertGreater(resumed, cells * 0.8)

    def test_killed_at_every_chunk_of_a_call(self) -> None:
        """The same for text and a call: the client has the text once, and one whole call, whoever made it."""
        own, others = ('{"command": "ls"}', '{"command": "df"}')
        for client, first in product(CLIENTS, WIRES):
            chunks = WIRES[first](wires.reply(TEXT, wires.Call("Bash", json.loads(own), "call_1")))
            made = set()
            for at in range(len(chunks) + 1):
                wire, asked = self.exchange(client, first, "openai_chat", b"".join(chunks[:at]))
                if wire.upstreams.pending:
                    up = wire.upstream()
                    rest = TEXT[len(begun(up, "openai_chat")[1]) :]
                    call = wires.Call("Bash", json.loads(others), "call_2")
                    said = wires.chat(wires.reply(rest, call) if rest else wires.reply(call))
                    up.whole(b"".join(said), content_type="text/event-stream")
                reply = heard(asked, client)
                cell = f"{client} client, {first}, behind chunk {at}"
                self.assertEqual("".join(one.text for one in reply.blocks if isinstance(one, Text)), TEXT, cell)
                (arguments,) = (one.arguments for one in reply.blocks if isinstance(one, ToolUse))
                made.add(json.dumps(json.loads(arguments)))
                self.assertTrue(wire.at_rest, cell)
            self.assertEqual(made, {own, others}, f"{client} client, {first}")

    def test_killed_at_every_chunk_of_a_thought(self) -> None:
        """The same for a thought and text, before a client that sees both: one legal stream with the text once."""
        thought, text = "Foxes are quick, and this one is brown.", TEXT.replace("\n\n", " ")
        for first, second in product(WIRES, ("openai_chat", "anthropic")):
            chunks = WIRES[first](wires.reply(wires.Think(thought, "seal"), text))
            for at in range(len(chunks) + 1):
                wire = Wire((target(first, 1), target(second, 2)), resume=True)
                asked = wire.ask(**THINKING)
                up = wire.upstream()
                up.head()
                up.say(b"".join(chunks[:at]))
                up.drop()
                if wire.upstreams.pending:
                    up = wire.upstream()
                    rest = text[len(begun(up, second)[1]) :]
                    said = WIRES[second](wires.reply(wires.Think("Anew.", "seal"), *([rest] if rest else [])))
                    up.whole(b"".join(said), content_type="text/event-stream")
                cell = f"{first}, then {second}, behind chunk {at}"
                reply = heard(asked, "anthropic")
                self.assertEqual("".join(one.text for one in reply.blocks if isinstance(one, Text)), text, cell)
                self.assertTrue(wire.at_rest, cell)

    def test_not_resumed_at_every_chunk(self) -> None:
        """Where no route lets it be resumed: another target's whole answer before the first content; behind it every
        piece that came, then the error, and nothing after it, in every dialect."""
        told = 0
        for client, first in product(CLIENTS, WIRES):
            chunks = WIRES[first](wires.reply(TEXT))
            for at in range(len(chunks)):
                cell = f"{client} client, {first}, behind chunk {at}"
                wire = Wire((target(first, 1), target("openai_chat", 2)))
                asked = ask(wire, client)
                up = wire.upstream()
                up.head()
                up.say(b"".join(chunks[:at]))
                up.drop()
                if wire.upstreams.pending:
                    self.assertEqual(asked.received, b"", cell)
                    go_on(wire.upstream(), "openai_chat")
                events = parse(DIALECTS[client].parse_stream(Quirks()), [asked.answer.body])
                text = "".join(event.text for event in events if isinstance(event, BlockDelta))
                self.assertTrue(asked.answer.complete, cell)
                if isinstance(events[-1], Failed):
                    self.assertEqual(text, TEXT[: len(text)], cell)
                    self.assertEqual(sum(isinstance(event, Failed) for event in events), 1, cell)
                    self.assertEqual(len(wire.record.attempts), 1, cell)
                    told += 1
                else:
                    self.assertIsInstance(events[-1], Finished, cell)
                    self.assertEqual(text, TEXT, cell)
                self.assertTrue(wire.at_rest, cell)
        self.assertGreater(told, 80)

    def test_killed_at_every_byte(self) -> None:
        """The same, behind each byte, for Claude Code before models that go on with a beginning."""
        stream = b"".join(WIRES["anthropic"](wires.reply(TEXT)))
        for at in range(len(stream)):
            wire, asked = self.exchange("anthropic", "anthropic", "anthropic", stream[:at], OLD_CLAUDE)
            if wire.upstreams.pending:
                go_on(wire.upstream(), "anthropic")
            self.assertEqual(text_of(frames(asked.answer.body)), TEXT, at)
            self.assertTrue(wire.at_rest)

    def test_beginning_or_words(self) -> None:
        """A model that takes the beginning of its answer is given it, without the space at its end, and may not think
        first; another is told in words to go on."""
        chunks = WIRES["anthropic"](wires.reply("Let me see. The answer is"))[:5]
        for model, prefills in ((OLD_CLAUDE, True), ("claude-opus-4-8", False)):
            wire, asked = self.exchange("anthropic", "anthropic", "anthropic", b"".join(chunks), model)
            up = wire.upstream()
            said = text_of(frames(asked.answer.body))
            last = up.json["messages"][-1]
            if prefills:
                self.assertEqual(last, {"role": "assistant", "content": [{"type": "text", "text": said.rstrip()}]})
            else:
                self.assertEqual((last["role"], last["content"][0]["text"]), ("user", GO_ON))
                self.assertEqual(up.json["messages"][-2]["content"], [{"type": "text", "text": said}])
            asked.leave()

    def test_what_is_left_to_say(self) -> None:
        """The next target may say as much as the client asked for, less what it has."""
        chunks = WIRES["anthropic"](wires.reply("x" * 80))
        wire, asked = self.exchange("anthropic", "anthropic", "anthropic", b"".join(chunks[:-3]))
        self.assertEqual(wire.upstream().json["max_tokens"], 100 - 80 // 4)
        asked.leave()

    def test_usage(self) -> None:
        """The client and the record are told the tokens of both; the first one's output is estimated."""
        chunks = WIRES["anthropic"](wires.reply("x" * 400))
        wire, asked = self.exchange("anthropic", "anthropic", "anthropic", b"".join(chunks[:-3]))
        go_on(wire.upstream(), "anthropic", "x" * 400 + "yy")
        usage = frames(asked.answer.body)[-2][1]["usage"]
        self.assertEqual(usage["output_tokens"], 400 // 4 + 40)
        self.assertEqual(usage["input_tokens"] + usage["cache_read_input_tokens"], 2 * 1200)
        self.assertEqual((wire.record.usage.output, wire.record.usage.prompt), (140, 2400))
        self.assertEqual([attempt.error is None for attempt in wire.record.attempts], [False, True])


class EveryCutOfSeveral(SynchronousTestCase):
    """One, two and three targets die, each behind any of its chunks."""

    def exchange(self, dialect: str, cuts: tuple[int, ...], count: int) -> tuple[Wire, ClientConnection]:
        """An exchange with so many targets, of which these die behind so many chunks of what they would have said."""
        wire = Wire(tuple(target(dialect, n) for n in range(1, count + 1)), resume=True)
        asked = wire.ask()
        for at in cuts:
            if not wire.upstreams.pending:
                break
            up = wire.upstream()
            _, given = begun(up, dialect)
            up.head()
            up.say(b"".join(WIRES[dialect](wires.reply(TEXT[len(given) :]))[:at]))
            up.drop()
        return wire, asked

    def test_the_third_ends_it(self) -> None:
        """Two die, the third one goes on with what both have said."""
        for dialect in ("anthropic", "openai_chat"):
            most = range(len(WIRES[dialect](wires.reply(TEXT))))
            for cuts in product(most, most):
                cell = f"{dialect}, behind {cuts}"
                wire, asked = self.exchange(dialect, cuts, 3)
                if wire.upstreams.pending:
                    go_on(wire.upstream(), dialect)
                events = frames(asked.answer.body)
                self.assertEqual(text_of(events), TEXT, cell)
                names = [name for name, _ in events]
                self.assertEqual((names.count("message_start"), names.count("message_stop")), (1, 1), cell)
                self.assertEqual(events[0][1]["message"]["model"], "claude-test", cell)
                self.assertIs(wire.record.outcome, Outcome.FINISHED, cell)
                self.assertTrue(wire.at_rest, cell)

    def test_nobody_ends_it(self) -> None:
        """All die: what they have said is delivered, then the error, and nothing after it. An answer of which nothing
        was said is an error and no stream."""
        told = refused = 0
        for dialect, count in product(("anthropic", "openai_chat"), (1, 2, 3)):
            most = range(0, len(WIRES[dialect](wires.reply(TEXT))), 1 if count < 3 else 3)
            for cuts in product(*[most] * count):
                cell = f"{dialect}, behind {cuts}"
                wire, asked = self.exchange(dialect, cuts, count)
                self.assertEqual(wire.upstreams.pending, [], cell)
                self.assertTrue(wire.at_rest, cell)
                if asked.answer.status != 200:
                    self.assertEqual((asked.answer.status, wire.record.outcome), (502, Outcome.REFUSED), cell)
                    refused += 1
                elif wire.record.outcome is Outcome.BROKEN:
                    events = frames(asked.answer.body)
                    names = [name for name, _ in events]
                    self.assertTrue(TEXT.startswith(text_of(events)), cell)
                    self.assertEqual((names.count("message_start"), names.count("error")), (1, 1), cell)
                    self.assertEqual(names[-1], "error", cell)
                    self.assertEqual(len(wire.record.attempts), count, cell)
                    told += 1
        self.assertGreater(told, 250)
        self.assertGreater(refused, 6)


class WhatItTook(SynchronousTestCase):
    """The record has what all targets took, each at its own price, however the exchange ends."""

    def setUp(self) -> None:
        self.asked: list[tuple[str, Usage]] = []

    def cost(self, target: Target, usage: Usage) -> float:
        self.asked.append((target.name, usage))
        return {"p1": 1.0, "p2": 20.0, "p3": 300.0}[target.provider] * (usage.output or 0)

    def begin(self, count: int) -> Wire:
        """The first of so many targets has said eight characters behind its beginning, and died."""
        wire = Wire(tuple(target("anthropic", n) for n in range(1, count + 1)), resume=True, cost=self.cost)
        wire.ask()
        up = wire.upstream()
        up.head()
        up.say(b"".join(WIRES["anthropic"](wires.reply("12345678 and more"))[:4]))
        up.drop()
        return wire

    def test_finished(self) -> None:
        """What the first one said is estimated, the second one tells."""
        wire = self.begin(2)
        go_on(wire.upstream(), "anthropic", "12345678 and more of it.")
        record = wire.record
        (first, before), (second, after) = self.asked
        self.assertEqual((first, second), ("p1,m1", "p2,m2"))
        self.assertEqual(record.usage, before.plus(after))
        self.assertGreater(before.output or 0, 1)
        self.assertEqual(record.cost, (before.output or 0) * 1.0 + 40 * 20.0)
        self.assertTrue(record.estimated)

    def test_nobody_goes_on(self) -> None:
        """Though another was asked in vain, what the first one took is not forgotten."""
        for count in (1, 2):
            self.asked.clear()
            wire = self.begin(count)
            if count > 1:
                wire.upstream().whole(b"{}", 500)
            ((name, before),) = self.asked
            record = wire.record
            self.assertEqual((name, record.usage, record.cost), ("p1,m1", before, before.output))
            self.assertIs(record.outcome, Outcome.BROKEN)
            self.assertIn("p1 closed the connection", str(record.error))

    def test_live(self) -> None:
        """Whoever looks while it runs sees what was said so far, by whomever."""
        wire = self.begin(2)
        (meter,) = wire.running
        before = meter.usage.output or 0
        self.assertGreater(before, 1)
        up = wire.upstream()
        up.head()
        up.say(b"".join(WIRES["anthropic"](wires.reply(" and more than that was said."))[:5]))
        self.assertGreater(meter.usage.output or 0, before)

    def test_long_before(self) -> None:
        """An answer that breaks off after a long time is gone on with as well: the bound counts from the break."""
        wire = Wire((target("anthropic", 1), target("anthropic", 2)), resume=True, bounds=Bounds(6, 300.0))
        asked = wire.ask()
        up = wire.upstream()
        up.head()
        chunks = WIRES["anthropic"](wires.reply(TEXT))
        for at in range(6):
            up.say(chunks[at])
            wire.clock.pump([40] * 2)
        self.assertGreater(wire.clock.seconds(), 300)
        up.drop()
        go_on(wire.upstream(), "anthropic")
        self.assertEqual(text_of(frames(asked.answer.body)), TEXT)


def cut(wire: Wire, said: wires.Reply, keep: int | None = None, **fields: Any) -> ClientConnection:
    """Claude Code asks; the first target says so many chunks of this, and dies."""
    asked = wire.ask(**fields)
    up = wire.upstream()
    up.head()
    up.say(b"".join(wires.chat(said)[:keep]))
    up.drop()
    return asked


class WhenItMayGoOn(SynchronousTestCase):
    """And when it may not: then the truth is told in-band."""

    def setUp(self) -> None:
        self.wire = Wire((target("openai_chat", 1), target("openai_chat", 2)), resume=True)

    def told(self, asked: ClientConnection, text: str) -> None:
        """The client got this text, and then the error; nobody else was asked."""
        events = frames(asked.answer.body)
        self.assertEqual((text_of(events), events[-1][0]), (text, "error"))
        self.assertIs(self.wire.record.outcome, Outcome.BROKEN)
        self.assertEqual(self.wire.upstreams.pending, [])
        self.assertTrue(self.wire.at_rest)

    def calls_anew(self, asked: ClientConnection) -> Response:
        """The second target makes a call of its own, and ends well."""
        call = wires.Call("Bash", {"command": "df"}, "call_9")
        self.wire.upstream().whole(b"".join(wires.chat(wires.reply(call))), content_type="text/event-stream")
        self.assertTrue(self.wire.at_rest)
        return heard(asked, "anthropic")

    def test_half_a_call(self) -> None:
        """A call that broke off is not told: the next target makes its own behind the same text."""
        said = wires.reply("I look. ", wires.Call("Bash", {"command": "ls -la /tmp"}, "call_1"))
        for keep in (3, 4, 5):
            with self.subTest(keep):
                self.setUp()
                text, call = self.calls_anew(cut(self.wire, said, keep)).blocks
                self.assertEqual((text.text, call.arguments), ("I look. ", '{"command": "df"}'))

    def test_one_call_and_a_half(self) -> None:
        """Nor is a whole one before it: who answers makes all calls of an answer."""
        first, second = wires.Call("Bash", {"command": "ls"}, "call_1"), wires.Call("Bash", {"command": "w"}, "call_2")
        chunks = wires.chat(wires.reply("I look. ", first, second))
        at = max(at for at, chunk in enumerate(chunks) if b"call_2" in chunk)
        reply = self.calls_anew(cut(self.wire, wires.reply("I look. ", first, second), at + 1))
        self.assertEqual([type(block) for block in reply.blocks], [Text, ToolUse])

    def test_nothing_but_half_a_call(self) -> None:
        """Where a call is all that came the next target answers from the beginning."""
        said = wires.reply(wires.Call("Bash", {"command": "ls -la /tmp"}, "call_1"))
        asked = cut(self.wire, said, 2)
        (call,) = self.calls_anew(asked).blocks
        self.assertEqual(call.arguments, '{"command": "df"}')

    def test_calls_come_whole(self) -> None:
        """A call is told at the end of the answer; where that breaks off and nobody is left, before the reason."""
        chunks = wires.chat(wires.reply("I look. ", wires.Call("Bash", {"command": "ls -la /tmp"}, "call_1")))
        asked = self.wire.ask()
        up = self.wire.upstream()
        up.head()
        up.say(b"".join(chunks[:-3]))
        self.assertNotIn(b"tool_use", asked.answer.body)
        up.say(b"".join(chunks[-3:]))
        up.end()
        self.assertEqual(heard(asked, "anthropic").blocks[1].arguments, '{"command": "ls -la /tmp"}')
        self.wire = Wire((target("openai_chat", 1),), resume=True)
        asked = cut(self.wire, wires.reply("I look. ", wires.Call("Bash", {"command": "ls"}, "call_1")), 5)
        self.assertIn(b"tool_use", asked.answer.body)
        self.told(asked, "I look. ")

    def test_calls_of_any_size(self) -> None:
        """What is held back has an end: a call of megabytes is told as it comes, and then nobody can go on."""
        asked = self.wire.ask()
        up = self.wire.upstream()
        up.head()
        chunks = wires.chat(wires.reply("I write. ", wires.Call("Write", {"of": "@"}, "call_1")))
        (filled,) = (at for at, chunk in enumerate(chunks) if b"@" in chunk)
        for chunk in chunks[:filled]:
            up.say(chunk)
        up.say(chunks[filled].replace(b"@", b"@" * HELD_LIMIT))
        up.say(chunks[filled])
        up.drop()
        events = frames(asked.answer.body)
        self.assertEqual(events[-1][0], "error")
        self.assertIn("tool_use", json.dumps(events[5:8]))
        self.assertEqual(self.wire.upstreams.pending, [])

    def test_open_thinking(self) -> None:
        """A thought ends where it broke off; the next target thinks anew, and answers from the beginning."""
        for keep in range(1, 4):
            with self.subTest(keep):
                self.setUp()
                asked = cut(self.wire, wires.reply(wires.Think("Hmm, so it is like this"), "Yes."), keep, **THINKING)
                up = self.wire.upstream()
                self.assertEqual(begun(up, "openai_chat")[1], "")
                up.whole(
                    b"".join(wires.chat(wires.reply(wires.Think("I see."), "No."))), content_type="text/event-stream"
                )
                blocks = heard(asked, "anthropic").blocks
                self.assertEqual(blocks[-1].text, "No.")
                thoughts = [block.text for block in blocks if isinstance(block, Thinking)]
                self.assertEqual(thoughts[-1], "I see.")
                self.assertTrue("Hmm, so it is like this".startswith("".join(thoughts[:-1])))
                self.assertTrue(self.wire.at_rest)

    def test_finished_thinking(self) -> None:
        """Behind a thought that is finished the text goes on; what the next one thinks is not told."""
        asked = cut(self.wire, wires.reply(wires.Think("Hmm."), "The answer is surely 42."), 3, **THINKING)
        self.wire.upstream().whole(
            b"".join(wires.chat(wires.reply(wires.Think("I go on."), "r is surely 42."))),
            content_type="text/event-stream",
        )
        blocks = heard(asked, "anthropic").blocks
        self.assertEqual([type(block) for block in blocks], [Thinking, Text])
        self.assertEqual((blocks[0].text, blocks[1].text), ("Hmm.", "The answer is surely 42."))

    def test_calls_of_the_next(self) -> None:
        """The target that goes on may call tools: the text ends, and the call has a block of its own."""
        asked = cut(self.wire, wires.reply("I shall look at it."), 2)
        call = wires.Call("Bash", {"command": "ls"}, "call_1")
        self.wire.upstream().whole(b"".join(wires.chat(wires.reply(call))), content_type="text/event-stream")
        reply = heard(asked, "anthropic")
        self.assertEqual([type(block) for block in reply.blocks], [Text, ToolUse])
        self.assertEqual((reply.blocks[0].text, reply.stop.reason), ("I shall l", Reason.TOOLS))

    def test_nobody_left(self) -> None:
        """With no further target the client is told."""
        self.wire = Wire((target("openai_chat", 1),), resume=True)
        self.told(cut(self.wire, wires.reply("Hello there, you."), 2), "Hello the")

    def test_nobody_can(self) -> None:
        """Where the others fail the client is told why the first one broke off."""
        asked = cut(self.wire, wires.reply("Hello there, you."), 2)
        self.wire.upstream().whole(b"{}", 500)
        self.told(asked, "Hello the")
        message = frames(asked.answer.body)[-1][1]["error"]["message"]
        self.assertIn("p1 closed the connection in the middle", message)

    def test_a_fault_of_the_request(self) -> None:
        """What another target would refuse too is told at once."""
        asked = self.wire.ask()
        up = self.wire.upstream()
        up.head()
        up.say(wires.chat(wires.reply("Hello there."))[0] + wires.chat(wires.reply("Hello there."))[1])
        up.say(b'data: {"error": {"message": "no", "type": "invalid_request_error"}}\n\n')
        self.told(asked, "Hello the")

    def test_not_configured(self) -> None:
        """A route that does not say so is not resumed."""
        self.wire = Wire((target("openai_chat", 1), target("openai_chat", 2)))
        self.told(cut(self.wire, wires.reply("Hello there, you."), 2), "Hello the")

    def test_again_and_again(self) -> None:
        """A second target that breaks off too is followed by a third, which is given what both have said."""
        wire = Wire(tuple(target("openai_chat", n) for n in (1, 2, 3)), resume=True)
        asked = cut(wire, wires.reply("One two three four five"), 2)
        up = wire.upstream()
        self.assertEqual(begun(up, "openai_chat")[1], "One two t")
        up.head()
        up.say(b"".join(wires.chat(wires.reply("hree four five"))[:2]))
        up.drop()
        third = wire.upstream()
        self.assertEqual(go_on(third, "openai_chat", "One two three four five"), "One two three four")
        self.assertEqual(text_of(frames(asked.answer.body)), "One two three four five")
        self.assertEqual([attempt.target for attempt in wire.record.attempts], ["p1,m1", "p2,m2", "p3,m3"])
        self.assertTrue(wire.at_rest)

    def test_begins_anew(self) -> None:
        """A model that says everything from its beginning is heard from where the client is."""
        asked = cut(self.wire, wires.reply("The quick brown fox jumps over"), 4)
        self.assertGreaterEqual(len(text_of(frames(asked.answer.body))), REPEATED_LEAST)
        self.wire.upstream().whole(
            b"".join(wires.chat(wires.reply("The quick brown fox jumps over the dog."))),
            content_type="text/event-stream",
        )
        self.assertEqual(text_of(frames(asked.answer.body)), "The quick brown fox jumps over the dog.")

    def test_client_leaves_in_between(self) -> None:
        """A client that leaves before the next target answers stops it, and nothing runs on."""
        asked = cut(self.wire, wires.reply("Hello there, you."), 2)
        up = self.wire.upstream()
        asked.leave()
        self.assertTrue(up.stopped)
        self.assertIs(self.wire.record.outcome, Outcome.ABANDONED)
        self.assertTrue(self.wire.at_rest)

    def test_pings_in_between(self) -> None:
        """While the next target thinks the client hears that we are here; not while it does not read."""
        asked = cut(self.wire, wires.reply("Hello there, you."), 2)
        before = asked.received.count(b"event: ping")
        self.wire.clock.advance(PING_EVERY + 0.1)
        self.assertEqual(asked.received.count(b"event: ping"), before + 1)
        asked.pause()
        self.wire.clock.advance(PING_EVERY + 0.1)
        self.assertEqual(asked.received.count(b"event: ping"), before + 1)
        up = self.wire.upstream()
        up.head()
        self.assertTrue(up.paused)
        asked.resume()
        self.assertFalse(up.paused)
        up.say(b"".join(wires.chat(wires.reply("re, you."))))
        up.end()
        self.assertEqual(text_of(frames(asked.answer.body)), "Hello there, you.")
        self.assertTrue(self.wire.at_rest)

    def test_total_time(self) -> None:
        """When the time for the whole answer is over nobody else is asked."""
        self.wire = Wire(self.wire.targets, deadlines=Deadlines(total=20), resume=True)
        asked = self.wire.ask()
        up = self.wire.upstream()
        up.head()
        up.say(b"".join(wires.chat(wires.reply("Hello there."))[:2]))
        self.wire.clock.advance(21)
        self.told(asked, "Hello the")

    def test_silence_behind_the_grace_time(self) -> None:
        """A target that says nothing but its headers, for longer than we could hold back ours, is followed by another
        on any route: nothing was said yet."""
        wire = Wire((target("openai_chat", 1), target("openai_chat", 2)), deadlines=Deadlines(stall=60))
        asked = wire.ask()
        up = wire.upstream()
        up.head()
        up.say(wires.chat(wires.reply("Hello"))[0])
        wire.clock.pump([10] * 7)
        self.assertTrue(up.stopped)
        self.assertTrue(asked.received.startswith(b"HTTP/1.1 200"))
        following = wire.upstream()
        self.assertEqual(begun(following, "openai_chat")[1], "")
        following.whole(b"".join(wires.chat(wires.reply("Hello"))), content_type="text/event-stream")
        events = [name for name, _ in frames(asked.answer.body) if name != "ping"]
        self.assertEqual((events.count("message_start"), events.count("error")), (1, 0))
        self.assertEqual(text_of(frames(asked.answer.body)), "Hello")
        self.assertIs(wire.record.outcome, Outcome.FINISHED)
        self.assertTrue(wire.at_rest)
