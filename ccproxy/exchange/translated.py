"""Pipes that read an upstream's events and write them anew: for clients who speak another dialect, for upstreams that
answer whole where a stream was asked for or the reverse, and for answers that another target may go on with."""

from collections.abc import Callable

from ccproxy.dialects.dialect import StreamParser
from ccproxy.errors import ApiError
from ccproxy.exchange.pipes import Streaming, Watch, Whole, is_content
from ccproxy.exchange.voice import Interrupted, Voice
from ccproxy.exchange.wholes import too_large
from ccproxy.model.events import Event, Failed, Finished
from ccproxy.model.replies import Response, fold


class TranslatedStream(Streaming):
    """A stream. `voice` is what the client hears. It is watched: all of it where the answer `may_be_resumed`, else no
    more than what comes before the first content. A failure after which another target may go on is not told.
    """

    def __init__(self, parser: StreamParser, voice: Voice, watch: Watch, may_be_resumed: bool = False) -> None:
        super().__init__(parser, voice.renderer, watch)
        self._voice = voice
        self._may_be_resumed = may_be_resumed
        self._attentive = True

    def _told(self, error: ApiError) -> bytes:
        """In some dialects an error carries the stream's own id and numbers, so the renderer tells it."""
        if self._attentive and self._voice.heard.may_go_on and error.another_target_may_help:
            self.course.interrupted = Interrupted(error, self._voice)
            return b""
        return self._voice.say(Failed(error))

    def feed(self, data: bytes) -> bytes:
        return b"" if self.course.ended else self._say(self._events(data))

    def close(self) -> bytes:
        return b"" if self.course.ended else self._say(self._events(None))

    def _say(self, events: list[Event]) -> bytes:
        said: list[bytes] = []
        course = self.course
        for event in events:
            if isinstance(event, Failed):
                said.append(self._fail(event.error))
                break
            said.append(self._voice.say(event))
            if self._attentive:
                self._voice.heard.see(event)
                if not course.settled and is_content(event):
                    course.settled = True
                    self._attentive = self._may_be_resumed
            if isinstance(event, Finished):
                course.ended = True
        return b"".join(said)


class TranslatedWhole(Whole):
    """A whole reply, folded from a stream or translated from a whole one."""

    def __init__(self, parser: StreamParser, render: Callable[[Response], bytes], watch: Watch) -> None:
        super().__init__(parser, watch)
        self._render = render
        self._seen: list[Event] = []
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        if self.course.ended:
            return b""
        self._size += len(data)
        if error := too_large(self._size):
            return self.fail(error)
        return self._collect(self._events(data))

    def close(self) -> bytes:
        return b"" if self.course.ended else self._collect(self._events(None))

    def _collect(self, events: list[Event]) -> bytes:
        self._seen += events
        if not events or not isinstance(events[-1], (Finished, Failed)):
            return b""
        try:
            body = self._render(fold(self._seen))
        except ApiError as error:
            self._refuse(error)
            return b""
        self._settle()
        return body
