"""What may be spent: in money or tokens, by one client or by all, in a day, a week or a month. Time is an argument.

A budget is looked at before an exchange and charged after it, so that what runs when it is reached is paid for as well.
Days, weeks (from Monday) and months are those of this machine's place, as people count them.
"""

import enum
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from ccproxy.errors import ApiError, Kind

EACH = "*"
"""Stands for every client by itself; an empty name for all of them together."""

CLIENT_LIMIT = 10_000
"""Clients whose spending is remembered in one period."""


class Period(enum.Enum):
    """For how long a budget is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def bounds(self, now: float) -> tuple[float, float]:
        """When the present one began, and when it ends."""
        today = time.localtime(now)
        year, month, day = today.tm_year, today.tm_mon, today.tm_mday
        match self:
            case Period.DAY:
                return _midnight(year, month, day), _midnight(year, month, day + 1)
            case Period.WEEK:
                monday = day - today.tm_wday
                return _midnight(year, month, monday), _midnight(year, month, monday + 7)
            case Period.MONTH:
                return _midnight(year, month, 1), _midnight(year, month + 1, 1)


def _midnight(year: int, month: int, day: int) -> float:
    """Mktime knows what the 32nd is, and when the clocks are changed."""
    return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))


@frozen
class Budget:
    """So much in a period, by `client`, by all together, or by `EACH`. 0: as much as there is. `warn` is the part of it
    at which a warning is given, `message` what the operator tells whoever has spent it."""

    period: Period
    client: str = ""
    money: float = 0.0
    tokens: int = 0
    warn: float = 0.8
    message: str = ""

    def whose(self, client: str) -> str | None:
        """Whose spending counts when `client` asks; None where the budget is not about it."""
        if self.client == EACH:
            return client
        return self.client if self.client in ("", client) else None

    def spent(self, money: float, tokens: int) -> float:
        """Which part of it so much is."""
        return max(money / self.money if self.money else 0.0, tokens / self.tokens if self.tokens else 0.0)


@frozen
class Spending:
    """What somebody spent of a budget: for pages, metrics and warnings."""

    budget: Budget
    client: str
    money: float
    tokens: int
    resets: float

    @property
    def part(self) -> float:
        """Of the budget; 1 and more when it is spent."""
        return self.budget.spent(self.money, self.tokens)

    def words(self) -> str:
        """In words, and when it resets."""
        budget = self.budget
        caps = []
        if budget.money:
            caps.append(f"${budget.money:,.2f} (${self.money:,.2f} spent)")
        if budget.tokens:
            caps.append(f"{budget.tokens:,} tokens ({self.tokens:,} used)")
        whose = f" for the client {self.client!r}" if self.client else ""
        resets = datetime.fromtimestamp(self.resets).astimezone().isoformat(sep=" ", timespec="minutes")
        return f"{' and '.join(caps)} a {budget.period.value}{whose}; it resets at {resets}"

    def shown(self) -> dict[str, Any]:
        """As plain values."""
        budget = self.budget
        return {
            "client": self.client,
            "period": budget.period.value,
            "money": self.money,
            "money_cap": budget.money or None,
            "tokens": self.tokens,
            "tokens_cap": budget.tokens or None,
            "part": round(self.part, 4),
            "resets": self.resets,
        }


class _Window:
    """What was spent in one period by everyone; the empty name has the sum."""

    def __init__(self) -> None:
        self.start = self.end = 0.0
        self.by_client: dict[str, list[float]] = {}

    def roll(self, period: Period, now: float) -> None:
        """A new period begins with nothing."""
        if not self.start <= now < self.end:
            self.start, self.end = period.bounds(now)
            self.by_client.clear()

    def of(self, client: str) -> list[float]:
        """The dollars and the tokens of a client."""
        found = self.by_client.get(client)
        if found is None:
            if len(self.by_client) >= CLIENT_LIMIT:
                return [0.0, 0.0]
            found = self.by_client[client] = [0.0, 0.0]
        return found


class Budgets:
    """All budgets, and what was spent of them. It outlives configurations."""

    def __init__(self) -> None:
        self._budgets: tuple[Budget, ...] = ()
        self._windows = {period: _Window() for period in Period}
        self._warned: set[tuple[Budget, str, float]] = set()

    def follow(self, budgets: Sequence[Budget]) -> None:
        """These budgets from now on; what was spent stays spent."""
        self._budgets = tuple(budgets)

    def __bool__(self) -> bool:
        return bool(self._budgets)

    def since(self, now: float) -> dict[Period, float]:
        """The periods that count, and when the present ones began."""
        return {period: period.bounds(now)[0] for period in {budget.period for budget in self._budgets}}

    def admit(self, client: str, now: float) -> None:
        """Raises BUDGET where one that `client` draws on is spent."""
        for budget in self._budgets:
            whose = budget.whose(client)
            if whose is not None and (spending := self._spending(budget, whose, now)).part >= 1:
                told = f"the budget is spent: {spending.words()}"
                raise ApiError(Kind.BUDGET, f"{told}. {budget.message}" if budget.message else told)

    def charge(self, client: str, money: float, tokens: int, now: float) -> list[Spending]:
        """So much was spent. Returns what is worth a warning now, each once in its period."""
        if not self._budgets:
            return []
        for period, window in self._windows.items():
            window.roll(period, now)
            for name in ("", client):
                spent = window.of(name)
                spent[0] += money
                spent[1] += tokens
        warnings = []
        for budget in self._budgets:
            whose = budget.whose(client)
            if whose is None:
                continue
            spending = self._spending(budget, whose, now)
            mark = (budget, whose, spending.resets)
            if spending.part >= budget.warn and mark not in self._warned:
                self._warned = {one for one in self._warned if one[2] > now} | {mark}
                warnings.append(spending)
        return warnings

    def learn(self, period: Period, spent: Iterable[tuple[str, float, int]], now: float) -> None:
        """What the ledger says was spent in the present period, by client: by us before we were started, and by others
        that share it. What we know of is never less afterwards."""
        window = self._windows[period]
        window.roll(period, now)
        total = [0.0, 0.0]
        for client, money, tokens in spent:
            known = window.of(client)
            known[0], known[1] = max(known[0], money), max(known[1], tokens)
            total = [total[0] + money, total[1] + tokens]
        known = window.of("")
        known[0], known[1] = max(known[0], total[0]), max(known[1], total[1])

    def spendings(self, now: float) -> list[Spending]:
        """All budgets with what was spent of them; of one for each client, those that spent anything."""
        found = []
        for budget in self._budgets:
            window = self._windows[budget.period]
            window.roll(budget.period, now)
            names = sorted(name for name in window.by_client if name) if budget.client == EACH else [budget.client]
            found += [self._spending(budget, name, now) for name in names]
        return found

    def _spending(self, budget: Budget, client: str, now: float) -> Spending:
        window = self._windows[budget.period]
        window.roll(budget.period, now)
        money, tokens = window.by_client.get(client, (0.0, 0.0))
        return Spending(budget, client, money, int(tokens), window.end)
