"""What launched programs are told by their environment, for configurations of every kind."""

from typing import Any

from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.main import main
from ccproxy.cli.surroundings import MILLION, TIERS, for_any, for_claude, models_told
from ccproxy.config.resolve import routes as routes_of
from ccproxy.config.settings import ClientSettings, ProviderSettings, RouteSettings, Settings
from ccproxy.secret import Secret

URL = "http://127.0.0.1:3456"


def provider(name: str = "mine", window: int | None = None, cap: int | None = None) -> ProviderSettings:
    """A provider with a model of this window and this cap on output."""
    sizes = {"window": window, "max_output_tokens": cap}
    quirks: Any = {field: size for field, size in sizes.items() if size}
    return ProviderSettings(
        name,
        api_base_url="http://127.0.0.1:9/v1",
        api_key=Secret("k"),
        models=(f"{name}-model",),
        dialect="openai_chat",
        quirks=quirks,
    )


class ModelsTests(SynchronousTestCase):
    """The names by which Claude Code asks, and what it must know of who answers to them."""

    def test_everything_to_one(self) -> None:
        """Where one model answers all, all sizes ask for its route, and subagents too."""
        told = models_told(Settings(providers=(provider(window=128_000, cap=8000),)))
        for name in ("ANTHROPIC_DEFAULT_OPUS_MODEL", "ANTHROPIC_DEFAULT_HAIKU_MODEL", "CLAUDE_CODE_SUBAGENT_MODEL"):
            self.assertEqual(told[name], "claude-via-default")
        self.assertEqual(told["CLAUDE_CODE_MAX_CONTEXT_TOKENS"], "128000")
        self.assertEqual(told["CLAUDE_CODE_MAX_OUTPUT_TOKENS"], "8000")

    def test_sizes_apart(self) -> None:
        """Where a size has a route of its own, it asks for that one; then subagents choose for themselves."""
        routes = {"default": RouteSettings("mine", "mine-model"), "haiku": RouteSettings("small", "small-model")}
        told = models_told(Settings(providers=(provider(window=128_000), provider("small", 32_000)), routes=routes))
        self.assertEqual(told["ANTHROPIC_DEFAULT_OPUS_MODEL"], "claude-via-default")
        self.assertEqual(told["ANTHROPIC_DEFAULT_HAIKU_MODEL"], "claude-via-haiku")
        self.assertNotIn("CLAUDE_CODE_SUBAGENT_MODEL", told)
        self.assertEqual(told["CLAUDE_CODE_MAX_CONTEXT_TOKENS"], "128000")

    def test_route_for_subagents(self) -> None:
        """Where subagents have a route, they ask for it by name: by the name of a size they would get that size's. The
        window is one that all of them have."""
        routes = {
            "opus": RouteSettings("mine", "mine-model"),
            "sonnet": RouteSettings("mine", "mine-model"),
            "subagent": RouteSettings("small", "small-model"),
        }
        settings = Settings(providers=(provider(window=128_000), provider("small", 32_000)), routes=routes)
        told = models_told(settings)
        self.assertEqual(told["ANTHROPIC_DEFAULT_OPUS_MODEL"], "claude-via-opus")
        self.assertEqual(told["CLAUDE_CODE_SUBAGENT_MODEL"], "claude-via-subagent")
        self.assertEqual(routes_of(settings).named(told["CLAUDE_CODE_SUBAGENT_MODEL"]).rule, "route subagent")
        self.assertEqual(told["CLAUDE_CODE_MAX_CONTEXT_TOKENS"], "32000")
        claude = Settings(
            providers=(ProviderSettings("anthropic", api_key=Secret("k")), provider("small")),
            routes={
                "subagent": RouteSettings("small", "small-model"),
                "default": RouteSettings("anthropic"),
            },
        )
        self.assertEqual(models_told(claude), {})

    def test_names_lead_where_they_led(self) -> None:
        """Whoever asks by such a name is answered by whom the size's own name leads to."""
        routes = {"default": RouteSettings("mine", "mine-model"), "haiku": RouteSettings("small", "small-model")}
        settings = Settings(providers=(provider(), provider("small")), routes=routes)
        known, told = routes_of(settings), models_told(settings)
        for variable, asked in TIERS.items():
            self.assertEqual(known.named(told[variable]).targets, known.named(asked).targets, variable)

    def test_claude_itself(self) -> None:
        """Where Claude models answer, Claude Code knows them better."""
        self.assertEqual(models_told(Settings(providers=(ProviderSettings("anthropic", api_key=Secret("k")),))), {})

    def test_large_window(self) -> None:
        """A window of a million tokens is what Claude Code believes in anyway."""
        told = models_told(Settings(providers=(provider(window=MILLION, cap=200_000),)))
        self.assertNotIn("CLAUDE_CODE_MAX_CONTEXT_TOKENS", told)
        self.assertNotIn("CLAUDE_CODE_DISABLE_1M_CONTEXT", told)
        self.assertEqual(told["CLAUDE_CODE_MAX_OUTPUT_TOKENS"], "200000")

    def test_unknown_window(self) -> None:
        """A window that is not known is taken for a usual one, not for a million tokens."""
        told = models_told(Settings(providers=(provider(),)))
        self.assertEqual(told["CLAUDE_CODE_MAX_CONTEXT_TOKENS"], "200000")
        self.assertNotIn("CLAUDE_CODE_MAX_OUTPUT_TOKENS", told)

    def test_cap_within_window(self) -> None:
        """A cap leaves most of the window to the prompt."""
        told = models_told(Settings(providers=(provider(window=32_000, cap=32_000),)))
        self.assertEqual(told["CLAUDE_CODE_MAX_OUTPUT_TOKENS"], "8000")


class TokenTests(SynchronousTestCase):
    """What they present."""

    def test_keys_of_clients(self) -> None:
        """Where each client has a key of its own, the user's is the one that is presented."""
        settings = Settings(clients=(ClientSettings("ann", key=Secret("ann-key")),))
        for surroundings in (for_claude, for_any):
            given = surroundings(settings, URL, {"ANTHROPIC_AUTH_TOKEN": "ann-key"}).given
            self.assertEqual(given["ANTHROPIC_AUTH_TOKEN"], "ann-key")

    def test_stale_token(self) -> None:
        """Where nobody has a key, a token of another gateway is not sent here."""
        given = for_claude(Settings(), URL, {"ANTHROPIC_AUTH_TOKEN": "of-another-gateway"}).given
        self.assertEqual(given["ANTHROPIC_AUTH_TOKEN"], "unused")

    def test_login(self) -> None:
        """A login that is passed on is the user's own, by key or by token: nothing stands in its place."""
        settings = Settings(providers=(ProviderSettings("anthropic"),))
        surroundings = for_claude(settings, URL, {})
        self.assertNotIn("ANTHROPIC_AUTH_TOKEN", surroundings.given)
        own = {"ANTHROPIC_API_KEY": "own", "ANTHROPIC_AUTH_TOKEN": "own-token"}
        around = surroundings.around(own)
        self.assertEqual({name: around[name] for name in own}, own)


class TellTests(SynchronousTestCase):
    """What is said of it."""

    def test_help(self) -> None:
        """`ccproxy help code` names every variable that is set, and every one that is taken away."""
        shown = CliRunner().invoke(main, ["help", "code"]).output
        settings = Settings(providers=(provider(window=128_000, cap=8000),))
        surroundings = for_claude(settings, URL, {"HTTPS_PROXY": "http://proxy.invalid"})
        for name in {*surroundings.given, *surroundings.taken} - {"no_proxy"}:
            self.assertIn(name, shown)
