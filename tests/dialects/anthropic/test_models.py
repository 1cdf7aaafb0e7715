"""Which Claude a name means, and what it takes."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.models import FOREIGN, GENERATIONS, always_thinks, generation, is_claude


class GenerationTests(SynchronousTestCase):
    """Names of models."""

    def test_names(self) -> None:
        """The version is read out of names of every age and platform."""
        for name, first in (
            ("claude-3-haiku-20240307", (0, 0)),
            ("claude-3-5-haiku-latest", (3, 5)),
            ("claude-3-7-sonnet-20250219", (3, 7)),
            ("claude-opus-4-20250514", (4, 0)),
            ("claude-opus-4-1", (4, 0)),
            ("claude-sonnet-4-5-20250929", (4, 5)),
            ("anthropic/claude-sonnet-4.5", (4, 5)),
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", (4, 5)),
            ("claude-sonnet-4-6", (4, 6)),
            ("claude-opus-4-7", (4, 7)),
            ("claude-opus-4-8", (4, 7)),
            ("claude-sonnet-5", (5, 0)),
            ("Claude-Opus-5-5", (5, 0)),
            ("claude-fable-5-2", (5, 0)),
            ("claude-mythos-preview", (5, 0)),
        ):
            self.assertEqual(generation(name).first, first, name)

    def test_others(self) -> None:
        """A model of another vendor is no Claude."""
        self.assertIs(generation("MiniMax-M3"), FOREIGN)
        self.assertFalse(is_claude("glm-5.2"))
        self.assertTrue(is_claude("anthropic.claude-opus-4-6-v1"))

    def test_always(self) -> None:
        """Some lines cannot be kept from thinking."""
        self.assertTrue(always_thinks("claude-fable-5-2"))
        self.assertFalse(always_thinks("claude-opus-5-5"))

    def test_rows(self) -> None:
        """Rows rise, every model that thinks knows a way to be asked, and efforts rise within a row."""
        self.assertEqual(sorted(row.first for row in GENERATIONS), [row.first for row in GENERATIONS])
        for row in GENERATIONS:
            self.assertTrue(row.adaptive or not row.efforts)
            self.assertTrue(row.adaptive or not row.displays)
