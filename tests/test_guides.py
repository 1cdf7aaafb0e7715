"""The pages below docs/ show configurations that load, and code that does what they say."""

import json
import re
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import load
from ccproxy.config.resolve import routes
from ccproxy.config.settings import Settings
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.exchange.hook import Hook
from ccproxy.exchange.hooks import Hooks
from ccproxy.routing.extensions import found
from ccproxy.routing.survey import Survey
from tests.support.wire import Wire, chat

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("access.md", "extending.md")
CONFIGURATION = re.compile(r"<!-- a configuration -->\n```jsonc\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"<!-- (\w+\.py) -->\n```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```jsonc\n(.*?)^```", re.DOTALL | re.MULTILINE)
REFERENCE = re.compile(r"\$\{([A-Z0-9_]+)\}")


class GuidesTests(SynchronousTestCase):
    """Each page that says how to configure something."""

    def test_configurations_load(self) -> None:
        """Each configuration that is shown loads as it stands, once the variables that it names are set; and each that
        is shown is marked, so that none is overlooked."""
        for page in PAGES:
            text = (DOCS / page).read_text(encoding="utf-8")
            shown = CONFIGURATION.findall(text)
            self.assertNotEqual(shown, [], page)
            self.assertEqual(shown, BLOCK.findall(text), page)
            for number, configuration in enumerate(shown):
                path = Path(self.mktemp()).with_suffix(".json")
                path.write_text(configuration, encoding="utf-8")
                for name, code in CODE.findall(text):
                    path.with_name(name).write_text(code, encoding="utf-8")
                names = REFERENCE.findall(configuration)
                settings = load(str(path), {name: f"key-{place}" for place, name in enumerate(names)})
                self.assertTrue(settings.has_keys or page != "access.md", (page, number))


class ExamplesTests(SynchronousTestCase):
    """The code in docs/extending.md, run as it stands beside its own configurations."""

    def setUp(self) -> None:
        text = (DOCS / "extending.md").read_text(encoding="utf-8")
        self.home = Path(self.mktemp())
        self.home.mkdir()
        for name, code in CODE.findall(text):
            (self.home / name).write_text(code, encoding="utf-8")
        self.configurations = CONFIGURATION.findall(text)

    def settings(self, number: int) -> Settings:
        path = self.home / "config.json"
        path.write_text(self.configurations[number], encoding="utf-8")
        return load(str(path), {"OPENAI_API_KEY": "k"})

    def wire(self, settings: Settings, *more: Hook) -> Wire:
        """The proxy as it is configured, before an upstream in memory."""
        clock = Clock()
        made = [
            Hook.of(one.hook, one.on, settings.extensions.directory, one.parameters, one.timeout, True, one.required)
            for one in settings.extensions.hooks
        ]
        return Wire(hooks=Hooks([*made, *more], clock), clock=clock)

    def test_rules(self) -> None:
        """Short questions and searches go where the page says, all else to the default route."""
        known = routes(self.settings(0))
        search = [{"name": "WebSearch", "input_schema": {"type": "object"}}]
        for words, tools, expected in ((5, [], "small"), (50, [], "default"), (50, search, "search")):
            body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "word " * words}]}
            facts = Survey("m", {}, json.dumps({**body, "tools": tools}).encode(), dialect=ANTHROPIC)
            self.assertEqual(known.candidates(facts, 0.0).rule, f"route {expected}")

    def test_hooks(self) -> None:
        """A private key is refused, a label goes along, tokens are counted."""
        settings = self.settings(1)
        wire = self.wire(settings)
        refused = wire.ask(messages=[{"role": "user", "content": "-----BEGIN PRIVATE KEY-----"}])
        self.assertEqual(refused.answer.status, 400)
        self.assertIn("take it out", refused.answer.json["error"]["message"])
        wire.ask()
        up = wire.upstream()
        self.assertEqual(up.request[1]["x-team"], "blue")
        up.head()
        up.say(b"".join(chat({"content": "Hi"})))
        up.end()
        self.assertEqual(found("my_hooks.COUNTS", settings.extensions.directory), {"local": 3})

    def test_starbased(self) -> None:
        """A hook in starbased's form chooses another model."""
        hook = Hook.of("old_hooks.prefer_fast", "request", str(self.home), {"fast": "gpt-fast"}, reactor=True)
        wire = self.wire(self.settings(0), hook)
        wire.ask(model="claude-haiku-4-5")
        up = wire.upstream()
        up.whole(b"{}", 500)
        self.assertEqual(wire.records[-1].asked, "gpt-fast")
