"""The relay: a `Protocol` towards the upstream's body, an `IPushProducer` towards the client.

It moves bytes through a pipe and keeps time. There is no queue of its own: when the client's send buffer is full
Twisted calls `pauseProducing`, the relay pauses the upstream's transport, and TCP does the rest. Pause may come twice
running (measured), so both calls are idempotent. The states are in the package's docstring.
One alarm serves all deadlines: a chunk only notes the time.
"""

import enum
from collections.abc import Callable, Mapping
from typing import cast

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ccproxy.dialects.dialect import Answer
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.alarm import Alarm, Due
from ccproxy.exchange.pipes import Pipe
from ccproxy.exchange.record import Outcome
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.voice import Interrupted
from ccproxy.upstream.client import Deadlines
from ccproxy.upstream.failures import ended_well, explain

PING_EVERY = 10.0
"""Seconds of silence after which the client gets a sign of life. Claude Code shows a banner at 20 s of silence."""

PULSE_EVERY = 240.0
"""Seconds of mere pings after which the client gets a sign of progress, if one is possible: it gives up at 600 s."""

LINGER = 2.0
"""Seconds we wait for the formal end of an answer that is all there (late usage comes within it), and for the rest of a
body whose end the client was already told (so that the connection can be used again)."""

HOLD_LIMIT = 1024 * 1024
"""Bytes held back before the first content. What is longer without content (a stream of comments) is let go."""

log = Logger()


class State(enum.Enum):
    """Where the relay is; see the package's docstring."""

    HELD = "held"
    STREAMING = "streaming"
    ENDED = "ended"


@frozen
class Head:
    """What is said at commit, above a good answer."""

    content_type: str
    headers: Mapping[str, str]


@implementer(IPushProducer)
class Relay(Protocol):
    """One upstream body on its way to one client.

    `opened` fires when the client's status line is out, or fails with the `ApiError` that allows another target.
    `finished` fires with the outcome, or fails with `Interrupted`; never before `opened`. `wrote` is told the time and
    the size of each piece of the answer that goes to the client. Where the client has the beginning of the answer from
    another target there is no `head` to say, and nothing is held back.
    """

    def __init__(
        self,
        provider: str,
        pipe: Pipe,
        reply: Reply,
        head: Head | None,
        clock: IReactorTime,
        deadlines: Deadlines,
        wrote: Callable[[float, int], None],
    ) -> None:
        self._provider = provider
        self._pipe = pipe
        self._reply = reply
        self._head = head
        self._clock = clock
        self._deadlines = deadlines
        self._wrote = wrote
        self.opened: Deferred[None] = Deferred(lambda _: self.stopProducing())
        self.finished: Deferred[Outcome] = Deferred(lambda _: self.stopProducing())
        self._state = State.HELD
        self._held: list[bytes] = []
        self._held_size = 0
        self._paused = False
        self._upstream_ended = False
        self._alarm = Alarm(clock)
        now = clock.seconds()
        self._started = self._heard = self._said = self._said_content = now
        self._progress = 0
        self._complete_since: float | None = None
        self._lingers_since: float | None = None
        reply.attach(self)
        if head is None:
            self._commit()
        else:
            self._alarm.arm(self._dues)

    def when_over(self, tell: Callable[[Outcome, ApiError | None], None]) -> None:
        """Calls `tell` when the exchange with this upstream ends behind `opened`: how, and why if it failed."""

        def over(result: Outcome | Failure) -> Outcome | Failure:
            outcome = Outcome.BROKEN if isinstance(result, Failure) else result
            tell(outcome, self._pipe.course.failure if outcome is Outcome.BROKEN else None)
            return result

        self.finished.addBoth(over)

    # Towards the upstream.

    @property
    def _body(self) -> IPushProducer:
        """The transport of a response's body: Twisted gives it as one that can be paused and stopped, and no more."""
        return cast(IPushProducer, self.transport)

    def connectionMade(self) -> None:
        if self._paused:
            self._body.pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        if self._state is State.ENDED:
            return
        self._advance(lambda: self._pipe.feed(data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._upstream_ended = True
        if self._state is State.ENDED:
            self._alarm.disarm()
        elif ended_well(reason) or self._pipe.course.complete:
            self._advance(self._pipe.close)
        else:
            self._break(explain(reason, self._provider))

    # Towards the client.

    def pauseProducing(self) -> None:
        if self._state is not State.ENDED and not self._paused:
            self._paused = True
            if self.connected and not self._upstream_ended:
                self._body.pauseProducing()

    def resumeProducing(self) -> None:
        if self._state is not State.ENDED and self._paused:
            self._paused = False
            # A slow client is no silent upstream: the silence is counted from now.
            self._heard = self._clock.seconds()
            self._alarm.arm(self._dues)
            if not self._upstream_ended:
                self._body.resumeProducing()

    def stopProducing(self) -> None:
        """The client left, or the exchange was cancelled."""
        if self._state is State.ENDED:
            return
        held = self._state is State.HELD
        self._stop()
        self._reply.detach()
        self._stop_upstream()
        if held:
            self.opened.errback(ApiError(Kind.CANCELLED, "the client left"))
        else:
            self.finished.callback(Outcome.ABANDONED)

    # What moves both.

    def _advance(self, move: Callable[[], bytes]) -> None:
        """One step of the pipe, and all that follows from it."""
        try:
            data = move()
        except Exception:
            log.failure("translation failed: a fault of ours", provider=self._provider)
            self._break(ApiError(Kind.BROKEN, "ccproxy failed to translate the answer; its log has the details"))
            return
        course = self._pipe.course
        now = self._clock.seconds()
        if course.progress != self._progress:
            self._progress = course.progress
            self._heard = now
        if self._state is State.HELD:
            if course.failure is not None and not course.settled:
                self._refuse(course.failure)
                return
            self._hold(data)
        elif data:
            self._said = self._said_content = now
            self._wrote(now, len(data))
            self._reply.write(data)
        if course.ended:
            self._end()
        elif course.complete and self._complete_since is None:
            self._complete_since = now
            self._alarm.arm(self._dues)

    def _hold(self, data: bytes) -> None:
        if data:
            self._held.append(data)
            self._held_size += len(data)
        if self._pipe.course.settled or (self._pipe.streaming and self._held_size > HOLD_LIMIT):
            self._commit()

    def _commit(self) -> None:
        """Now the client hears from us: this target it is."""
        self._state = State.STREAMING
        body = b"".join(self._held)
        self._held = []
        self._said = self._said_content = self._clock.seconds()
        if body:
            self._wrote(self._said, len(body))
        self._say(body)
        self._alarm.arm(self._dues)
        self.opened.callback(None)

    def _say(self, body: bytes) -> None:
        """The first of it, below the head."""
        head = self._head
        if head is not None and not self._pipe.streaming:
            self._reply.answer(Answer(200, body, head.content_type), head.headers)
            return
        if head is not None:
            self._reply.commit(200, {**head.headers, "content-type": head.content_type})
        self._reply.write(body)

    def _end(self) -> None:
        """The pipe said its last: a good end, or the upstream's own error in-band."""
        self._stop()
        if (interrupted := self._pipe.course.interrupted) is not None:
            self._hand_over(interrupted)
            return
        self._reply.finish()
        if self._pipe.course.failure is not None:
            self._stop_upstream()
            self.finished.callback(Outcome.BROKEN)
            return
        if not self._upstream_ended:
            self._lingers_since = self._clock.seconds()
            self._alarm.arm(self._dues)
        self.finished.callback(Outcome.FINISHED)

    def _break(self, error: ApiError) -> None:
        """The upstream failed: told to the dispatcher while nothing was said to the client, in-band afterwards."""
        if self._state is State.HELD:
            self._refuse(error)
            return
        frame = self._pipe.fail(error)
        self._stop()
        if (interrupted := self._pipe.course.interrupted) is not None:
            self._hand_over(interrupted)
            return
        if frame:
            self._reply.write(frame)
            self._reply.finish()
        else:
            self._reply.cut()
        self._stop_upstream()
        self.finished.callback(Outcome.BROKEN)

    def _hand_over(self, interrupted: Interrupted) -> None:
        """The client was not told, and waits: the dispatcher finds who goes on, or tells it."""
        self._stop_upstream()
        self.finished.errback(interrupted)

    def _refuse(self, error: ApiError) -> None:
        self._stop()
        self._stop_upstream()
        self.opened.errback(error)

    def _stop(self) -> None:
        self._state = State.ENDED
        self._held = []
        self._alarm.disarm()

    def _stop_upstream(self) -> None:
        if not self._upstream_ended:
            self._body.stopProducing()

    # Time.

    def _dues(self) -> list[Due]:
        """What is due when. While the client makes us wait, the upstream's silence is not its fault."""
        if self._state is State.ENDED:
            return [] if self._lingers_since is None else [(self._lingers_since + LINGER, self._let_go)]
        dues: list[Due] = []
        if self._deadlines.total is not None:
            dues.append((self._started + self._deadlines.total, self._total_passed))
        if self._complete_since is not None:
            dues.append((self._complete_since + LINGER, self._close))
        elif not self._paused:
            dues.append((self._heard + self._deadlines.stall, self._stalled))
        if self._pipe.streaming:
            if self._state is State.HELD:
                dues.append((self._started + self._deadlines.commit_grace, self._grace_passed))
            elif not self._paused:
                dues.append((self._said + PING_EVERY, self._ping))
        return dues

    def _let_go(self) -> None:
        self._lingers_since = None
        self._stop_upstream()

    def _grace_passed(self) -> None:
        if self._state is State.HELD:
            self._commit()
            self._ping()

    def _ping(self) -> None:
        now = self._clock.seconds()
        self._said = now
        frame = b""
        if now - self._said_content >= PULSE_EVERY:
            frame = self._pipe.pulse()
            if frame:
                self._said_content = now
        self._reply.write(frame or self._pipe.ping())

    def _close(self) -> None:
        self._advance(self._pipe.close)

    def _stalled(self) -> None:
        self._break(ApiError(Kind.TIMEOUT, f"{self._provider} sent nothing for {self._deadlines.stall:g} s"))

    def _total_passed(self) -> None:
        self._break(ApiError(Kind.TIMEOUT, f"the answer took longer than {self._deadlines.total:g} s"))
