"""Every condition and operator: what a call must be for it to hold, and what is refused when it is written."""

import time
from typing import Any

from attrs import frozen
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.routing.comparisons import OPERATORS, BadCondition
from ccproxy.routing.conditions import SUBJECTS, Condition
from ccproxy.routing.facts import Facts
from tests.support.routing import AGENT, BASH, LONG, SEARCHING, SEEING, THINKING, UNTHINKING, call

CLAUDE = call(headers={"user-agent": "claude-cli/2.1.329 (external, cli)"}, client="alice")
CURL = call(headers={"user-agent": "curl/8"}, client="bob")
BLUE, RED = call(headers={"x-team": "Blue"}), call(headers={"x-team": "red"})
BARE = call()
TOOLS = call(tools=[BASH, {**BASH, "name": "mcp__files__read"}])
OTHER_TOOL = call(tools=[{**BASH, "name": "Write"}])
SUBAGENT = call(headers={**AGENT, "x-claude-code-agent-type": "general-purpose"})
WARM = call(temperature=0.5, output_config={"effort": "high"}, stop_sequences=["END"], flag=True, n=1)
COLD = call(temperature=0, output_config={"effort": "low"}, stop_sequences=["STOP"], flag=False, n=2)
LITTLE = BARE.tokens


@frozen
class Case:
    """A condition, a call of which it holds and one of which it does not."""

    type: str
    operator: str
    value: Any
    holds: Facts
    fails: Facts
    name: str = ""


CASES = [
    Case("rule", "==", {"tool_name": "read"}, TOOLS, OTHER_TOOL, "MatchToolRule"),
    Case("rule", "!=", {"tool_name": "read"}, OTHER_TOOL, TOOLS, "MatchToolRule"),
    Case("tokenCount", ">", 60_000, call(**LONG), BARE),
    Case("tokenCount", "", 60_000, call(**LONG), BARE),
    Case("tokenCount", "<", 60_000, BARE, call(**LONG)),
    Case("tokenCount", ">=", LITTLE + 1, call(**LONG), BARE),
    Case("tokenCount", "<=", LITTLE, BARE, call(**LONG)),
    Case("tokenCount", "==", LITTLE, BARE, call(**LONG)),
    Case("tokenCount", "!=", LITTLE, call(**LONG), BARE),
    Case("tokenCount", "in", [1, LITTLE], BARE, call(**LONG)),
    Case("model", "==", "Claude-X", call("claude-x"), call("claude-xy")),
    Case("model", "", "claude-x", call("claude-x[1m]"), call("claude-y")),
    Case("model", "!=", "claude-x", call("claude-y"), call("claude-x")),
    Case("model", "contains", "HAIKU", call("claude-haiku-5-5"), call("claude-opus-5-5")),
    Case("model", "matches", r"^claude-.*-\d$", call("claude-opus-5"), call("claude-opus")),
    Case("model", "in", ["x", "Y"], call("y"), call("z")),
    Case("parameter", ">", 0.3, WARM, COLD, "temperature"),
    Case("parameter", ">", 0.3, WARM, BARE, "temperature"),
    Case("parameter", "<", 0.3, COLD, BARE, "temperature"),
    Case("parameter", ">=", 0.5, WARM, COLD, "temperature"),
    Case("parameter", "<=", 0, COLD, WARM, "temperature"),
    Case("parameter", ">", 0, WARM, call(temperature="hot"), "temperature"),
    Case("parameter", "==", "High", WARM, COLD, "output_config.effort"),
    Case("parameter", "==", True, WARM, COLD, "flag"),
    Case("parameter", "==", 1, WARM, call(n=True), "n"),
    Case("parameter", "!=", "low", BARE, COLD, "output_config.effort"),
    Case("parameter", "!=", None, WARM, BARE, "output_config"),
    Case("parameter", "==", None, BARE, WARM, "output_config"),
    Case("parameter", "in", ["high", "max"], WARM, COLD, "output_config.effort"),
    Case("parameter", "contains", "end", WARM, COLD, "stop_sequences"),
    Case("parameter", "contains", "ig", WARM, COLD, "output_config.effort"),
    Case("parameter", "matches", "^h", WARM, COLD, "output_config.effort"),
    Case("parameter", "contains", "h", WARM, BARE, "output_config.effort"),
    Case("tool", "==", "bash", TOOLS, OTHER_TOOL),
    Case("tool", "!=", "Bash", OTHER_TOOL, TOOLS),
    Case("tool", "!=", "Bash", BARE, TOOLS),
    Case("tool", "contains", "FILES", TOOLS, OTHER_TOOL),
    Case("tool", "matches", "^mcp__", TOOLS, OTHER_TOOL),
    Case("tool", "in", ["Read", "Write"], OTHER_TOOL, TOOLS),
    Case("header", "==", "blue", BLUE, RED, "X-Team"),
    Case("header", "==", "blue", BLUE, BARE, "x-team"),
    Case("header", "!=", "blue", BARE, BLUE, "x-team"),
    Case("header", "contains", "lu", BLUE, RED, "x-team"),
    Case("header", "matches", "^(blue|green)$", BLUE, RED, "x-team"),
    Case("header", "in", ["blue", "green"], BLUE, RED, "x-team"),
    Case("thinking", "", None, call(**THINKING), call(**UNTHINKING)),
    Case("thinking", "==", True, call(**THINKING), BARE),
    Case("thinking", "==", False, call(**UNTHINKING), call(**THINKING)),
    Case("thinking", "!=", True, BARE, call(**THINKING)),
    Case("image", "", None, call(**SEEING), BARE),
    Case("image", "==", False, BARE, call(**SEEING)),
    Case("webSearch", "", None, call(**SEARCHING), TOOLS),
    Case("agent", "", None, SUBAGENT, BARE),
    Case("agent", "==", False, BARE, SUBAGENT),
    Case("agent", "!=", True, BARE, SUBAGENT),
    Case("agent", "==", "general-purpose", SUBAGENT, call(headers=AGENT)),
    Case("agent", "contains", "general", SUBAGENT, BARE),
    Case("agent", "matches", "^general", SUBAGENT, BARE),
    Case("agent", "in", ["Explore", "general-purpose"], SUBAGENT, BARE),
    Case("client", "==", "alice", CLAUDE, CURL),
    Case("client", "==", "claude-cli", CLAUDE, CURL),
    Case("client", "!=", "curl", CLAUDE, CURL),
    Case("client", "contains", "claude-cli/2.", CLAUDE, CURL),
    Case("client", "matches", r"claude-cli/\d", CLAUDE, CURL),
    Case("client", "in", ["alice", "carol"], CLAUDE, CURL),
]


def at(day: int, hour: int, minute: int = 0) -> float:
    """A moment in the last week of November 2026, by this machine's clock; the 23rd is a Monday."""
    return time.mktime((2026, 11, day, hour, minute, 0, 0, 0, -1))


TIMES: list[tuple[str, Any, list[float], list[float]]] = [
    ("", "09:00-17:00", [at(25, 9), at(28, 16, 59)], [at(25, 8, 59), at(25, 17)]),
    ("in", "22:00-06:00", [at(25, 22), at(25, 23, 59), at(25, 0), at(25, 5, 59)], [at(25, 6), at(25, 21, 59)]),
    ("in", "mon-fri 09:00-17:00", [at(23, 9), at(27, 12)], [at(28, 12), at(29, 12), at(25, 18)]),
    ("in", "fri 22:00-06:00", [at(27, 22), at(28, 5)], [at(28, 22), at(27, 5)]),
    ("in", "sat-sun", [at(28, 0), at(29, 23, 59)], [at(27, 12), at(30, 0)]),
    ("in", "fri-mon", [at(27, 1), at(28, 1), at(29, 1), at(30, 1)], [at(24, 1), at(26, 1)]),
    ("in", ["mon,wed", "12:00-13:00"], [at(23, 1), at(25, 1), at(24, 12, 30)], [at(24, 1)]),
    ("==", "20:00-24:00", [at(25, 23, 59)], [at(25, 19, 59), at(26, 0)]),
    ("!=", "09:00-17:00", [at(25, 8)], [at(25, 9)]),
    (">=", "18:30", [at(25, 18, 30), at(25, 23)], [at(25, 18, 29)]),
    (">", "18:30", [at(25, 18, 31)], [at(25, 18, 30)]),
    ("<", "08:00", [at(25, 7, 59)], [at(25, 8)]),
    ("<=", "08:00", [at(25, 8)], [at(25, 8, 1)]),
]

WRONG: list[tuple[tuple[Any, ...], str, str]] = [
    # type, operator, value, name; the field that is wrong; what is said of it
    (("tokens", ">", 1, ""), "type", "tokenCount"),
    (("tokenCount", "contains", 1, ""), "operator", "a number"),
    (("tokenCount", "=>", 1, ""), "operator", ">="),
    (("tokenCount", ">", "many", ""), "value", "a number"),
    (("tokenCount", ">", None, ""), "value", "a number"),
    (("tokenCount", ">", True, ""), "value", "a number"),
    (("tokenCount", "in", 5, ""), "value", "a list of numbers"),
    (("tokenCount", "in", [], ""), "value", "a list of numbers"),
    (("tokenCount", ">", 5, "x"), "name", "no names"),
    (("model", ">", "x", ""), "operator", "contains"),
    (("model", "==", 5, ""), "value", "a text"),
    (("model", "==", "", ""), "value", "a text"),
    (("model", "matches", "(", ""), "value", "regular expression"),
    (("model", "in", ["x", 5], ""), "value", "a list of texts"),
    (("parameter", "==", 5, ""), "name", "the name of the parameter"),
    (("parameter", ">", "x", "n"), "value", "a number"),
    (("parameter", "==", [1], "n"), "value", "null"),
    (("parameter", "in", [None], "n"), "value", "a list"),
    (("parameter", "contains", 5, "n"), "value", "a text"),
    (("header", "==", "x", ""), "name", "the name of the header"),
    (("thinking", "==", "yes", ""), "value", "true or false"),
    (("thinking", ">", True, ""), "operator", "== !="),
    (("image", "in", [True], ""), "operator", "== !="),
    (("agent", ">", 5, ""), "operator", "contains"),
    (("agent", "==", 5, ""), "value", "a text"),
    (("client", "==", None, ""), "value", "a text"),
    (("time", "in", "noon", ""), "value", "mon-fri 09:00-17:00"),
    (("time", "in", "25:00-26:00", ""), "value", "22:00-06:00"),
    (("time", "in", "24:30-06:00", ""), "value", "22:00-06:00"),
    (("time", "in", "someday 09:00-17:00", ""), "value", "sat-sun"),
    (("time", "in", 9, ""), "value", "22:00-06:00"),
    (("time", "in", [], ""), "value", "22:00-06:00"),
    (("time", ">", "09:00-10:00", ""), "value", "HH:MM"),
    (("time", "matches", "09", ""), "operator", "in"),
]


class ConditionTests(SynchronousTestCase):
    """The tables above, line by line."""

    def test_cases(self) -> None:
        """Each condition holds of the one call, and does not of the other; it can say what it is and what it found."""
        for case in CASES:
            condition = Condition.of(case.type, case.operator, case.value, case.name)
            self.assertTrue(condition.holds(case.holds, 0.0), condition)
            self.assertFalse(condition.holds(case.fails, 0.0), condition)
            self.assertIn(case.type, str(condition))
            self.assertIsInstance(condition.found(case.fails, 0.0), str)

    def test_times(self) -> None:
        """Hours may reach into the next day, which then belongs to the day on which they began."""
        for operator, value, within, without in TIMES:
            condition = Condition.of("time", operator, value)
            for now in within:
                self.assertTrue(condition.holds(BARE, now), f"{condition} at {condition.found(BARE, now)}")
            for now in without:
                self.assertFalse(condition.holds(BARE, now), f"{condition} at {condition.found(BARE, now)}")

    def test_every_type_and_operator(self) -> None:
        """No type and no operator is without its case."""
        times = {("time", operator or "in") for operator, _, _, _ in TIMES}
        used = {(case.type, case.operator or SUBJECTS[case.type].usual) for case in CASES} | times
        self.assertEqual({type for type, _ in used}, set(SUBJECTS))
        self.assertEqual({operator for _, operator in used}, set(OPERATORS))
        for type in SUBJECTS:
            for operator in OPERATORS:
                try:
                    if type == "rule":
                        Condition.of(type, operator, None, "ThinkingRule")
                        continue
                    Condition.of(type, operator, _value(type, operator), "n" if SUBJECTS[type].wants_name else "")
                except BadCondition as error:
                    self.assertEqual(error.field, "operator", (type, operator))
                else:
                    self.assertTrue((type, operator) in used or type in ("image", "webSearch"), (type, operator))

    def test_wrong(self) -> None:
        """A condition that cannot be is refused when it is made: the field that is wrong, and what would be right."""
        for (type, operator, value, name), field, said in WRONG:
            error = self.assertRaises(BadCondition, Condition.of, type, operator, value, name)
            self.assertEqual(error.field, field, (type, operator, value, name))
            self.assertIn(said, error.expected)


def _value(type: str, operator: str) -> Any:
    """A value that suits."""
    if type == "time":
        return "09:00" if operator in ("<", ">", "<=", ">=") else "09:00-10:00"
    if type in ("thinking", "image", "webSearch"):
        return True
    one: Any = 5 if type == "tokenCount" or operator in ("<", ">", "<=", ">=") else "x"
    return [one] if operator == "in" else one
