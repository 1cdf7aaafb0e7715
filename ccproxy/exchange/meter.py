"""What one exchange was: measured while it runs, told once at its end.

A meter only watches. It costs about three microseconds an event, so it stays on in the verbatim lane too.
"""

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from ccproxy.errors import ApiError
from ccproxy.exchange.call import Call
from ccproxy.exchange.relay import Outcome
from ccproxy.model.events import BlockDelta, Event, Failed, Finished, Started
from ccproxy.model.usage import Stop, Usage
from ccproxy.providers.target import Target
from ccproxy.routing.plans import Plan


@frozen
class Attempt:
    """One target that was tried: `error` says why it did not answer; None for the one that did."""

    target: str
    error: ApiError | None = None


@frozen
class Record:
    """One exchange, for logs, the status page and the ledger. Times are in seconds; `first_content` and `total` count
    from the request. It holds no word of any prompt or answer."""

    id: str
    client: str
    dialect: str
    asked: str
    rule: str
    stream: bool
    outcome: Outcome
    attempts: tuple[Attempt, ...]
    plan: Plan | None
    losses: tuple[str, ...]
    first_content: float | None
    total: float
    usage: Usage
    stop: Stop | None
    error: ApiError | None
    request_bytes: int

    @property
    def target(self) -> str:
        """The target that answered, or the last one tried; `""` where none was."""
        return self.attempts[-1].target if self.attempts else ""


class Meter:
    """Watches one exchange: its targets, its events and the clock."""

    def __init__(self, call: Call, clock: IReactorTime) -> None:
        self._call = call
        self._clock = clock
        self._started = clock.seconds()
        self._first_content: float | None = None
        self._attempts: list[Attempt] = []
        self._trying: Target | None = None
        self._usage = Usage()
        self._stop: Stop | None = None
        self._broken: ApiError | None = None
        self.rule = ""
        self.plan: Plan | None = None
        self.losses: tuple[str, ...] = ()

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

    def trying(self, target: Target) -> None:
        """From now on the events are this target's."""
        self._trying = target
        self._usage = Usage()
        self._stop = None
        self._broken = None

    def refused(self, error: ApiError) -> None:
        """The present target did not answer."""
        if self._trying is not None:
            self._attempts.append(Attempt(self._trying.name, error))
            self._trying = None

    def see(self, event: Event) -> None:
        """An event of the upstream."""
        match event:
            case BlockDelta():
                if self._first_content is None:
                    self._first_content = self._clock.seconds()
            case Started():
                self._usage = event.usage
            case Finished():
                self._usage = self._usage.merge(event.usage)
                self._stop = event.stop
            case Failed():
                self._broken = event.error
            case _:
                pass

    def record(self, outcome: Outcome, error: ApiError | None = None) -> Record:
        """All of it. `error` is what the client was told instead of an answer."""
        attempts = tuple(self._attempts)
        if self._trying is not None:
            attempts += (Attempt(self._trying.name, self._broken),)
        first = self._first_content
        return Record(
            id=self._call.id,
            client=self._call.principal.name,
            dialect=self._call.dialect.name,
            asked=self._call.model,
            rule=self.rule,
            stream=self._call.stream,
            outcome=outcome,
            attempts=attempts,
            plan=self.plan,
            losses=self.losses,
            first_content=None if first is None else first - self._started,
            total=self._clock.seconds() - self._started,
            usage=self._usage,
            stop=self._stop,
            error=error or self._broken,
            request_bytes=len(self._call.body),
        )
