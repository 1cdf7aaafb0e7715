"""The reference configuration shows every option with its default, and works as it is."""

from pathlib import Path
from typing import Any

from attrs import Attribute, evolve, fields
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.documents import Document
from ccproxy.config.load import load, read
from ccproxy.config.resolve import providers
from ccproxy.config.settings import (
    AddressSettings,
    AdministrationSettings,
    BudgetSettings,
    CacheSettings,
    CaptureSettings,
    ClientSettings,
    ExtensionSettings,
    FailoverSettings,
    HookSettings,
    LedgerSettings,
    MetricsSettings,
    NetworkSettings,
    PerformanceSettings,
    ProviderSettings,
    RouteSettings,
    Settings,
    TracingSettings,
)
from ccproxy.providers.catalogue import KEY_ORDER, names, vendor
from ccproxy.secret import Secret

REFERENCE = Path(__file__).parents[2] / "etc" / "ccproxy" / "config.json"


def option_names(kind: Any) -> list[str]:
    """The options of a settings class, in their order."""
    members: tuple[Attribute[Any], ...] = fields(kind)
    return [member.name for member in members]


class Reference(SynchronousTestCase):
    """`etc/ccproxy/config.json` against the classes."""

    def setUp(self) -> None:
        self.document: Document = read(str(REFERENCE))
        self.settings = load(str(REFERENCE), {})

    def test_every_option(self) -> None:
        """The file has every option of every class, in the classes' order, and no other."""
        value = self.document.value
        self.assertEqual(list(value), option_names(Settings))
        self.assertEqual([list(provider) for provider in value["providers"]], [option_names(ProviderSettings)])
        self.assertEqual([list(client) for client in value["clients"]], [option_names(ClientSettings)])
        self.assertEqual(list(value["clients"][0]["networks"]), option_names(NetworkSettings))
        self.assertEqual(list(value["networks"]), option_names(NetworkSettings))
        self.assertEqual(list(value["per_address"]), option_names(AddressSettings))
        self.assertEqual(list(value["cache"]), option_names(CacheSettings))
        self.assertEqual(list(value["extensions"]), option_names(ExtensionSettings))
        self.assertEqual([list(hook) for hook in value["extensions"]["hooks"]], [option_names(HookSettings)])
        self.assertEqual(list(value["administration"]), option_names(AdministrationSettings))
        self.assertEqual([list(route) for route in value["routes"].values()], [option_names(RouteSettings)])
        self.assertEqual(list(value["performance"]), option_names(PerformanceSettings))
        self.assertEqual(list(value["failover"]), option_names(FailoverSettings))
        self.assertEqual([list(budget) for budget in value["budgets"]], [option_names(BudgetSettings)])
        self.assertEqual(list(value["metrics"]), option_names(MetricsSettings))
        self.assertEqual(list(value["tracing"]), option_names(TracingSettings))
        self.assertEqual(list(value["ledger"]), option_names(LedgerSettings))
        self.assertEqual(list(value["capture"]), option_names(CaptureSettings))

    def test_defaults(self) -> None:
        """Every value is the default, but for the examples and the endpoint that follows from host and port."""
        directory = ExtensionSettings(str(REFERENCE.parent), self.settings.extensions.hooks)
        self.assertEqual(self.settings.extensions, directory)
        (hook,) = self.settings.extensions.hooks
        self.assertEqual(hook, HookSettings("request", "my_hooks.check", enabled=False))
        found = evolve(
            self.settings, extensions=ExtensionSettings(), providers=(), clients=(), routes={}, budgets=(), listen=()
        )
        self.assertEqual(found, Settings())
        self.assertEqual(self.document.value["listen"], [])
        example = ProviderSettings("openai", enabled=False)
        self.assertEqual(self.settings.providers, (example,))
        (client,) = self.settings.clients
        self.assertEqual(evolve(client, key_hash=Secret("")), ClientSettings("example", enabled=False))
        self.assertEqual(self.settings.routes, {"default": RouteSettings("openai")})

    def test_every_option_is_explained(self) -> None:
        """Above every option there is a comment, or one above its neighbour that tells of both."""
        lines = REFERENCE.read_text().split("\n")
        told_with_the_one_above = ("port", "log_file", "default", "max_queued", "breaker_longest_pause")
        for path, line in self.document.lines.items():
            if isinstance(path[-1], str) and path[-1] not in told_with_the_one_above:
                self.assertTrue(lines[line - 2].strip().startswith("//") or lines[line - 1].strip() == "{", path)

    def test_works_as_it_is(self) -> None:
        """As shipped it starts the demo; with the examples enabled, and what they need set, the example answers."""
        self.assertTrue(self.settings.demo)
        self.assertEqual(list(providers(self.settings)), ["demo"])
        enabled = REFERENCE.read_text().replace('"enabled": false', '"enabled": true')
        path = Path(self.mktemp())
        path.write_text(enabled)
        path.with_name("my_hooks.py").write_text("def check(exchange):\n    pass\n")
        settings = load(str(path), {"OPENAI_API_KEY": "k"})
        self.assertEqual(list(providers(settings)), ["openai"])

    def test_comments_tell_the_truth(self) -> None:
        """The names and variables that comments list are those of the catalogue."""
        text = " ".join(line.strip().removeprefix("//").strip() for line in REFERENCE.read_text().split("\n"))
        rows = [row for row in map(vendor, KEY_ORDER) if row is not None]
        variables = ", ".join(row.key_variable for row in rows[:-1]) + " and " + rows[-1].key_variable
        self.assertIn(variables, text)
        listed = text.split("such as ")[1].split(", everything else")[0].replace(" or ", ", ").split(", ")
        self.assertEqual([name for name in listed if name not in names()], [])
        self.assertGreater(len(listed), 10)
