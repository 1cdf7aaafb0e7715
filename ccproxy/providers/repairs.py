"""What was learned of models by their refusals, while the process lives."""

from collections.abc import Iterable

from attrs import evolve

from ccproxy.dialects.diagnosis import repair
from ccproxy.dialects.dialect import Outgoing
from ccproxy.dialects.repairs import Body, Repair
from ccproxy.errors import ApiError, Kind
from ccproxy.wire.jsontext import NotJson, dumps, loads

TARGET_LIMIT = 1024
"""Targets that something is remembered of; the one that was learned of first is forgotten first."""
REPAIR_LIMIT = 16
"""Repairs of one target."""

_STOPS = ("stop", "stop_sequences")


class Remembered:
    """Repairs by the names of targets. Only such as every request to a model needs; a model that was replaced by
    another of the same name is asked in the repaired way until the next start."""

    def __init__(self) -> None:
        self._by_target: dict[str, dict[str, Repair]] = {}

    def of(self, target: str) -> tuple[Repair, ...]:
        """What is put right in requests to this target, in the order in which it was learned."""
        return tuple(self._by_target.get(target, {}).values())

    def add(self, target: str, learned: Repair) -> None:
        """A repair of this target has proved right. One that is not lasting is not kept."""
        if not learned.lasting:
            return
        if target not in self._by_target and len(self._by_target) >= TARGET_LIMIT:
            del self._by_target[next(iter(self._by_target))]
        known = self._by_target.setdefault(target, {})
        if len(known) < REPAIR_LIMIT:
            known.setdefault(learned.name, learned)


def cure(outgoing: Outgoing, error: ApiError) -> Repair | None:
    """What would cure the refusal of a request that was written by us; None where that is not known."""
    if error.kind is not Kind.INVALID:
        return None
    raw = error.original.body.decode("utf-8", "replace") if error.original else ""
    body = _body(outgoing)
    return None if body is None else repair(body, f"{error.message}\n{raw}")


def repaired(outgoing: Outgoing, repairs: Iterable[Repair]) -> Outgoing:
    """The request with all of them done, and those that changed it among its losses. Stop sequences that the vendor
    is no longer told are watched for on the way back."""
    repairs = tuple(repairs)
    body = _body(outgoing) if repairs else None
    if body is None:
        return outgoing
    stops = _stops(body)
    losses: list[str] = []
    for one in repairs:
        after = one.apply(body)
        if after != body:
            losses.append(one.name)
        body = after
    if not losses:
        return outgoing
    unwatched = (*(stop for stop in stops if stop not in _stops(body)), *outgoing.unwatched_stops)
    return evolve(outgoing, body=dumps(body), losses=(*outgoing.losses, *losses), unwatched_stops=unwatched)


def _body(outgoing: Outgoing) -> Body | None:
    try:
        value = loads(outgoing.body)
    except NotJson:
        return None
    return value if isinstance(value, dict) else None


def _stops(body: Body) -> tuple[str, ...]:
    found = next((body[name] for name in _STOPS if body.get(name)), ())
    return (found,) if isinstance(found, str) else tuple(found)
