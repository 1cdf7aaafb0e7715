"""Questions to upstreams that count exactly, and their answers. (`tests.web.test_counting` sends them.)"""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.dialect import Outgoing
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError
from ccproxy.tokens.exact import Question, question

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "foo"}]}'


class Asking(SynchronousTestCase):
    """Which upstreams are asked."""

    def asked(self, dialect: str, body: bytes = BODY) -> Question | None:
        return question(DIALECTS[dialect], DIALECTS["anthropic"], {}, body, "their-model", Quirks())

    def test_counters(self) -> None:
        """Anthropic and Gemini count; the others do not."""
        self.assertEqual({name for name in DIALECTS if self.asked(name) is not None}, {"anthropic", "gemini"})

    def test_model(self) -> None:
        """The upstream is asked about its own model, whatever the client calls it."""
        for dialect in ("anthropic", "gemini"):
            asked = self.asked(dialect)
            assert asked is not None
            self.assertIn("their-model", asked.outgoing.path + asked.outgoing.body.decode())
            self.assertNotIn(b'"m"', asked.outgoing.body)

    def test_unreadable(self) -> None:
        """A request that cannot be put into the upstream's words is the error that an exchange would tell."""
        self.assertRaises(ApiError, self.asked, "gemini", b'{"model": "m", "messages": 5}')


class Answers(SynchronousTestCase):
    """What counts as a number."""

    def test_read(self) -> None:
        """A number from 0 on in the right field, and nothing else."""
        asked = Question(Outgoing("/x", b""), "input_tokens")
        self.assertEqual(asked.read(b'{"input_tokens": 0, "more": 1}'), 0)
        for body in (b"", b"oops", b"[]", b"5", b"{}", b'{"input_tokens": true}', b'{"input_tokens": "5"}'):
            self.assertIsNone(asked.read(body), body)
