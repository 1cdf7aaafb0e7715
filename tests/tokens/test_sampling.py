"""Long texts, measured by a sample."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import ccproxy
from ccproxy.tokens.estimate import estimate
from ccproxy.tokens.sampling import SLICE, SLICES, WHOLE, sampled

CODE = "\n".join(path.read_text() for path in sorted(Path(ccproxy.__file__).parent.rglob("*.py")))


class SamplingTests(SynchronousTestCase):
    """How near a sample comes, and what it costs."""

    def test_short(self) -> None:
        """A text up to the limit is measured whole."""
        for text in ("", "a few words", CODE[:WHOLE]):
            self.assertEqual(sampled(text, estimate), estimate(text))

    def test_long(self) -> None:
        """A longer one comes within 5 % of the whole, be it of one kind or of several in a row."""
        prose = "The quick brown fox jumps over the lazy dog, and nobody minds. " * 4000
        for text in (CODE, prose, CODE[:400_000] + prose, prose + CODE[:400_000]):
            whole = estimate(text)
            self.assertApproximates(sampled(text, estimate), whole, whole * 0.05)

    def test_cost(self) -> None:
        """What is measured does not grow with the text."""
        measured: list[int] = []

        def measure(text: str) -> int:
            measured.append(len(text))
            return 1

        sampled("x" * 10_000_000, measure)
        self.assertEqual(measured, [SLICES * SLICE])
