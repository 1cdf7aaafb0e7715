"""Pipes that read an upstream's events and write them anew: for clients who speak another dialect, for upstreams that
answer whole where a stream was asked for or the reverse, and for answers that another target may go on with."""

from collections.abc import Callable

from ccproxy.dialects.dialect import StreamParser
from ccproxy.errors import ApiError
from ccproxy.exchange.pipes import Streaming, Watch, Whole, is_content
from ccproxy.exchange.voice import Interrupted, Voice
from ccproxy.exchange.wholes import too_large
from ccproxy.model.events import BlockDelta, BlockStarted, Event, Failed, Finished
from ccproxy.model.messages import ToolUse
from ccproxy.model.replies import Response, fold

HELD_LIMIT = 1024 * 1024
"""Characters of calls that are held back; of more, the client hears at once."""


class TranslatedStream(Streaming):
    """A stream. `voice` is what the client hears. It is watched: all of it where the answer `may_be_resumed`, else no
    more than what comes before the first content. A failure after which another target may go on is not told.

    Where the answer may be resumed calls are held back until its end. Nobody can run half a call, and as long as the
    client has heard of none another target may go on; its calls take the place of those that were not told.
    """

    def __init__(self, parser: StreamParser, voice: Voice, watch: Watch, may_be_resumed: bool = False) -> None:
        super().__init__(parser, voice.renderer, watch)
        self._voice = voice
        self._may_be_resumed = may_be_resumed
        self._attentive = True
        self._held: list[Event] = []
        self._held_size = 0

    def _told(self, error: ApiError) -> bytes:
        """In some dialects an error carries the stream's own id and numbers, so the renderer tells it."""
        if self._attentive and self._voice.heard.may_go_on and error.another_target_may_help:
            for event in self._held:
                self._voice.heard.miss(event)
            self.course.interrupted = Interrupted(error, self._voice, tuple(self._held))
            return b""
        return b"".join(self._release()) + self._voice.say(Failed(error))

    def feed(self, data: bytes) -> bytes:
        return b"" if self.course.ended else self._say(self._events(data))

    def close(self) -> bytes:
        return b"" if self.course.ended else self._say(self._events(None))

    def _say(self, events: list[Event]) -> bytes:
        said: list[bytes] = []
        for event in events:
            if isinstance(event, Failed):
                said.append(self._fail(event.error))
                break
            if self._holds(event):
                continue
            said += self._release()
            said.append(self._tell(event))
            if isinstance(event, Finished):
                self.course.ended = True
        return b"".join(said)

    def _tell(self, event: Event) -> bytes:
        said = self._voice.say(event)
        if self._attentive:
            self._voice.heard.see(event)
            if not self.course.settled and is_content(event):
                self.course.settled = True
                self._attentive = self._may_be_resumed
        return said

    def _holds(self, event: Event) -> bool:
        """Whether the client is not to hear of this yet: a call, and all that comes behind one but the end."""
        call = isinstance(event, BlockStarted) and isinstance(event.block, ToolUse)
        if not self._may_be_resumed or isinstance(event, Finished) or not (call or self._held):
            return False
        if isinstance(event, BlockDelta):
            self._held_size += len(event.text)
        if self._held_size > HELD_LIMIT or not self._voice.heard.may_go_on:
            return False
        self._held.append(event)
        return True

    def _release(self) -> list[bytes]:
        held, self._held = self._held, []
        return [self._tell(event) for event in held]


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
