"""Which rule takes a call: the ways to a route, in their order."""

import time
from typing import Any

from attrs import frozen
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.routing.explain import Verdict, explain
from ccproxy.routing.facts import Facts
from ccproxy.routing.names import FAMILIES, fits, in_family
from ccproxy.routing.rules import SITUATIONS
from tests.support.routing import AGENT, LONG, SEARCHING, SEEING, THINKING, UNTHINKING, call, routes_of

SITUATIONAL: dict[str, Any] = {
    "default": "a,default",
    "think": "b,think",
    "background": "b,background",
    "subagent": "b,subagent",
    "image": "b,image",
    "webSearch": "b,search",
    "longContext": "b,long",
}
"""Written in an order that is not theirs: it does not count."""

NAMED: dict[str, Any] = {
    "default": "a,default",
    "think": "b,think",
    "claude-*": "a,star",
    "claude-*-haiku-*": {"provider": "c", "model": "small", "parameters": {"temperature": 0.2}},
    "claude-opus-5-5": "c,exact",
    "sonnet": "c,middle",
    "opus": "c,biggest",
    "night": {"provider": "b", "model": "night", "models": ["*"], "conditions": [{"type": "tool", "value": "Night"}]},
    "large": {
        "provider": "b",
        "model": "large",
        "models": ["claude-*"],
        "conditions": [{"type": "tokenCount", "value": 60000}, {"type": "client", "value": "alice"}],
    },
    "both": {"provider": "b", "model": "both", "models": ["gpt-x", "gpt-?-mini"]},
}

FAMILY: dict[str, Any] = {"default": "a,default", "haiku": "a,small", "sonnet": "b,big", "opus": "c,biggest"}

UNNAMED: dict[str, Any] = {"think": "b,think", "gpt-x": "asleep,x", "background": "asleep,x"}

SIZES: dict[str, Any] = {**SITUATIONAL, "opus": "c,biggest", "haiku": "a,small"}

NIGHT = {"tools": [{"name": "Night", "input_schema": {"type": "object"}}]}


@frozen
class Case:
    """A call, and what answers it."""

    routes: dict[str, Any]
    facts: Facts
    target: str
    rule: str


CASES = [
    # Situations: what the request is.
    Case(SITUATIONAL, call(), "a,default", "route default"),
    Case(SITUATIONAL, call(**THINKING), "b,think", "route think"),
    Case(SITUATIONAL, call(thinking={"type": "enabled", "budget_tokens": 2000}), "b,think", "route think"),
    Case(SITUATIONAL, call(**UNTHINKING), "a,default", "route default"),
    Case(SITUATIONAL, call("claude-haiku-5-5"), "b,background", "route background"),
    Case(SITUATIONAL, call("claude-3-5-haiku-20241022"), "b,background", "route background"),
    Case(SITUATIONAL, call("haikuist-7b"), "a,default", "route default"),
    Case(SITUATIONAL, call(headers=AGENT), "b,subagent", "route subagent"),
    Case(SITUATIONAL, call(**SEEING), "b,image", "route image"),
    Case(SITUATIONAL, call(**SEARCHING), "b,search", "route webSearch"),
    Case(SITUATIONAL, call(**LONG), "b,long", "route longContext"),
    # Of several situations the first: what a model must be able to do, and then what it is wanted for.
    Case(SITUATIONAL, call("claude-haiku-5-5", **THINKING), "b,background", "route background"),
    Case(SITUATIONAL, call("claude-haiku-5-5", AGENT, **THINKING), "b,subagent", "route subagent"),
    Case(SITUATIONAL, call("claude-haiku-5-5", AGENT, **SEEING), "b,image", "route image"),
    Case(SITUATIONAL, call("claude-haiku-5-5", **SEEING, **SEARCHING), "b,search", "route webSearch"),
    Case(SITUATIONAL, call("claude-haiku-5-5", **SEEING, **SEARCHING, **LONG), "b,long", "route longContext"),
    # A situation by its name, whatever the request is; `default` by its name is what nothing else takes.
    Case(SITUATIONAL, call("longContext"), "b,long", "route longContext"),
    Case(SITUATIONAL, call("think", **LONG), "b,think", "route think"),
    Case(SITUATIONAL, call("claude-via-think"), "b,think", "route think"),
    Case(SIZES, call("claude-via-opus", **THINKING), "c,biggest", "route opus"),
    Case(SIZES, call("claude-via-opus", **LONG), "b,long", "route longContext"),
    Case(SIZES, call("claude-via-opus", AGENT), "b,subagent", "route subagent"),
    Case(SIZES, call("opus", AGENT), "c,biggest", "route opus"),
    Case(SIZES, call("claude-via-haiku"), "b,background", "route background"),
    Case(SITUATIONAL, call("default"), "a,default", "route default"),
    Case(SITUATIONAL, call("claude-via-default", **THINKING), "b,think", "route think"),
    # The client's own choice of provider and model is before all situations.
    Case(SITUATIONAL, call("c,any", **THINKING, **LONG), "c,any", "provider c"),
    Case(SITUATIONAL, call("any@c", **THINKING), "c,any", "provider c"),
    Case(SITUATIONAL, call("c/any", **THINKING), "c,any", "provider c"),
    Case(SITUATIONAL, call("claude-via-c/any[1m]", **THINKING), "c,any", "provider c"),
    # So is a model taken from our list; its bare name alone is not.
    Case(SITUATIONAL, call("claude-via-c-listed", **THINKING), "c,c-listed", "model c-listed"),
    Case(SITUATIONAL, call("c-listed", **THINKING), "b,think", "route think"),
    Case(SITUATIONAL, call("c-listed"), "c,c-listed", "model c-listed"),
    # Names: the very name, names with conditions, situations, wildcards (the most exact first), families.
    Case(NAMED, call("claude-opus-5-5", **THINKING), "c,exact", "route claude-opus-5-5"),
    Case(NAMED, call("claude-opus-5-5[1m]"), "c,exact", "route claude-opus-5-5"),
    Case(NAMED, call("anything", **NIGHT, **THINKING), "b,night", "route night"),
    Case(NAMED, call("claude-x", client="alice", **LONG, **THINKING), "b,large", "route large"),
    Case(NAMED, call("claude-x", client="alice", **LONG, **NIGHT), "b,night", "route night"),
    Case(NAMED, call("claude-x", client="bob", **LONG), "a,star", "route claude-*"),
    Case(NAMED, call("claude-x", client="alice"), "a,star", "route claude-*"),
    Case(NAMED, call("night"), "a,default", "route default"),
    Case(NAMED, call("claude-x", **THINKING), "a,star", "route claude-*"),
    Case(NAMED, call("claude-haiku-5-5", **THINKING), "c,small", "route claude-*-haiku-*"),
    Case(NAMED, call("anthropic.sonnet-5", **THINKING), "c,middle", "route sonnet"),
    Case(NAMED, call("anything", **THINKING), "b,think", "route think"),
    Case(NAMED, call("a-listed", **THINKING), "b,think", "route think"),
    Case(NAMED, call("claude-3-haiku-1"), "c,small", "route claude-*-haiku-*"),
    Case(NAMED, call("Claude-3-HAIKU-1"), "c,small", "route claude-*-haiku-*"),
    Case(NAMED, call("claude-haiku-5-5"), "c,small", "route claude-*-haiku-*"),
    Case(NAMED, call("claude-sonnet-5"), "a,star", "route claude-*"),
    Case(NAMED, call("anthropic.sonnet-5"), "c,middle", "route sonnet"),
    Case(NAMED, call("gpt-x"), "b,both", "route both"),
    Case(NAMED, call("gpt-5-mini"), "b,both", "route both"),
    Case(NAMED, call("gpt-55-mini"), "a,default", "route default"),
    # Families, by one line each.
    Case(FAMILY, call("claude-haiku-5-5"), "a,small", "route haiku"),
    Case(FAMILY, call("claude-3-5-haiku-latest"), "a,small", "route haiku"),
    Case(FAMILY, call("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), "b,big", "route sonnet"),
    Case(FAMILY, call("CLAUDE-OPUS-4-1"), "c,biggest", "route opus"),
    Case(FAMILY, call("opus"), "c,biggest", "route opus"),
    Case(FAMILY, call("claude-fable-5-2"), "a,default", "route default"),
    Case(FAMILY, call("magnopus-7b"), "a,default", "route default"),
    # A situation that leads to disabled providers is passed over.
    Case({"default": "a,default", "think": "asleep,x"}, call(**THINKING), "a,default", "route default"),
    Case({"default": "a,d", "claude-*": "asleep,x"}, call("claude-x"), "a,d", "route default"),
    # Conditions of one's own: a threshold in place of the usual one, and others besides the situation's.
    Case(
        {"default": "a,d", "longContext": {"provider": "b", "conditions": [{"type": "tokenCount", "value": 5}]}},
        call(),
        "b,m",
        "route longContext",
    ),
    Case(
        {"default": "a,d", "think": {"provider": "b", "conditions": [{"type": "client", "value": "alice"}]}},
        call(client="bob", **THINKING),
        "a,d",
        "route default",
    ),
    Case(
        {"default": "a,d", "think": {"provider": "b", "conditions": [{"type": "client", "value": "alice"}]}},
        call(client="alice"),
        "a,d",
        "route default",
    ),
    Case(
        {"default": "a,d", "think": {"provider": "b", "models": ["claude-*"]}},
        call("gpt", **THINKING),
        "a,d",
        "route default",
    ),
    # A name whose conditions do not hold is looked for further on.
    Case(
        {"claude-*": "a,star", "claude-x": {"provider": "b", "conditions": [{"type": "thinking"}]}},
        call("claude-x"),
        "a,star",
        "route claude-*",
    ),
    Case(
        {"claude-*": "a,star", "claude-x": {"provider": "b", "conditions": [{"type": "thinking"}]}},
        call("claude-x", **THINKING),
        "b,claude-x",
        "route claude-x",
    ),
]


class RulesTests(SynchronousTestCase):
    """The table above, and what has no answer."""

    def test_cases(self) -> None:
        """Each call goes to its target, by its rule."""
        for case in CASES:
            chosen = routes_of(case.routes).candidates(case.facts, 0.0)
            self.assertEqual((chosen.targets[0].name, chosen.rule), (case.target, case.rule), case.facts)
            self.assertNotEqual(chosen.why, "")

    def test_explanations_agree(self) -> None:
        """What is told of a call is what is done with it: the rule that is chosen there is the one that chose."""
        for case in CASES:
            routes = routes_of(case.routes)
            told = explain(routes, case.facts, 0.0)
            chosen = [one.rule for one in told.rules if one.verdict is Verdict.CHOSEN]
            self.assertEqual(chosen, [case.rule], case.facts)
            assert told.chosen is not None
            self.assertEqual(told.chosen.targets[0].name, case.target)

    def test_every_situation(self) -> None:
        """No situation is without its case."""
        self.assertLessEqual({f"route {name}" for name in SITUATIONS}, {case.rule for case in CASES})

    def test_parameters_stay_with_their_route(self) -> None:
        """What one route sets is not set for what another answers."""
        routes = routes_of(NAMED)
        small = routes.candidates(call("claude-3-haiku-1"), 0.0).targets[0]
        self.assertEqual(small.parameters.settings["temperature"].value, 0.2)
        named = routes.candidates(call("c,small"), 0.0).targets[0]
        self.assertFalse(named.parameters)

    def test_families(self) -> None:
        """A family is a word of the name, in any case."""
        for family in FAMILIES:
            for name in (family, f"claude-{family}-5-5", f"claude-3-5-{family}", f"x.Claude-{family.title()}@2026"):
                self.assertTrue(in_family(family, name), name)
            self.assertFalse(in_family(family, f"un{family}ed"))

    def test_globs(self) -> None:
        """Globs are those of shells, in any case, except that a star between hyphens may stand for nothing."""
        for glob, fitting, others in (
            ("claude-*-haiku-*", ["claude-3-haiku-x", "claude-haiku-5-5"], ["claude-haiku", "claudehaiku-5"]),
            ("gpt-5*", ["gpt-5", "GPT-5.4-mini"], ["gpt-4", "xgpt-5"]),
            ("a-*-b-*-c", ["a-b-c", "a-1-b-c", "a-b-2-c", "a-1-b-2-c"], ["a-c", "a-b", "ab-c"]),
            ("m-[ab]?", ["m-a1", "m-b2"], ["m-c1", "m-a"]),
            ("*", ["", "anything"], []),
        ):
            for name in fitting:
                self.assertTrue(fits(glob, name), (glob, name))
            for name in others:
                self.assertFalse(fits(glob, name), (glob, name))

    def test_globs_are_quick(self) -> None:
        """A name made to be slow to match is not."""
        self.assertFalse(fits("a*b*c*d*e", "abcd" * 100_000))

    def refusal(self, routes: dict[str, Any], facts: Facts) -> str:
        error = self.assertRaises(ApiError, routes_of(routes).candidates, facts, 0.0)
        self.assertIs(error.kind, Kind.NO_ROUTE)
        told = explain(routes_of(routes), facts, 0.0)
        self.assertIsNone(told.chosen)
        self.assertEqual(told.error, error.message)
        return error.message

    def test_refused(self) -> None:
        """A name that leads to nothing says why, and so does its explanation."""
        self.assertIn("no default route", self.refusal(UNNAMED, call("anything")))
        self.assertIn("disabled", self.refusal(UNNAMED, call("gpt-x")))
        self.assertIn("disabled", self.refusal(UNNAMED, call("background")))
        self.assertIn("disabled", self.refusal({"default": "asleep,x"}, call()))
        self.assertIn("not configured", self.refusal(UNNAMED, call("nobody,x")))

    def test_default_with_conditions(self) -> None:
        """Where the default route has conditions, they must hold as everywhere."""
        default = {"default": {"provider": "a", "conditions": [{"type": "client", "value": "alice"}]}}
        self.assertEqual(routes_of(default).candidates(call(client="alice"), 0.0).rule, "route default")
        self.assertIn("no default route", self.refusal(default, call(client="bob")))

    def test_same_names(self) -> None:
        """Two routes with the same names go by their order; a route's own name goes before another's `models`."""
        routes = routes_of(
            {
                "one": {"provider": "a", "models": ["x", "two"]},
                "two": "b,m",
                "three": {"provider": "c", "models": ["x"]},
            }
        )
        self.assertEqual(routes.candidates(call("x"), 0.0).rule, "route one")
        self.assertEqual(routes.candidates(call("two"), 0.0).rule, "route two")

    def test_many_globs(self) -> None:
        """However many globs there are, what is looked at is what could fit; the answer is that of looking at all."""
        written: dict[str, Any] = {"default": "a,default"}
        for at in range(300):
            written |= {f"{'abc'[at % 3]}{at // 3}*": "b,m", f"m-{at}-*-x": "c,m", f"*{at}z": "a,z"}
        routes = routes_of(written)
        for name in ("a7", "b77-x", "m-7-x", "M-7-Y-X", "q7z", "a7z", "m-300-x", "", "c", "zzz"):
            told = explain(routes, Facts(name), 0.0)
            chosen = [one.rule for one in told.rules if one.verdict is Verdict.CHOSEN]
            self.assertEqual(chosen, [routes.candidates(Facts(name), 0.0).rule], name)

    def test_many_routes(self) -> None:
        """With thousands of routes a request costs what it costs with three: a look-up. (It takes two microseconds.)"""
        many: dict[str, Any] = {"default": "a,default"}
        for at in range(2000):
            many |= {f"model-{at}": "a,m", f"glob-{at}-*": "b,m"}
        routes, facts = routes_of(many), Facts("glob-1999-x")
        self.assertEqual(routes.candidates(facts, 0.0).rule, "route glob-1999-*")
        began = time.process_time()
        for _ in range(2000):
            routes.candidates(facts, 0.0)
        self.assertLess(time.process_time() - began, 0.2)

    def test_names_of_any_length(self) -> None:
        """Names that clients make up cost no memory for ever."""
        routes = routes_of(NAMED)
        for at in range(10_000):
            self.assertEqual(routes.candidates(Facts(f"made-up-{at}"), 0.0).rule, "route default")
        self.assertEqual(routes.candidates(Facts("x" * 1_000_000), 0.0).rule, "route default")
        self.assertLessEqual(len(routes._spoken), 4096)
