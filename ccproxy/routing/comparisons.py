"""How what a condition looks at is compared, and with what.

Texts are compared without regard to case. Where there are several, one that fits is enough; with `!=`, none may.
"""

import enum
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ccproxy.routing.hours import EXPECTED, BadHours, Hours, clock_time, minute_of_day


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


_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_EQUALITIES = ("==", "!=")
OPERATORS = (*_ORDERINGS, *_EQUALITIES, "contains", "matches", "in")

OPERATORS_OF: Mapping[Sort, tuple[str, ...]] = {
    Sort.NUMBER: (*_ORDERINGS, *_EQUALITIES, "in"),
    Sort.TEXTS: (*_EQUALITIES, "contains", "matches", "in"),
    Sort.SWITCH: _EQUALITIES,
    Sort.AGENT: (*_EQUALITIES, "contains", "matches", "in"),
    Sort.ANYTHING: OPERATORS,
    Sort.TIME: (*_ORDERINGS, *_EQUALITIES, "in"),
    Sort.RULE: _EQUALITIES,
}
"""How each sort of thing can be compared."""

Test = Callable[[Any], bool]
"""Of what a subject was found to be."""


def comparison(sort: Sort, operator: str, value: Any) -> Test:
    """The test that compares this sort of thing so with this value. Raises `BadCondition`."""
    return _TESTS[sort](operator, value)


def negated(test: Test, operator: str) -> Test:
    """The test, or its contrary."""
    return (lambda found: not test(found)) if operator == "!=" else test


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
    return negated(lambda found: bool(found == value), operator)


def _of_texts(operator: str, value: Any) -> Test:
    if operator == "in":
        wanted = frozenset(text.casefold() for text in _elements(value, _is_text, "texts"))
        return lambda found: not wanted.isdisjoint(found)
    if not _is_text(value):
        raise BadCondition("value", "a text in quotes")
    if operator in _EQUALITIES:
        folded = value.casefold()
        return negated(lambda found: folded in found, operator)
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
    return negated(lambda found: bool(found) is value, operator)


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
        return negated(lambda found: _same(found, value), operator)
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
    return negated(lambda now: any(span.include(now) for span in spans), operator)


_TESTS: Mapping[Sort, Callable[[str, Any], Test]] = {
    Sort.NUMBER: _of_number,
    Sort.TEXTS: _of_texts,
    Sort.SWITCH: _of_switch,
    Sort.AGENT: _of_agent,
    Sort.ANYTHING: _of_anything,
    Sort.TIME: _of_time,
}
