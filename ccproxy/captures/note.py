"""Notes: what captures tell the thread that writes them, one for each thing that came by."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, field, frozen


@frozen
class Note:
    """Something that came by, of the exchange `id`. `body` names the body that `data` is a piece of; with `whole` it is
    all of it, or its last piece. `secrets` are keys that are known from here on."""

    id: str
    what: str
    fields: Mapping[str, Any] = field(factory=dict)
    data: bytes = b""
    body: str = ""
    whole: bool = False
    secrets: tuple[str, ...] = ()
    last: bool = False
    """Whether nothing more comes of this exchange."""


def gathered(notes: Iterable[Note]) -> Iterator[Note]:
    """The same with the pieces of a body together, as far as nothing but pieces of others comes between them."""
    pieces: dict[str, list[Note]] = {}
    for note in notes:
        if note.body:
            pieces.setdefault(note.body, []).append(note)
        if note.whole:
            yield _joined(pieces.pop(note.body))
        elif not note.body:
            yield from map(_joined, pieces.values())
            pieces.clear()
            yield note
    yield from map(_joined, pieces.values())


def _joined(pieces: list[Note]) -> Note:
    """One piece of them, of when the first one came."""
    if len(pieces) == 1:
        return pieces[0]
    first, last = pieces[0], pieces[-1]
    came = sum(piece.fields.get("came", len(piece.data)) for piece in pieces)
    fields = {**first.fields, **last.fields, "at": first.fields.get("at"), "came": came}
    return evolve(last, fields=fields, data=b"".join(piece.data for piece in pieces))


def by_exchange(notes: Iterable[Note]) -> dict[str, list[Note]]:
    """The notes of each exchange, in their order."""
    found: dict[str, list[Note]] = {}
    for note in notes:
        found.setdefault(note.id, []).append(note)
    return found
