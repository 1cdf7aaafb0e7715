"""Which pipe an answer goes through: by what the client wants, and by what the upstream really sends.

A client asks for a stream or for a whole reply, and is given what it asked for. An upstream may do the other: some
answer a request for a stream with a whole reply, and content types lie.
"""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ccproxy.dialects.dialect import Headers, StreamParser
from ccproxy.dialects.stops import watched
from ccproxy.errors import ApiError
from ccproxy.exchange.errand import Errand
from ccproxy.exchange.pipes import Course, Pipe, Watch
from ccproxy.exchange.question import Question
from ccproxy.exchange.resuming import Resumed
from ccproxy.exchange.translated import TranslatedStream, TranslatedWhole
from ccproxy.exchange.verbatim import VerbatimStream, VerbatimWhole
from ccproxy.exchange.voice import Voice
from ccproxy.exchange.wholes import WholeParser
from ccproxy.routing.plans import Plan


def pipe_for(errand: Errand, question: Question, said: Headers, watch: Watch) -> Pipe:
    """The pipe for the answer to a question that came with the headers `said`."""
    announced = said.get("content-type", "").startswith(question.dialect.content_type.partition(";")[0])
    return Undecided(Lane(errand, question, watch), announced)


_BLANKS = b"\xef\xbb\xbf \t\r\n"
"""What may stand before an answer: a byte order mark, and blank lines, by which some vendors say that they live while
a whole reply is made."""


@frozen
class Lane:
    """The way of one answer. Where both ends speak the same dialect and the upstream does as it was asked, its bytes
    pass as they are; but not where the answer may be resumed by another target, or goes on with what a voice has said:
    then it is written anew."""

    errand: Errand
    question: Question
    watch: Watch

    @property
    def streaming(self) -> bool:
        """Whether the client wants a stream."""
        return self.errand.call.stream

    def pipe(self, streamed: bool) -> Pipe:
        """The pipe where the upstream streams, or does not."""
        if self._passes(streamed):
            return self._verbatim(streamed)
        call, request = self.errand.call, self.question.request
        parser = self._parser(streamed)
        if not call.stream:
            return TranslatedWhole(parser, lambda whole: call.dialect.render_response(whole, request), self.watch)
        if (voice := self.errand.voice) is not None:
            parser = Resumed(parser, voice.heard)
        else:
            voice = Voice(call.dialect.render_stream(request))
        return TranslatedStream(parser, voice, self.watch, self.errand.may_be_resumed)

    def _passes(self, streamed: bool) -> bool:
        errand = self.errand
        as_asked = self.question.plan is not Plan.TRANSLATED and streamed is errand.call.stream
        return as_asked and not errand.may_be_resumed and errand.voice is None

    def _verbatim(self, streamed: bool) -> Pipe:
        call, question = self.errand.call, self.question
        parser = self._parser(streamed)
        asked = call.model if question.plan is Plan.PATCHED else ""
        if not streamed:
            return VerbatimWhole(parser, self.watch, asked)
        renderer = call.dialect.render_stream(question.request)
        return VerbatimStream(
            parser, renderer, lambda error: call.dialect.error_frame(error, call.id), self.watch, asked
        )

    def _parser(self, streamed: bool) -> StreamParser:
        dialect, quirks = self.question.dialect, self.question.target.quirks
        parser = dialect.parse_stream(quirks) if streamed else WholeParser(dialect.parse_response, quirks)
        return watched(parser, self.question.outgoing.unwatched_stops)


class Undecided:
    """The pipe before the upstream's first byte, which alone tells a stream from a whole reply: content types lie.

    The byte decides which pipe of the lane everything then goes to. When the client must be told something before it, a
    stream is assumed; where none comes, what the upstream `announced`.
    """

    def __init__(self, lane: Lane, announced: bool) -> None:
        self._lane: Lane | None = lane
        """Until the pipe is chosen: it holds the request as it was read."""
        self._announced = announced
        self._chosen: Pipe | None = None
        self.streaming = lane.streaming
        self.course = Course()

    def _pipe(self, streamed: bool) -> Pipe:
        lane, self._lane = self._lane, None
        if lane is not None:
            self._chosen = lane.pipe(streamed)
            self.course = self._chosen.course
        assert self._chosen is not None
        return self._chosen

    def feed(self, data: bytes) -> bytes:
        if self._chosen is not None:
            return self._chosen.feed(data)
        data = data.lstrip(_BLANKS)
        return self._pipe(data[:1] not in (b"{", b"[", b"<")).feed(data) if data else b""

    def close(self) -> bytes:
        return self._pipe(self._announced).close()

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
