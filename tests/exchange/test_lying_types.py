"""Answers that are not what their content type says."""

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.dialects.openai_chat.chunks import DONE, chunk
from tests.support.wire import Wire, frames, text_of

WHOLE = json.dumps(
    {"id": "1", "choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]}
).encode()
STREAM = chunk({"content": "Hello"}) + chunk({}, "stop") + DONE
REFUSAL = json.dumps({"error": {"message": "no such tool", "type": "invalid_request_error"}}).encode()
MARK = b"\xef\xbb\xbf"


class LyingTypeTests(SynchronousTestCase):
    """The first byte of the body says what it is."""

    def test_answers(self) -> None:
        """A whole reply that is called a stream is one, and a stream that is called JSON; a byte order mark or blank
        lines before either do no harm, and neither does it that bytes come one by one."""
        for body, type_ in ((WHOLE, "text/event-stream"), (WHOLE, "application/json"), (STREAM, "application/json")):
            for before in (b"", MARK, b"\r\n\r\n"):
                for stream in (True, False):
                    wire = Wire()
                    client = wire.ask(stream=stream)
                    up = wire.upstream()
                    up.head(200, type_)
                    for byte in before + body:
                        up.say(bytes((byte,)))
                    up.end()
                    answer = client.answer
                    said = text_of(frames(answer.body)) if stream else answer.json["content"][0]["text"]
                    self.assertEqual(said, "Hello", (type_, before, stream))

    def test_errors(self) -> None:
        """An error in JSON, or a web page, that is called a stream is told as what it is, with its status."""
        for body, status, words in ((REFUSAL, 400, "no such tool"), (b"<html>Bad Gateway</html>", 502, "web page")):
            for stream in (True, False):
                wire = Wire()
                client = wire.ask(stream=stream)
                wire.upstream().whole(body, content_type="text/event-stream")
                self.assertEqual(client.answer.status, status, (body, stream))
                self.assertIn(words, client.answer.json["error"]["message"])

    def test_nothing(self) -> None:
        """No body at all is no answer, whatever it is called."""
        for type_ in ("text/event-stream", "application/json"):
            wire = Wire()
            client = wire.ask()
            wire.upstream().whole(b"", content_type=type_)
            self.assertEqual(client.answer.status, 502, type_)
