"""Arguments that come in pieces, as Vertex streams them where it is asked to (`streamFunctionCallArguments`).

Each piece names its place by a JSON path (RFC 9535, of names and indices only) and gives one value; a string may come
in several pieces.
"""

import re
from collections.abc import Mapping
from typing import Any

from ccproxy.wire.jsontext import dumps_str

_STEP = re.compile(r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]""")
_SPAREST = 10_000
"""The highest index a list may be given: no piece may make us fill gigabytes."""


class Pieces:
    """The arguments of one call as they grow. `signature` is the call's."""

    __slots__ = ("_growing", "_root", "id", "name", "signature")

    def __init__(self, name: str, id: str, signature: str) -> None:
        self.name = name
        self.id = id
        self.signature = signature
        self._root: dict[str, Any] = {}
        self._growing: str | None = None

    def add(self, piece: Any) -> None:
        """Puts a `PartialArg` in its place; one that has no legal place or value is ignored."""
        if not isinstance(piece, Mapping) or not isinstance(path := piece.get("jsonPath"), str):
            return
        steps = _steps(path)
        if not steps:
            return
        grows, self._growing = self._growing == path, path if piece.get("willContinue") else None
        if isinstance(text := piece.get("stringValue"), str):
            _place(self._root, steps, text, appended=grows)
        elif "numberValue" in piece:
            number = piece["numberValue"]
            whole = isinstance(number, float) and number.is_integer()
            _place(self._root, steps, int(number) if whole else number)
        elif "boolValue" in piece:
            _place(self._root, steps, piece["boolValue"])
        elif "nullValue" in piece:
            _place(self._root, steps, None)

    def text(self) -> str:
        """The JSON text of what came so far."""
        return dumps_str(self._root)


def _steps(path: str) -> list[str | int]:
    if not path.startswith("$"):
        return []
    steps: list[str | int] = []
    place = 1
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            return []
        steps.append(int(step["index"]) if step["index"] else step["name"] or step["quoted"] or "")
        place = step.end()
    return steps


def _place(root: dict[str, Any], steps: list[str | int], value: Any, *, appended: bool = False) -> None:
    """Sets the value at the end of `steps` and makes what leads there, unless something else is in the way."""
    here: Any = root
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if not _reach(here, step):
            return
        if following is None:
            old = here[step]
            here[step] = old + value if appended and isinstance(old, str) else value
            return
        if here[step] is None:
            here[step] = [] if isinstance(following, int) else {}
        here = here[step]


def _reach(here: Any, step: str | int) -> bool:
    """Whether there is now a place at this step."""
    if isinstance(here, dict) and isinstance(step, str):
        here.setdefault(step, None)
        return True
    if isinstance(here, list) and isinstance(step, int) and step <= _SPAREST:
        here.extend([None] * (step + 1 - len(here)))
        return True
    return False
