"""Which target answers a model name."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.providers.provider import Provider
from ccproxy.routing.route import Choice, Route
from ccproxy.routing.routes import Routes


def provider(name: str, *models: str) -> Provider:
    """One with these models, at a host of nobody."""
    return Provider.of(name, base_url=f"http://{name}.test/v1", dialect="openai_chat", models=models)


A = provider("a", "shared", "only-a", "slash/model")
B = provider("b", "shared", "only-b")
ROUTES = [
    Route("default", (Choice(A, "fallback"),)),
    Route("claude-x", (Choice(B, "big"), Choice(A, "spare"))),
    Route("as-asked", (Choice(B),)),
    Route("only-b", (Choice(A, "instead"),)),
    Route("asleep", ()),
]


class Chosen(SynchronousTestCase):
    """The order of the rules."""

    def setUp(self) -> None:
        self.routes = Routes({"a": A, "b": B}, ROUTES, disabled=["off"])

    def names(self, model: str) -> list[str]:
        return [target.name for target in self.routes.named(model).targets]

    def test_route(self) -> None:
        """A route's name comes first, before a model of the same name; its targets keep their order."""
        self.assertEqual(self.names("claude-x"), ["b,big", "a,spare"])
        self.assertEqual(self.names("only-b"), ["a,instead"])
        self.assertEqual(self.routes.named("only-b").rule, "route only-b")

    def test_model_as_asked(self) -> None:
        """A route without a model asks for the one the client named."""
        self.assertEqual(self.names("as-asked"), ["b,as-asked"])

    def test_model_of_a_provider(self) -> None:
        """A name in a provider's list leads to the first provider that has it."""
        self.assertEqual(self.names("shared"), ["a,shared"])
        self.assertEqual(self.routes.named("shared").rule, "model shared")

    def test_provider_named(self) -> None:
        """All three ways of naming a provider are understood, with models that have signs of their own."""
        self.assertEqual(self.names("b,m"), ["b,m"])
        self.assertEqual(self.names("b , m"), ["b,m"])
        self.assertEqual(self.names("m@b"), ["b,m"])
        self.assertEqual(self.names("b/m"), ["b,m"])
        self.assertEqual(self.names("b/org/m@2024"), ["b,org/m@2024"])
        self.assertEqual(self.names("m@2024@b"), ["b,m@2024"])
        self.assertEqual(self.routes.named("b/m").rule, "provider b")

    def test_no_provider_named(self) -> None:
        """A slash or an @ in a model's name is not taken for a provider that does not exist."""
        for model in ("slash/other", "m@2024", "/m", "@b", "b/", "m@", ""):
            self.assertEqual(self.names(model), ["a,fallback"], model)
        self.assertEqual(self.names("slash/model"), ["a,slash/model"])

    def test_long_context_mark(self) -> None:
        """The mark for a long window is taken off, in any case, and never sent."""
        self.assertEqual(self.names("claude-x[1m]"), ["b,big", "a,spare"])
        self.assertEqual(self.names("as-asked[1M]"), ["b,as-asked"])
        self.assertEqual(self.names("b,m[1m]"), ["b,m"])

    def test_default(self) -> None:
        """Everything else goes to the default route."""
        self.assertEqual(self.names("unheard-of"), ["a,fallback"])
        self.assertEqual(self.routes.named("unheard-of").rule, "route default")

    def refusal(self, model: str, routes: Routes | None = None) -> str:
        error = self.assertRaises(ApiError, (routes or self.routes).named, model)
        self.assertIs(error.kind, Kind.NO_ROUTE)
        return error.message

    def test_refused(self) -> None:
        """A provider behind which there is none, a disabled one, and no model at all are errors that say so."""
        self.assertIn("near to it", self.refusal("bb,m"))
        self.assertIn("disabled", self.refusal("off,m"))
        self.assertIn("disabled", self.refusal("off/m"))
        self.assertIn("disabled", self.refusal("asleep"))
        self.assertIn("no model", self.refusal("b,"))

    def test_no_default(self) -> None:
        """Without a default route an unknown name is an error that names what is near."""
        routes = Routes({"a": A, "b": B}, [])
        self.assertIn("only-a", self.refusal("onlya", routes))
        self.assertEqual([target.name for target in routes.named("only-a").targets], ["a,only-a"])

    def test_hostile_names(self) -> None:
        """Names of any length and kind are answered."""
        no_default = Routes({"a": A, "b": B}, [])
        for model in ("x" * 100_000, "x" * 100_000 + ",m", "@", "/", "[1m]", "\x00", "☃"):
            self.assertLess(len(self.refusal(model, no_default)), 1000)
        self.assertEqual(self.names("b,m,n"), ["b,m,n"])
