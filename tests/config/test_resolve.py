"""Providers and routes that follow from settings."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.admission import keyring
from ccproxy.config.load import load
from ccproxy.config.resolve import providers, routes
from ccproxy.config.settings import ProviderSettings, RouteSettings, Settings
from ccproxy.errors import ApiError
from ccproxy.secret import Secret


class Resolved(SynchronousTestCase):
    """What answers, for a few configurations."""

    def asked(self, settings: Settings, model: str) -> list[str]:
        return [target.name for target in routes(settings).named(model).targets]

    def test_demo(self) -> None:
        """With nothing configured the demo answers whatever is asked for."""
        settings = Settings()
        self.assertEqual(list(providers(settings)), ["demo"])
        self.assertEqual(self.asked(settings, "claude-sonnet-5"), ["demo,demo"])

    def test_demo_in_place_of_disabled_providers(self) -> None:
        """With every provider disabled the demo answers, whatever the routes say."""
        settings = Settings(
            providers=(ProviderSettings("openai", enabled=False),), routes={"x": RouteSettings("openai", "m")}
        )
        self.assertEqual(self.asked(settings, "x"), ["demo,demo"])

    def test_keys_alone(self) -> None:
        """The first provider by key is the default: Anthropic is asked for what the client asked, others for theirs."""
        both = load(None, {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o"}, directories=[])
        self.assertEqual(self.asked(both, "claude-sonnet-5"), ["anthropic,claude-sonnet-5"])
        self.assertEqual(self.asked(both, "openai/gpt-4o"), ["openai,gpt-4o"])
        one = load(None, {"GROQ_API_KEY": "a"}, directories=[])
        self.assertEqual(self.asked(one, "claude-sonnet-5"), ["groq,openai/gpt-oss-120b"])

    def test_without_routes(self) -> None:
        """Without routes all goes to the first provider, by its first model."""
        settings = Settings(providers=(ProviderSettings("ollama", models=("qwen3", "x")), ProviderSettings("groq")))
        self.assertEqual(self.asked(settings, "anything"), ["ollama,qwen3"])
        self.assertEqual(self.asked(settings, "x"), ["ollama,x"])

    def test_route_to_a_disabled_provider(self) -> None:
        """A route to a disabled provider answers nothing, and says why; the others go on."""
        settings = Settings(
            providers=(ProviderSettings("openai", enabled=False), ProviderSettings("ollama")),
            routes={"default": RouteSettings("ollama", "m"), "big": RouteSettings("openai", "b")},
        )
        self.assertEqual(self.asked(settings, "x"), ["ollama,m"])
        self.assertIn("disabled", self.assertRaises(ApiError, self.asked, settings, "big").message)
        self.assertIn("disabled", self.assertRaises(ApiError, self.asked, settings, "openai,m").message)

    def test_keyring(self) -> None:
        """A keyless client may call this machine by the address it listens at; with a key the key is wanted."""
        open_to_me = keyring(Settings(host="devbox"))
        self.assertEqual(open_to_me.identify({"host": "devbox:1"}, "127.0.0.1").name, "local")
        self.assertRaises(ApiError, keyring(Settings()).identify, {"host": "devbox:1"}, "127.0.0.1")
        everywhere = keyring(Settings(host="0.0.0.0", listen=("tcp:1:interface=0.0.0.0",)))
        self.assertRaises(ApiError, everywhere.identify, {"host": "0.0.0.0:1"}, "127.0.0.1")
        self.assertRaises(ApiError, keyring(Settings(apikey=Secret("k"))).identify, {}, "127.0.0.1")
