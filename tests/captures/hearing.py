"""A proxy in memory whose exchanges are captured, in a directory."""

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock

from ccproxy.captures.capture import Capture
from ccproxy.captures.captured import Captured, read
from ccproxy.captures.files import Keeping
from ccproxy.captures.masks import Masks
from ccproxy.captures.shelf import kept, text_of
from ccproxy.captures.spool import WRITE_EVERY, Spool
from tests.support.wire import Wire

ROOMY = Keeping(age=3600.0, size=10**8, body=10**6)


class Heard:
    """The wire, and what is captured of it. Threads do their work at once."""

    def __init__(self, directory: str, keeping: Keeping = ROOMY, masks: Masks | None = None, **wire: Any) -> None:
        self.directory = Path(directory) / "captures"
        self.clock = Clock()
        self.spool = Spool(self.run, self.run, self.clock)
        self.spool.follow(str(self.directory), keeping, masks or Masks())
        self.wire = Wire(clock=self.clock, witnessing=self.witness, spool=self.spool, **wire)

    def run(self, work: Any) -> "Deferred[Any]":
        return maybeDeferred(work)

    def witness(self, call: Any) -> Capture:
        return Capture(call, self.spool)

    def write(self) -> None:
        """Time passes until what waits is written."""
        self.clock.advance(WRITE_EVERY)

    @property
    def ids(self) -> list[str]:
        return sorted(one.id for one in kept(self.directory))

    def text(self, name: str = "req_0") -> bytes:
        text = text_of(self.directory, name)
        assert text is not None
        return text

    def captured(self, name: str = "req_0") -> Captured:
        found = read(self.text(name))
        assert found is not None
        return found
