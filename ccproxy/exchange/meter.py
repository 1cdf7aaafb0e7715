"""What one exchange was: measured while it runs, told once at its end.

A meter only watches. It costs about three microseconds an event, so it stays on in the verbatim lane too. Whoever shows
what runs now reads the meters of `exchange.running`; nobody is told of an event.
"""

from bisect import bisect_left
from collections.abc import Callable

from attrs import evolve
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ccproxy.errors import ApiError
from ccproxy.exchange.call import Call
from ccproxy.exchange.record import GAPS, Attempt, Outcome, Record
from ccproxy.model.events import BlockDelta, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.usage import Stop, Usage
from ccproxy.providers.target import Target
from ccproxy.routing.plans import Plan

log = Logger()

SESSION, AGENT = "x-claude-code-session-id", "x-claude-code-agent-id"
"""Headers by which Claude Code names its conversation, and its subagent within it."""

NAME_LIMIT = 200
"""Characters of such a name that are kept."""

Cost = Callable[[Target, Usage], float | None]
"""What a usage costs at a target, in dollars; None where its price is not known."""


def unpriced(_target: Target, _usage: Usage) -> float | None:
    """The cost where nobody knows prices."""
    return None


BYTES_PER_TOKEN = 4
"""Of a request's body: near enough where its usage is not told."""

CHARACTERS_PER_TOKEN = 4


class Meter:
    """Watches one exchange: its targets, its events and the clock."""

    def __init__(self, call: Call, clock: IReactorTime, cost: Cost = unpriced) -> None:
        self.call = call
        self.began = clock.seconds()
        self._clock = clock
        self._cost = cost
        self._first_byte: float | None = None
        self._first_content: float | None = None
        self._wrote: float | None = None
        self._gaps = [0] * (len(GAPS) + 1)
        self._gap_seconds = 0.0
        self._tried = 0.0
        self._deltas = self._characters = 0
        self.written = 0
        self._attempts: list[Attempt] = []
        self._trying: Target | None = None
        self._usage = Usage()
        self._earlier = Usage()
        """Of targets that broke off, and were followed by others."""
        self._earlier_cost: float | None = None
        self._stop: Stop | None = None
        self._broken: ApiError | None = None
        self.rule = ""
        self.why = ""
        self.plan: Plan | None = None
        self.losses: tuple[str, ...] = ()
        self.told: dict[str, str] = {}
        """What else its answer tells, as headers: what limits leave to the client, and whether it was kept."""

    @property
    def target(self) -> str:
        """The target tried now, or the last one; `""` where none was."""
        if self._trying is not None:
            return self._trying.name
        return self._attempts[-1].target if self._attempts else ""

    @property
    def attempts(self) -> int:
        """How many targets were tried so far, the present one included."""
        return len(self._attempts) + (self._trying is not None)

    @property
    def session(self) -> str:
        """The client's conversation, as it names it."""
        return self.call.headers.get(SESSION, "")[:NAME_LIMIT]

    @property
    def agent(self) -> str:
        """The client's subagent."""
        return self.call.headers.get(AGENT, "")[:NAME_LIMIT]

    @property
    def usage(self) -> Usage:
        """What is known of it so far. While an answer runs, its tokens are estimated: most vendors send one in each
        piece, some many, and all tell the truth at the end."""
        return self._earlier.plus(self._present)

    @property
    def _present(self) -> Usage:
        """The present target's."""
        if self._stop is not None and self._usage.output is not None:
            return self._usage
        estimate = max(self._deltas, self._characters // CHARACTERS_PER_TOKEN)
        if estimate > (self._usage.output or 0):
            return evolve(self._usage, output=estimate)
        return self._usage

    @property
    def first_content(self) -> float | None:
        """Seconds from the request to the first word of the answer; None before it."""
        return self._since(self._first_content)

    def trying(self, target: Target) -> None:
        """From now on the events are this target's."""
        self._trying = target
        self._tried = self._clock.seconds()
        self._forget()

    def _forget(self) -> None:
        self._usage = Usage()
        self._stop = None
        self._broken = None
        self._deltas = self._characters = 0

    def refused(self, error: ApiError) -> None:
        """The present target did not answer."""
        if self._trying is not None:
            self._attempts.append(self._attempt(self._trying, error))
            self._trying = None

    def broke_off(self, error: ApiError) -> None:
        """The present target's answer broke off in the middle, and another may go on with it: both are paid for."""
        usage, _ = self._spent()
        self._earlier = self._earlier.plus(usage)
        if self._trying is not None and (cost := self._cost(self._trying, usage)) is not None:
            self._earlier_cost = (self._earlier_cost or 0.0) + cost
        self.refused(error)
        self._forget()

    def _attempt(self, target: Target, error: ApiError | None) -> Attempt:
        return Attempt(target.name, error, self._tried - self.began, self._clock.seconds() - self._tried)

    def answered(self) -> None:
        """The headers of an answer are in."""
        self._first_byte = self._clock.seconds()

    def wrote(self, now: float, size: int) -> None:
        """A piece of the answer went to the client."""
        self.written += size
        if self._wrote is not None:
            gap = now - self._wrote
            self._gap_seconds += gap
            self._gaps[bisect_left(GAPS, gap)] += 1
        self._wrote = now

    def see(self, event: Event) -> None:
        """An event of the upstream."""
        match event:
            case BlockDelta():
                self._deltas += 1
                self._characters += len(event.text)
                if self._first_content is None:
                    self._first_content = self._clock.seconds()
            case Started():
                self._usage = event.usage
            case Finished():
                self._usage = self._usage.merge(event.usage)
                self._stop = event.stop
            case Failed():
                self._broken = event.error
            case BlockStopped(mended=True):
                log.warn("mended the arguments of a tool call from {target}", target=self.target, exchange=self.call.id)
            case _:
                pass

    def record(self, outcome: Outcome, error: ApiError | None = None) -> Record:
        """All of it. `error` is what the client was told instead of an answer."""
        attempts = tuple(self._attempts)
        usage, estimated = self._spent()
        cost = self._earlier_cost
        if self._trying is not None:
            attempts += (self._attempt(self._trying, self._broken),)
            if (last := self._cost(self._trying, usage)) is not None:
                cost = (cost or 0.0) + last
        call = self.call
        return Record(
            id=call.id,
            client=call.principal.name,
            dialect=call.dialect.name,
            asked=call.model,
            rule=self.rule,
            stream=call.stream,
            outcome=outcome,
            attempts=attempts,
            plan=self.plan,
            losses=self.losses,
            first_content=self._since(self._first_content),
            total=self._clock.seconds() - self.began,
            usage=self._earlier.plus(usage),
            stop=self._stop,
            error=error or self._broken,
            request_bytes=len(call.body),
            began=self.began,
            session=self.session,
            agent=self.agent,
            why=self.why,
            first_byte=self._since(self._first_byte),
            response_bytes=self.written,
            gaps=tuple(self._gaps) if self._gap_seconds else (),
            gap_seconds=self._gap_seconds,
            cost=cost,
            estimated=estimated or self._earlier != Usage(),
        )

    def _spent(self) -> tuple[Usage, bool]:
        """What the present target took, and whether that is our estimate: something was answered, and nobody said what
        that took. A client who leaves before the end pays for what was written by then, and some vendors never say."""
        if not self._deltas or (self._stop is not None and self._usage.output is not None):
            return self._usage, False
        usage = self._present
        if usage.input is None:
            usage = evolve(usage, input=len(self.call.body) // BYTES_PER_TOKEN)
        return usage, True

    def _since(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self.began
