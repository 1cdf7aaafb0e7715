"""`ccproxy providers` and `ccproxy models`."""

import json
from typing import Any

from ccproxy.providers.catalogue import names
from tests.cli.test_check import CommandCase
from tests.config.imports.files import ROUTER


class ProvidersTests(CommandCase):
    """Whom the configuration names, and whom ccproxy knows."""

    def test_configured(self) -> None:
        """The providers of the configuration, whatever its format, with what is known of their keys."""
        self.put(ROUTER)
        result = self.run_it("providers")
        self.assertEqual(result.exit_code, 0)
        self.assertRegex(result.output, r"my-claude +anthropic +https://claude\.example +key: …")
        self.assertNotIn("sk-", result.output)
        self.assertIn("vendors are known by name", result.output)
        self.assertNotIn("cerebras", result.output)

    def test_search(self) -> None:
        """A word finds vendors by name, alias, address and key variable, in any case."""
        for word, name in (("Cerebras", "cerebras"), ("glm", "zai"), ("api.groq.com", "groq"), ("XAI_API", "xai")):
            result = self.run_it("providers", word)
            self.assertEqual(result.exit_code, 0, word)
            self.assertRegex(result.output, rf"(?m)^  {name} ")
        result = self.run_it("providers", "no-such-vendor")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("api_base_url", result.stderr)

    def test_all(self) -> None:
        """All are shown when asked for, and to programs always."""
        shown = self.run_it("providers", "--all").output.partition("Known\n")[2]
        self.assertEqual(len(shown.splitlines()), len(names()))
        report: dict[str, Any] = json.loads(self.run_it("providers", "--json").output)
        self.assertEqual([row["name"] for row in report["known"]], list(names()))
        self.assertEqual(report["configured"], [])
        found = json.loads(self.run_it("providers", "groq", "--json").output)["known"]
        self.assertEqual(found[0]["key_variable"], "GROQ_API_KEY")

    def test_nothing(self) -> None:
        """Without any provider it says that the demo answers."""
        self.assertIn("demo", self.run_it("providers").output)


class ModelsTests(CommandCase):
    """What clients can ask for."""

    def test_listed(self) -> None:
        """Routes and models, who answers, and what is known of window and price."""
        self.put(ROUTER)
        result = self.run_it("models")
        self.assertRegex(result.output, r"think +deepseek,deepseek-reasoner +1,000,000 tokens +[$][0-9.]+ in, ")
        self.assertRegex(result.output, r"qwen2.5-coder:latest +ollama,qwen2.5-coder:latest +free")
        self.assertNotIn("claude-via-", result.output)

    def test_search(self) -> None:
        """A word finds models by name and provider; --provider shows one provider's."""
        self.put(ROUTER)
        rows = json.loads(self.run_it("models", "GEMINI", "--json").output)
        self.assertLessEqual({"webSearch", "gemini-2.5-flash"}, {row["model"] for row in rows})
        rows = json.loads(self.run_it("models", "--provider", "other", "--json").output)
        self.assertEqual([row["answers"] for row in rows], ["other,m"])
        self.assertIn("deepseek", self.run_it("models", "--provider", "x").stderr)
        self.assertEqual(self.run_it("models", "nothing-like-it").exit_code, 1)

    def test_own_price(self) -> None:
        """A price that the operator wrote goes before the list's."""
        (self.home / ".ccproxy" / "config.json").write_text(
            json.dumps(
                {
                    "providers": [{"name": "groq", "api_key": "k", "models": ["m"]}],
                    "prices": {"groq,m": {"input": 7, "output": 9}},
                }
            )
        )
        rows = json.loads(self.run_it("models", "--json").output)
        self.assertEqual({row["model"]: row["price"] for row in rows}["m"], {"input": 7.0, "output": 9.0})

    def test_wrong(self) -> None:
        """A wrong configuration has its message and its status."""
        (self.home / ".ccproxy" / "config.json").write_text('{"prot": 1}')
        for command in ("models", "providers"):
            result = self.run_it(command)
            self.assertEqual(result.exit_code, 78)
            self.assertIn("prot", result.stderr)
