"""What can go wrong with an exchange, in one family and one table.

An error is raised where the fact is known and told to the client in one place (`exchange.dispatch`), in the client's
dialect. Nothing here knows HTTP framing or a vendor's wording: dialects turn upstream answers into an `ApiError` and an
`ApiError` into their own envelope.
"""

import enum
from collections.abc import Iterable, Mapping

from attrs import frozen


@frozen
class _Row:
    """What a kind means to the client and to failover."""

    status: int
    another_target_may_help: bool
    retry_is_vain: bool
    rank: int


class Kind(enum.Enum):
    """The kinds of failure. The table below gives each its status, and says who may profit from another try."""

    INVALID = "invalid"
    """The request is malformed: no upstream would take it."""
    UNTRANSLATABLE = "untranslatable"
    """The request asks for something this target's dialect cannot say."""
    AUTH = "auth"
    """The client showed no key, or a wrong one."""
    FORBIDDEN = "forbidden"
    """The client is known, or is not allowed to be here."""
    NO_ROUTE = "no_route"
    """Nothing answers under this path or model name, here or at the upstream that was asked."""
    TOO_LARGE = "too_large"
    """The request body is larger than the configured limit."""
    CONFLICT = "conflict"
    """The upstream is in a state that the request does not fit (409). Another one need not be."""
    OVERFLOW = "overflow"
    """The prompt does not fit the model's window."""
    QUOTA = "quota"
    """The upstream account has no credit left (Anthropic's 402 `billing_error`)."""
    RATE = "rate"
    """Our own rate limit for this client."""
    BUDGET = "budget"
    """What may be spent is spent. It passes when the budget resets, which no client should wait for."""
    BUSY = "busy"
    """We are at our own limit of concurrent exchanges, or stopping."""
    OVERLOADED = "overloaded"
    """The upstream is out of capacity or limits our rate (its 429, 503, 529, or an error frame before content)."""
    REFUSED_CREDENTIAL = "refused_credential"
    """The upstream refused *our* key: the operator's fault, never the client's login."""
    UNREACHABLE = "unreachable"
    """No connection, or one that died before any answer."""
    TIMEOUT = "timeout"
    """A deadline of ours passed while we waited for the upstream."""
    BROKEN = "broken"
    """The upstream answered with something that cannot be used, or stopped in the middle."""
    CANCELLED = "cancelled"
    """The client left. It is logged, and told to nobody."""

    @property
    def status(self) -> int:
        """The HTTP status a client sees for this kind when the upstream gave none worth keeping."""
        return _TABLE[self].status


_TABLE = {
    # status; another target may help; a retry by the client is vain (a 400 it may mend itself, so it is not told);
    # the rank when all targets fail: what the client can act on goes before what it can only wait for
    Kind.INVALID: _Row(400, False, False, 0),
    Kind.AUTH: _Row(401, False, True, 0),
    Kind.FORBIDDEN: _Row(403, False, True, 0),
    Kind.TOO_LARGE: _Row(413, False, True, 0),
    Kind.RATE: _Row(429, False, False, 0),
    Kind.BUDGET: _Row(429, False, True, 0),
    Kind.CANCELLED: _Row(499, False, False, 0),
    Kind.OVERFLOW: _Row(400, True, False, 2),
    Kind.REFUSED_CREDENTIAL: _Row(502, True, True, 3),
    Kind.QUOTA: _Row(402, True, True, 3),
    Kind.NO_ROUTE: _Row(404, True, True, 4),
    Kind.CONFLICT: _Row(409, True, False, 4),
    Kind.BUSY: _Row(503, True, False, 5),
    Kind.OVERLOADED: _Row(529, True, False, 5),
    Kind.TIMEOUT: _Row(504, True, False, 6),
    Kind.UNREACHABLE: _Row(502, True, False, 7),
    Kind.BROKEN: _Row(502, True, False, 8),
    Kind.UNTRANSLATABLE: _Row(400, True, False, 9),
}

_LIMITED_RANK = 1
"""Of an upstream's 429, which says more than that it is overloaded: when to come back."""


@frozen
class Original:
    """An upstream's error answer as it came: told unmodified to a client that speaks the same dialect."""

    dialect: str
    status: int
    content_type: str
    body: bytes


class ApiError(Exception):
    """A failure of one exchange, told to the client as `message` with `status`.

    `status` defaults to the kind's own; an upstream's more exact one (429 for an OVERLOADED) may replace it.
    `retry_after` is in seconds. `original` keeps the upstream's own answer. `same_target_may_help` marks the few
    failures after which the *same* target is worth a second try at once: a pooled connection that died before any
    answer, and an answer that its own vendor calls malformed.
    `headers` are those of the upstream's answer that go along to the client. `another_time_may_help` says that a retry
    is not vain though the kind says so: another target, which failed too, may be well again by then.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        original: Original | None = None,
        same_target_may_help: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = kind.status if status is None else status
        self.retry_after = retry_after
        self.original = original
        self.same_target_may_help = same_target_may_help
        self.headers: Mapping[str, str] = {}
        self.another_time_may_help = False

    @property
    def another_target_may_help(self) -> bool:
        """Whether failover may go on to the next target."""
        return _TABLE[self.kind].another_target_may_help

    @property
    def retry_is_vain(self) -> bool:
        """Whether a retry of the same request must fail again: clients are then told `x-should-retry: false`."""
        return _TABLE[self.kind].retry_is_vain

    @property
    def limited(self) -> bool:
        """Whether an upstream limits the rate of the key that it was asked with: another key may be free."""
        return self.kind is Kind.OVERLOADED and self.status == 429

    @property
    def rank(self) -> int:
        """The lower, the more useful it is to a client whom no target answered."""
        return _LIMITED_RANK if self.limited else _TABLE[self.kind].rank

    def __repr__(self) -> str:
        return f"ApiError({self.kind.name}, {self.status}, {self.message!r})"


def most_useful(errors: Iterable[ApiError]) -> ApiError:
    """The one of several targets' errors that the client is told: by rank, then the one that is over soonest, then the
    first. (Official gateways keep the same order: 429, 401 and 403, 404, the others.)"""
    return min(errors, key=lambda error: (error.rank, error.retry_after or 0.0))


def invalid(path: str, expected: str, found: object) -> ApiError:
    """The error for a request field that is missing or of the wrong type, named by its path (`messages[2].role`)."""
    return ApiError(Kind.INVALID, f"{path}: expected {expected}, found {_describe(found)}")


def _describe(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, dict):
        return "an object"
    return type(value).__name__
