"""The dialects side by side."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from ccproxy.dialects.dialect import Dialect

NAMES = ("anthropic", "openai_chat", "openai_responses", "gemini")
"""What configurations and the catalogue write."""


@cache
def _loaded(name: str) -> Dialect:
    if name not in NAMES:
        raise KeyError(name)
    dialect: Dialect = getattr(import_module(f"ccproxy.dialects.{name}.dialect"), name.upper())
    return dialect


class _Dialects(Mapping[str, Dialect]):
    """Loads a dialect when it is looked up for the first time: commands need one of them, or two."""

    def __getitem__(self, name: str) -> Dialect:
        return _loaded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


DIALECTS: Mapping[str, Dialect] = _Dialects()
"""Every dialect by its name."""
