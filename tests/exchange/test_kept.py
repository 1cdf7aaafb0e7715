"""Responses that are kept: who may name them, what becomes of a name, and how long."""

import json
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.clients import Client
from ccproxy.access.principals import Keyring, Principal
from ccproxy.dialects.openai_responses.dialect import OPENAI_RESPONSES
from ccproxy.exchange.call import Call
from ccproxy.exchange.kept import PART, KeptResponses
from ccproxy.model.events import Block
from ccproxy.model.messages import Opaque, Request, Text
from ccproxy.model.replies import Response
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.providers.target import Target
from ccproxy.secret import Secret
from tests.support.wire import Wire

HOUR = 3600.0
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
QUESTION = {"type": "message", "role": "user", "content": "What is 6 times 7?"}
RESPONSES = Target("openai", "gpt-test", "openai_responses", "http://openai.test/v1", key=Secret("upstream-key"))


class KeptCase(SynchronousTestCase):
    """Through the whole proxy, before an upstream that keeps nothing."""

    def wire(self, room: int = 100_000, **how: Any) -> Wire:
        return Wire(kept=(HOUR, room), **how)

    def ask(self, wire: Wire, headers: dict[str, str] | None = None, **fields: Any) -> tuple[Any, Any]:
        """The response to a request that the upstream answers with some reasoning, `42` and a call, and the messages
        that it got; None where it was not asked."""
        body = {"model": "m", "input": [QUESTION], **fields}
        client = wire.request("POST", "/v1/responses", json.dumps(body).encode(), headers)
        if not wire.upstreams.pending:
            return json.loads(client.answer.body), None
        up = wire.upstream()
        message = {"role": "assistant", "content": "42", "reasoning_content": "Six sevens.", "tool_calls": [CALL]}
        choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
        reply = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        up.whole(json.dumps(reply).encode())
        wire.pool.close()
        return json.loads(client.answer.body), json.loads(up.request[2])["messages"]

    def refused(self, wire: Wire, headers: dict[str, str] | None = None, **fields: Any) -> str:
        """The words of a refusal, of which the upstream heard nothing."""
        answer, asked = self.ask(wire, headers, **fields)
        self.assertIsNone(asked)
        return str(answer["error"]["message"])


class NewLimits(SynchronousTestCase):
    """New limits, for what is kept already."""

    def setUp(self) -> None:
        self.now = 0.0
        self.kept = KeptResponses(lambda: self.now, 10.0, 100_000)
        self.call = Call("1", OPENAI_RESPONSES, {}, b'{"model":"m","input":"Hi"}', "m", False, Principal("anna"))

    def keep(self, *more: Block) -> str:
        """The name of a response that is kept."""
        answer = Response("1", "m", (Text("Hello"), *more), Stop(Reason.DONE), Usage())
        written = self.kept.filled(self.call).dialect.render_response(answer, Request("m", ()))
        return str(json.loads(written)["id"])

    def knows(self, name: str) -> bool:
        """Whether a response can be named."""
        body = json.dumps({"model": "m", "input": "x", "previous_response_id": name}).encode()
        return b"Hello" in self.kept.filled(evolve(self.call, body=body)).body

    def test_shorter(self) -> None:
        """What is too old by then is let go."""
        name = self.keep()
        self.kept.within(5.0, 100_000)
        self.now = 6.0
        self.assertFalse(self.knows(name))

    def test_less_room(self) -> None:
        """So is what takes too much."""
        name = self.keep()
        self.assertTrue(self.knows(name))
        self.kept.within(10.0, 10)
        self.assertFalse(self.knows(name))

    def test_items_of_one_name(self) -> None:
        """An upstream may name the items of every answer alike: the name stands for the latest one, and when that has
        gone nobody stumbles over it."""
        search = Opaque("openai_responses", {"type": "file_search_call", "id": "fs_1", "queries": []})
        self.keep(search, search)
        self.now = 6.0
        latest = self.keep(search)
        self.now = 11.0
        self.assertTrue(self.knows(latest))
        body = json.dumps({"model": "m", "input": [{"type": "item_reference", "id": "fs_1"}]}).encode()
        self.assertIn(b"file_search_call", self.kept.filled(evolve(self.call, body=body)).body)
        self.now = 30.0
        self.assertFalse(self.knows(latest))

    def test_longer(self) -> None:
        """What comes is kept for as long as is said by then."""
        self.kept.within(20.0, 100_000)
        name = self.keep()
        self.now = 15.0
        self.assertTrue(self.knows(name))


class Naming(KeptCase):
    """What a client may name."""

    def test_previous_response(self) -> None:
        """A conversation goes on by the name of its last response, however long it is; instructions are not kept."""
        wire = self.wire()
        first, _ = self.ask(wire, instructions="Be brief.", reasoning={"summary": "auto"})
        self.assertTrue(first["store"])
        outcome = {"type": "function_call_output", "call_id": "call_1", "output": "yes"}
        second, asked = self.ask(wire, previous_response_id=first["id"], input=[outcome])
        self.assertEqual([message["role"] for message in asked], ["user", "assistant", "tool"])
        self.assertEqual(asked[0]["content"], "What is 6 times 7?")
        self.assertEqual((asked[1]["content"], asked[1]["tool_calls"][0]["id"]), ("42", "call_1"))
        self.assertEqual(asked[2]["content"], "yes")
        _, asked = self.ask(wire, previous_response_id=second["id"], input="Really?")
        self.assertEqual(
            [message["role"] for message in asked], ["user", "assistant", "tool", "assistant", "tool", "user"]
        )
        self.assertEqual(asked[-1]["content"], "Really?")

    def test_references(self) -> None:
        """An item that the client was given may be told by its id: Vercel's AI SDK does so."""
        wire = self.wire()
        first, whole = self.ask(wire, reasoning={"summary": "auto"})
        self.assertEqual([item["type"] for item in first["output"]], ["reasoning", "message", "function_call"])
        names = [{"type": "item_reference", "id": item["id"]} for item in first["output"]]
        outcome = {"type": "function_call_output", "call_id": "call_1", "output": "yes"}
        _, by_name = self.ask(wire, input=[QUESTION, *names, outcome])
        _, outright = self.ask(wire, input=[QUESTION, *first["output"], outcome])
        self.assertEqual(by_name, outright)
        self.assertEqual(by_name[: len(whole)], whole)

    def test_streams(self) -> None:
        """What was streamed is kept as well, under names of its own: the upstream's own ids may come twice."""
        wire = self.wire()
        names = []
        for _ in range(2):
            client = wire.request("POST", "/v1/responses", b'{"model": "m", "input": "Hello", "stream": true}')
            up = wire.upstream()
            up.head()
            said = {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
            up.say(b"data: " + json.dumps(said).encode() + b"\n\ndata: [DONE]\n\n")
            up.end()
            wire.pool.close()
            completed = client.answer.body.decode().rsplit("data: ", 1)[1]
            names.append(json.loads(completed)["response"]["id"])
        self.assertEqual(len(set(names)), 2)
        _, asked = self.ask(wire, previous_response_id=names[0], input="And?")
        self.assertEqual([message["content"] for message in asked], ["Hello", "Hi", "And?"])

    def test_openai_keeps_its_own(self) -> None:
        """Where OpenAI itself answers nothing is kept here, and names go to it as they are."""
        wire = self.wire(targets=(RESPONSES,))
        body = b'{"model": "m", "input": [{"type": "item_reference", "id": "rs_9"}], "previous_response_id": "resp_9"}'
        wire.request("POST", "/v1/responses", body)
        self.assertEqual(json.loads(wire.upstream().request[2]), {**json.loads(body), "model": "gpt-test"})


class Refusing(KeptCase):
    """What cannot be named."""

    def test_unknown(self) -> None:
        """A name that nobody gave is refused, and so is one whose conversation is only half known."""
        wire = self.wire()
        self.assertIn("previous_response_id: no such", self.refused(wire, previous_response_id="resp_x", input="?"))
        reference = {"type": "item_reference", "id": "msg_x"}
        self.assertIn("input[1]: no such item", self.refused(wire, input=[QUESTION, reference]))

    def test_not_wanted(self) -> None:
        """A client that says so, or a configuration, has nothing kept."""
        for wire, how in ((self.wire(), {"store": False}), (self.wire(room=0), {"store": True})):
            first, _ = self.ask(wire, **how)
            self.assertFalse(first["store"])
            self.assertIn("no such", self.refused(wire, previous_response_id=first["id"]))

    def test_others(self) -> None:
        """What one client was answered no other can name."""
        clients = [(Client(name), Secret(f"{name}s-key")) for name in ("anna", "bert")]
        wire = self.wire(keyring=Keyring(Secret("k"), clients=clients))
        first, _ = self.ask(wire, {"Authorization": "Bearer annas-key"})
        words = self.refused(wire, {"Authorization": "Bearer berts-key"}, previous_response_id=first["id"])
        self.assertIn("no such", words)
        _, asked = self.ask(wire, {"Authorization": "Bearer annas-key"}, previous_response_id=first["id"])
        self.assertTrue(asked)


class Limits(KeptCase):
    """How long, and how much."""

    def test_time(self) -> None:
        """A response is kept for as long as it is named now and then, and its conversation with it."""
        wire = self.wire()
        first, _ = self.ask(wire)
        second, _ = self.ask(wire, previous_response_id=first["id"])
        for _ in range(3):
            wire.clock.advance(HOUR - 1)
            self.assertTrue(self.ask(wire, previous_response_id=second["id"])[1])
        wire.clock.advance(HOUR + 1)
        self.assertIn("no such", self.refused(wire, previous_response_id=second["id"]))

    def test_room(self) -> None:
        """The response that was named longest ago makes way; one that takes too much is not kept at all."""
        wire = self.wire(room=20_000)
        self.assertGreater(20_000 // PART, 2_000)
        names = [self.ask(wire, input="x" * 1_500)[0]["id"] for _ in range(5)]
        self.assertTrue(self.ask(wire, previous_response_id=names[0], store=False)[1])
        names += [self.ask(wire, input="x" * 1_500)[0]["id"] for _ in range(9)]
        known = [bool(self.ask(wire, previous_response_id=name, store=False)[1]) for name in (names[0], names[1])]
        self.assertEqual(known, [True, False])
        large, _ = self.ask(wire, input="x" * 20_000)
        self.assertIn("no such", self.refused(wire, previous_response_id=large["id"]))
