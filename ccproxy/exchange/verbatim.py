"""Pipes between ends that speak the same dialect: the upstream's bytes pass as they are, and are only watched."""

import re
from collections.abc import Callable

from ccproxy.dialects.dialect import StreamParser, StreamRenderer
from ccproxy.errors import ApiError
from ccproxy.exchange.pipes import Streaming, Watch, Whole, is_content
from ccproxy.model.events import Event, Failed, Finished, Started
from ccproxy.wire.jsontext import NotJson, dumps, loads
from ccproxy.wire.splice import NoSuchKey, splice


class VerbatimStream(Streaming):
    """A stream: it passes in whole frames.

    What belongs to no complete frame yet is held back, so that a ping or an error frame never falls into the middle of
    one, and a frame that was cut off never reaches the client. Where the client `asked` for the model by another name
    than the target's, it hears that one again.
    """

    def __init__(
        self,
        parser: StreamParser,
        renderer: StreamRenderer,
        error_frame: Callable[[ApiError], bytes],
        watch: Watch,
        asked: str = "",
    ) -> None:
        super().__init__(parser, renderer, watch)
        self._error_frame = error_frame
        self._asked = asked
        self._held: list[bytes] = []
        self._echo: re.Pattern[bytes] | None = None
        """The model's name as the upstream says it."""

    def _told(self, error: ApiError) -> bytes:
        return self._error_frame(error)

    def feed(self, data: bytes) -> bytes:
        if self.course.ended:
            return b""
        return self._pass(self._whole_frames(data), self._events(data))

    def close(self) -> bytes:
        if self.course.ended:
            return b""
        rest, self._held = b"".join(self._held), []
        return self._pass(_last_frame(rest), self._events(None))

    def _pass(self, data: bytes, events: list[Event]) -> bytes:
        course = self.course
        for event in events:
            if isinstance(event, Failed):
                return self._refuse(event.error, self._renamed(data))
            if not course.settled:
                course.settled = is_content(event)
                if self._asked and isinstance(event, Started) and event.model != self._asked:
                    self._echo = echo(event.model)
            if isinstance(event, Finished):
                course.ended = True
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


class VerbatimWhole(Whole):
    """A whole reply: the same bytes, once they are known to be one."""

    def __init__(self, parser: StreamParser, watch: Watch, asked: str = "") -> None:
        super().__init__(parser, watch)
        self._body: list[bytes] = []
        self._asked = asked

    def feed(self, data: bytes) -> bytes:
        if not self.course.ended:
            self._body.append(data)
            self._judge(self._events(data))
        return b""

    def close(self) -> bytes:
        if self.course.ended:
            return b""
        self._judge(self._events(None))
        if self.course.failure:
            return b""
        body = b"".join(self._body)
        return _with_model(body, self._asked) if self._asked else body

    def _judge(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Failed):
                self._refuse(event.error)
            elif isinstance(event, Finished):
                self._settle()


def _with_model(body: bytes, asked: str) -> bytes:
    try:
        return splice(body, "model", dumps(asked))
    except NoSuchKey:
        return body


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
