"""The names that lists of models show, all of which resolve when they are asked for."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.providers.provider import Provider
from ccproxy.routing.listing import find, listing
from ccproxy.routing.names import alias
from ccproxy.routing.route import Choice, Route
from ccproxy.routing.routes import Routes


def provider(name: str, *models: str) -> Provider:
    """One with these models, at a host of nobody."""
    return Provider.of(name, base_url=f"http://{name}.test/v1", dialect="openai_chat", models=models)


FIRST = provider("first", "gpt-9", "claude-opus-9", "shared")
SECOND = provider("second", "shared", "first/gpt-9", "third/x")
THIRD = provider("third", "x")
PROVIDERS = {"first": FIRST, "second": SECOND, "third": THIRD}
ROUTES = Routes(
    PROVIDERS,
    [
        Route("default", (Choice(SECOND, "shared"),)),
        Route("fast", (Choice(FIRST, "gpt-9"), Choice(SECOND, "shared"))),
        Route("as-asked", (Choice(FIRST),)),
        Route("asleep", ()),
    ],
)


class Listing(SynchronousTestCase):
    """What is listed."""

    def setUp(self) -> None:
        self.listed = {one.id: one for one in listing(PROVIDERS, ROUTES)}

    def test_names(self) -> None:
        """Every route that leads to a model, every model, and for each an id that Claude Code shows."""
        self.assertEqual(
            list(self.listed),
            [
                "default",
                "claude-via-default",
                "fast",
                "claude-via-fast",
                "gpt-9",
                "claude-via-first,gpt-9",
                "claude-opus-9",
                "shared",
                "claude-via-first/shared",
                "second/shared",
                "claude-via-second/shared",
                "first/gpt-9",
                "claude-via-second/first/gpt-9",
                "third/x",
                "claude-via-second/third/x",
                "x",
                "claude-via-third,x",
            ],
        )

    def test_all_resolve(self) -> None:
        """Whoever asks for a listed name is answered by the target that the list says, with Claude Code's mark for a
        long window too."""
        for name, one in self.listed.items():
            self.assertEqual(ROUTES.named(name).targets[0], one.target, name)
            self.assertEqual(ROUTES.named(f"{name}[1m]").targets[0], one.target, name)

    def test_every_target_is_shown_to_claude_code(self) -> None:
        """Its picker drops ids without `claude`, so each target has one with it."""
        shown = {one.target.name for name, one in self.listed.items() if "claude" in name}
        self.assertEqual(shown, {one.target.name for one in self.listed.values()})

    def test_titles(self) -> None:
        """People read the model and the provider, and what a route is for."""
        self.assertEqual(self.listed["claude-via-second/shared"].title, "shared (second)")
        self.assertEqual(self.listed["fast"].title, "fast: gpt-9 (first)")

    def test_no_models_named(self) -> None:
        """A provider whose configuration names no model shows its vendor's usual one, if there is one."""
        vendor = Provider.of("openai")
        unknown = provider("unknown")
        listed = listing({"openai": vendor, "unknown": unknown}, Routes({"openai": vendor, "unknown": unknown}, []))
        self.assertEqual({one.target.provider for one in listed}, {"openai"} if vendor.default_model else set())


class Finding(SynchronousTestCase):
    """One name."""

    def test_listed(self) -> None:
        """A listed name is found with all that the list says."""
        found = find(PROVIDERS, ROUTES, "fast")
        self.assertEqual(found, {one.id: one for one in listing(PROVIDERS, ROUTES)}["fast"])

    def test_provider_named(self) -> None:
        """A name that tells its provider is found though it is not listed."""
        found = find(PROVIDERS, ROUTES, "third,new-model")
        assert found is not None
        self.assertEqual((found.id, found.target.name), ("third,new-model", "third,new-model"))

    def test_answered_by_a_pattern(self) -> None:
        """A name that a glob or a family answers is found, though it is not listed; the glob itself is no name."""
        routes = Routes(PROVIDERS, [Route("gpt-8*", (Choice(FIRST, "gpt-9"),)), Route("opus", (Choice(THIRD, "x"),))])
        for name, target in (("gpt-8-mini", "first,gpt-9"), ("claude-opus-7", "third,x")):
            found = find(PROVIDERS, routes, name)
            assert found is not None
            self.assertEqual((found.id, found.target.name), (name, target))
        self.assertNotIn("gpt-8*", {one.id for one in listing(PROVIDERS, routes)})
        self.assertIn("opus", {one.id for one in listing(PROVIDERS, routes)})

    def test_default_route_is_not_enough(self) -> None:
        """The default route answers any name, which makes none of them a model."""
        self.assertIsNone(find(PROVIDERS, ROUTES, "no-such-model"))


class Aliases(SynchronousTestCase):
    """Ids for Claude Code."""

    def test_alias(self) -> None:
        """A name that Claude Code shows is its own alias, whatever its case."""
        self.assertEqual(alias("anthropic/x"), "anthropic/x")
        self.assertEqual(alias("My-Claude"), "My-Claude")
        self.assertEqual(alias("gpt-9"), "claude-via-gpt-9")
