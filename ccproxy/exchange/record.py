"""What one exchange was, told once at its end."""

import enum

from attrs import frozen

from ccproxy.errors import ApiError
from ccproxy.model.usage import Stop, Usage
from ccproxy.routing.plans import Plan

GAPS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: bounds by which the silences between the pieces of an answer are counted; longer ones are counted too."""


class Outcome(enum.Enum):
    """How an exchange ended."""

    FINISHED = "finished"
    """The client got a complete answer."""
    BROKEN = "broken"
    """The client was told in-band that the upstream failed."""
    ABANDONED = "abandoned"
    """The client left."""
    REFUSED = "refused"
    """The client got an error instead of an answer."""


@frozen
class Attempt:
    """One target that was tried: `error` says why it did not answer; None for the one that did. `began` counts from
    the request, `seconds` is how long it took, up to the refusal or to the end of the answer."""

    target: str
    error: ApiError | None = None
    began: float = 0.0
    seconds: float = 0.0


@frozen
class Record:
    """One exchange, for logs, the status page and the ledger. Times are in seconds: `began` since the epoch, the others
    since the request. It holds no word of any prompt or answer."""

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
    began: float = 0.0
    session: str = ""
    """The client's conversation, as the client names it."""
    agent: str = ""
    """The client's subagent within it."""
    why: str = ""
    """How the rule came to these targets, in words."""
    first_byte: float | None = None
    """When the headers of the answer came from upstream."""
    response_bytes: int = 0
    """Of the answer's body, as the client got it, without signs of life."""
    gaps: tuple[int, ...] = ()
    """The silences between its pieces, counted by `GAPS`."""
    gap_seconds: float = 0.0
    """All of them together."""
    cost: float | None = None
    """Dollars; None where the price is not known."""
    estimated: bool = False
    """Whether `usage` is our estimate: the answer was cut short, or its vendor did not say."""

    @property
    def target(self) -> str:
        """The target that answered, or the last one tried; `""` where none was."""
        return self.attempts[-1].target if self.attempts else ""
