"""What texts are measured with on this machine."""

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from ccproxy.tokens.estimate import estimate
from ccproxy.tokens.ranks import SYSTEM_WIDE, Measure, find, load


@frozen
class Ruler:
    """A way to measure texts, and the name of it that answers show."""

    name: str
    measure: Measure


ESTIMATE = Ruler("estimate", estimate)


def best(environ: Mapping[str, str], home: Path, system_wide: Path = SYSTEM_WIDE) -> Ruler:
    """By tiktoken where its ranks are provisioned (a third of a second, 75 MB), else the estimate. Raises `NoRanks`
    where they are there and are not the right ones."""
    directory = find(environ, home, system_wide)
    return ESTIMATE if directory is None else Ruler("tiktoken", load(directory))
