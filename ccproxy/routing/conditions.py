"""Conditions on a call: what is looked at, how it is compared, and with what.

A condition is checked when it is made, so that a wrong one stops the start and not a request. Texts are compared
without regard to case. Where several texts are looked at, such as the names of all tools, one that fits is enough; with
`!=`, none may.
"""

import enum
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import field, frozen

from ccproxy.routing.extensions import BadExtension
from ccproxy.routing.facts import Facts
from ccproxy.routing.hours import EXPECTED, BadHours, Hours, clock_time, minute_of_day
from ccproxy.routing.userrules import BUILT_IN, Rules


class BadCondition(ValueError):
    """No condition can be made of this. `field` is what is wrong; `expected` says what would be right; `known` are the
    words to choose from, where that is what is wrong."""

    def __init__(self, field: str, expected: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected
        self.known = known


class Sort(enum.Enum):
    """What kind of thing a subject is, which decides how it can be compared."""

    NUMBER = "a number"
    TEXTS = "texts"
    SWITCH = "true or false"
    AGENT = "texts, or true or false"
    ANYTHING = "whatever the body has there"
    TIME = "the time of day"
    RULE = "what a class decides"


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

_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_EQUALITIES = ("==", "!=")
OPERATORS = (*_ORDERINGS, *_EQUALITIES, "contains", "matches", "in")

_OPERATORS_OF: Mapping[Sort, tuple[str, ...]] = {
    Sort.NUMBER: (*_ORDERINGS, *_EQUALITIES, "in"),
    Sort.TEXTS: (*_EQUALITIES, "contains", "matches", "in"),
    Sort.SWITCH: _EQUALITIES,
    Sort.AGENT: (*_EQUALITIES, "contains", "matches", "in"),
    Sort.ANYTHING: OPERATORS,
    Sort.TIME: (*_ORDERINGS, *_EQUALITIES, "in"),
    Sort.RULE: _EQUALITIES,
}

Test = Callable[[Any], bool]


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
        known = _OPERATORS_OF[subject.sort]
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
            return cls(type, operator, value, name, _negated(holds, operator))
        if value is None and subject.sort in (Sort.SWITCH, Sort.AGENT):
            value = True
        return cls(type, operator, value, name, _TESTS[subject.sort](operator, value))

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


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _elements(value: Any, right: Callable[[Any], bool], expected: str) -> list[Any]:
    """The list behind `in`: at least one, all of the right kind."""
    if not isinstance(value, (list, tuple)) or not value or not all(map(right, value)):
        raise BadCondition("value", f"a list of {expected}")
    return list(value)


def _of_number(operator: str, value: Any) -> Test:
    if operator == "in":
        wanted = frozenset(_elements(value, _is_number, "numbers"))
        return lambda found: found in wanted
    if not _is_number(value):
        raise BadCondition("value", "a number")
    if operator in _ORDERINGS:
        compare = _ORDERINGS[operator]
        return lambda found: compare(found, value)
    return _negated(lambda found: bool(found == value), operator)


def _of_texts(operator: str, value: Any) -> Test:
    if operator == "in":
        wanted = frozenset(text.casefold() for text in _elements(value, _is_text, "texts"))
        return lambda found: not wanted.isdisjoint(found)
    if not _is_text(value):
        raise BadCondition("value", "a text in quotes")
    if operator in _EQUALITIES:
        folded = value.casefold()
        return _negated(lambda found: folded in found, operator)
    fits = _text_test(operator, value)
    return lambda found: any(map(fits, found))


def _text_test(operator: str, value: str) -> Callable[[str], bool]:
    if operator == "matches":
        try:
            expression = re.compile(value, re.IGNORECASE)
        except re.error as error:
            raise BadCondition("value", f"a regular expression ({error})") from None
        return lambda text: expression.search(text) is not None
    folded = value.casefold()
    return lambda text: folded in text.casefold()


def _of_switch(operator: str, value: Any) -> Test:
    if not isinstance(value, bool):
        raise BadCondition("value", "true or false")
    return _negated(lambda found: bool(found) is value, operator)


def _of_agent(operator: str, value: Any) -> Test:
    return _of_switch(operator, value) if isinstance(value, bool) else _of_texts(operator, value)


def _of_anything(operator: str, value: Any) -> Test:
    """Of a field of the body nobody knows beforehand what it is: what is of another kind is not equal, not greater, and
    contains nothing."""
    if operator in _ORDERINGS:
        compare = _of_number(operator, value)
        return lambda found: _is_number(found) and compare(found)
    if operator == "in":
        wanted = _elements(value, _is_plain, "texts, numbers, true and false")
        return lambda found: any(_same(found, one) for one in wanted)
    if operator in _EQUALITIES:
        if not _is_plain(value) and value is not None:
            raise BadCondition("value", "a text, a number, true, false, or null for a field that is not there")
        return _negated(lambda found: _same(found, value), operator)
    if not _is_text(value):
        raise BadCondition("value", "a text in quotes")
    fits = _text_test(operator, value)
    return lambda found: any(isinstance(text, str) and fits(text) for text in _parts(found))


def _parts(found: Any) -> Iterable[Any]:
    return found if isinstance(found, list) else (found,)


def _same(found: Any, value: Any) -> bool:
    if isinstance(found, str) and isinstance(value, str):
        return found.casefold() == value.casefold()
    # In Python, 1 is True.
    return bool(found == value) and isinstance(found, bool) is isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, bool, int, float))


def _of_time(operator: str, value: Any) -> Test:
    try:
        if operator in _ORDERINGS:
            compare, limit = _ORDERINGS[operator], minute_of_day(value)
            return lambda now: compare(minute_of_day(clock_time(now)[4:]), limit)
        spans = [Hours.of(one) for one in (value if isinstance(value, (list, tuple)) and value else [value])]
    except BadHours:
        raise BadCondition("value", '"HH:MM"' if operator in _ORDERINGS else EXPECTED) from None
    return _negated(lambda now: any(span.include(now) for span in spans), operator)


def _negated(test: Test, operator: str) -> Test:
    return (lambda found: not test(found)) if operator == "!=" else test


_TESTS: Mapping[Sort, Callable[[str, Any], Test]] = {
    Sort.NUMBER: _of_number,
    Sort.TEXTS: _of_texts,
    Sort.SWITCH: _of_switch,
    Sort.AGENT: _of_agent,
    Sort.ANYTHING: _of_anything,
    Sort.TIME: _of_time,
}
