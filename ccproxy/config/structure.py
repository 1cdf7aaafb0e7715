"""From what was written to `Settings`: cattrs, made as strict as a configuration wants it.

cattrs would take `"5"` for 5, a text for a list of its letters, and any mapping for a class; here each type takes its
own values, and what is wrong is told by path.
"""

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Optional, get_args, get_origin

import attrs
from cattrs import BaseConverter

from ccproxy.config.durations import (
    AGE_EXPECTED,
    EXPECTED,
    MOMENT_EXPECTED,
    OLDEST,
    RATE_EXPECTED,
    BadDuration,
    moment,
    rate,
    seconds,
)
from ccproxy.config.environment import SWITCHES
from ccproxy.config.problems import OutsideText, Path, Problem, guess, one_of, quoted
from ccproxy.config.settings import (
    Age,
    Corrections,
    Moment,
    ProviderKey,
    Rate,
    RouteSettings,
    Seconds,
    Settings,
    TargetSettings,
)
from ccproxy.dialects.quirks import Quirks
from ccproxy.secret import Secret, Sought

NOT_CORRECTABLE = frozenset({"vendor", "model", "account"})
"""Fields of `Quirks` that follow from the provider itself."""

_SHORT = (RouteSettings, TargetSettings)
"""What may be written as a text, `provider,model`."""

Hook = Callable[[Any, Any], Any]


class Mismatch(Exception):
    """A value of another kind than `expected`. `secret`: the value is not to be shown."""

    def __init__(self, expected: str, secret: bool = False, hint: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.secret = secret
        self.hint = hint


class _Within(Exception):
    """What is wrong with parts of a value, each by the way to it."""

    def __init__(self, parts: list[tuple[str | int, Exception]]) -> None:
        super().__init__()
        self.parts = parts


class _Unknown(Exception):
    """A key that is no option here."""

    def __init__(self, known: tuple[str, ...]) -> None:
        super().__init__()
        self.known = known


class _Missing(Exception):
    """A key that must be there, and is not."""


class NotSettings(Exception):
    """The value makes no settings; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def structure(value: Mapping[str, Any], show: Callable[[Path, bool], str]) -> Settings:
    """The settings in `value`. `show` says in words what was written at a path; its second argument tells that the
    value is secret. Raises `NotSettings`."""
    try:
        return CONVERTER.structure(value, Settings)
    except Exception as error:
        raise NotSettings([_problem(path, cause, show) for path, cause in _causes(error, ())]) from None


def _problem(path: Path, cause: Exception, show: Callable[[Path, bool], str]) -> Problem:
    match cause:
        case Mismatch():
            secret = cause.secret or "quirks" in path
            return Problem(path, f"found {show(path, secret)}, expected {cause.expected}{cause.hint}")
        case _Unknown():
            key = str(path[-1])
            known = ", ".join(cause.known)
            return Problem(
                path, f"found an unknown option {quoted(key)}{guess(key, cause.known)}, expected one of {known}"
            )
        case _Missing():
            return Problem(path, "found nothing, expected this option to be there")
        case _:
            raise cause


def _causes(error: Exception, path: Path) -> Iterator[tuple[Path, Exception]]:
    """The single causes within what our hooks raise, with their paths."""
    if not isinstance(error, _Within):
        yield path, error
        return
    for step, part in error.parts:
        yield from _causes(part, (*path, step))


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise Mismatch("a text in quotes")
    if not value.isprintable():
        raise Mismatch("a text without line breaks and control characters")
    return str(value)


def _whole_number(value: Any, _: Any) -> int:
    if isinstance(value, OutsideText) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Mismatch("a whole number")
    return value


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e15 < value < 1e15:
        raise Mismatch("a number")
    return float(value)


def _switch(value: Any, _: Any) -> bool:
    if isinstance(value, OutsideText) and value.strip().lower() in SWITCHES:
        return SWITCHES[value.strip().lower()]
    if not isinstance(value, bool):
        raise Mismatch("true or false")
    return value


def _secret(value: Any, _: Any) -> Secret:
    if not isinstance(value, str):
        raise Mismatch("a key, as a text in quotes", secret=True)
    key = value.strip()
    # Only such a text can be sent in a header.
    if not key.isascii() or not key.isprintable():
        raise Mismatch("a key of printable ASCII characters, without line breaks", secret=True)
    return Secret(key)


def _provider_key(value: Any, _: Any) -> Secret:
    if not isinstance(value, dict):
        return _secret(value, _)
    command, file = value.get("command", ""), value.get("file", "")
    words = command if isinstance(command, list) else [command]
    right = all(isinstance(word, str) and "\0" not in word for word in [*words, file]) and bool(words)
    if not right or bool(command) is bool(file) or not set(value) <= {"command", "file", "refresh"}:
        raise Mismatch(_PROVIDER_KEY, secret=True)
    refresh = _seconds(value.get("refresh", Sought().refresh), None)
    return Sought(str(command) if isinstance(command, str) else tuple(map(str, command)), file, refresh)


_PROVIDER_KEY = (
    'a key as a text in quotes, or {"command": "...", "refresh": "30m"}, or {"file": "..."}, also with "refresh"'
)


def _seconds(value: Any, _: Any) -> float:
    try:
        return seconds(value)
    except BadDuration:
        raise Mismatch(EXPECTED) from None


def _seconds_or_none(value: Any, _: Any) -> float | None:
    return None if value is None or value == "" else _seconds(value, None)


def _rate(value: Any, _: Any) -> Any:
    try:
        return None if value is None else rate(value)
    except BadDuration:
        raise Mismatch(RATE_EXPECTED) from None


def _moment(value: Any, _: Any) -> Any:
    try:
        return None if value is None else moment(value)
    except BadDuration:
        raise Mismatch(MOMENT_EXPECTED) from None


def _age_or_none(value: Any, _: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        return seconds(value, OLDEST)
    except BadDuration:
        raise Mismatch(AGE_EXPECTED) from None


def _corrections(value: Any, _: Any) -> Corrections:
    if not isinstance(value, dict):
        raise Mismatch("an object with names of quirks and their values")
    known: dict[str, Any] = {
        field.name: field.type for field in attrs.fields(Quirks) if field.name not in NOT_CORRECTABLE
    }
    result: dict[str, Any] = {}
    wrong: list[tuple[str | int, Exception]] = []
    for name, part in value.items():
        if name not in known:
            wrong.append((name, _Unknown(tuple(known))))
            continue
        try:
            result[name] = CONVERTER.structure(part, known[name])
        except Exception as error:
            wrong.append((name, error))
    if wrong:
        raise _Within(wrong)
    return Corrections(result)


def _each(elements: Iterator[tuple[Any, Any]], hook: Hook, type_: Any) -> Iterator[tuple[Any, Any]]:
    """The elements by key or index, each through the hook of its type; at the end tells all that went wrong."""
    wrong: list[tuple[str | int, Exception]] = []
    for step, value in elements:
        try:
            yield step, hook(value, type_)
        except Exception as error:
            wrong.append((step, error))
    if wrong:
        raise _Within(wrong)


def _of_list(type_: Any, converter: BaseConverter) -> Hook:
    element = get_args(type_)[0]
    make = get_origin(type_)

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise Mismatch("a list in brackets")
        each = _each(iter(enumerate(value)), converter.get_structure_hook(element), element)
        return make(part for _, part in each)

    return hook


def _of_mapping(type_: Any, converter: BaseConverter) -> Hook:
    element = get_args(type_)[1]

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise Mismatch("an object in braces")
        if element is Any:
            return dict(value)
        return dict(_each(iter(value.items()), converter.get_structure_hook(element), element))

    return hook


def _of_class(type_: Any, converter: BaseConverter) -> Hook:
    """Goes through the fields itself. cattrs would write and compile a function for each class, and for all within it:
    that takes longer than all else about a configuration, which is read once."""
    fields = {field.name: field for field in attrs.fields(type_)}

    def hook(value: Any, _: Any) -> Any:
        if isinstance(value, str) and type_ in _SHORT:
            value = _place(value)
        if not isinstance(value, dict):
            raise Mismatch("an object in braces" + (', or "provider,model"' if type_ in _SHORT else ""))
        wrong: list[tuple[str | int, Exception]] = []
        made: dict[str, Any] = {}
        for name, field in fields.items():
            if name in value:
                try:
                    made[name] = converter.structure(value[name], field.type)
                except Exception as error:
                    wrong.append((name, error))
            elif field.default is attrs.NOTHING:
                wrong.append((name, _Missing()))
        wrong += [(key, _Unknown(tuple(fields))) for key in sorted(value.keys() - fields.keys())]
        if wrong:
            raise _Within(wrong)
        return type_(**made)

    return hook


def _place(text: str) -> dict[str, str]:
    provider, _, model = text.partition(",")
    if not provider.strip():
        raise Mismatch('"provider,model", or an object in braces')
    return {"provider": provider.strip(), "model": model.strip()}


def _of_enum(type_: type[enum.Enum]) -> Hook:
    words = [str(member.value) for member in type_]

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            hint = guess(value, words) if isinstance(value, str) else ""
            raise Mismatch(one_of(quoted(word) for word in words), hint=hint)
        return type_(value)

    return hook


def _make_converter() -> BaseConverter:
    converter = BaseConverter()
    simple: dict[Any, Hook] = {
        str: _text,
        int: _whole_number,
        float: _number,
        bool: _switch,
        Secret: _secret,
    }
    for type_, hook in simple.items():
        converter.register_structure_hook(type_, hook)
    converter.register_structure_hook_factory(attrs.has, _of_class)
    converter.register_structure_hook_factory(_is_list, _of_list)
    converter.register_structure_hook_factory(_is_mapping, _of_mapping)
    for member in attrs.fields(Quirks):
        if isinstance(member.type, type) and issubclass(member.type, enum.Enum):
            converter.register_structure_hook(member.type, _of_enum(member.type))
    converter.register_structure_hook_func(lambda type_: type_ is ProviderKey, _provider_key)
    converter.register_structure_hook_func(lambda type_: type_ is Seconds, _seconds)
    converter.register_structure_hook_func(lambda type_: type_ == Optional[Seconds], _seconds_or_none)  # noqa: UP045
    converter.register_structure_hook_func(lambda type_: type_ == Optional[Rate], _rate)  # noqa: UP045
    converter.register_structure_hook_func(lambda type_: type_ == Optional[Moment], _moment)  # noqa: UP045
    converter.register_structure_hook_func(lambda type_: type_ == Optional[Age], _age_or_none)  # noqa: UP045
    converter.register_structure_hook_func(lambda type_: type_ is Corrections, _corrections)
    return converter


def _is_list(type_: Any) -> bool:
    return any(get_origin(type_) is kind for kind in (tuple, frozenset))


def _is_mapping(type_: Any) -> bool:
    return get_origin(type_) is get_origin(Mapping[str, Any])


CONVERTER = _make_converter()
