"""A foreign document, part by part, and our own document in the making.

A reader asks a `Part` for the keys it knows. What nobody asked for is told at the end: nothing is dropped in silence.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from attrs import define, field, frozen

from ccproxy.access.networks import is_loopback
from ccproxy.config.documents import Document, Note, Origin
from ccproxy.config.environment import Environment
from ccproxy.config.problems import Path, guess, quoted, shown, told_together
from ccproxy.config.settings import ConfigError


@frozen
class Around:
    """What a reader may look at besides its document: the environment, the layers that were found with it (the
    strongest first), and files beside it, by `read`, which gives None for one that is not there."""

    environ: Environment = field(factory=dict, repr=False)
    layers: tuple[Document, ...] = ()
    read: Callable[[str], Document | None] = lambda _name: None

    def beside(self, document: Document, name: str) -> Document | None:
        """The document in the file `name` in the directory of another."""
        return self.read(str(PurePath(document.name).parent / name))


@define
class Taken:
    """Our own document in the making, for one of this name: `value` grows by `put`."""

    name: str
    tradition: str
    value: dict[str, Any] = field(factory=dict)
    origins: dict[Path, Origin] = field(factory=dict)
    notes: list[Note] = field(factory=list)
    problems: list[str] = field(factory=list)
    files: list[str] = field(factory=list)
    """All files it is made of."""

    def put(self, path: Path, value: Any, part: "Part | None" = None) -> None:
        """Set the value at a path, which may be one behind the end of a list; `part` is where it comes from."""
        here: Any = self.value
        for step, following in pairwise(path):
            empty: Any = [] if isinstance(following, int) else {}
            if isinstance(step, int):
                if step == len(here):
                    here.append(empty)
                here = here[step]
            else:
                here = here.setdefault(step, empty)
        last = path[-1]
        if isinstance(last, int) and last == len(here):
            here.append(value)
        else:
            here[last] = value
        if part is not None:
            self.origins[path] = Origin(part.document, part.path)

    def note(self, part: "Part", text: str) -> None:
        """Say what becomes of a part."""
        self.notes.append(Note(part.told, text))

    def refuse(self, part: "Part", text: str) -> None:
        """Say what is wrong with a part; `document` then raises it with all else that is."""
        self.problems.append(f"{part.told}: {text}")

    def document(self) -> Document:
        """What was made. Raises `ConfigError`."""
        if self.problems:
            raise ConfigError(told_together(self.problems))
        return Document(self.name, self.value, {}, self.origins, tuple(self.notes), self.tradition, tuple(self.files))


@define
class Part:
    """The value at a path of a foreign document. It knows which of its keys were asked for."""

    taken: Taken
    document: Document
    path: Path
    value: Any
    _asked: set[str] = field(factory=set)

    @classmethod
    def whole(cls, taken: Taken, document: Document) -> "Part":
        return cls(taken, document, (), document.value)

    @property
    def told(self) -> str:
        return self.document.told(self.path)

    def get(self, key: str) -> "Part | None":
        """The part at a key; None where there is none, or null."""
        self._asked.add(key)
        if not isinstance(self.value, dict) or self.value.get(key) is None:
            return None
        return self._inner(key)

    def object(self, key: str) -> "Part | None":
        """The part at a key, which must be an object."""
        part = self.get(key)
        return part if part is not None and part.is_object() else None

    def is_object(self) -> bool:
        """Whether this is an object; says so where it is not."""
        return isinstance(self.value, dict) or self.wrong("an object")

    def elements(self, key: str) -> list["Part"]:
        """The parts of the list at a key; empty where there is none."""
        part = self.get(key)
        return [] if part is None else part.listed()

    def listed(self) -> list["Part"]:
        """The parts of this list."""
        if not isinstance(self.value, list):
            self.wrong("a list")
            return []
        return [self._inner(index) for index in range(len(self.value))]

    def members(self) -> Iterator[tuple[str, "Part"]]:
        """The keys and parts of this object; all count as asked for."""
        for key, value in self.value.items():
            self._asked.add(key)
            if value is not None:
                yield key, self._inner(key)

    def members_left(self) -> Iterator[tuple[str, "Part"]]:
        """Those of the members that nobody asked for so far, and may ask for then."""
        for key, value in self.value.items():
            if key not in self._asked and value is not None:
                yield key, self._inner(key)

    def knows(self, key: str) -> bool:
        """Whether somebody asked for this key."""
        return key in self._asked

    def text(self) -> str:
        """This text, without blanks around it; empty where it is none, which is then told."""
        if not isinstance(self.value, str):
            self.wrong("a text")
            return ""
        return self.value.strip()

    def wrong(self, expected: str) -> bool:
        """Say that this is something else than `expected`. Always False."""
        self.taken.refuse(self, f"found {shown(self.value, secret=True)}, expected {expected}")
        return False

    def give(self, *path: str | int) -> None:
        """Put this, as it stands, where `path` is in our document."""
        self.taken.put(path, self.value, self)

    def note(self, text: str) -> None:
        self.taken.note(self, text)

    def ignore(self, reasons: Mapping[str, str]) -> None:
        """Note each key of `reasons` that is here."""
        for key, reason in reasons.items():
            if (part := self.get(key)) is not None:
                part.note(f"ignored: {reason}")

    def rest(self, why: str = "") -> None:
        """Note each key that nobody asked for; without a reason as one that the program does not have, either. One that
        begins with `//` or `_` is somebody's comment."""
        if not isinstance(self.value, dict):
            return
        for key in self.value:
            if key not in self._asked and not key.startswith(("//", "_")):
                reason = why or f"{self.taken.tradition} has no such key{guess(key, self._asked)}"
                self._inner(key).note(f"ignored: {reason}")

    def _inner(self, step: str | int) -> "Part":
        return Part(self.taken, self.document, (*self.path, step), self.value[step])


def give_host(part: Part | None, has_key: bool) -> None:
    """Listen where the file says, unless others could then come in without a key: that is the one thing not taken."""
    if part is None:
        return
    host = part.text()
    if host.lower() == "localhost" or is_loopback(host) or has_key or "$" in host:
        part.give("host")
    elif host:
        part.note(
            f"changed from {quoted(host)} to 127.0.0.1: without a key anybody who reaches this machine could spend "
            "your money. To serve other machines, set a key for clients (CCPROXY_API_KEY, or where this file has it)"
        )


@frozen
class Form:
    """How a text names a provider and a model."""

    words: str
    pattern: re.Pattern[str]


COMMA = Form("provider,model", re.compile(r"(?P<provider>[^,]+),(?P<model>.+)", re.DOTALL))
AT = Form("model@provider", re.compile(r"(?P<model>[^@]+)@(?P<provider>[^@]+)"))


def target_of(part: Part, form: Form, providers: Mapping[str, str]) -> tuple[str, str] | None:
    """The provider and the model that a text names; `providers` are the names that may be written, and ours for them.
    None where it names none, which is then told, and where it is empty."""
    text = part.text()
    if not text:
        return None
    match = form.pattern.fullmatch(text)
    if match is None:
        part.taken.refuse(part, f"found {quoted(text)}, expected {form.words}")
        return None
    name = match["provider"].strip()
    by_folded = {written.lower(): ours for written, ours in providers.items()}
    ours = providers.get(name) or by_folded.get(name.lower())
    if ours is None:
        known = ", ".join(map(quoted, providers)) or "none, since no provider is configured"
        part.taken.refuse(part, f"found the provider {quoted(name)}, expected one of {known}{guess(name, providers)}")
        return None
    return ours, match["model"].strip()


def name_for(written: str, taken: Collection[str] = ()) -> str:
    """A provider's name as we take one: without comma, @, slash and blanks, and none of `taken`."""
    plain = "".join("-" if character in ",@/ " or not character.isprintable() else character for character in written)
    plain = plain.strip("-") or "provider"
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    return name
