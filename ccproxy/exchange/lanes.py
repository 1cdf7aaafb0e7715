"""Which pipe an answer goes through: by what the client wants, and by what the upstream really sends.

A client asks for a stream or for a whole reply, and is given what it asked for. An upstream may do the other: some
answer a request for a stream with a whole reply, and content types lie.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.dialects.dialect import Dialect, Headers, Outgoing, StreamParser
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.stops import watched
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.pipes import Pipe, TranslatedStream, TranslatedWhole, VerbatimStream, VerbatimWhole, Watch
from ccproxy.exchange.resuming import Resumed
from ccproxy.exchange.voice import Voice
from ccproxy.model.events import Event, Failed
from ccproxy.model.messages import Request
from ccproxy.model.replies import Response, unfold
from ccproxy.routing.plans import Plan

WHOLE_LIMIT = 64 * 1024 * 1024
"""Bytes a whole reply may have: the largest known (images in base64) stay far below."""


def pipe_for(
    call: Call,
    request: Request,
    how: Plan,
    upstream: Dialect,
    quirks: Quirks,
    outgoing: Outgoing,
    said: Headers,
    watch: Watch,
    may_be_resumed: bool = False,
    voice: Voice | None = None,
) -> Pipe:
    """The pipe for an answer with these headers (`said`), for a request that went `how` to the upstream. Where both
    ends speak the same dialect and the upstream does as it was asked, its bytes pass as they are; but not where the
    answer `may_be_resumed` by another target, or goes on with what a `voice` has said: then it is written anew."""

    def choose(streamed: bool) -> Pipe:
        parser = _parser(upstream, quirks, streamed)
        parser = watched(parser, outgoing.unwatched_stops)
        as_asked = how is not Plan.TRANSLATED and streamed is call.stream and not may_be_resumed and voice is None
        asked = call.model if how is Plan.PATCHED else ""
        if not call.stream:
            if as_asked:
                return VerbatimWhole(parser, watch, asked)
            return TranslatedWhole(parser, lambda whole: call.dialect.render_response(whole, request), watch)
        if as_asked:
            return VerbatimStream(call.dialect, parser, call.dialect.render_stream(request), call.id, watch, asked)
        if voice is not None:
            return TranslatedStream(call.dialect, Resumed(parser, voice.heard), voice, call.id, watch, may_be_resumed)
        new = Voice(call.dialect.render_stream(request))
        return TranslatedStream(call.dialect, parser, new, call.id, watch, may_be_resumed)

    if said.get("content-type", "").startswith(upstream.content_type.partition(";")[0]):
        return choose(True)
    return Undecided(choose, call.stream)


def _parser(upstream: Dialect, quirks: Quirks, streamed: bool) -> StreamParser:
    return upstream.parse_stream(quirks) if streamed else WholeParser(upstream.parse_response, quirks)


class WholeParser:
    """A parser of streams for an upstream that answers whole: it collects, and at the end unfolds the reply."""

    complete = False

    def __init__(self, parse: Callable[[bytes, Quirks], Response], quirks: Quirks) -> None:
        self._parse = parse
        self._quirks = quirks
        self._parts: list[bytes] = []
        self._size = 0
        self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        if self._ended:
            return []
        self._parts.append(data)
        self._size += len(data)
        if self._size > WHOLE_LIMIT:
            self._ended = True
            return [Failed(ApiError(Kind.BROKEN, f"the upstream sent a reply of more than {WHOLE_LIMIT} bytes"))]
        return []

    def close(self) -> list[Event]:
        if self._ended:
            return []
        self._ended = True
        body = b"".join(self._parts)
        if not body.strip():
            return [Failed(ApiError(Kind.BROKEN, "the upstream's answer was empty"))]
        if body.lstrip().startswith(b"<"):
            return [Failed(ApiError(Kind.BROKEN, "the upstream answered with a web page instead of a reply"))]
        try:
            return list(unfold(self._parse(body, self._quirks)))
        except ApiError as error:
            return [Failed(error)]


class Undecided:
    """The pipe before the upstream's first byte, which alone tells a stream from a whole reply: content types lie.

    `choose` gets whether the upstream streams, and gives the pipe that everything then goes to. When the client must be
    told something before that byte, a stream is assumed.
    """

    def __init__(self, choose: Callable[[bool], Pipe], streaming: bool) -> None:
        self.streaming = streaming
        self._choose = choose
        self._chosen: Pipe | None = None

    def _pipe(self, streamed: bool) -> Pipe:
        if self._chosen is None:
            self._chosen = self._choose(streamed)
        return self._chosen

    def feed(self, data: bytes) -> bytes:
        if self._chosen is not None:
            return self._chosen.feed(data)
        data = data.lstrip()  # Blank lines are some vendors' signs of life while a whole reply is made.
        return self._pipe(data[:1] not in (b"{", b"[", b"<")).feed(data) if data else b""

    def close(self) -> bytes:
        return self._pipe(False).close()

    def fail(self, error: ApiError) -> bytes:
        return self._pipe(True).fail(error)

    def ping(self) -> bytes:
        return self._pipe(True).ping()

    def pulse(self) -> bytes:
        return self._pipe(True).pulse()

    @property
    def continuation(self) -> Mapping[str, Any]:
        return {} if self._chosen is None else self._chosen.continuation

    def go_on(self) -> None:
        if self._chosen is not None:
            self._chosen.go_on()

    @property
    def content_type(self) -> str:
        return self._pipe(True).content_type

    @property
    def settled(self) -> bool:
        return self._chosen is not None and self._chosen.settled

    @property
    def complete(self) -> bool:
        return self._chosen is not None and self._chosen.complete

    @property
    def ended(self) -> bool:
        return self._chosen is not None and self._chosen.ended

    @property
    def failure(self) -> ApiError | None:
        return None if self._chosen is None else self._chosen.failure

    @property
    def progress(self) -> int:
        return 0 if self._chosen is None else self._chosen.progress

    @property
    def interrupted(self) -> bool:
        return self._chosen is not None and self._chosen.interrupted

    @property
    def voice(self) -> Voice | None:
        return None if self._chosen is None else self._chosen.voice
