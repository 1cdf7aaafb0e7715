"""Rules: the built-in ones, the operator's own, and what becomes of those that fail."""

import json
from pathlib import Path
from typing import Any

from attrs import define
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.routing.comparisons import BadCondition
from ccproxy.routing.conditions import Condition
from ccproxy.routing.extensions import BadExtension, found, hook, made
from ccproxy.routing.patience import FAILURES, REST_SECONDS
from ccproxy.routing.survey import Survey
from ccproxy.routing.userrules import SLOW_SECONDS, Rules

OWN = """
from ccproxy.rules import ClassificationRule, TokenCountRule
import helper_of_{name}

class Teapot(ClassificationRule):
    def __init__(self, word="tea"):
        self.word = word

    def evaluate(self, request, config):
        return self.word in request["messages"][0]["content"] and config == "the configuration"

class Broken:
    def evaluate(self, request, config):
        raise RuntimeError("boiled over")

class Lazy:
    clock = None
    def evaluate(self, request, config):
        config.now += 1.0
        return True

class Longer(TokenCountRule):
    pass

def check(exchange):
    pass

def old(data, user_api_key_dict, **kwargs):
    return data

async def late(data, user_api_key_dict):
    return data

instance = Broken()
nothing = 5
"""


def facts(**fields: Any) -> Survey:
    """A request."""
    body = {"model": "claude-test-1", "max_tokens": 9, "messages": [{"role": "user", "content": "some tea"}], **fields}
    return Survey(body["model"], {}, json.dumps(body).encode(), dialect=ANTHROPIC)


@define
class Watch:
    """A clock that a rule can move."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


TOOLS = [{"name": "WebSearch", "input_schema": {"type": "object"}}]
BUILT_IN = [
    # name, parameters, request, whether it holds
    ("TokenCountRule", {"threshold": 5000}, {"system": "word " * 6000}, True),
    ("TokenCountRule", {"threshold": 5000}, {}, False),
    ("TokenCountRule", [{"threshold": 1}], {}, True),
    ("TokenCountRule", [1], {}, True),
    ("TokenCountRule", 1, {}, True),
    ("ccproxy.rules.TokenCountRule", {"threshold": 1}, {}, True),
    ("MatchModelRule", {"model_name": "test"}, {}, True),
    ("MatchModelRule", {"model_name": "Test"}, {}, False),
    ("ThinkingRule", None, {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000}, True),
    ("ThinkingRule", None, {"thinking": {"type": "disabled"}}, False),
    ("ThinkingRule", [], {}, False),
    ("MatchToolRule", {"tool_name": "websearch"}, {"tools": TOOLS}, True),
    ("MatchToolRule", {"tool_name": "bash"}, {"tools": TOOLS}, False),
    ("DefaultRule", {"passthrough": False}, {}, True),
    ("DefaultRule", None, {}, True),
]


class UserRules(SynchronousTestCase):
    """Each test has a directory with a file of rules in it."""

    def setUp(self) -> None:
        home = Path(self.mktemp())
        home.mkdir()
        self.module = "r" + "".join(filter(str.isalnum, self.id().rpartition(".")[2]))
        self.file = home / f"{self.module}.py"
        self.file.write_text(OWN.format(name=self.module))
        (home / f"helper_of_{self.module}.py").write_text("")
        self.directory = str(home)
        self.complaints: list[str] = []

    def rule(self, name: str, parameters: Any = None, config: Any = "the configuration", clock: Any = None) -> Any:
        rules = Rules(self.directory, config, self.complaints.append, clock or Watch())
        return rules.rule(f"{self.module}.{name}", parameters)

    def test_built_in(self) -> None:
        """The rules that starbased users know, under their names, with their parameters in each form."""
        for name, parameters, request, expected in BUILT_IN:
            condition = Condition.of("rule", "", parameters, name)
            self.assertIs(condition.holds(facts(**request), 0.0), expected, (name, parameters, request))

    def test_own(self) -> None:
        """A class in a file beside the configuration is asked, with the request's body and the configuration; files
        beside it can be imported; one may inherit from a built-in rule."""
        self.assertTrue(self.rule("Teapot")(facts()))
        self.assertFalse(self.rule("Teapot", {"word": "coffee"})(facts()))
        self.assertTrue(self.rule("Longer", {"threshold": 1})(facts()))
        self.assertEqual(self.complaints, [])

    def test_negated(self) -> None:
        """A condition may want that a rule does not hold, and tells so to people."""
        condition = Condition.of("rule", "!=", {"model_name": "x"}, "MatchModelRule")
        self.assertTrue(condition.holds(facts(), 0.0))
        self.assertEqual(condition.found(facts(), 0.0), "true")
        self.assertTrue(str(condition).startswith("not rule MatchModelRule with "))

    def test_failing(self) -> None:
        """A rule that raises does not hold, is complained about by name, and rests after a few times."""
        clock = Watch()
        rule = self.rule("Broken", clock=clock)
        for _ in range(FAILURES + 3):
            self.assertFalse(rule(facts()))
        self.assertEqual(len(self.complaints), FAILURES)
        self.assertIn(f"{self.module}.Broken failed: RuntimeError: boiled over", self.complaints[0])
        self.assertIn("left alone", self.complaints[-1])
        clock.now += REST_SECONDS
        rule(facts())
        self.assertEqual(len(self.complaints), FAILURES + 1)
        rule(facts())
        self.assertEqual(len(self.complaints), FAILURES + 1)

    def test_dawdling(self) -> None:
        """A rule that takes long is complained about, and rests as well."""
        clock = Watch()
        rule = self.rule("Lazy", config=clock, clock=clock)
        self.assertGreater(1.0, SLOW_SECONDS)
        answers = [rule(facts()) for _ in range(FAILURES + 2)]
        self.assertEqual(answers, [True] * FAILURES + [False] * 2)
        self.assertEqual(len(self.complaints), FAILURES)

    def test_cannot_be_had(self) -> None:
        """What is not there, or is no rule, is told with the reason, when it is made."""
        for name, parameters, words in (
            (f"{self.module}.Absent", None, "there is no 'Absent' in"),
            ("absent_module.Rule", None, "there is no module 'absent_module'"),
            ("Rule", None, "expected a dotted name"),
            ("a b.Rule", None, "expected a dotted name"),
            (f"{self.module}.nothing", None, "has no method evaluate"),
            (f"{self.module}.Teapot", {"colour": "red"}, "cannot be made with these parameters"),
            ("TokenCountRule", None, "cannot be made"),
            ("TokenCountRule", {"threshold": "many"}, "expected a number"),
            ("MatchModelRule", [5], "expected a text"),
        ):
            with self.assertRaises(BadExtension) as caught:
                Rules(self.directory).rule(name, parameters)
            self.assertIn(words, str(caught.exception))
        with self.assertRaises(BadCondition) as wrong:
            Condition.of("rule", "", None, "TokenCountRul")
        self.assertIn("TokenCountRule", wrong.exception.known)

    def test_broken_file(self) -> None:
        """A file that cannot be run is told with its error; once it is mended it is run again."""
        self.file.write_text("import absent_thing")
        for _ in range(2):
            with self.assertRaises(BadExtension) as caught:
                self.rule("Teapot")
            self.assertIn("absent_thing", str(caught.exception))
        self.file.write_text("class Teapot:\n    def evaluate(self, request, config):\n        return True\n")
        self.assertTrue(self.rule("Teapot")(facts()))

    def test_changed_file(self) -> None:
        """A file is run once, and again when it has changed."""
        first = found(f"{self.module}.Teapot", self.directory)
        self.assertIs(found(f"{self.module}.Teapot", self.directory), first)
        self.file.write_text(OWN.format(name=self.module) + "\n# changed\n")
        self.assertIsNot(found(f"{self.module}.Teapot", self.directory), first)

    def test_installed(self) -> None:
        """What is no file beside the configuration is an installed module."""
        self.assertIs(found("ccproxy.routing.userrules.Rules", self.directory), Rules)
        self.assertEqual(made(dict, {"a": 1}), {"a": 1})

    def test_hooks(self) -> None:
        """Functions are hooks; classes and what cannot be called are none; starbased's form is for requests."""
        for name, point in (("check", "event"), ("old", "request")):
            hook(f"{self.module}.{name}", point, self.directory)
        for name, point, words in (
            ("Teapot", "request", "no function"),
            ("nothing", "request", "no function"),
            ("old", "event", "starbased's form"),
            ("late", "request", "starbased's form"),
        ):
            with self.assertRaises(BadExtension) as caught:
                hook(f"{self.module}.{name}", point, self.directory)
            self.assertIn(words, str(caught.exception))
