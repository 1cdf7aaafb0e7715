"""Why a call goes where it goes: every rule that was considered, in order, and what came of it."""

import enum

from attrs import frozen

from ccproxy.errors import ApiError
from ccproxy.routing.facts import Facts
from ccproxy.routing.routes import Chosen, Routes
from ccproxy.routing.rules import Rule, Way


class Verdict(enum.Enum):
    """What came of a rule."""

    CHOSEN = "chosen"
    LATER = "would answer too, but comes later"
    REFUSED = "refused"
    NOT = "no"


@frozen
class Considered:
    """One rule. `reason` says what decided, with what was found in the call."""

    rule: str
    way: Way
    verdict: Verdict
    reason: str


@frozen
class Explanation:
    """All of it. `chosen` is None where nothing answers, and `error` then says why."""

    asked: str
    name: str
    """What was asked for, without what only marks it."""
    rules: tuple[Considered, ...]
    chosen: Chosen | None
    error: str = ""


def explain(routes: Routes, facts: Facts, now: float) -> Explanation:
    """Why `routes` would choose as it would; nothing is asked, and nothing is remembered."""
    name = routes.plain(facts.model)
    considered: list[Considered] = []
    decided = False
    for rule in routes.every(facts.model):
        verdict, reason = _judge(rule, facts, name, now)
        if verdict in (Verdict.CHOSEN, Verdict.REFUSED):
            verdict = Verdict.LATER if decided else verdict
            decided = True
        considered.append(Considered(rule.title, rule.way, verdict, reason))
    try:
        chosen = routes.candidates(facts, now, take=False)
    except ApiError as error:
        return Explanation(facts.model, name, tuple(considered), None, error.message)
    return Explanation(facts.model, name, tuple(considered), chosen)


def _judge(rule: Rule, facts: Facts, name: str, now: float) -> tuple[Verdict, str]:
    if not rule.speaks_of(name):
        return Verdict.NOT, f"it is for {rule.names}"
    failing = rule.failing(facts, now)
    if failing is not None:
        return Verdict.NOT, f"{failing} does not hold: {failing.type} is {failing.found(facts, now)}"
    if rule.refusal:
        return (Verdict.REFUSED if rule.way.insists else Verdict.NOT), rule.refusal
    if not rule.conditions:
        return Verdict.CHOSEN, f"it is for {rule.names}"
    found = [f"{condition} holds: {condition.type} is {condition.found(facts, now)}" for condition in rule.conditions]
    return Verdict.CHOSEN, ", ".join(found)
