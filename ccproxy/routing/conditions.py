"""Conditions on a call: what is looked at, how it is compared, and with what.

A condition is checked when it is made, so that a wrong one stops the start and not a request. What is looked at stands
here, what it is compared with in `comparisons`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from ccproxy.routing.comparisons import OPERATORS_OF, BadCondition, Sort, Test, comparison, negated
from ccproxy.routing.extensions import BadExtension
from ccproxy.routing.facts import Facts
from ccproxy.routing.hours import clock_time
from ccproxy.routing.userrules import BUILT_IN, Rules


@frozen
class Subject:
    """Something that conditions look at. `usual` is the operator for those who write none; `wants_name` says that the
    condition names which one."""

    sort: Sort
    read: Callable[[Facts, str], Any]
    usual: str = "=="
    wants_name: bool = False


def _texts(*values: str) -> tuple[str, ...]:
    return tuple(filter(None, values))


def _client(facts: Facts) -> tuple[str, ...]:
    """The name we know it by, and what its program calls itself, with and without the version."""
    return _texts(facts.client, facts.program, facts.program.partition("/")[0].strip())


def _agent(facts: Facts) -> tuple[str, ...]:
    return _texts(facts.agent, facts.headers.get("x-claude-code-agent-type", "")) if facts.agent else ()


SUBJECTS: Mapping[str, Subject] = {
    "tokenCount": Subject(Sort.NUMBER, lambda facts, _: facts.tokens, ">"),
    "model": Subject(Sort.TEXTS, lambda facts, _: _texts(facts.name)),
    "parameter": Subject(Sort.ANYTHING, lambda facts, name: facts.parameter(name), wants_name=True),
    "tool": Subject(Sort.TEXTS, lambda facts, _: facts.tools),
    "header": Subject(Sort.TEXTS, lambda facts, name: _texts(facts.headers.get(name.lower(), "")), wants_name=True),
    "thinking": Subject(Sort.SWITCH, lambda facts, _: facts.thinking),
    "image": Subject(Sort.SWITCH, lambda facts, _: facts.images),
    "webSearch": Subject(Sort.SWITCH, lambda facts, _: facts.web_search),
    "agent": Subject(Sort.AGENT, lambda facts, _: _agent(facts)),
    "client": Subject(Sort.TEXTS, lambda facts, _: _client(facts)),
    "time": Subject(Sort.TIME, lambda facts, _: None, "in"),
    "rule": Subject(Sort.RULE, lambda facts, _: facts, "==", wants_name=True),
}
"""What conditions may look at, by the `type` that configurations write."""


@frozen
class Condition:
    """One condition. `Condition.of` makes it."""

    type: str
    operator: str
    value: Any
    name: str = ""
    _test: Test = field(default=bool, eq=False, repr=False)
    _place: tuple[str, str] = field(init=False, eq=False, repr=False)

    @_place.default
    def _of_reading(self) -> tuple[str, str]:
        return self.type, self.name

    @classmethod
    def of(
        cls, type: str, operator: str = "", value: Any = None, name: str = "", rules: Rules | None = None
    ) -> "Condition":
        """The condition that someone means who writes this; `rules` makes what is a rule, of which `name` is the class
        and `value` has the parameters. Raises `BadCondition`."""
        subject = SUBJECTS.get(type)
        if subject is None:
            raise BadCondition("type", "one of " + ", ".join(SUBJECTS), tuple(SUBJECTS))
        operator = operator or subject.usual
        known = OPERATORS_OF[subject.sort]
        if operator not in known:
            raise BadCondition("operator", f"one of {' '.join(known)}, since {type} is {subject.sort.value}", known)
        if subject.wants_name and not name:
            raise BadCondition("name", f"the name of the {type}")
        if name and not subject.wants_name:
            raise BadCondition("name", f"nothing: {type} has no names")
        if subject.sort is Sort.RULE:
            try:
                holds = (rules or Rules()).rule(name, value)
            except BadExtension as error:
                raise BadCondition("name", f"a rule that can be had: {error}", tuple(BUILT_IN)) from None
            return cls(type, operator, value, name, negated(holds, operator))
        if value is None and subject.sort in (Sort.SWITCH, Sort.AGENT):
            value = True
        return cls(type, operator, value, name, comparison(subject.sort, operator, value))

    def holds(self, facts: Facts, now: float) -> bool:
        """Whether it is so of this call, at this time."""
        if self.type == "time":
            return self._test(now)
        readings = facts.readings
        found = readings.get(self._place, _UNREAD)
        if found is _UNREAD:
            found = readings[self._place] = _reading(facts, self.type, self.name)
        return self._test(found)

    def found(self, facts: Facts, now: float) -> str:
        """What is there to be compared, for people."""
        if self.type == "time":
            return clock_time(now)
        if self.type == "rule":
            return "true" if self.holds(facts, now) else "false"
        value = SUBJECTS[self.type].read(facts, self.name)
        return ", ".join(value) or "none" if isinstance(value, tuple) else _shown(value)

    def __str__(self) -> str:
        subject = f"{self.type} {self.name}".strip()
        if self.type == "rule":
            given = "" if self.value is None else f" with {_shown(self.value)}"
            return f"{'not ' if self.operator == '!=' else ''}{subject}{given}"
        return f"{subject} {self.operator} {_shown(self.value)}"


_UNREAD = object()


def _reading(facts: Facts, type: str, name: str) -> Any:
    """What conditions of this type compare: texts without regard to case."""
    value = SUBJECTS[type].read(facts, name)
    return frozenset(text.casefold() for text in value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return f"[{', '.join(map(_shown, value))}]"
        case _:
            return str(value) if len(str(value)) <= 80 else f"{str(value)[:79]}…"
