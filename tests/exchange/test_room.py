"""What a prompt leaves of the window."""

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.exchange.room import LEAST, MARGIN, fitted
from ccproxy.model.messages import Request, Sampling
from tests.support.wire import OPENAI, Wire, chat

SMALL = Quirks(window=10_000)


def room(wished: int | None, prompt: int, quirks: Quirks = SMALL, size: int = 1_000_000) -> tuple[int | None, Any]:
    """The output that is asked for, and what was lost."""
    request, lost = fitted(Request("m", (), sampling=Sampling(wished)), quirks, size, lambda: prompt)
    return request.sampling.max_tokens, lost


class RoomTests(SynchronousTestCase):
    """The limit of output."""

    def test_fits(self) -> None:
        """What fits stays as it is, and is never raised."""
        for wished in (1, 100, 5_000):
            self.assertEqual(room(wished, 4_000), (wished, ()))

    def test_lowered(self) -> None:
        """What does not fit is lowered to what the prompt leaves, and that is named."""
        left = 10_000 - int(4_000 * (1 + MARGIN))
        self.assertEqual(room(32_000, 4_000), (left, (f"max_tokens above {left}",)))

    def test_least(self) -> None:
        """A prompt that seems too long is sent all the same, with little output: the vendor knows better."""
        for prompt in (9_900, 50_000):
            self.assertEqual(room(32_000, prompt), (LEAST, (f"max_tokens above {LEAST}",)))
        self.assertEqual(room(9, 50_000), (9, ()))

    def test_cap(self) -> None:
        """A wish above the model's cap counts as the cap, which is lowered where requests are written."""
        self.assertEqual(room(32_000, 4_000, evolve(SMALL, max_output_tokens=5_000)), (32_000, ()))

    def test_unknown(self) -> None:
        """Without a window or a wish there is nothing to do."""
        self.assertEqual(room(32_000, 4_000, Quirks()), (32_000, ()))
        self.assertEqual(room(None, 4_000), (None, ()))

    def test_short(self) -> None:
        """A request of few bytes is not counted."""

        def count() -> int:
            raise AssertionError("counted")

        request = Request("m", (), sampling=Sampling(2_000))
        self.assertEqual(fitted(request, SMALL, 7_000, count), (request, ()))

    def test_exchange(self) -> None:
        """A local model of a small window is asked for what is left of it; the record says so."""
        wire = Wire((evolve(OPENAI, quirks=evolve(OPENAI.quirks, window=8_192)),))
        wire.ask(max_tokens=32_000, messages=[{"role": "user", "content": "word " * 4_000}])
        up = wire.upstream()
        asked = up.json["max_tokens"]
        self.assertLess(asked, 8_192 - 4_000)
        self.assertGreater(asked, 3_000)
        up.whole(b"".join(chat({"content": "Hi"})), content_type="text/event-stream", connection="close")
        self.assertIn(f"max_tokens above {asked}", wire.record.losses)
