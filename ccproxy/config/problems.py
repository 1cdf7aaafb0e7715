"""What is wrong with a configuration, in words: where it is, what was found, what was expected."""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches

from attrs import frozen

from ccproxy.dialects.redaction import redact

Path = tuple[str | int, ...]
"""The way to a value: keys of objects and indices of lists."""

_SHOWN_CHARACTERS = 60
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")


@frozen
class Problem:
    """Something wrong at `path`; `text` says what was found and what was expected."""

    path: Path
    text: str


class OutsideText(str):
    """A value that came as text because its source knows nothing else: the environment, the command line. Numbers and
    switches are read out of it; text of a file is taken as it stands."""

    __slots__ = ()


def written(path: Path) -> str:
    """A path as people write it: `providers[0].api_key`; keys that are no plain words in quotes."""
    result = ""
    for step in path:
        if isinstance(step, int):
            result += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step) and redact(step) == step:
            result += f".{step}" if result else step
        else:
            result += f"[{quoted(step)}]"
    return result


def quoted(text: str) -> str:
    """Text of the operator's in quotes, on one line, not too long, and without what looks like a key."""
    text = redact(text)
    if len(text) > _SHOWN_CHARACTERS:
        text = text[: _SHOWN_CHARACTERS - 1] + "…"
    return json.dumps("".join(c if c.isprintable() else "�" for c in text), ensure_ascii=False)


def shown(value: object, secret: bool = False) -> str:
    """A value of a file in words. Of a `secret` one only the type is told."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number" if secret else f"the number {_number(value)}"
        case str():
            return "a text" if secret else f"the text {quoted(value)}"
        case list():
            return "an empty list" if not value else "a list"
        case dict():
            return "an empty object" if not value else "an object"
        case _:
            return f"a {type(value).__name__}"


def _number(value: int | float) -> str:
    # Python refuses to write integers of many thousand digits.
    return repr(value) if isinstance(value, float) or abs(value) < 10**_SHOWN_CHARACTERS else "with very many digits"


def guess(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)` for what is near to a known word, in whatever case; else nothing. It names one word: two
    would make a reader choose."""
    by_folded = {name.casefold().replace("-", "_"): name for name in known}
    near = get_close_matches(word.casefold().replace("-", "_")[:200], list(by_folded), n=1, cutoff=0.6)
    if not near:
        return ""
    return f" (did you mean {quoted(by_folded[near[0]])}?)"


def one_of(known: Iterable[str]) -> str:
    """The known words, as an expectation."""
    return "one of " + ", ".join(known)


def told_together(lines: list[str]) -> str:
    """One message of all that is wrong."""
    if len(lines) == 1:
        return lines[0]
    return f"{len(lines)} things are wrong with the configuration:\n  " + "\n  ".join(lines)
