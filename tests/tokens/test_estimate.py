"""The estimate of tokens that needs no vocabulary."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.tokens.estimate import estimate

KNOWN = (
    # Counted with tiktoken 0.14, o200k_base.
    ("The quick brown fox jumps over the lazy dog, and nobody is surprised by it any more.\n" * 20, 380),
    ("def first(items: list[int]) -> int:\n    return items[0] if items else 0\n\n\n" * 20, 440),
    ('{"id": 1234, "name": "A. Turing", "tags": ["a", "b"], "active": true}\n' * 20, 600),
    ("Быстрая лиса прыгает через ленивую собаку, и никого это больше не удивляет.\n" * 20, 500),
    ("敏捷的狐狸跳过了懒狗，再也没有人对此感到惊讶。\n" * 20, 420),
)


class Estimate(SynchronousTestCase):
    """What it says of texts."""

    def test_near_the_truth(self) -> None:
        """Prose, code, JSON and other scripts are told within a quarter of what tiktoken counts."""
        for text, truth in KNOWN:
            self.assertTrue(0.8 * truth <= estimate(text) <= 1.25 * truth, (text[:30], estimate(text), truth))

    def test_nothing(self) -> None:
        """No text is no token, and any text is at least one."""
        self.assertEqual(estimate(""), 0)
        self.assertEqual(estimate(" "), 1)

    def test_rules_and_gaps_are_cheap(self) -> None:
        """A ruled line or a deep indent is a few tokens, however long."""
        self.assertLess(estimate("-" * 64), 20)
        self.assertLess(estimate(" " * 64), 5)

    def test_long_words_are_dear(self) -> None:
        """A word that no vocabulary has costs more than a short one."""
        self.assertGreater(estimate("abcdefghijklmnop" * 3), 2 * estimate("abcde"))

    @given(st.text(max_size=300))
    @settings(derandomize=True, max_examples=200, deadline=None)
    def test_any_text(self, text: str) -> None:
        """Whatever the text, lone surrogates too: a number from 0 to about one a byte."""
        size = len(text.encode("utf-8", "surrogatepass"))
        self.assertTrue(min(1, size) <= estimate(text) <= 4 + 2 * size, text)

    @given(st.characters(), st.integers(1, 4000))
    @settings(derandomize=True, max_examples=200, deadline=None)
    def test_runs(self, character: str, length: int) -> None:
        """A long run of one character never costs less than half of it did: no weight turns against the others."""
        self.assertGreaterEqual(estimate(character * 2 * length) * 1.05 + 8, estimate(character * length))
