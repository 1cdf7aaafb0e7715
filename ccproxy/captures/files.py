"""Captures on disk: one file for each exchange, which nobody but its owner can read.

All of this runs in a thread, one call after the other, and knows no Twisted. A file is opened for what is to be added
and closed again, so that a daemon that is killed leaves nothing behind but what it wrote.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from ccproxy.captures.form import Frame, encode
from ccproxy.captures.masks import Masks
from ccproxy.captures.note import Note, by_exchange, gathered
from ccproxy.captures.pieces import Pieces
from ccproxy.captures.shelf import kept, place, text_of

HELD_LIMIT = 64 * 1024 * 1024
"""Bytes of bodies that are on their way and can only be written when they are whole, of all exchanges together."""

UNKNOWN = -1
"""Of how many bytes there are, before anybody has looked."""


@frozen
class Keeping:
    """How long captures are kept, in seconds, how many bytes of all of them, and of each body."""

    age: float
    size: int
    body: int


@frozen
class Written:
    """What became of some notes: how many bytes there are now, whose exchanges could not be written, and why."""

    size: int
    lost: tuple[str, ...] = ()
    reason: str = ""


@define
class _Body:
    """One body on its way. A stream is masked line by line, so that it is on disk while it runs; all else, and a line
    without an end, waits until it is whole."""

    limit: int
    pieces: Pieces | None
    """Of a stream, which comes in lines."""
    held: bytes = b""
    size: int = 0
    kept: int = 0
    masked: int = 0

    def more(self, data: bytes, size: int, masks: Masks, secrets: frozenset[str], whole: bool) -> bytes:
        """What can be written of it now. `size` is that of the piece as it came; `data` may be its beginning alone."""
        self.size += size
        data = self.held + data
        end = len(data) if whole else (0 if self.pieces is None else data.rfind(b"\n") + 1)
        self.held = data[end:]
        if not end:
            return b""
        data = data[:end]
        if self.pieces is not None:
            data, masked = self.pieces.mask(data)
            self.masked += masked
        data, masked = masks.body(data, secrets)
        self.masked += masked
        data = data[: max(self.limit - self.kept, 0)]
        self.kept += len(data)
        return data

    @property
    def told(self) -> dict[str, Any]:
        """What its last frame says of it."""
        return {"size": self.size, "cut": self.size > self.limit, "masked": self.masked}


@define
class _Open:
    """An exchange that runs."""

    path: Path
    secrets: frozenset[str] = frozenset()
    bodies: dict[str, _Body] = field(factory=dict)
    begun: bool = False
    lost: bool = False

    @property
    def held(self) -> int:
        """Bytes that wait for their body's end."""
        return sum(len(body.held) for body in self.bodies.values())


class Files:
    """The captures in one directory."""

    def __init__(self, directory: str, keeping: Keeping, masks: Masks) -> None:
        self._directory = Path(directory)
        self._keeping = keeping
        self._masks = masks
        self._open: dict[str, _Open] = {}
        self._size = UNKNOWN

    def adopt(self, directory: str, keeping: Keeping, masks: Masks) -> None:
        """From now on it is so. Exchanges that run stay where they are."""
        if self._directory != Path(directory):
            self._directory = Path(directory)
            self._size = UNKNOWN
        self._keeping = keeping
        self._masks = masks

    def write(self, notes: Iterable[Note]) -> Written:
        """Write these; whatever cannot be costs its own exchange alone."""
        lost: list[str] = []
        reason = ""
        if self._size == UNKNOWN:
            self._size = sum(one.size for one in kept(self._directory))
        for name, own in by_exchange(notes).items():
            exchange = self._open.setdefault(name, _Open(place(self._directory, name)))
            if not exchange.lost:
                try:
                    self._append(exchange, b"".join(self._frames(exchange, own)))
                except OSError as error:
                    exchange.lost = True
                    lost.append(name)
                    reason = error.strerror or type(error).__name__
            if own[-1].last:
                del self._open[name]
        if crowd := self._held_back():
            lost += crowd
            reason = "too much waits for its end"
        if self._size > self._keeping.size:
            self.forget(0.0)
        return Written(self._size, tuple(lost), reason)

    def _held_back(self) -> list[str]:
        """The exchanges that are given up since all together hold back more than they may: those that hold most."""
        held = {name: exchange.held for name, exchange in self._open.items() if exchange.bodies}
        given_up: list[str] = []
        for name in sorted(held, key=lambda one: -held[one]):
            if sum(held.values()) <= HELD_LIMIT:
                break
            self._open[name].bodies.clear()
            self._open[name].lost = True
            given_up.append(name)
            del held[name]
        return given_up

    def _frames(self, exchange: _Open, notes: Iterable[Note]) -> Iterator[bytes]:
        for note in gathered(notes):
            exchange.secrets = exchange.secrets.union(note.secrets)
            fields, data = dict(note.fields), b""
            if note.body:
                body = exchange.bodies.get(note.body)
                if body is None:
                    pieces = self._masks.pieces() if fields.get("in_lines") else None
                    body = exchange.bodies[note.body] = _Body(self._keeping.body, pieces)
                size = fields.pop("came", len(note.data))
                fields.pop("in_lines", None)
                data = body.more(note.data, size, self._masks, exchange.secrets, note.whole)
                if note.whole:
                    fields |= body.told
                    del exchange.bodies[note.body]
                elif not data:
                    continue
            yield encode(Frame(note.what, self._masked(fields, exchange.secrets), data))

    def _masked(self, fields: dict[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
        for name, value in fields.items():
            match name:
                case "headers":
                    fields[name] = self._masks.headers(value, secrets)
                case "url":
                    fields[name] = self._masks.url(value, secrets)
                case _ if isinstance(value, str):
                    fields[name] = self._masks.text(value, secrets)
                case _ if isinstance(value, dict):
                    fields[name] = self._masked(dict(value), secrets)
        return fields

    def _append(self, exchange: _Open, data: bytes) -> None:
        if not data:
            return
        new = not exchange.begun
        if new:
            exchange.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | (os.O_CREAT | os.O_EXCL if new else 0)
        with open(os.open(exchange.path, flags, 0o600), "wb") as file:  # noqa: PTH123  (Path.open takes no descriptor)
            exchange.begun = True
            file.write(data)
        self._size += len(data)

    def text(self, name: str) -> bytes | None:
        """What is written of an exchange; None where nothing is. May raise `OSError`."""
        return text_of(self._directory, name)

    def forget(self, before: float) -> int:
        """Delete captures that nothing was added to since a time, and the oldest while there are too many bytes. What
        still runs stays. Returns how many bytes are left."""
        found = sorted(kept(self._directory), key=lambda one: one.at)
        self._size = sum(one.size for one in found)
        for one in found:
            if one.id in self._open or (one.at >= before and self._size <= self._keeping.size):
                continue
            with suppress(OSError):
                place(self._directory, one.id).unlink()
                self._size -= one.size
        return self._size
