"""Providers made of little, and their targets."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import ReasoningControl
from ccproxy.providers.provider import TARGET_LIMIT, BadProvider, Provider, goes_to_its_vendor
from ccproxy.providers.target import Auth
from ccproxy.secret import Secret


class Made(SynchronousTestCase):
    """What the catalogue adds to what someone wrote."""

    def refused(self, field: str, name: str, **rest: str) -> str:
        error = self.assertRaises(BadProvider, Provider.of, name, **rest)
        self.assertEqual(error.field, field)
        return error.expected

    def test_by_name_alone(self) -> None:
        """A known name is enough."""
        provider = Provider.of("anthropic")
        self.assertEqual((provider.base_url, provider.dialect), ("https://api.anthropic.com", "anthropic"))
        self.assertEqual((provider.auth, provider.passes_login), (Auth.X_API_KEY, True))

    def test_own_name_for_a_known_host(self) -> None:
        """Whatever a provider is called, the quirks are those of its host, and so is the base path."""
        provider = Provider.of("cheap", base_url="https://openrouter.ai")
        self.assertEqual(provider.base_url, "https://openrouter.ai/api/v1")
        target = provider.target("x/y")
        self.assertEqual((target.provider, target.quirks.vendor), ("cheap", "openrouter"))
        self.assertIs(target.quirks.reasoning, ReasoningControl.OPENROUTER)

    def test_url_of_a_request(self) -> None:
        """The full URL of a request, as other proxies want it, names base and dialect."""
        provider = Provider.of("mine", base_url="http://10.0.0.1:9000/v1/chat/completions")
        self.assertEqual((provider.base_url, provider.dialect), ("http://10.0.0.1:9000/v1", "openai_chat"))
        deepseek = Provider.of("deepseek", base_url="https://api.deepseek.com/chat/completions")
        self.assertEqual(deepseek.base_url, "https://api.deepseek.com")
        anthropic = Provider.of("mine", base_url="https://host/anthropic/v1/messages")
        self.assertEqual((anthropic.base_url, anthropic.dialect), ("https://host/anthropic", "anthropic"))

    def test_dialect_by_address(self) -> None:
        """A vendor's Anthropic endpoint is spoken to in Anthropic's dialect."""
        provider = Provider.of("deepseek", base_url="https://api.deepseek.com/anthropic")
        self.assertEqual((provider.dialect, provider.base_url), ("anthropic", "https://api.deepseek.com/anthropic"))

    def test_dialect_by_choice(self) -> None:
        """Naming a dialect chooses the vendor's endpoint for it, and holds for all its models."""
        provider = Provider.of("openai", dialect="openai_chat")
        self.assertEqual(provider.target("gpt-6-sol").dialect, "openai_chat")
        self.assertEqual(Provider.of("moonshot", dialect="anthropic").base_url, "https://api.moonshot.ai/anthropic")
        self.assertIn("openai_responses", self.refused("dialect", "openai", dialect="anthropic"))

    def test_refused(self) -> None:
        """An unknown name needs a URL and a dialect; both must be such."""
        self.refused("api_base_url", "nobody")
        self.refused("dialect", "nobody", base_url="https://host/v1")
        self.refused("api_base_url", "nobody", base_url="host/v1", dialect="openai_chat")
        self.refused("dialect", "openai", dialect="openai")

    def test_login(self) -> None:
        """A client's login may go to Anthropic and to a gateway of one's own, but to no other vendor."""
        self.assertTrue(Provider.of("gateway", base_url="http://10.0.0.1", dialect="anthropic").passes_login)
        self.assertFalse(Provider.of("deepseek", dialect="anthropic").passes_login)
        self.assertFalse(Provider.of("gateway", base_url="http://10.0.0.1", dialect="openai_chat").passes_login)

    def test_keys_stay_home(self) -> None:
        """A key that the environment holds for a vendor goes nowhere else."""
        self.assertTrue(goes_to_its_vendor("openai", ""))
        self.assertTrue(goes_to_its_vendor("openai", "https://api.openai.com/v1/chat/completions"))
        self.assertFalse(goes_to_its_vendor("openai", "https://evil.example/v1"))
        self.assertFalse(goes_to_its_vendor("nobody", ""))
        self.assertFalse(goes_to_its_vendor("openai", "http://[::"))


class Targets(SynchronousTestCase):
    """One target for each model."""

    def test_dialect_of_a_model(self) -> None:
        """At OpenAI's own service each model is asked in the dialect it needs; behind another URL, in the one given."""
        own = Provider.of("openai")
        self.assertEqual(own.target("gpt-6-sol").dialect, "openai_responses")
        self.assertEqual(own.target("gpt-4o").dialect, "openai_chat")
        gateway = Provider.of("openai", base_url="http://127.0.0.1:9/v1")
        self.assertEqual(gateway.target("gpt-6-sol").dialect, "openai_chat")
        self.assertEqual(gateway.target("gpt-6-sol").base_url, "http://127.0.0.1:9/v1")

    def test_corrections(self) -> None:
        """The configuration's quirks win over the vendor's; headers and body fields are added to them."""
        quirks = {"top_k": False, "headers": {"x-team": "blue"}}
        target = Provider.of("openrouter", quirks=quirks).target("m")
        self.assertFalse(target.quirks.top_k)
        self.assertEqual(
            target.quirks.headers,
            {"http-referer": "http://localhost:3456", "x-title": "ccproxy", "x-team": "blue"},
        )

    def test_remembered(self) -> None:
        """The same model gives the same target; a client that makes up names cannot fill the memory."""
        provider = Provider.of("openai", key=Secret("k"))
        self.assertIs(provider.target("m"), provider.target("m"))
        for number in range(TARGET_LIMIT + 10):
            provider.target(f"m{number}")
        self.assertLessEqual(len(provider._targets), TARGET_LIMIT)

    def test_account(self) -> None:
        """Accounts differ by key and by host, and show neither."""
        first = Provider.of("openai", key=Secret("sk-one")).target("m").quirks.account
        same = Provider.of("other-name", base_url="https://api.openai.com/v1", key=Secret("sk-one"))
        other = Provider.of("openai", key=Secret("sk-two")).target("m").quirks.account
        elsewhere = Provider.of("openai", key=Secret("sk-one"), base_url="http://127.0.0.1:9")
        self.assertEqual(same.target("m").quirks.account, first)
        self.assertNotEqual(other, first)
        self.assertNotEqual(elsewhere.target("m").quirks.account, first)
        self.assertNotIn("sk-one", first)

    def test_default_model(self) -> None:
        """The first configured model, else the vendor's; none where the client's choice stands."""
        self.assertEqual(Provider.of("openai", models=["a", "b"]).default_model, "a")
        self.assertTrue(Provider.of("openai").default_model)
        self.assertEqual(Provider.of("anthropic").default_model, "")
