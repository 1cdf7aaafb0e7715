"""The spool: takes what captures note, and has it written together, in a thread, when there is time.

The reactor never waits for it. What waits to be written is bounded, in bytes; an exchange whose notes find no room, or
cannot be written, is lost as a capture and as nothing else, which is counted and told once. Captures are deleted when
they are too old or too many, also when no more are made.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.captures.captured import Captured, read
from ccproxy.captures.files import Files, Keeping, Written
from ccproxy.captures.masks import Masks
from ccproxy.captures.note import Note

QUEUE_LIMIT = 64 * 1024 * 1024
"""Bytes that wait to be written."""

NOTE_SIZE = 200
"""Bytes that a note takes besides its data."""

WRITE_EVERY = 0.25
"""Seconds for which notes are gathered. A daemon that is killed loses so much."""

FORGET_EVERY = 300.0
"""Seconds between two looks for what is too old."""

LOST = "lost"
"""What the last note says of an exchange that could not be noted whole."""

CLOSE_SECONDS = 5.0
"""How long the end of the daemon waits for the last notes to be written."""

T = TypeVar("T")

InThread = Callable[[Callable[[], Any]], "Deferred[Any]"]

log = Logger()


class Spool:
    """All captures of the daemon. `follow` says whether there are any, and where. `writing` runs what may hang with its
    disk, one thing at a time; `reading`, what somebody waits for who can be kept waiting."""

    def __init__(self, writing: InThread, reading: InThread, clock: IReactorTime) -> None:
        self._writing = writing
        self._reading = reading
        self._clock = clock
        self._files: Files | None = None
        self._keeping: Keeping | None = None
        self._queue: list[Note] = []
        self._timer: IDelayedCall | None = None
        self._forgetting: IDelayedCall | None = None
        self._working: Deferred[None] | None = None
        self._trouble = False
        self._lost: set[str] = set()
        """Of the exchanges that run, those that nothing more is noted of."""
        self.waiting = 0
        """Bytes that are not written yet."""
        self.size = 0
        """Bytes of all captures, as far as it is known."""
        self.lost = 0
        """Captures that are not whole, since they could not be written. Their number is told in `/metrics`."""

    def follow(self, directory: str, keeping: Keeping, masks: Masks, enabled: bool = True) -> None:
        """From now on captures go there, if any are made. Nothing is written before the first note."""
        self._keeping = keeping
        if self._files is None:
            self._files = Files(directory, keeping, masks)
        else:
            self._files.adopt(directory, keeping, masks)
        if self._forgetting is None and directory and (enabled or Path(directory).is_dir()):
            self._forgetting = self._clock.callLater(WRITE_EVERY, self._forget)

    def ask(self, name: str, question: Callable[[Captured], T]) -> "Deferred[T | None]":
        """Ask something of a capture, in a thread. Fires with None where there is none, or it cannot be read."""
        files = self._files

        def work() -> T | None:
            try:
                text = None if files is None else files.text(name)
            except OSError:
                return None
            captured = None if text is None else read(text)
            return None if captured is None else question(captured)

        return self._reading(work)

    def now(self) -> float:
        """What time it is."""
        return self._clock.seconds()

    @property
    def body_limit(self) -> int:
        """Bytes that are kept of a body."""
        return 0 if self._keeping is None else self._keeping.body

    def note(self, note: Note) -> None:
        """Something came by."""
        if note.id not in self._lost:
            if self.waiting + len(note.data) <= QUEUE_LIMIT:
                self._put(note)
                return
            self._lost.add(note.id)
            self._lose(1, "they come faster than they are written")
        if note.last:
            self._lost.discard(note.id)
            self._put(Note(note.id, LOST, last=True))

    def _put(self, note: Note) -> None:
        self._queue.append(note)
        self.waiting += len(note.data) + NOTE_SIZE
        if self._timer is None and self._working is None:
            self._timer = self._clock.callLater(WRITE_EVERY, self._write)

    def _lose(self, count: int, reason: str) -> None:
        self.lost += count
        if not self._trouble:
            self._trouble = True
            log.error("captures cannot be written ({reason}): some are lost, and exchanges go on", reason=reason)

    def _write(self) -> None:
        self._timer = None
        files, notes = self._files, self._queue
        if files is None or not notes or self._working is not None:
            return
        self._queue = []
        size = sum(len(note.data) + NOTE_SIZE for note in notes)
        self._work(lambda: files.write(notes), lambda written: self._wrote(written, size))

    def _wrote(self, written: Written, size: int) -> None:
        self.waiting -= size
        self.size = written.size
        if written.lost:
            self._lose(len(written.lost), written.reason)
        elif self._trouble and self.waiting < QUEUE_LIMIT // 2:
            self._trouble = False
            log.info("captures can be written again; {lost} were lost so far", lost=self.lost)

    def _forget(self) -> None:
        """Look for what is too old, whatever else goes on."""
        files, keeping, busy = self._files, self._keeping, self._working is not None
        self._forgetting = self._clock.callLater(WRITE_EVERY if busy else FORGET_EVERY, self._forget)
        if busy or files is None or keeping is None:
            return
        before = self._clock.seconds() - keeping.age

        def left(size: int) -> None:
            self.size = size

        self._work(lambda: files.forget(before), left)

    def _work(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """One thing at a time."""
        self._working = Deferred()
        maybeDeferred(self._writing, work).addCallback(then).addErrback(self._fault).addBoth(self._over)

    def _over(self, _result: object) -> None:
        working, self._working = self._working, None
        if self._queue and self._timer is None:
            self._timer = self._clock.callLater(WRITE_EVERY, self._write)
        if working is not None:
            working.callback(None)

    def _fault(self, failure: Failure) -> None:
        log.failure("writing captures failed: a fault of ours", failure)
        self.waiting = sum(len(note.data) + NOTE_SIZE for note in self._queue)

    def close(self) -> Deferred[None]:
        """Write what waits, within a time. Fires when that is done; never fails."""
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None
        flushed = Deferred.fromCoroutine(self._flush()) if self._queue or self._working else succeed(None)
        flushed.addTimeout(CLOSE_SECONDS, self._clock)
        return flushed.addErrback(lambda _: None).addCallback(self._closed)

    async def _flush(self) -> None:
        while self._queue or self._working is not None:
            if self._working is None:
                self._cancel()
                self._write()
            if self._working is not None:
                await _after(self._working)

    def _closed(self, _result: object) -> None:
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


def _after(working: Deferred[None]) -> Deferred[None]:
    """Fires with work that others may wait for too."""
    mine: Deferred[None] = Deferred()
    working.addCallback(lambda _: mine.callback(None))
    return mine
