"""A question: what one target is asked. It is as near as can be to what the client sent."""

from collections.abc import Iterable, Mapping

from attrs import evolve, frozen

from ccproxy.dialects.dialect import Dialect, Outgoing
from ccproxy.dialects.repairs import Repair
from ccproxy.errors import ApiError
from ccproxy.exchange.call import Call
from ccproxy.exchange.errand import Errand
from ccproxy.exchange.room import fitted
from ccproxy.model.messages import Request
from ccproxy.providers.applied import in_body, in_request
from ccproxy.providers.repairs import Remembered, cure, repaired
from ccproxy.providers.target import Target
from ccproxy.routing.plans import Plan, plan

_MENDED = ("openai_chat", "openai_responses")
"""Dialects of many vendors, of which each refuses what others want, and whose clients do not mend what they sent. What
Anthropic's clients hear is left to them: Claude Code knows its vendor's refusals, and goes by their words."""


@frozen
class Question:
    """One, and all that is needed to read the answer."""

    target: Target
    dialect: Dialect
    """The target's."""
    plan: Plan
    outgoing: Outgoing
    request: Request
    """What whoever writes the answer for the client must know of its request."""


class Questions:
    """Puts them. One for the daemon."""

    def __init__(self, dialects: Mapping[str, Dialect], remembered: Remembered) -> None:
        self._dialects = dialects
        self._remembered = remembered

    def put(self, errand: Errand, target: Target, cures: Iterable[Repair]) -> Question:
        """The question for this target. `cures` are done to it, besides what is remembered of the target. Raises what
        is wrong with the request."""
        call = errand.call
        how = Plan.TRANSLATED if errand.goes_on else plan(call.dialect.name, call.model, target)
        errand.meter.plan = how
        dialect = self._dialects[target.dialect]
        if how is Plan.TRANSLATED:
            return self._translated(errand, target, dialect, cures)
        # Nothing needs to be known of what passes as it came, unless the answer may have to be written anew.
        request = call.facts.request if errand.may_be_resumed else Request(model=call.model, turns=())
        outgoing = self._mended(_as_it_came(call, target, how), target, cures)
        return Question(target, dialect, how, outgoing, request)

    def _mended(self, outgoing: Outgoing, target: Target, cures: Iterable[Repair]) -> Outgoing:
        """What passes as it came, with what its vendor refused put right. Stop sequences stay in it: nobody would watch
        for them on the way back."""
        if target.dialect not in _MENDED:
            return outgoing
        for one in (*self._remembered.of(target.name), *cures):
            after = repaired(outgoing, (one,))
            outgoing = outgoing if after.unwatched_stops else after
        return outgoing

    def _translated(self, errand: Errand, target: Target, dialect: Dialect, cures: Iterable[Repair]) -> Question:
        call, quirks = errand.call, target.quirks
        request = in_request(target.parameters, call.facts.request)
        request, lost = fitted(request, quirks, len(call.body), lambda: call.facts.tokens)
        if errand.voice is not None:
            request = errand.voice.heard.going_on(request, dialect.prefills(quirks))
        outgoing = dialect.render_request(request, quirks)
        if lost:
            outgoing = evolve(outgoing, losses=(*outgoing.losses, *lost))
        outgoing = repaired(outgoing, (*self._remembered.of(target.name), *cures))
        return Question(target, dialect, Plan.TRANSLATED, outgoing, request)

    def cure(self, question: Question, error: ApiError) -> Repair | None:
        """What would put right a question that was refused; None where that is not known, or not to be done."""
        found = cure(question.outgoing, error)
        if found is None or question.plan is Plan.TRANSLATED:
            return found
        return None if self._mended(question.outgoing, question.target, (found,)) is question.outgoing else found

    def learn(self, target: Target, cures: Iterable[Repair]) -> None:
        """These have helped."""
        for found in cures:
            self._remembered.add(target.name, found)


def _as_it_came(call: Call, target: Target, how: Plan) -> Outgoing:
    body = call.body
    if how is Plan.PATCHED:
        body = call.dialect.with_model(body, target.model)
        body = in_body(target.parameters, body, target.dialect, target.quirks)
    return call.dialect.verbatim(call.headers, body, target.quirks)
