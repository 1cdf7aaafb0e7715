"""Names of models as clients write them, and the globs and families that speak of several at once."""

import re
from fnmatch import translate
from functools import lru_cache

FAMILIES = ("haiku", "sonnet", "opus", "fable")
"""Anthropic's model families, from small to big. A route of such a name answers every model of the family, whatever its
number and date."""

_LONG_CONTEXT_MARK = "[1m]"
"""What Claude Code puts behind a model's name to ask for its window of a million tokens. No upstream knows it."""

_ALIAS = "claude-via-"
"""Claude Code's picker shows only models whose ids have `claude` or `anthropic` in them. It keeps the id as it is, and
believes what it is told of the window (measured on 2.1.329)."""

_WILD = frozenset("*?[")


def alias(name: str) -> str:
    """The name under which Claude Code lists what `name` asks for: itself where it will do. Routes take both."""
    listed = any(word in name.lower() for word in ("claude", "anthropic"))
    return name if listed else f"{_ALIAS}{name}"


def without_mark(name: str) -> str:
    """The name without the mark for a long window."""
    if name[-len(_LONG_CONTEXT_MARK) :].lower() == _LONG_CONTEXT_MARK:
        return name[: -len(_LONG_CONTEXT_MARK)].rstrip()
    return name


def plain(name: str) -> str:
    """The name without mark, and without what makes it an alias."""
    return without_mark(name).removeprefix(_ALIAS)


def is_alias(name: str) -> bool:
    """Whether somebody took the name from our list of models."""
    return name.startswith(_ALIAS)


def is_glob(name: str) -> bool:
    """Whether the name stands for several."""
    return not _WILD.isdisjoint(name)


def fits(glob: str, name: str) -> bool:
    """Whether the glob speaks of the name; case does not count. A star between hyphens may stand for nothing:
    `claude-*-haiku-*` is `claude-3-5-haiku-latest` and `claude-haiku-5-5` too."""
    return _compiled(glob).match(name) is not None


def beginning(glob: str) -> str:
    """What every name that the glob fits begins with, in lower case."""
    return re.split(r"[*?[]", glob, maxsplit=1)[0].lower()


def literal_length(glob: str) -> int:
    """How much of a glob is spelt out: of two that fit, the one that spells out more is meant."""
    return sum(character not in "*?[]" for character in glob)


def in_family(family: str, name: str) -> bool:
    """Whether a model is of the family: the word stands in its name, by itself."""
    return re.search(rf"(?<![a-z]){family}(?![a-z])", name, re.IGNORECASE) is not None


@lru_cache(4096)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, _meant(glob))), re.IGNORECASE)


def _meant(glob: str, gaps: int = 4) -> list[str]:
    """The glob, with and without each of its stars between hyphens."""
    head, gap, tail = glob.partition("-*-")
    if not gap or not gaps:
        return [glob]
    return [f"{head}{hyphens}{rest}" for hyphens in ("-*-", "-") for rest in _meant(tail, gaps - 1)]
