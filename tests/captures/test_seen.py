"""What is shown of a captured exchange."""

import json

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures.difference import Side
from ccproxy.captures.files import Keeping
from ccproxy.captures.folded import CUT, folded
from ccproxy.captures.masks import Masks
from ccproxy.captures.seen import SAME, SAME_AS_FAR_AS_SEEN, NoSuchAttempt, Part, chosen, parts, raw, told
from tests.captures.hearing import Heard
from tests.captures.test_capture import MESSAGE, STREAM
from tests.support.wire import CLAUDE, OPENAI


def rows(part: Part, side: Side) -> list[str]:
    """What one side says."""
    return [row.text.strip() for row in (*part.head, *part.rows) if row.side is side]


class SeenTests(SynchronousTestCase):
    """Requests and answers, one beside the other."""

    def translated(self) -> Heard:
        """A stream from an upstream of another dialect, after one that failed."""
        heard = Heard(self.mktemp(), targets=(CLAUDE, OPENAI), masks=Masks([], ["temperature"]))
        heard.wire.ask(system="Be\nterse", temperature=0.5)
        heard.wire.upstream().whole(b'{"error": {"message": "overloaded"}}', status=529)
        upstream = heard.wire.upstream()
        upstream.head()
        for piece in STREAM:
            upstream.say(piece)
        upstream.end()
        heard.write()
        return heard

    def test_translated(self) -> None:
        """What was said otherwise is told apart from what stayed: in the request line by line, in the answer as both
        ends would read it; what else was asked is told in short."""
        first, request, answer = parts(self.translated().captured())
        self.assertEqual((first.title, first.first), ("Attempt 1", "as anthropic,claude-test answered"))
        self.assertEqual([row.text.strip() for row in first.rows], ["status 529", "error:", "message: overloaded"])
        self.assertEqual((request.first, request.second), ("as the client sent it", "as openai,gpt-test got it"))
        self.assertTrue({"Be", "terse", "- role: user"} <= set(rows(request, Side.BOTH)))
        self.assertIn("POST /v1/messages?beta=true", rows(request, Side.FIRST))
        self.assertIn("POST http://openai.test/v1/chat/completions", rows(request, Side.SECOND))
        self.assertIn("model: gpt-test", rows(request, Side.SECOND))
        self.assertIn("1 place is masked on the client's side.", request.notes)
        self.assertIn("- text: Hello", rows(answer, Side.BOTH))
        self.assertEqual([row for row in rows(answer, Side.SECOND) if "raw" in row], ["raw: end_turn"])

    def test_passed_on(self) -> None:
        """Where bytes passed as they came, it says so, and shows nothing twice."""
        heard = Heard(self.mktemp(), targets=(CLAUDE,))
        heard.wire.ask(stream=False)
        heard.wire.upstream().whole(MESSAGE)
        heard.write()
        request, answer = parts(heard.captured())
        self.assertEqual((request.notes[0], answer.notes[0]), (SAME, SAME))
        self.assertEqual((request.rows, answer.rows), ((), ()))
        heard = Heard(self.mktemp(), targets=(CLAUDE,), masks=Masks([], ["max_tokens"]))
        heard.wire.ask(stream=False)
        heard.wire.upstream().whole(MESSAGE)
        heard.write()
        request, _ = parts(heard.captured())
        self.assertEqual(request.notes[0], SAME_AS_FAR_AS_SEEN, "what is masked may be anything")

    def test_another_attempt(self) -> None:
        """Each request that went upstream can be shown; one that is not there is refused with words."""
        found = self.translated().captured()
        last, request, answer = parts(found, 1)
        self.assertEqual((last.title, request.second), ("Attempt 2", "as anthropic,claude-test got it"))
        self.assertIn("status 529", rows(answer, Side.FIRST))
        self.assertEqual(
            str(self.assertRaises(NoSuchAttempt, chosen, found, 3)).partition(":")[0], "there is no attempt 3"
        )

    def test_unfinished(self) -> None:
        """Of an exchange that runs what there is by now is shown, and that it is not all."""
        heard = Heard(self.mktemp(), targets=(OPENAI,))
        heard.wire.ask()
        heard.write()
        (request,) = parts(heard.captured())
        self.assertEqual(request.title, "Request")
        upstream = heard.wire.upstream()
        upstream.head()
        upstream.say(STREAM[0])
        heard.write()
        _, answer = parts(heard.captured())
        self.assertIn("- text: Hel", rows(answer, Side.BOTH))
        self.assertIn("reason: other", rows(answer, Side.BOTH))
        self.assertIn("The end is missing on the client's side.", answer.notes)

    def test_refused(self) -> None:
        """A request that went nowhere is shown by itself, with its error."""
        heard = Heard(self.mktemp(), targets=(OPENAI,))
        heard.wire.ask(messages=[{"role": "user", "content": 5}])
        heard.write()
        request, answer = parts(heard.captured())
        self.assertEqual((request.second, answer.second), ("", ""))
        self.assertIn("model: claude-test", rows(request, Side.BOTH))
        self.assertIn("type: error", rows(answer, Side.BOTH))

    def test_cut(self) -> None:
        """How much is kept of a body that was cut is told."""
        heard = Heard(self.mktemp(), keeping=Keeping(100.0, 10**6, 100))
        heard.wire.ask(messages=[{"role": "user", "content": "x" * 3000}])
        heard.write()
        (request,) = parts(heard.captured())
        self.assertIn("Kept are the first 100 B of 3.0 KiB on the client's side.", request.notes)

    def test_for_programs(self) -> None:
        """Programs get all of it as JSON, and as it is."""
        found = self.translated().captured()
        value = json.loads(json.dumps(told(found)))
        self.assertEqual([one["target"] for one in value["attempts"]], ["anthropic,claude-test", "openai,gpt-test"])
        self.assertEqual(value["attempts"][1]["answer"]["body"]["text"].encode(), b"".join(STREAM))
        self.assertEqual(value["request"]["body"]["masked"], 1)
        text = b"".join(raw(found))
        self.assertIn(b"== 2: sent to openai,gpt-test\nPOST http://openai.test/v1/chat/completions\n", text)
        self.assertIn(b"".join(STREAM), text)
        self.assertNotIn(b"529", b"".join(raw(found, 2)))


class FoldedTests(SynchronousTestCase):
    """Answers as what they say."""

    def test_a_stream_and_a_whole_reply(self) -> None:
        """Both are read, by the dialect of whoever spoke; what is no answer is none."""
        heard = Heard(self.mktemp(), targets=(CLAUDE,))
        heard.wire.ask(stream=False)
        heard.wire.upstream().whole(MESSAGE)
        heard.write()
        found = heard.captured()
        response = folded("anthropic", found.answered)
        assert response is not None
        self.assertEqual([getattr(block, "text", "") for block in response.blocks], ["Hello"])
        self.assertIsNone(folded("gemini", None))
        self.assertIsNone(folded("unheard of", found.answered))
        self.assertNotEqual(response.stop.raw, CUT)
