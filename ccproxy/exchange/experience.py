"""What exchanges teach the routes: which target answered a conversation in place of another, and how fast each is."""

from twisted.internet.interfaces import IReactorTime

from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Outcome, Record
from ccproxy.routing.memory import Memory


class Experience:
    """Watches exchanges, and remembers. An error that is about the request says nothing about the target."""

    def __init__(self, memory: Memory, clock: IReactorTime) -> None:
        self._memory = memory
        self._clock = clock

    def observe(self, call: Call, record: Record) -> None:
        """An exchange is over."""
        now = self._clock.seconds()
        if not record.attempts:
            return
        last = record.attempts[-1]
        for attempt in record.attempts:
            # One that answered by another key, or over a new connection, is as fast as that answer.
            answered = last.error is None and attempt.target == last.target
            if attempt.error is not None and attempt.error.another_target_may_help and not answered:
                self._memory.speeds.fail(attempt.target, now)
        # The first word of a whole reply comes with its last: that tells its length. That of an answer which another
        # target went on with was not the last one's.
        if record.first_content is not None and record.stream and record.first_content >= last.began:
            self._memory.speeds.learn(last.target, record.first_content - last.began, now)
        self._follow(call, record, now)

    def _follow(self, call: Call, record: Record, now: float) -> None:
        """A conversation goes where it was answered when its target was not the one to do it, and away from one whose
        answer broke off."""
        homes = self._memory.homes
        route = record.rule.removeprefix("route ")
        first, last = record.attempts[0], record.attempts[-1]
        answered = last.error is None and record.outcome in (Outcome.FINISHED, Outcome.ABANDONED)
        failed = first.error is not None and first.error.another_target_may_help
        failed = failed and not (answered and first.target == last.target)
        if route == record.rule or not (failed or homes.has(route)):
            return
        conversation = call.facts.conversation
        if not conversation:
            return
        if record.outcome is Outcome.BROKEN and failed:
            homes.flee(route, conversation, _speaking(record), now)
        elif not answered and failed:
            homes.leave(route, conversation)
        elif answered and (failed or homes.of(route, conversation, now) not in (None, record.target)):
            homes.move(route, conversation, record.target, now)


def _speaking(record: Record) -> str:
    """The target whose answer the client heard the beginning of."""
    began = record.first_content or 0.0
    return next((one.target for one in record.attempts if one.began + one.seconds >= began), record.target)
