"""Pipes: upstream bytes in, client bytes out, and the events of the model to whoever watches.

A pipe knows neither transport nor clock. Verbatim pipes let the bytes pass and only watch them; translating ones read
events with the upstream's parser and write them with the client's renderer. For a client that wants a whole reply there
is one of each kind, which speaks once, at the end.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ccproxy.dialects.dialect import Continuable, Dialect, StreamParser, StreamRenderer
from ccproxy.errors import ApiError
from ccproxy.exchange.voice import Voice
from ccproxy.model.events import BlockDelta, BlockStarted, Event, Failed, Finished, Started
from ccproxy.model.messages import Media, Opaque, Searched, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.wire.jsontext import NotJson, dumps, loads
from ccproxy.wire.splice import NoSuchKey, splice

Watch = Callable[[Event], None]
"""Sees each event of the model, in order."""


class Pipe(Protocol):
    """What a relay needs of a pipe. All properties are read after each call."""

    @property
    def content_type(self) -> str:
        """Of what the client gets."""

    @property
    def streaming(self) -> bool:
        """Whether the client gets it in pieces; then `ping` and an in-band error are possible."""

    @property
    def settled(self) -> bool:
        """Content has been seen: we may commit to this target."""

    @property
    def complete(self) -> bool:
        """The answer is all there; only its formal end is missing, and `close` would finish it well."""

    @property
    def ended(self) -> bool:
        """The last byte for the client was given out, or `failure` says why there is none."""

    @property
    def failure(self) -> ApiError | None:
        """Why the answer failed. Where nothing has settled the client was told nothing: another target may answer."""

    @property
    def continuation(self) -> Mapping[str, Any]:
        """After the end of a body: what to ask again with for the rest of the answer; empty where this is all."""

    def go_on(self) -> None:
        """The rest of the answer comes next."""

    @property
    def interrupted(self) -> bool:
        """The answer failed, the client was not told, and another target may go on with it."""

    @property
    def voice(self) -> Voice | None:
        """What the client hears, where another target can go on with it."""

    @property
    def progress(self) -> int:
        """Counts the events of the upstream: what moves it is alive, what only keeps the line warm is not."""

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


class _Watching:
    """What all pipes share: the parser's events are counted, watched and judged."""

    interrupted = False
    voice: Voice | None = None

    def __init__(self, parser: StreamParser, watch: Watch) -> None:
        self._parser = parser
        self._watch = watch
        self.settled = False
        self.ended = False
        self.failure: ApiError | None = None
        self.progress = 0

    @property
    def complete(self) -> bool:
        return self._parser.complete

    @property
    def continuation(self) -> Mapping[str, Any]:
        parser = self._parser
        return parser.continuation if isinstance(parser, Continuable) and not self.ended else {}

    def go_on(self) -> None:
        if isinstance(self._parser, Continuable):
            self._parser.go_on()

    def _events(self, data: bytes | None) -> list[Event]:
        """The events of these bytes, or of the end; a limit of the wire that was passed is one too."""
        try:
            events = self._parser.close() if data is None else self._parser.feed(data)
        except ApiError as error:
            events = [Failed(error)]
        self.progress += len(events)
        for event in events:
            self._watch(event)
        return events


def _is_content(event: Event) -> bool:
    match event:
        case BlockDelta() | Finished():
            return True
        case BlockStarted(_, block):
            return isinstance(block, (ToolUse, Media, Searched, Opaque))
        case _:
            return False


class _Streaming(_Watching):
    """What both streaming pipes share: signs of life, and that a failure is told in-band."""

    streaming = True

    def __init__(
        self, dialect: Dialect, parser: StreamParser, renderer: StreamRenderer, exchange: str, watch: Watch
    ) -> None:
        super().__init__(parser, watch)
        self._dialect = dialect
        self._renderer = renderer
        self._exchange = exchange
        self.content_type = dialect.content_type

    def fail(self, error: ApiError) -> bytes:
        if self.ended:
            return b""
        self._watch(Failed(error))
        return self._fail(error)

    def _fail(self, error: ApiError) -> bytes:
        self.failure = error
        self.ended = True
        return self._dialect.error_frame(error, self._exchange)

    def ping(self) -> bytes:
        return b"" if self.ended else self._renderer.ping()

    def pulse(self) -> bytes:
        return b"" if self.ended else self._renderer.pulse()


class TranslatedStream(_Streaming):
    """A stream for a client who speaks another dialect, or an upstream that answered whole; or one that another target
    may go on with.

    `voice` is what the client hears. It is watched: all of it where the answer `may_be_resumed`, else no more than what
    comes before the first content. A failure after which another target may go on is not told.
    """

    def __init__(
        self,
        dialect: Dialect,
        parser: StreamParser,
        voice: Voice,
        exchange: str,
        watch: Watch,
        may_be_resumed: bool = False,
    ) -> None:
        super().__init__(dialect, parser, voice.renderer, exchange, watch)
        self.voice = self._voice = voice
        self._may_be_resumed = may_be_resumed
        self._attentive = True

    def _fail(self, error: ApiError) -> bytes:
        """In some dialects an error carries the stream's own id and numbers, so the renderer tells it."""
        self.failure = error
        self.ended = True
        self.interrupted = self._attentive and self._voice.heard.may_go_on and error.another_target_may_help
        return b"" if self.interrupted else self._voice.say(Failed(error))

    def feed(self, data: bytes) -> bytes:
        return b"" if self.ended else self._say(self._events(data))

    def close(self) -> bytes:
        return b"" if self.ended else self._say(self._events(None))

    def _say(self, events: list[Event]) -> bytes:
        said: list[bytes] = []
        for event in events:
            if isinstance(event, Failed):
                said.append(self._fail(event.error))
                break
            said.append(self._voice.say(event))
            if self._attentive:
                self._voice.heard.see(event)
                if not self.settled and _is_content(event):
                    self.settled = True
                    self._attentive = self._may_be_resumed
            if isinstance(event, Finished):
                self.ended = True
        return b"".join(said)


class VerbatimStream(_Streaming):
    """A stream between ends that speak the same dialect: the bytes pass, whole frames at a time.

    What belongs to no complete frame yet is held back, so that a ping or an error frame never falls into the middle of
    one, and a frame that was cut off never reaches the client. Where the client `asked` for the model by another name
    than the target's, it hears that one again.
    """

    def __init__(
        self,
        dialect: Dialect,
        parser: StreamParser,
        renderer: StreamRenderer,
        exchange: str,
        watch: Watch,
        asked: str = "",
    ) -> None:
        super().__init__(dialect, parser, renderer, exchange, watch)
        self._held: list[bytes] = []
        self._asked = asked
        self._echo: re.Pattern[bytes] | None = None
        """The model's name as the upstream says it."""

    def feed(self, data: bytes) -> bytes:
        if self.ended:
            return b""
        return self._pass(self._whole_frames(data), self._events(data))

    def close(self) -> bytes:
        if self.ended:
            return b""
        rest, self._held = b"".join(self._held), []
        return self._pass(_last_frame(rest), self._events(None))

    def _pass(self, data: bytes, events: list[Event]) -> bytes:
        for event in events:
            if isinstance(event, Failed):
                return self._refuse(event.error, self._renamed(data))
            if not self.settled:
                self.settled = _is_content(event)
                if self._asked and isinstance(event, Started) and event.model != self._asked:
                    self._echo = echo(event.model)
            if isinstance(event, Finished):
                self.ended = True
        return data if self._echo is None else self._renamed(data)

    def _renamed(self, data: bytes) -> bytes:
        if self._echo is None:
            return data
        name = dumps(self._asked)
        return self._echo.sub(lambda found: found[1] + name, data)

    def _refuse(self, error: ApiError, data: bytes) -> bytes:
        """The upstream's own error frame passes as it came, and nothing behind it; where there is none, the client is
        told."""
        frame = self._fail(error)
        passed, told = _up_to_failure(data)
        return passed if told else passed + frame

    def _whole_frames(self, data: bytes) -> bytes:
        if b"\n" not in data and b"\r" not in data:
            self._held.append(data)
            return b""
        if self._held:
            data = b"".join([*self._held, data])
            self._held = []
        end = _end_of_frames(data)
        if end < len(data):
            self._held.append(data[end:])
        return data[:end]


def echo(model: str) -> re.Pattern[bytes]:
    """Finds the name that an upstream gives its model, as the value of a key. In a text it would stand behind
    backslashes."""
    return re.compile(rb'("model"\s*:\s*)' + re.escape(dumps(model)))


_TELLS_FAILURE = re.compile(rb'"error"\s*:\s*[{"]|"type"\s*:\s*"(?:error|response\.failed)"')
"""In the data of a frame. Within a text its quotes would stand behind backslashes."""

_FRAME = re.compile(rb".+?(?:\r\n\r\n|\n\n|\r\r|\Z)", re.DOTALL)
_DATA = re.compile(rb"^data:(.*?)$", re.MULTILINE)


def _up_to_failure(data: bytes) -> tuple[bytes, bool]:
    """The frames up to the one that tells of a failure, and True; or up to the one that cannot be read, and False."""
    for frame in _FRAME.finditer(data):
        said = b"".join(_DATA.findall(frame.group())).strip()
        if _TELLS_FAILURE.search(said):
            return data[: frame.end()], True
        if said and said != b"[DONE]" and not _is_json(said):
            return data[: frame.start()], False
    return data, False


def _is_json(text: bytes) -> bool:
    try:
        loads(text)
    except NotJson:
        return False
    return True


def _last_frame(rest: bytes) -> bytes:
    """What followed the last blank line, if it is a frame that lacks only its own; what was cut off is none."""
    whole_line = rest.endswith((b"\n", b"\r"))
    return rest + b"\n" if whole_line and rest.splitlines()[-1].startswith(b"data:") else b""


def _end_of_frames(data: bytes) -> int:
    """Where the last complete frame ends."""
    end = 0
    for blank_line in (b"\n\n", b"\r\n\r\n", b"\r\r"):
        found = data.rfind(blank_line)
        if found >= 0:
            end = max(end, found + len(blank_line))
    return end


class _Whole(_Watching):
    """What both whole pipes share: they settle and speak at the end, or fail."""

    streaming = False
    content_type = "application/json"

    def fail(self, error: ApiError) -> bytes:
        if not self.ended:
            self._watch(Failed(error))
            self._refuse(error)
        return b""

    def _refuse(self, error: ApiError) -> None:
        self.failure = error
        self.ended = True

    def ping(self) -> bytes:
        return b""

    def pulse(self) -> bytes:
        return b""


class TranslatedWhole(_Whole):
    """A whole reply, folded from a stream or translated from a whole one."""

    def __init__(self, parser: StreamParser, render: Callable[[Response], bytes], watch: Watch) -> None:
        super().__init__(parser, watch)
        self._render = render
        self._seen: list[Event] = []

    def feed(self, data: bytes) -> bytes:
        return b"" if self.ended else self._collect(self._events(data))

    def close(self) -> bytes:
        return b"" if self.ended else self._collect(self._events(None))

    def _collect(self, events: list[Event]) -> bytes:
        self._seen += events
        if not events or not isinstance(events[-1], (Finished, Failed)):
            return b""
        try:
            body = self._render(fold(self._seen))
        except ApiError as error:
            self._refuse(error)
            return b""
        self.settled = self.ended = True
        return body


class VerbatimWhole(_Whole):
    """A whole reply between ends that speak the same dialect: the same bytes, once they are known to be a reply."""

    def __init__(self, parser: StreamParser, watch: Watch, asked: str = "") -> None:
        super().__init__(parser, watch)
        self._body: list[bytes] = []
        self._asked = asked

    def feed(self, data: bytes) -> bytes:
        if not self.ended:
            self._body.append(data)
            self._judge(self._events(data))
        return b""

    def close(self) -> bytes:
        if self.ended:
            return b""
        self._judge(self._events(None))
        if self.failure:
            return b""
        body = b"".join(self._body)
        return _with_model(body, self._asked) if self._asked else body

    def _judge(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Failed):
                self._refuse(event.error)
            elif isinstance(event, Finished):
                self.settled = self.ended = True


def _with_model(body: bytes, asked: str) -> bytes:
    try:
        return splice(body, "model", dumps(asked))
    except NoSuchKey:
        return body
