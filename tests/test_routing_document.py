"""docs/routing.md: what it shows loads, and does what it says."""

import json
import re
import time
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import load
from ccproxy.config.resolve import routes
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.providers.catalogue import vendor
from ccproxy.providers.parameters import KNOWN
from ccproxy.routing.comparisons import OPERATORS, BadCondition
from ccproxy.routing.conditions import SUBJECTS, Condition
from ccproxy.routing.names import FAMILIES
from ccproxy.routing.route import Strategy
from ccproxy.routing.rules import SITUATIONS
from ccproxy.routing.survey import Survey
from tests.support.routing import BASH, HELLO, LONG, SEEING, THINKING

DOCUMENT = (Path(__file__).parents[1] / "docs" / "routing.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"<!-- a configuration -->\n```jsonc\n(.*?)^```\n(?:\n<!-- cases\n(.*?)^-->)?", re.DOTALL | re.MULTILINE
)
ROW = re.compile(r"^\| `(\w+)` \| .* \| (.*) \|$", re.MULTILINE)

SAID: dict[str, Any] = {"thinking": THINKING, "long": LONG, "image": SEEING}
"""What the words of a case put into a request."""


def request(words: list[str]) -> tuple[Survey, float]:
    """The call of a case, and when it is made: a model, and words about it."""
    model, *others = words
    body: dict[str, Any] = {"model": model, "max_tokens": 5, "messages": [HELLO]}
    headers: dict[str, str] = {}
    client, now = "local", time.mktime((2026, 11, 25, 12, 0, 0, 0, 0, -1))
    for word in others:
        name, told, value = word.partition("=")
        if not told:
            body |= SAID[name]
        elif name == "tool":
            body["tools"] = [{**BASH, "name": value}]
        elif name == "client":
            client = value
        elif name == "at":
            hour, _, minute = value.partition(":")
            now = time.mktime((2026, 11, 25, int(hour), int(minute), 0, 0, 0, -1))
        else:
            headers[name] = value
    return Survey(model, headers, json.dumps(body).encode(), client, dialect=ANTHROPIC), now


class RoutingDocumentTests(SynchronousTestCase):
    """Every example, and every list."""

    def settings(self, text: str) -> Any:
        path = Path(self.mktemp()).with_suffix(".json")
        path.write_text(text, encoding="utf-8")
        named = [provider["name"] for provider in json.loads(text)["providers"]]
        keys = {row.key_variable: "a-key" for row in map(vendor, named) if row is not None and row.key_variable}
        return load(str(path), keys)

    def test_cases(self) -> None:
        """Each request that stands below an example goes where it says, by the rule that it says."""
        examples = EXAMPLE.findall(DOCUMENT)
        self.assertEqual(len(examples), DOCUMENT.count("```jsonc"))
        tried = 0
        for text, cases in examples:
            settings = self.settings(text)
            for case in filter(None, cases.splitlines()):
                asked, _, answer = case.partition("->")
                *targets, kind, name = answer.split()
                facts, now = request(asked.split())
                chosen = routes(settings).candidates(facts, now)
                found = [target.name for target in chosen.targets]
                self.assertEqual(found if len(targets) > 1 else found[:1], targets, case)
                self.assertEqual(chosen.rule, f"{kind} {name}", case)
                tried += 1
        self.assertGreater(tried, 25)

    def test_every_route_is_reached(self) -> None:
        """No route of an example is there in vain: each is somebody's choice when it is asked for by its name."""
        for text, _ in EXAMPLE.findall(DOCUMENT):
            settings = self.settings(text)
            for name in settings.routes:
                alone = evolve(settings, routes={name: settings.routes[name]})
                self.assertEqual(routes(alone).named(name).rule, f"route {name}")

    def test_conditions_table(self) -> None:
        """The table has every type, with the operators that it takes and no other."""
        rows = dict(ROW.findall(DOCUMENT))
        self.assertEqual(list(rows), list(SUBJECTS))
        for type, told in rows.items():
            found = set(OPERATORS) if told == "all" else set(re.findall(r"`([^`]+)`", told))
            self.assertEqual(found, {operator for operator in OPERATORS if _takes(type, operator)}, type)

    def test_lists(self) -> None:
        """Situations stand in their order, and families, strategies and parameters are all there."""
        order = DOCUMENT.split("## The order")[1].split("9. **")[0].replace("`**", "`")
        places = [order.index(f"`{name}` (") for name in SITUATIONS]
        self.assertEqual(places, sorted(places))
        for name in (*FAMILIES, *KNOWN, *(one.value for one in Strategy)):
            self.assertIn(f"`{name}`", DOCUMENT)


def _takes(type: str, operator: str) -> bool:
    try:
        Condition.of(type, operator, None, "DefaultRule" if SUBJECTS[type].wants_name else "")
    except BadCondition as error:
        return error.field != "operator"
    return True
