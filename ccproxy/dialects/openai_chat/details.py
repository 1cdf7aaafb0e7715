"""OpenRouter's `reasoning_details`, put together from their fragments and kept whole.

They come cut anywhere, the signature often alone and last, and must go back unchanged and in order: the provider behind
OpenRouter checks them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

_GROWING = ("text", "summary", "data")
"""Fields whose fragments are joined; of all others the last that says something stays."""


class Details:
    """The details of one answer: `add` fragments, `take` what was added since. `unsealed` says there is some."""

    __slots__ = ("_whole", "unsealed")

    def __init__(self) -> None:
        self._whole: list[dict[str, Any]] = []
        self.unsealed = False

    def add(self, fragments: Iterable[Any]) -> str:
        """Takes fragments and gives the reasoning in words that they hold."""
        shown = ""
        for fragment in fragments:
            if not isinstance(fragment, dict):
                continue
            self.unsealed = True
            if fragment.get("type") in ("reasoning.text", "reasoning.summary"):
                words = fragment.get("text") or fragment.get("summary")
                shown += words if isinstance(words, str) else ""
            known = self._same(fragment)
            if known is None:
                self._whole.append(dict(fragment))
            else:
                _grow(known, fragment)
        return shown

    def take(self) -> list[dict[str, Any]]:
        whole, self._whole = self._whole, []
        self.unsealed = False
        return whole

    def _same(self, fragment: Mapping[str, Any]) -> dict[str, Any] | None:
        """The detail that this is more of: the one of its index and type; without an index, the last if of its type."""
        index, kind = fragment.get("index"), fragment.get("type")
        if index is None:
            last = self._whole[-1] if self._whole else None
            same = last is not None and last.get("type") == kind and last.get("index") is None
            return last if same and last is not None and fragment.get("id") in (None, last.get("id")) else None
        for known in self._whole:
            if known.get("index") == index and known.get("type") == kind:
                return known
        return None


def _grow(known: dict[str, Any], fragment: Mapping[str, Any]) -> None:
    for name, value in fragment.items():
        before = known.get(name)
        if name in _GROWING and isinstance(before, str) and isinstance(value, str):
            known[name] = before + value
        elif value is not None or name not in known:
            known[name] = value


def joined(parts: Iterable[Iterable[Any]]) -> list[dict[str, Any]]:
    """The details of one message whose seals held them in parts."""
    details = Details()
    for part in parts:
        details.add(part)
    return details.take()
