"""A request refused for a field that the vendor names is put right and sent once more, and the next ones beforehand."""

import json
from typing import Any

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.record import Outcome
from tests.support.wire import CLAUDE, OPENAI, Wire, chat, frames, text_of

HELLO = b"".join(chat({"role": "assistant", "content": ""}, {"content": "Hello"}))
TOO_OLD = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
COLD = "Unsupported parameter: 'temperature' is not supported with this model."


def refusal(message: str) -> bytes:
    """A 400's body, as OpenAI writes it."""
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "param": None}}).encode()


class Repaired(SynchronousTestCase):
    """One exchange, or one after another, with a vendor that refuses a field."""

    def setUp(self) -> None:
        """Everything that is logged is kept."""
        self.logged: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def said(self) -> list[tuple[str, str]]:
        """The repairs that were logged, with their targets."""
        return [(event["repair"], event["target"]) for event in self.logged if "repair" in event]

    def test_answered(self) -> None:
        """The client gets the answer to the repaired request, and sees nothing of the refusal."""
        wire = Wire()
        client = wire.ask()
        first = wire.upstream()
        self.assertIn("max_tokens", first.json)
        first.whole(refusal(TOO_OLD), 400, connection="close")
        second = wire.upstream()
        self.assertNotIn("max_tokens", second.json)
        self.assertEqual(second.json["max_completion_tokens"], first.json["max_tokens"])
        second.whole(HELLO, content_type="text/event-stream", connection="close")
        self.assertEqual(text_of(frames(client.answer.body)), "Hello")
        self.assertIs(wire.record.outcome, Outcome.FINISHED)
        self.assertEqual([attempt.target for attempt in wire.record.attempts], [OPENAI.name, OPENAI.name])
        self.assertEqual([attempt.error is None for attempt in wire.record.attempts], [False, True])
        self.assertIn("max_tokens said as max_completion_tokens", wire.record.losses)
        self.assertEqual(self.said(), [("max_tokens said as max_completion_tokens", OPENAI.name)])
        self.assertTrue(wire.at_rest)

    def test_remembered(self) -> None:
        """The next request to that model is right at once."""
        wire = Wire()
        wire.ask()
        wire.upstream().whole(refusal(TOO_OLD), 400, connection="close")
        wire.upstream().whole(HELLO, content_type="text/event-stream", connection="close")
        client = wire.ask()
        up = wire.upstream()
        self.assertEqual(up.json["max_completion_tokens"], 100)
        up.whole(HELLO, content_type="text/event-stream", connection="close")
        self.assertEqual(client.answer.status, 200)
        self.assertEqual(len(wire.records[1].attempts), 1)
        self.assertEqual(len(self.said()), 1)

    def test_once(self) -> None:
        """A second refusal is the client's to hear, in the vendor's words; another target is not asked."""
        wire = Wire((OPENAI, CLAUDE))
        client = wire.ask(temperature=0.5)
        wire.upstream().whole(refusal(TOO_OLD), 400, connection="close")
        wire.upstream().whole(refusal(COLD), 400, connection="close")
        self.assertEqual(client.answer.status, 400)
        self.assertIn("temperature", client.answer.json["error"]["message"])
        self.assertEqual(wire.upstreams.pending, [])
        self.assertEqual(len(wire.record.attempts), 2)

    def test_one_repair_leads_to_the_next(self) -> None:
        """A model with two objections is right after two requests: each one's repair is kept."""
        wire = Wire()
        wire.ask(temperature=0.5)
        wire.upstream().whole(refusal(TOO_OLD), 400, connection="close")
        wire.upstream().whole(refusal(COLD), 400, connection="close")
        client = wire.ask(temperature=0.5)
        up = wire.upstream()
        self.assertIn("max_completion_tokens", up.json)
        up.whole(refusal(COLD), 400, connection="close")
        up = wire.upstream()
        self.assertIn("max_completion_tokens", up.json)
        self.assertNotIn("temperature", up.json)
        up.whole(HELLO, content_type="text/event-stream", connection="close")
        self.assertEqual(client.answer.status, 200)
        wire.ask(temperature=0.5)
        up = wire.upstream()
        self.assertNotIn("temperature", up.json)
        up.whole(HELLO, content_type="text/event-stream", connection="close")

    def test_wrong_repair_is_forgotten(self) -> None:
        """A repair after which the vendor says the same again was none."""
        wire = Wire()
        wire.ask()
        wire.upstream().whole(refusal(TOO_OLD), 400, connection="close")
        wire.upstream().whole(refusal(TOO_OLD), 400, connection="close")
        wire.ask()
        up = wire.upstream()
        self.assertIn("max_tokens", up.json)
        up.whole(HELLO, content_type="text/event-stream", connection="close")

    def test_what_passes_as_it_came(self) -> None:
        """A chat completion that its vendor refuses is put right as well, and nothing else of it is touched."""
        wire = Wire()
        body = (
            b'{"model": "gpt-test", "max_tokens": 5, "x_vendor": [1.50], "messages": [{"role":"user","content":"x"}]}'
        )
        for _ in range(2):
            client = wire.request("POST", "/v1/chat/completions", body)
            up = wire.upstream()
            if not wire.records:
                self.assertEqual(up.request[2], body)
                up.whole(refusal(TOO_OLD), 400, connection="close")
                up = wire.upstream()
            mended = {
                "max_completion_tokens" if key == "max_tokens" else key: each for key, each in json.loads(body).items()
            }
            self.assertEqual(up.json, mended)
            up.whole(
                b'{"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}',
                connection="close",
            )
            self.assertEqual(client.answer.status, 200)
        self.assertEqual([len(record.attempts) for record in wire.records], [2, 1])

    def test_stop_sequences_that_pass(self) -> None:
        """Nobody would watch for the stop sequences of a request that passes as it came, so they stay, and the client
        hears the refusal."""
        wire = Wire()
        body = b'{"model": "gpt-test", "stop": ["lo"], "messages": [{"role":"user","content":"x"}]}'
        client = wire.request("POST", "/v1/chat/completions", body)
        refused = "Unsupported parameter: 'stop' is not supported with this model."
        wire.upstream().whole(refusal(refused), 400, connection="close")
        self.assertEqual((client.answer.status, wire.upstreams.pending), (400, []))

    def test_stop_sequences_still_stop(self) -> None:
        """Stop sequences that a model does not take are watched for on the way back."""
        wire = Wire()
        client = wire.ask(stop_sequences=["lo"])
        up = wire.upstream()
        self.assertEqual(up.json["stop"], ["lo"])
        up.whole(refusal("Unsupported parameter: 'stop' is not supported with this model."), 400, connection="close")
        up = wire.upstream()
        self.assertNotIn("stop", up.json)
        up.whole(HELLO, content_type="text/event-stream", connection="close")
        events = frames(client.answer.body)
        self.assertEqual(text_of(events), "Hel")
        self.assertIn(
            {"stop_reason": "stop_sequence", "stop_sequence": "lo"},
            [
                {key: data["delta"][key] for key in ("stop_reason", "stop_sequence")}
                for name, data in events
                if name == "message_delta"
            ],
        )

    def test_not_understood(self) -> None:
        """A refusal that names no field is told at once."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().whole(refusal("Invalid request."), 400, connection="close")
        self.assertEqual(client.answer.status, 400)
        self.assertEqual(wire.upstreams.pending, [])
        self.assertEqual(self.said(), [])

    def test_other_errors(self) -> None:
        """Words of a repair in an error of another kind repair nothing."""
        wire = Wire()
        client = wire.ask()
        wire.upstream().whole(refusal(TOO_OLD), 429)
        self.assertEqual(client.answer.status, 429)
        self.assertEqual(wire.upstreams.pending, [])

    def test_never_verbatim(self) -> None:
        """What the client itself wrote in the upstream's dialect is not touched: it hears the refusal unchanged."""
        wire = Wire((CLAUDE,))
        client = wire.ask(temperature=0.5)
        body = json.dumps(
            {"type": "error", "error": {"type": "invalid_request_error", "message": "temperature: Extra inputs are not"
             " permitted"}}
        ).encode()  # fmt: skip
        wire.upstream().whole(body, 400, connection="close")
        self.assertEqual((client.answer.status, client.answer.body), (400, body))
        self.assertEqual(wire.upstreams.pending, [])
        wire.ask(temperature=0.5)
        self.assertEqual(wire.upstream().json["temperature"], 0.5)

    def test_arguments(self) -> None:
        """Arguments of a call that were put right are logged, with the target that garbled them."""
        wire = Wire()
        client = wire.ask()
        fragment = {"index": 0, "id": "call_1", "function": {"name": "Read", "arguments": '{"path": "a",}'}}
        stream = b"".join(chat({"role": "assistant"}, {"tool_calls": [fragment]}, finish="tool_calls"))
        wire.upstream().whole(stream, content_type="text/event-stream", connection="close")
        told = b"".join(
            frame["delta"]["partial_json"].encode()
            for _, frame in frames(client.answer.body)
            if frame["type"] == "content_block_delta"
        )
        self.assertEqual(json.loads(told), {"path": "a"})
        mended = [event for event in self.logged if "mended" in str(event.get("log_format"))]
        self.assertEqual([event["target"] for event in mended], [OPENAI.name])
