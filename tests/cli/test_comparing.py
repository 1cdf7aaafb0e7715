"""Whether two answers to the same request are alike, and what is shown of both."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.comparing import Outcome, alike, compared, told
from ccproxy.model.messages import Text, Thinking, ToolUse
from ccproxy.model.replies import Response
from ccproxy.model.usage import Reason, Stop, Usage


def answer(
    text: str = "Hello",
    arguments: str = '{"a": 1, "b": 2}',
    reason: Reason = Reason.TOOLS,
    thought: str = "Let me see.",
    output: int = 5,
) -> Outcome:
    """One with a thought, a text and a call."""
    blocks = (Thinking(thought), Text(text), ToolUse("call_1", "Bash", arguments))
    response = Response("id", "model", blocks, Stop(reason, "raw"), Usage(3, output))
    return Outcome(200, response, b"", {"id": "req_2", "outcome": "finished", "tokens_out": output, "cost": 0.5})


def error(status: int = 500, body: bytes = b"{}") -> Outcome:
    """One that is none."""
    return Outcome(status, None, body, {})


class ComparingTests(SynchronousTestCase):
    """Two answers."""

    def test_alike(self) -> None:
        """Text, calls and the reason to stop count; space at the ends, the order of arguments, thoughts, tokens and the
        vendor's words do not."""
        one = answer()
        for other in (answer(" Hello\n"), answer(arguments='{"b":2,"a":1}'), answer(thought="Hm."), answer(output=9)):
            self.assertTrue(alike(one, other))
        for other in (answer("Hallo"), answer(arguments='{"a": 2}'), answer(reason=Reason.DONE), error()):
            self.assertFalse(alike(one, other))
            self.assertFalse(alike(other, one))

    def test_errors(self) -> None:
        """Of two errors the status counts; of anything else what it says."""
        self.assertTrue(alike(error(500, b'{"a": 1}'), error(500, b'{"a": 2}')))
        self.assertFalse(alike(error(500), error(502)))
        self.assertTrue(alike(error(200, b'{"input_tokens": 7}'), error(200, b'{"input_tokens":7}')))
        self.assertFalse(alike(error(200, b'{"input_tokens": 7}'), error(200, b'{"input_tokens": 8}')))

    def test_shown(self) -> None:
        """Both stand side by side; what they say follows where it differs."""
        same = "\n".join(compared("req_1", answer(), answer()))
        self.assertIn("The answers are alike.", same)
        self.assertNotIn("Answers: ", same)
        other = "\n".join(compared("req_1", answer(), answer("Good bye")))
        for words in ("req_1", "req_2", "The answers differ.", "-   - text: Hello", "+   - text: Good bye", "$0.50"):
            self.assertIn(words, other)

    def test_nothing_that_a_terminal_obeys(self) -> None:
        """What a model says moves no cursor, neither in the table nor below it."""
        shown = "\n".join(compared("req_1", answer("\x1b[31mred"), answer("\x1b]0;title\x07")))
        self.assertNotIn("\x1b", shown)
        self.assertNotIn("\x07", shown)

    def test_for_programs(self) -> None:
        """What is known of an answer, in names; of an error there is no answer."""
        value = told("req_1", answer())
        self.assertEqual((value["id"], value["status"], value["cost"]), ("req_1", 200, 0.5))
        self.assertEqual(value["answer"]["blocks"][1], {"text": "Hello"})
        self.assertIsNone(told("req_1", error())["answer"])
