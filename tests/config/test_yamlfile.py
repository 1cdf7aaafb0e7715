"""YAML, and the line of every key."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.settings import ConfigError
from ccproxy.config.yamlfile import read_yaml


class Reading(SynchronousTestCase):
    """Values and their lines."""

    def test_lines(self) -> None:
        """Keys and elements know their lines."""
        document = read_yaml("# first\nport: 1\nproviders:\n  - name: a\n    models: [x, y]\n", "F")
        self.assertEqual(document.value, {"port": 1, "providers": [{"name": "a", "models": ["x", "y"]}]})
        self.assertEqual(document.place(("port",)), "F, line 2")
        self.assertEqual(document.place(("providers", 0, "models", 1)), "F, line 5")

    def test_nothing(self) -> None:
        """A file of comments alone configures nothing."""
        self.assertEqual(read_yaml("# nothing\n", "F").value, {})

    def test_anchors(self) -> None:
        """Anchors, aliases and merged keys work."""
        document = read_yaml("a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  k: 3\n", "F")
        self.assertEqual(document.value["b"], {"k": 1, "l": 2})
        self.assertEqual(document.value["c"], {"k": 3, "l": 2})

    def refusal(self, text: str) -> str:
        message = str(self.assertRaises(ConfigError, read_yaml, text, "F"))
        self.assertTrue(message.startswith("F"), message)
        return message

    def test_refused(self) -> None:
        """What is no YAML, or no configuration, is an error with its line."""
        self.assertIn("line 2", self.refusal("a: 1\n b: 2\n"))
        self.assertIn("keys and values", self.refusal("- a\n"))
        self.assertIn("put it in quotes", self.refusal("a:\n  3456: x\n"))
        self.assertIn("put it in quotes", self.refusal("on: x\n"))
        self.assertIn("first on line 1", self.refusal("a: 1\na: 2\n"))
        self.assertIn("does not exist", self.refusal("a: 2024-13-41\n"))
        self.refusal("a: !!python/object/apply:os.system [ls]\n")
        self.refusal("a: \x00\n")
        self.assertNotIn("abcdef", self.refusal("a: *sk-abcdef123456\n"))

    def test_bombs(self) -> None:
        """Aliases that stand for billions of values, or for themselves, are refused at once."""
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]
        self.assertIn("aliases", self.refusal("\n".join(lines)))
        self.assertIn("levels", self.refusal("a: &a [*a]\n"))
        self.refusal("a: " + "[" * 5000)

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.text(st.sampled_from(list("ab: -\n[]{}&*!|>'\"#,?%@`1.<~\t")), max_size=40))
    def test_any_text(self, text: str) -> None:
        """Any text is a document, or an error."""
        try:
            self.assertIsInstance(read_yaml(text, "F").value, dict)
        except ConfigError as error:
            self.assertTrue(str(error).startswith("F"))
