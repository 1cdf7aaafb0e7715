"""Which of a provider's keys is asked next.

A provider with several keys has a target for each (`Target.others`); they differ in nothing else. A key that was
refused, limited or is out of credit cools down: for the model that it was asked for, and as long as the upstream said.
A cooling key is passed over while another may answer; where all are cooling the one that is free soonest goes first,
since what the upstream said may be out of date and a refusal costs nobody but us.

A conversation stays with its key while that is free: vendors keep prompt caches by account, and one that moves to
another key pays for its whole prefix again (measured by others: 0.36 s against 3.55 s).
"""

import enum
from collections.abc import Callable, Mapping

from attrs import frozen

from ccproxy.errors import ApiError, Kind
from ccproxy.providers.target import KeyChoice, Target

LIMITED_SECONDS = 10.0
"""How long a key is left alone that an upstream limits without saying for how long."""

REFUSED_SECONDS = 60.0
"""How long a key is left alone that was refused, or has no credit left: somebody has to do something about it."""

CONVERSATION_LIMIT = 8192
"""Conversations whose key is remembered; the one that was heard of longest ago is forgotten first."""

COOLING_LIMIT = 4096
"""Cool-downs remembered: clients may name any model."""


class Fault(enum.Enum):
    """Why a key cools down."""

    LIMITED = "limited"
    REFUSED = "refused"
    SPENT = "spent"


@frozen
class Cooling:
    """A key that cools down for one model, until a time. `number` counts the provider's keys from 1; the key itself is
    shown nowhere."""

    target: str
    number: int
    fault: Fault
    until: float


def fault(error: ApiError) -> Fault | None:
    """What an error says about the key that was used; None where it says nothing."""
    if error.limited:
        return Fault.LIMITED
    return {Kind.REFUSED_CREDENTIAL: Fault.REFUSED, Kind.QUOTA: Fault.SPENT}.get(error.kind)


class Keys:
    """The state of all keys. One for the daemon; a key is known by its account, so that it keeps its state when the
    configuration is read anew."""

    def __init__(self) -> None:
        self._cooling: dict[tuple[str, str], Cooling] = {}
        self._of: dict[tuple[str, str], str] = {}
        """The account that serves a conversation, by provider and conversation."""
        self._running: dict[str, int] = {}
        """Exchanges by account, of providers with several keys."""
        self._turn: dict[str, int] = {}
        """By provider, which key is the next one's."""

    def order(self, target: Target, conversation: str, now: float) -> tuple[Target, ...]:
        """The same target by each of its provider's keys, in the order in which they are to be asked."""
        if not target.others:
            return (target,)
        targets = (target, *target.others)
        first = self._first(targets, conversation, now)
        rest = [keyed for keyed in targets if keyed is not first]
        return (first, *sorted(rest, key=lambda keyed: self.wait(keyed, now)))

    def _first(self, targets: tuple[Target, ...], conversation: str, now: float) -> Target:
        provider = targets[0].provider
        free = [keyed for keyed in targets if not self.wait(keyed, now)]
        if not free:
            return min(targets, key=lambda keyed: self.wait(keyed, now))
        known = self._of.get((provider, conversation)) if conversation else None
        kept = next((keyed for keyed in free if keyed.account == known), None)
        if kept is not None:
            return kept
        match targets[0].key_choice:
            case KeyChoice.FILL_FIRST:
                return free[0]
            case KeyChoice.LEAST_LOADED:
                return min(free, key=lambda keyed: self._running.get(keyed.account, 0))
            case KeyChoice.ROUND_ROBIN:
                turn = self._turn[provider] = self._turn.get(provider, -1) + 1
                start = turn % len(targets)
                return next(keyed for keyed in (*targets[start:], *targets[:start]) if keyed in free)

    def wait(self, target: Target, now: float) -> float:
        """Seconds until this key is free for this model; 0 where it is now."""
        if not self._cooling:
            return 0.0
        cooling = self._cooling.get((target.name, target.account))
        return 0.0 if cooling is None else max(0.0, cooling.until - now)

    def all_cooling(self, target: Target, now: float) -> bool:
        """Whether none of the provider's keys is free for this model."""
        return bool(self._cooling) and all(self.wait(keyed, now) for keyed in (target, *target.others))

    def asked(self, target: Target, conversation: Callable[[], str]) -> None:
        """The key is in use, by this conversation, until `let_go`."""
        if not target.several_keys:
            return
        self._running[target.account] = self._running.get(target.account, 0) + 1
        if name := conversation():
            known = (target.provider, name)
            self._of.pop(known, None)
            if len(self._of) >= CONVERSATION_LIMIT:
                del self._of[next(iter(self._of))]
            self._of[known] = target.account

    def let_go(self, target: Target) -> None:
        """It is no longer used by one who asked."""
        if not target.several_keys:
            return
        left = self._running[target.account] - 1
        if left:
            self._running[target.account] = left
        else:
            del self._running[target.account]

    def answered(self, target: Target) -> None:
        """The key is good."""
        if self._cooling:
            self._cooling.pop((target.name, target.account), None)

    def failed(self, target: Target, error: ApiError, now: float) -> None:
        """What became of asking with this key."""
        found = fault(error)
        if found is None or not target.key:
            return
        usual = LIMITED_SECONDS if found is Fault.LIMITED else REFUSED_SECONDS
        until = now + (usual if error.retry_after is None else error.retry_after)
        self._forget_old(now)
        self._cooling[target.name, target.account] = Cooling(target.name, target.key_number, found, until)

    def _forget_old(self, now: float) -> None:
        if len(self._cooling) >= COOLING_LIMIT:
            self._cooling = {known: cooling for known, cooling in self._cooling.items() if cooling.until > now}
        if len(self._cooling) >= COOLING_LIMIT:
            del self._cooling[next(iter(self._cooling))]

    def cooling(self, now: float) -> list[Cooling]:
        """All cool-downs that are not over."""
        return [cooling for cooling in self._cooling.values() if cooling.until > now]

    def running(self) -> Mapping[str, int]:
        """Exchanges by account, for tests: empty when nothing runs."""
        return self._running
