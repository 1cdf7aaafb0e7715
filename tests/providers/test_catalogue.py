"""The catalogue's rows are sound, and say what is known of the vendors."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve, fields
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import load
from ccproxy.config.resolve import providers
from ccproxy.config.settings import ConfigError
from ccproxy.config.structure import CONVERTER, NOT_CORRECTABLE
from ccproxy.dialects.quirks import Quirks, ReasoningControl
from ccproxy.providers.baseurl import PATHS, normalised
from ccproxy.providers.catalogue import KEY_ORDER, names, vendor, vendor_at
from ccproxy.providers.provider import Provider, goes_to_its_vendor
from ccproxy.providers.target import Auth
from ccproxy.providers.vendor import Overrides, Rule, Vendor
from ccproxy.providers.vendors.rows import ALIASES, VENDORS


def _all_overrides(row: Vendor) -> list[Overrides]:
    rules: list[Rule] = [*row.rules]
    found = [row.quirks]
    for endpoint in row.endpoints.values():
        found.append(endpoint.quirks)
        rules += endpoint.rules
    return found + [rule.quirks for rule in rules]


class Rows(SynchronousTestCase):
    """What every row must keep to."""

    def test_names(self) -> None:
        """Names are unique, in lower case, and can be written before a comma, an @ or a slash."""
        self.assertEqual(len(set(names())), len(VENDORS))
        for name in names():
            self.assertRegex(name, r"\A[a-z0-9][a-z0-9-]*\Z")

    def test_quirks_exist(self) -> None:
        """Every quirk of a row is a field of Quirks, with a value of the field's type."""
        types = {field.name: field.type for field in fields(Quirks)}
        for row in VENDORS:
            for overrides in _all_overrides(row):
                evolve(Quirks(), **overrides)
                for name, value in overrides.items():
                    self.assertNotIn(name, NOT_CORRECTABLE)
                    plain = value.value if hasattr(value, "value") else value
                    plain = sorted(plain) if isinstance(plain, frozenset) else plain
                    self.assertEqual(CONVERTER.structure(plain, types[name]), value, (row.name, name))

    def test_endpoints(self) -> None:
        """Every row has an endpoint for its dialect and for those its rules name; URLs are in their normal form."""
        for row in (row.located(dict.fromkeys(row.place_variables, "mine")) for row in VENDORS):
            self.assertIn(row.dialect, row.endpoints)
            for rule in row.rules:
                self.assertIn(rule.dialect or row.dialect, row.endpoints, (row.name, rule.models))
            for dialect, endpoint in row.endpoints.items():
                self.assertIn(dialect, PATHS)
                if urlsplit(endpoint.base_url).path:
                    self.assertEqual(normalised(endpoint.base_url, dialect), endpoint.base_url)

    def test_keys(self) -> None:
        """Keys go over TLS: a service without it is on this machine, and has none. Globs are in lower case."""
        for row in VENDORS:
            schemes = {urlsplit(endpoint.base_url).scheme for endpoint in row.endpoints.values()}
            self.assertEqual(schemes, {"https" if row.key_variable else "http"}, row.name)
            for rule in row.rules:
                self.assertEqual(rule.models, rule.models.lower())

    def test_login_goes_to_anthropic_alone(self) -> None:
        """A client's own login is passed to Anthropic and to no other vendor."""
        self.assertEqual([row.name for row in VENDORS if row.passes_login], ["anthropic"])

    def test_key_order(self) -> None:
        """Each vendor that a key alone configures is there, with a variable of its own."""
        variables = [row.key_variable for row in map(vendor, KEY_ORDER) if row is not None]
        self.assertEqual(len(set(variables)), len(KEY_ORDER))
        self.assertEqual(
            set(variables),
            {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY",
             "GROQ_API_KEY", "MISTRAL_API_KEY", "XAI_API_KEY"},
        )  # fmt: skip

    def test_default_models(self) -> None:
        """All of them but Anthropic, which is asked for the client's own choice, have a model to begin with."""
        for name in KEY_ORDER:
            row = vendor(name)
            assert row is not None
            self.assertEqual(bool(row.default_model), name != "anthropic")

    def test_key_variables(self) -> None:
        """Key variables, and those that name an account, can be set in any shell, and are in upper case."""
        for row in VENDORS:
            for variable in (row.key_variable, *row.place_variables):
                self.assertRegex(variable, r"\A(?:[A-Z][A-Z0-9_]*)?\Z", row.name)

    def test_enough(self) -> None:
        """A hundred vendors and more are known by name."""
        self.assertGreaterEqual(len(names()), 100)

    def test_aliases(self) -> None:
        """Every alias leads to a row, and is no row's own name."""
        for alias, name in ALIASES.items():
            row = vendor(alias)
            self.assertIsNotNone(row, alias)
            self.assertEqual(row and row.name, name)
            self.assertNotIn(alias, names())

    def test_addresses_differ(self) -> None:
        """No two services have the same address: one of them would be asked with the other's key."""
        seen: dict[str, str] = {}
        for row in VENDORS:
            if row.key_variable:
                self.assertNotIn(row.base_url, seen, row.name)
                seen[row.base_url] = row.name

    def test_name_and_key_are_a_whole_configuration(self) -> None:
        """For each vendor its name is all that a configuration need say, where its variables are set."""
        directory = Path(self.mktemp())
        directory.mkdir()
        for row in VENDORS:
            path = directory / f"{row.name}.json"
            path.write_text(json.dumps({"providers": [{"name": row.name}]}))
            environ = dict.fromkeys(row.place_variables, "mine")
            if row.key_variable:
                environ[row.key_variable] = "a-key"
            settings = load(str(path), environ)
            target = providers(settings)[row.name].target("some-model")
            self.assertEqual(target.key.reveal(), "a-key" if row.key_variable else "", row.name)
            located = row.located(dict.fromkeys(row.place_variables, "mine"))
            self.assertEqual(target.base_url, located.base_url)
            self.assertEqual((target.dialect, target.quirks.vendor), (row.dialect, row.name))

    def test_without_its_variables(self) -> None:
        """Where a variable of the address is missing, the error names it."""
        path = Path(self.mktemp())
        path.write_text(json.dumps({"providers": [{"name": "azure"}]}))
        error = self.assertRaises(ConfigError, load, str(path), {"AZURE_API_KEY": "a-key"})
        self.assertIn("AZURE_RESOURCE_NAME", str(error))


class Accounts(SynchronousTestCase):
    """Vendors with an address for each account."""

    def test_url_tells_the_account(self) -> None:
        """Any URL at the vendor's hosts tells whose account is meant, so that models find their other endpoints."""
        for url in ("https://foo.openai.azure.com", "https://FOO.openai.azure.com/openai/v1/chat/completions"):
            provider = Provider.of("mine", base_url=url)
            self.assertEqual(provider.auth, Auth.AZURE)
            self.assertEqual(provider.target("gpt-4o").base_url, "https://foo.openai.azure.com/openai/v1")
        provider = Provider.of("azure", base_url="https://foo.openai.azure.com")
        self.assertEqual(provider.target("gpt-6-sol").dialect, "openai_responses")
        claude = provider.target("claude-opus-4-6")
        self.assertEqual(
            (claude.dialect, claude.base_url), ("anthropic", "https://foo.services.ai.azure.com/anthropic")
        )

    def test_url_in_the_variable(self) -> None:
        """An account may be written as the URL that the vendor's other programs want."""
        row = vendor("databricks")
        assert row is not None
        located = row.located({"DATABRICKS_HOST": "https://me.cloud.databricks.com/"})
        self.assertEqual(located.base_url, "https://me.cloud.databricks.com/ai-gateway/mlflow/v1")

    def test_no_stranger_passes(self) -> None:
        """A host that only looks alike is nobody's: a vendor's key would go there."""
        self.assertTrue(goes_to_its_vendor("azure", "https://foo.openai.azure.com/openai/v1"))
        for url in ("https://openai.azure.com.example.com", "https://a.b.openai.azure.com", "https://example.com"):
            self.assertIsNone(vendor_at(url))
            self.assertFalse(goes_to_its_vendor("azure", url))
            self.assertFalse(goes_to_its_vendor("databricks", url))


class Finding(SynchronousTestCase):
    """Rows by name and by host."""

    def test_by_name(self) -> None:
        """A name is found in any case; an unknown one is not."""
        self.assertIs(vendor("OpenAI"), vendor("openai"))
        self.assertIs(vendor("Fireworks_AI"), vendor("fireworks"))
        self.assertIsNone(vendor("nobody"))

    def test_by_host(self) -> None:
        """A URL at a vendor's host finds its row, whatever the path; a local port finds none."""
        self.assertIs(vendor_at("https://api.deepseek.com/anthropic/v1"), vendor("deepseek"))
        self.assertIs(vendor_at("https://API.OPENAI.COM/v1"), vendor("openai"))
        self.assertIsNone(vendor_at("http://localhost:11434/v1"))
        self.assertIsNone(vendor_at("https://api.example.com"))


class Facts(SynchronousTestCase):
    """A few of the rows' claims, each of which broke someone's proxy."""

    def quirks(self, name: str, model: str, dialect: str = "openai_chat") -> Quirks:
        row = vendor(name)
        assert row is not None
        return evolve(Quirks(), **row.overrides(model, dialect))

    def test_openai(self) -> None:
        """OpenAI's newer models want Responses, and effort words as each knows them."""
        row = vendor("openai")
        assert row is not None
        for model in ("gpt-5.4", "gpt-5.6-terra", "gpt-6-sol", "gpt-5.1-codex", "gpt-5-pro", "o3-pro"):
            self.assertEqual(row.dialect_for(model), "openai_responses", model)
        for model in ("gpt-4o", "gpt-5", "gpt-5.1", "gpt-5.2", "o4-mini", "my-fine-tune"):
            self.assertEqual(row.dialect_for(model), "openai_chat", model)
        self.assertEqual(self.quirks("openai", "gpt-5").efforts["off"], "minimal")
        self.assertEqual(self.quirks("openai", "gpt-5.1").efforts["off"], "none")
        self.assertEqual(self.quirks("openai", "gpt-5.2").efforts["max"], "xhigh")
        self.assertEqual(self.quirks("openai", "gpt-6-sol").efforts["max"], "max")
        self.assertEqual(self.quirks("openai", "gpt-6-astra").efforts["off"], "low")
        self.assertEqual(self.quirks("openai", "gpt-4o").efforts, {})
        phased = [
            model for model in ("gpt-4o", "gpt-5.2", "gpt-5.4", "gpt-6-sol") if self.quirks("openai", model).phases
        ]
        self.assertEqual(phased, ["gpt-5.4", "gpt-6-sol"])
        self.assertEqual(self.quirks("openai", "gpt-4o").system_role, "system")
        self.assertEqual(self.quirks("openai", "o3").max_tokens_field, "max_completion_tokens")

    def test_mistral(self) -> None:
        """Mistral's ids have nine letters or digits, and no user may follow a tool."""
        quirks = self.quirks("mistral", "mistral-large-latest")
        self.assertEqual(quirks.tool_id_pattern, "[a-zA-Z0-9]{9}")
        self.assertFalse(quirks.user_may_follow_tool)
        self.assertIs(quirks.reasoning, ReasoningControl.NONE)

    def test_xai(self) -> None:
        """Of xAI's models only the newer take an effort, and stop sequences are refused by those that reason."""
        self.assertIs(self.quirks("xai", "grok-4").reasoning, ReasoningControl.NONE)
        self.assertEqual(self.quirks("xai", "grok-4.6").efforts["xhigh"], "xhigh")
        self.assertEqual(self.quirks("xai", "grok-4.6").stop_limit, 0)

    def test_one_vendor_two_dialects(self) -> None:
        """What goes for one endpoint does not go for the other."""
        self.assertTrue(self.quirks("minimax", "MiniMax-M2").body == {"reasoning_split": True})
        self.assertEqual(self.quirks("minimax", "MiniMax-M2", "anthropic").body, {})
        row = vendor("gemini")
        assert row is not None
        self.assertEqual((row.dialect, row.auth), ("gemini", Auth.GOOGLE))
        self.assertIs(row.endpoints["openai_chat"].auth, Auth.BEARER)
        self.assertTrue(self.quirks("gemini", "gemini-2.5-pro").efforts)
        self.assertEqual(self.quirks("gemini", "gemini-2.5-pro", "gemini").efforts, {})
