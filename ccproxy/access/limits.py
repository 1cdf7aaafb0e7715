"""How much a client may ask: machines over `now`, which know no clock.

Requests and tokens run through token buckets: a bucket holds what may be used at once, and fills up evenly. A request
takes one from the first when it comes. How many tokens it will use nobody knows by then: an estimate is taken, and put
right at the end; a bucket that ends up below nothing lets nobody through until it has filled up again.

Each exchange holds a `Permit`, which gives back what it holds exactly once, however it ends.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import frozen

from ccproxy.access.networks import address
from ccproxy.errors import ApiError, Kind

ACCOUNT_LIMIT = 10_000
"""Clients and addresses whose use is remembered; who came longest ago, and holds nothing, is forgotten first."""

V6_HOST_BITS = 64
"""One machine has a whole /64 of IPv6 addresses, so that is what counts as one."""

FORGETTABLE = 16
"""How many of the oldest are looked at when one must go."""

CONCURRENT_RETRY = 1.0
"""Seconds until a client that has too many exchanges open should ask again."""

FAR = 366 * 86400.0
"""Seconds: no client is told of a later time. Where an upstream tells of absurd amounts of tokens there may be no date
for it."""


@frozen
class Allowance:
    """So much in so many seconds."""

    amount: int
    seconds: float = 60.0


@frozen
class Limits:
    """What one client, or one address, may use; None and 0: as much as it likes."""

    requests: Allowance | None = None
    tokens: Allowance | None = None
    concurrent: int = 0

    def __bool__(self) -> bool:
        return self.requests is not None or self.tokens is not None or self.concurrent > 0


NONE = Limits()


class Bucket:
    """Holds up to `allowance.amount`, and fills up evenly. It may be in debt."""

    __slots__ = ("_at", "_level", "allowance")

    def __init__(self, allowance: Allowance, now: float) -> None:
        self.allowance = allowance
        self._level = float(allowance.amount)
        self._at = now

    def level(self, now: float) -> float:
        """How much is in it. A clock that goes back fills nothing."""
        elapsed = max(0.0, now - self._at)
        self._level = min(self.allowance.amount, self._level + elapsed * self._pace)
        self._at = now
        return self._level

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much can be taken; 0 for now. What it never holds can be taken when it is full."""
        missing = min(amount, self.allowance.amount) - self.level(now)
        # A hair's breadth too little is enough: sums of floats are not exact, and the client has waited as told.
        return 0.0 if missing <= 1e-6 else missing / self._pace

    def take(self, amount: float, now: float) -> None:
        """Take it, be it there or not. A negative amount is put back."""
        self._level = min(self.allowance.amount, self.level(now) - amount)

    def full_in(self, now: float) -> float:
        """Seconds until it is full again."""
        return (self.allowance.amount - self.level(now)) / self._pace

    @property
    def _pace(self) -> float:
        return self.allowance.amount / self.allowance.seconds


class Account:
    """What one client, or one address, has used of its limits."""

    def __init__(self, whose: str, limits: Limits, now: float) -> None:
        self.whose = whose
        self.limits = limits
        self.requests = None if limits.requests is None else Bucket(limits.requests, now)
        self.tokens = None if limits.tokens is None else Bucket(limits.tokens, now)
        self.open = 0

    def refuse(self, tokens: float, now: float) -> None:
        """Raises RATE where a request with so many tokens may not come in now, and says when it may."""
        limits = self.limits
        if limits.concurrent and self.open >= limits.concurrent:
            raise self._too_much(f"{limits.concurrent} exchanges at once", CONCURRENT_RETRY, now)
        if self.requests is not None and (wait := self.requests.wait(1, now)):
            raise self._too_much(_told(self.requests.allowance, "requests"), wait, now)
        if self.tokens is not None and (wait := self.tokens.wait(tokens, now)):
            raise self._too_much(_told(self.tokens.allowance, "tokens"), wait, now)

    def enter(self, tokens: float, now: float) -> None:
        """A request comes in."""
        self.open += 1
        if self.requests is not None:
            self.requests.take(1, now)
        if self.tokens is not None:
            self.tokens.take(tokens, now)

    def leave(self, correction: float, now: float) -> None:
        """It has ended; `correction` is what it used beyond the estimate, and may be negative."""
        self.open -= 1
        if self.tokens is not None:
            self.tokens.take(correction, now)

    def headers(self, now: float) -> dict[str, str]:
        """What is left, in Anthropic's words."""
        told: dict[str, str] = {}
        for name, bucket in (("requests", self.requests), ("tokens", self.tokens)):
            if bucket is not None:
                left = max(0, math.floor(bucket.level(now) + 1e-6))
                full = datetime.fromtimestamp(math.ceil(now + min(bucket.full_in(now), FAR)), UTC)
                told |= {
                    f"anthropic-ratelimit-{name}-limit": str(bucket.allowance.amount),
                    f"anthropic-ratelimit-{name}-remaining": str(left),
                    f"anthropic-ratelimit-{name}-reset": full.isoformat().replace("+00:00", "Z"),
                }
        return told

    def follow(self, limits: Limits, now: float) -> None:
        """Other limits from now on: what is open stays open, and what was used stays used."""
        if limits != self.limits:
            self.limits = limits
            self.requests = _changed(self.requests, limits.requests, now)
            self.tokens = _changed(self.tokens, limits.tokens, now)

    def idle(self, now: float) -> bool:
        """Whether nothing would be lost by forgetting it."""
        buckets = (self.requests, self.tokens)
        return not self.open and all(bucket is None or not bucket.full_in(now) for bucket in buckets)

    def _too_much(self, what: str, wait: float, now: float) -> ApiError:
        error = ApiError(
            Kind.RATE,
            f"ccproxy's limit of {what} for {self.whose} is reached: ask again in {math.ceil(wait)} s",
            retry_after=wait,
        )
        # A limit of ours passes, unlike a budget's; the official clients retry as they are told here.
        error.headers = {**self.headers(now), "x-should-retry": "true"}
        return error


class Permit:
    """Leave to run one exchange. `headers` tell the client what it has left."""

    def __init__(self, headers: Mapping[str, str], accounts: tuple[Account, ...], estimate: float) -> None:
        self.headers = headers
        self._accounts = accounts
        self._estimate = estimate

    def settle(self, tokens: float, now: float) -> None:
        """The exchange is over, and used so many tokens. Only the first call counts."""
        accounts, self._accounts = self._accounts, ()
        for account in accounts:
            account.leave(tokens - self._estimate, now)


class Admission:
    """Lets exchanges in, by the limits of their client and of its address. It outlives configurations."""

    def __init__(self, per_address: Limits = NONE) -> None:
        self.per_address = per_address
        """Of every single address. It may be changed at any time."""
        self._accounts: OrderedDict[tuple[str, str], Account] = OrderedDict()

    def admit(self, client: str, limits: Limits, peer_address: str | None, tokens: float, now: float) -> Permit:
        """Leave for an exchange of about so many tokens. Raises RATE; then nothing was taken."""
        accounts: list[Account] = []
        if limits:
            accounts.append(self._account(("client", client), f"the client {client!r}", limits, now))
        if self.per_address and peer_address is not None:
            host = _host(peer_address)
            accounts.append(self._account(("address", host), f"the address {host}", self.per_address, now))
        # More than a full bucket is never asked for: else a large request could never come in.
        estimate = min([tokens, *(account.limits.tokens.amount for account in accounts if account.limits.tokens)])
        for account in accounts:
            account.refuse(estimate, now)
        for account in accounts:
            account.enter(estimate, now)
        headers = accounts[0].headers(now) if accounts else {}
        return Permit(headers, tuple(accounts), estimate)

    def _account(self, key: tuple[str, str], whose: str, limits: Limits, now: float) -> Account:
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = Account(whose, limits, now)
            self._forget(now)
        account.follow(limits, now)
        self._accounts.move_to_end(key)
        return account

    def _forget(self, now: float) -> None:
        """One of those who came longest ago, if there are too many: one that has nothing to lose, or at least nothing
        open."""
        if len(self._accounts) <= ACCOUNT_LIMIT:
            return
        oldest = [key for key, _ in zip(self._accounts, range(FORGETTABLE), strict=False)]
        closed = [key for key in oldest if not self._accounts[key].open]
        for key in [*(key for key in closed if self._accounts[key].idle(now)), *closed][:1]:
            del self._accounts[key]


def _changed(bucket: Bucket | None, allowance: Allowance | None, now: float) -> Bucket | None:
    """A bucket for another allowance, out of which the same was used."""
    if allowance is None or (bucket is not None and bucket.allowance == allowance):
        return None if allowance is None else bucket
    changed = Bucket(allowance, now)
    if bucket is not None:
        changed.take(bucket.allowance.amount - bucket.level(now), now)
    return changed


def _host(peer_address: str) -> str:
    """What counts as one address."""
    found = address(peer_address)
    if found is None:
        return peer_address
    if found.version == 4:
        return str(found)
    prefix = int(found) >> V6_HOST_BITS << V6_HOST_BITS
    return f"{type(found)(prefix)}/{V6_HOST_BITS}"


def _told(allowance: Allowance, what: str) -> str:
    unit = _UNITS.get(allowance.seconds, f"in {allowance.seconds:g} s")
    return f"{allowance.amount} {what} {unit}"


_UNITS = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour", 86400.0: "a day"}
