"""Pipes: upstream bytes in, client bytes out, and the events of the model to whoever watches.

A pipe knows neither transport nor clock. Those of `verbatim` let the bytes pass and only watch them; those of
`translated` read events with the upstream's parser and write them with the client's renderer. For a client that wants a
whole reply there is one of each kind, which speaks once, at the end.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from attrs import define

from ccproxy.dialects.dialect import Continuable, StreamParser, StreamRenderer
from ccproxy.errors import ApiError
from ccproxy.exchange.voice import Interrupted
from ccproxy.model.events import BlockDelta, BlockStarted, Event, Failed, Finished
from ccproxy.model.messages import Media, Opaque, Searched, ToolUse

Watch = Callable[[Event], None]
"""Sees each event of the model, in order."""


@define
class Course:
    """How far an answer has come. Its pipe writes it, and the relay reads it after each call."""

    settled: bool = False
    """Content has been seen: we may commit to this target."""
    complete: bool = False
    """The answer is all there; only its formal end is missing, and `close` would finish it well."""
    ended: bool = False
    """The last byte for the client was given out, or `failure` says why there is none."""
    failure: ApiError | None = None
    """Why the answer failed. Where nothing has settled the client was told nothing: another target may answer."""
    interrupted: Interrupted | None = None
    """The answer failed, the client was not told, and another target may go on with it."""
    progress: int = 0
    """Counts the events of the upstream: what moves it is alive, what only keeps the line warm is not."""


class Pipe(Protocol):
    """What a relay needs of a pipe."""

    @property
    def streaming(self) -> bool:
        """Whether the client gets it in pieces; then `ping` and an in-band error are possible."""

    @property
    def course(self) -> Course:
        """How far it has come."""

    @property
    def continuation(self) -> Mapping[str, Any]:
        """After the end of a body: what to ask again with for the rest of the answer; empty where this is all."""

    def go_on(self) -> None:
        """The rest of the answer comes next."""

    def feed(self, data: bytes) -> bytes:
        """Upstream bytes, cut anywhere; gives what the client gets now."""

    def close(self) -> bytes:
        """The upstream ended in good order."""

    def fail(self, error: ApiError) -> bytes:
        """The upstream broke, or we gave it up: tells the client in-band, or sets `failure`."""

    def ping(self) -> bytes:
        """A sign of life for the client; empty where none is possible now."""

    def pulse(self) -> bytes:
        """A sign of progress for the client, which it waits longer for; empty where none is possible now."""


class Watching:
    """What all pipes share: the parser's events are counted, watched and judged."""

    def __init__(self, parser: StreamParser, watch: Watch) -> None:
        self._parser = parser
        self._watch = watch
        self.course = Course()

    @property
    def continuation(self) -> Mapping[str, Any]:
        parser = self._parser
        return parser.continuation if isinstance(parser, Continuable) and not self.course.ended else {}

    def go_on(self) -> None:
        if isinstance(self._parser, Continuable):
            self._parser.go_on()
            self.course.complete = self._parser.complete

    def _events(self, data: bytes | None) -> list[Event]:
        """The events of these bytes, or of the end; a limit of the wire that was passed is one too."""
        parser, course = self._parser, self.course
        try:
            events = parser.close() if data is None else parser.feed(data)
        except ApiError as error:
            events = [Failed(error)]
        course.progress += len(events)
        course.complete = parser.complete
        for event in events:
            self._watch(event)
        return events


def is_content(event: Event) -> bool:
    """Whether this is something to show."""
    match event:
        case BlockDelta() | Finished():
            return True
        case BlockStarted(_, block):
            return isinstance(block, (ToolUse, Media, Searched, Opaque))
        case _:
            return False


class Streaming(Watching, ABC):
    """What both streaming pipes share: signs of life, and that a failure is told in-band."""

    streaming = True

    def __init__(self, parser: StreamParser, renderer: StreamRenderer, watch: Watch) -> None:
        super().__init__(parser, watch)
        self._renderer = renderer

    def fail(self, error: ApiError) -> bytes:
        if self.course.ended:
            return b""
        self._watch(Failed(error))
        return self._fail(error)

    def _fail(self, error: ApiError) -> bytes:
        self.course.failure = error
        self.course.ended = True
        return self._told(error)

    @abstractmethod
    def _told(self, error: ApiError) -> bytes:
        """How the client hears of it."""

    def ping(self) -> bytes:
        return b"" if self.course.ended else self._renderer.ping()

    def pulse(self) -> bytes:
        return b"" if self.course.ended else self._renderer.pulse()


class Whole(Watching):
    """What both whole pipes share: they settle and speak at the end, or fail."""

    streaming = False

    def fail(self, error: ApiError) -> bytes:
        if not self.course.ended:
            self._watch(Failed(error))
            self._refuse(error)
        return b""

    def _refuse(self, error: ApiError) -> None:
        self.course.failure = error
        self.course.ended = True

    def _settle(self) -> None:
        self.course.settled = self.course.ended = True

    def ping(self) -> bytes:
        return b""

    def pulse(self) -> bytes:
        return b""
