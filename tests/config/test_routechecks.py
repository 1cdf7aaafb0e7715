"""What is wrong with routes is told when they are loaded: the line, the key, what was found and what would be right."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import load
from ccproxy.config.settings import ConditionSettings, ConfigError, RouteSettings, TargetSettings

CASES: list[tuple[str, str, list[str]]] = [
    # a route, where it is wrong, what is said of it
    ("{}", ".provider", ["found nothing", 'expected one of "ollama", "groq", or `targets`']),
    ('"olama,m"', ".provider", ['found "olama"', 'did you mean "ollama"?']),
    ('",m"', "", ["found the text", '"provider,model"']),
    ("5", "", ["found the number 5", 'an object in braces, or "provider,model"']),
    ('{"model": "m", "targets": ["groq,m"]}', ".model", ["without a `provider`"]),
    ('{"provider": "groq", "targets": ["groq,m"]}', ".targets", ["beside a `provider`", "`fallbacks`"]),
    ('{"targets": ["groq,m", "grok,m"]}', ".targets[1].provider", ['found "grok"', 'did you mean "groq"?']),
    ('{"targets": [{"model": "m"}]}', ".targets[0].provider", ["found nothing"]),
    ('{"targets": [{"provider": "groq", "weight": 0}]}', ".targets[0].weight", ["found 0", "above 0"]),
    ('{"targets": [{"provider": "groq", "weight": "3"}]}', ".targets[0].weight", ['"3"', "expected a number"]),
    ('{"provider": "groq", "fallbacks": "ollama,m"}', ".fallbacks", ["expected a list"]),
    ('{"provider": "groq", "fallbacks": ["x,m"]}', ".fallbacks[0].provider", ['found "x"']),
    (
        '{"provider": "groq", "fallbacks": [{"provider": "groq", "weight": 2}]}',
        ".fallbacks[0].weight",
        ["fallbacks are tried in their order"],
    ),
    ('{"provider": "groq", "strategy": "fast"}', ".strategy", ['found "fast"', 'did you mean "fastest"?']),
    (
        '{"targets": [{"provider": "groq", "weight": 3}], "strategy": "cheapest"}',
        ".strategy",
        ["and weights", "expected weighted"],
    ),
    ('{"provider": "groq", "models": [" "]}', ".models[0]", ["found an empty text", "a glob"]),
    ('{"provider": "groq", "model": "m", "condition": []}', ".condition", ['did you mean "conditions"?']),
    (
        '{"provider": "groq", "conditions": [{"type": "tokens", "value": 1}]}',
        ".conditions[0].type",
        ['found the text "tokens"', "expected one of tokenCount, model"],
    ),
    (
        '{"provider": "groq", "conditions": [{"type": "tool", "value": "x"}, {"type": "tokencount", "value": 1}]}',
        ".conditions[1].type",
        ['did you mean "tokenCount"?'],
    ),
    (
        '{"provider": "groq", "conditions": [{"type": "tokenCount", "operator": "=>", "value": 1}]}',
        ".conditions[0].operator",
        ['found the text "=>"', ">="],
    ),
    (
        '{"provider": "groq", "conditions": [{"type": "tokenCount"}]}',
        ".conditions[0].value",
        ["found nothing", "a number"],
    ),
    (
        '{"provider": "groq", "conditions": [{"type": "model", "operator": "matches", "value": "("}]}',
        ".conditions[0].value",
        ["a regular expression ("],
    ),
    (
        '{"provider": "groq", "conditions": [{"type": "header", "value": "x"}]}',
        ".conditions[0].name",
        ["the name of the header"],
    ),
    ('{"provider": "groq", "conditions": [{"value": 1}]}', ".conditions[0].type", ["found nothing"]),
    (
        '{"provider": "groq", "conditions": [{"type": "time", "value": "9-5"}]}',
        ".conditions[0].value",
        ["mon-fri 09:00-17:00"],
    ),
    (
        '{"provider": "groq", "parameters": {"temperatur": 1}}',
        ".parameters.temperatur",
        ["an unknown parameter", "did you mean"],
    ),
    (
        '{"provider": "groq", "parameters": {"temperature": 3}}',
        ".parameters.temperature",
        ["found the number 3", "from 0 to 2"],
    ),
    (
        '{"provider": "groq", "parameters": {"temperature": {"set": 1}}}',
        ".parameters.temperature",
        ["found an object", '{"override": VALUE}'],
    ),
    ('{"provider": "groq", "affinity": "yes"}', ".affinity", ["true or false"]),
]


class RouteChecksTests(SynchronousTestCase):
    """The table above."""

    def load(self, route: str, name: str = "x") -> dict[str, RouteSettings]:
        path = Path(self.mktemp()).with_suffix(".json")
        providers = '{"providers": [{"name": "ollama"}, {"name": "groq", "api_key": "k"}],\n"routes": {\n'
        path.write_text(f'{providers}"{name}": {route}\n}}}}')
        return dict(load(str(path), {}).routes)

    def refusal(self, route: str, name: str = "x") -> str:
        return str(self.assertRaises(ConfigError, self.load, route, name))

    def test_cases(self) -> None:
        """Each mistake is told at its line, by its key, with what would be right; none is told twice."""
        for route, place, said in CASES:
            message = self.refusal(route)
            self.assertIn(f"line 3: routes.x{place}: ", message, route)
            self.assertNotIn("things are wrong", message, route)
            for words in said:
                self.assertIn(words, message, route)

    def test_default_speaks_of_every_name(self) -> None:
        """Names for the default route would be in vain."""
        self.assertIn("answers every name", self.refusal('{"provider": "groq", "models": ["x"]}', "default"))
        self.assertIn("found a route without a name", self.refusal('"groq,m"', " "))

    def test_written_in_short(self) -> None:
        """A text stands for a target, wherever one may be."""
        self.assertEqual(self.load('"groq,org/m,n"'), {"x": RouteSettings("groq", "org/m,n")})
        self.assertEqual(self.load('"groq"'), {"x": RouteSettings("groq")})
        found = self.load('{"targets": ["groq,m", {"provider": "ollama", "weight": 2.5}], "fallbacks": ["groq"]}')["x"]
        self.assertEqual(found.targets, (TargetSettings("groq", "m"), TargetSettings("ollama", weight=2.5)))
        self.assertEqual(found.fallbacks, (TargetSettings("groq"),))

    def test_all_of_it(self) -> None:
        """The example of a whole route loads."""
        found = self.load(
            '{"provider": "groq", "model": "m", "models": ["a-*"], "strategy": "order", "affinity": false,'
            '"resume": true, "conditions": [{"type": "tokenCount", "operator": ">", "value": 60000}],'
            '"parameters": {"top_k": 4}}'
        )["x"]
        self.assertEqual(found.conditions, (ConditionSettings("tokenCount", ">", 60000),))
        self.assertEqual((found.affinity, found.resume, found.parameters), (False, True, {"top_k": 4}))
