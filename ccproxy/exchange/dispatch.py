"""The story of an exchange: choose a target, ask it, relay its answer, and record what happened."""

import math
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from typing import Any, cast

from attrs import evolve
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.web.iweb import IResponse

from ccproxy.access.limits import Admission
from ccproxy.dialects.dialect import Dialect, Headers, Outgoing
from ccproxy.dialects.repairs import Repair
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.cache import MISSED, NO_CACHE, Cache
from ccproxy.exchange.call import Call
from ccproxy.exchange.continuing import Bodies
from ccproxy.exchange.fitness import Fitness
from ccproxy.exchange.hooks import NO_HOOKS, Hooks
from ccproxy.exchange.lanes import pipe_for
from ccproxy.exchange.meter import Cost, Meter, Record, unpriced
from ccproxy.exchange.relay import Head, Outcome, Relay
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.room import fitted
from ccproxy.exchange.running import Running
from ccproxy.exchange.tries import Bounds, Tries
from ccproxy.exchange.turnstile import Turnstile
from ccproxy.headers import back_to_client, joined
from ccproxy.model.messages import Request
from ccproxy.providers.repairs import Remembered, cure, repaired
from ccproxy.providers.target import Target
from ccproxy.routing.names import plain
from ccproxy.routing.plans import Plan, plan
from ccproxy.routing.routes import Routes
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.wire.tracecontext import Traced, untraced

RETRY_AFTER_LIMIT = 60
"""Seconds. Claude Code gives up at once on a longer wait."""

HEADER_LENGTH = 300
"""Characters of a name that a header shows."""

STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""So that no proxy between us and the client holds a stream back."""

log = Logger()


class Dispatch:
    """Serves calls. One for the daemon; `observe` gets the call and the record of every exchange, when it is over."""

    def __init__(
        self,
        dialects: Mapping[str, Dialect],
        routes: Routes,
        client: Client,
        clock: IReactorTime,
        deadlines: Deadlines,
        running: Running,
        observe: Callable[[Call, Record], None],
        remembered: Remembered | None = None,
        cost: Cost = unpriced,
        turnstile: Turnstile | None = None,
        fitness: Fitness | None = None,
        bounds: Bounds | None = None,
        hooks: Hooks = NO_HOOKS,
        cache: Cache = NO_CACHE,
        traced: Traced = untraced,
    ) -> None:
        self._dialects = dialects
        self._routes = routes
        self._client = client
        self._clock = clock
        self._deadlines = deadlines
        self._running = running
        self._observe = observe
        self._remembered = Remembered() if remembered is None else remembered
        self._cost = cost
        self._turnstile = Turnstile(Admission(), clock) if turnstile is None else turnstile
        self._fitness = Fitness(clock) if fitness is None else fitness
        self._bounds = Bounds() if bounds is None else bounds
        self._hooks = hooks
        self._cache = cache
        self._traced = traced

    async def serve(self, call: Call, reply: Reply) -> None:
        """Answer one call, from the first target that does. Cancelled when the client leaves; never raises."""
        meter = Meter(call, self._clock, self._cost)
        outcome, told = Outcome.ABANDONED, None
        try:
            with self._running.during(meter), self._turnstile.during(meter):
                call = meter.call = await self._hooks.request(call)
                chosen = self._routes.candidates(call.facts, self._clock.seconds())
                meter.rule, meter.why = chosen.rule, chosen.why
                call.principal.client.check(plain(call.model), chosen.rule)
                targets = await self._hooks.routed(call, chosen.targets)
                outcome = await self._answer(call, targets, reply, meter)
        except CancelledError:
            pass
        except ApiError as error:
            if error.kind is not Kind.CANCELLED:
                outcome, told = Outcome.REFUSED, error
        except Exception:
            log.failure("exchange {exchange} failed: a fault of ours", exchange=call.id)
            outcome, told = Outcome.REFUSED, ApiError(Kind.BROKEN, "ccproxy failed; its log has the details")
        if told is not None:
            reply.answer(call.dialect.render_error(told, call.id), error_headers(told, call, meter))
        record = meter.record(outcome, told)
        self._observe(call, record)
        self._hooks.over(call, record)

    async def _answer(self, call: Call, targets: Sequence[Target], reply: Reply, meter: Meter) -> Outcome:
        """Answer from what was kept, or from the first target that does."""
        key = self._cache.key(call, targets)
        if kept := self._cache.find(key, call, self._clock.seconds()):
            meter.told |= kept.headers(self._clock.seconds())
            reply.answer(kept.answer, exchange_headers(call, meter))
            return Outcome.FINISHED
        if key:
            meter.told |= MISSED
        tries = Tries(targets, lambda: call.facts.conversation, self._fitness, self._bounds, self._clock)
        relay = await self._first_to_answer(call, tries, reply, meter)
        outcome = await relay.finished  # From here on failures are told in-band.
        if outcome is Outcome.FINISHED:
            self._cache.keep(key, reply.answered, self._clock.seconds())
        return outcome

    async def _first_to_answer(self, call: Call, tries: Tries, reply: Reply, meter: Meter) -> Relay:
        while (target := tries.next()) is not None:
            if pause := tries.pause(target):
                await deferLater(self._clock, pause)
            try:
                return await self._try(call, target, reply, meter)
            except ApiError as error:
                tries.failed(error)
                if not error.another_target_may_help:
                    raise
        raise tries.verdict()

    async def _try(self, call: Call, target: Target, reply: Reply, meter: Meter) -> Relay:
        """Ask one target, and tell whoever keeps account of targets what came of it."""
        meter.trying(target)
        try:
            asking = await self._fitness.ask(target, lambda: call.facts.conversation)
        except ApiError as busy:
            meter.refused(busy)
            raise
        try:
            relay = await self._open_twice(call, target, reply, meter)
        except Exception as error:
            left = not isinstance(error, ApiError) or error.kind is Kind.CANCELLED
            asking.refused(None if left else cast(ApiError, error))
            raise
        asking.answers()
        relay.when_over(asking.over)
        return relay

    async def _open_twice(self, call: Call, target: Target, reply: Reply, meter: Meter) -> Relay:
        """Ask one target; once more where a pooled connection was stale, or where the refusal named a cure."""
        cures: list[Repair] = []
        try:
            return await self._open(call, target, reply, meter, cures)
        except ApiError as first:
            meter.refused(first)
            if not cures and not first.same_target_may_help:
                raise
            error = first
        meter.trying(target)
        try:
            relay = await self._open(call, target, reply, meter, cures)
        except ApiError as second:
            meter.refused(second)
            # Another complaint means that the first was met.
            self._learn(target, cures, second.kind is Kind.INVALID and second.message != error.message)
            raise
        self._learn(target, cures, True)
        return relay

    async def _open(self, call: Call, target: Target, reply: Reply, meter: Meter, cures: list[Repair]) -> Relay:
        """Ask one target. Returns when its first content is on the way to the client; raises when none will come.

        `cures` are done to a request that is translated, besides what is remembered of the target; where there are
        none and the target refuses a field by name, the repair for it is added."""
        meter.plan = how = plan(call.dialect.name, call.model, target)
        upstream = self._dialects[target.dialect]
        if how is not Plan.TRANSLATED:
            outgoing = self._as_it_came(call, target, how)
            return await self._ask(call, Request(model=call.model, turns=()), target, how, outgoing, reply, meter)
        request = target.parameters.in_request(call.facts.request)
        request, lost = fitted(request, target.quirks, len(call.body), lambda: call.facts.tokens)
        outgoing = upstream.render_request(request, target.quirks)
        outgoing = evolve(outgoing, losses=(*outgoing.losses, *lost))
        outgoing = repaired(outgoing, (*self._remembered.of(target.name), *cures))
        try:
            return await self._ask(call, request, target, how, outgoing, reply, meter)
        except ApiError as error:
            if not cures and (found := cure(outgoing, error)):
                log.warn("repaired {repair} for {target}", repair=found.name, target=target.name, exchange=call.id)
                cures.append(found)
            raise

    def _learn(self, target: Target, cures: list[Repair], proved: bool) -> None:
        for found in cures if proved else ():
            self._remembered.add(target.name, found)

    async def _ask(
        self,
        call: Call,
        request: Request,
        target: Target,
        how: Plan,
        outgoing: Outgoing,
        reply: Reply,
        meter: Meter,
    ) -> Relay:
        upstream = self._dialects[target.dialect]
        meter.losses = outgoing.losses
        outgoing = await self._hooks.sending(call, target, outgoing)
        if trace := self._traced(call.id, call.headers, meter.attempts):
            outgoing = evolve(outgoing, headers={**outgoing.headers, **trace})
        response = await self._client.open(target, outgoing, call.principal.passes)
        meter.answered()
        said = joined(response.headers.getAllRawHeaders())
        await self._hooks.answering(call, target, response.code, said)
        if response.code != 200:
            raise await self._refusal(response, said, target, upstream)

        async def again(fields: Mapping[str, Any]) -> IResponse:
            """The same request, for the rest of its answer."""
            further = await self._client.open(target, outgoing.with_fields(fields), call.principal.passes)
            if further.code != 200:
                raise await self._refusal(further, joined(further.headers.getAllRawHeaders()), target, upstream)
            return further

        watch = self._hooks.watching(call, meter.see)
        pipe = pipe_for(call, request, how, upstream, target.quirks, outgoing, said, watch)
        head = Head(200, self._headers(call, target, said, meter))
        relay = Relay(target.provider, pipe, reply, head, self._clock, self._deadlines, meter.wrote)
        response.deliverBody(Bodies(relay, pipe, again) if upstream.continues else relay)
        await relay.opened
        return relay

    def _as_it_came(self, call: Call, target: Target, how: Plan) -> Outgoing:
        body = call.body
        if how is Plan.PATCHED:
            body = call.dialect.with_model(body, target.model)
            body = target.parameters.in_body(body, target.dialect, target.quirks)
        return call.dialect.verbatim(call.headers, body, target.quirks)

    async def _refusal(self, response: IResponse, said: dict[str, str], target: Target, upstream: Dialect) -> ApiError:
        """What an answer that is not 200 means."""
        body = await self._client.read_error(response)
        if 200 <= response.code < 400:
            return ApiError(Kind.BROKEN, f"{target.provider} answered with status {response.code} and no reply")
        said.setdefault("date", formatdate(usegmt=True))  # What a date in `retry-after` is held against.
        error = upstream.parse_error(response.code, said, body)
        if error.kind is Kind.REFUSED_CREDENTIAL and not target.key:
            # The credential was the client's own, so it is the client's to mend.
            error = ApiError(Kind.AUTH, error.message, status=response.code, original=error.original)
        elif error.kind is Kind.REFUSED_CREDENTIAL:
            told = f"{target.provider} refused the key that ccproxy has for it (its api_key): {error.message}"
            error = ApiError(error.kind, told, retry_after=error.retry_after, original=error.original)
        error.headers = back_to_client(said, own_login=not target.key)
        return error

    def _headers(self, call: Call, target: Target, said: Headers, meter: Meter) -> Mapping[str, str]:
        headers = exchange_headers(call, meter)
        if meter.plan is not Plan.TRANSLATED:
            headers |= back_to_client(said, own_login=not target.key)
        if call.stream:
            headers |= STREAM_HEADERS
        return headers


def exchange_headers(call: Call, meter: Meter) -> dict[str, str]:
    """What every answer says about itself."""
    return {**told_of(call.id, meter.rule, meter.target, meter.attempts), **meter.told}


def told_of(exchange: str, rule: str = "", target: str = "", attempts: int = 0) -> dict[str, str]:
    """The headers that name an exchange, what it took, and where it went; `none` where it came to nothing."""
    return {
        "request-id": exchange,
        "x-ccproxy-request-id": exchange,
        "x-ccproxy-route": _for_header(rule) or "none",
        "x-ccproxy-target": _for_header(target) or "none",
        "x-ccproxy-attempts": str(attempts),
    }


def _for_header(text: str) -> str:
    """A name that clients made up as a header can hold it: some read nothing but ASCII, and none a line of 64 KiB."""
    shown = text[:HEADER_LENGTH].encode("ascii", "backslashreplace").decode("ascii")
    return "".join(character if character.isprintable() else "?" for character in shown)


def error_headers(error: ApiError, call: Call, meter: Meter) -> dict[str, str]:
    """What an error says besides its body: the headers that clients obey."""
    return exchange_headers(call, meter) | retry_headers(error)


def retry_headers(error: ApiError) -> dict[str, str]:
    """Whether and when a retry makes sense. What an upstream said of it about a client's own login stands."""
    headers = dict(error.headers)
    told_about_own_login = error.kind is Kind.AUTH and error.original is not None
    if error.retry_is_vain and not told_about_own_login:
        headers["x-should-retry"] = "true" if error.another_time_may_help else "false"
    if error.retry_after is not None:
        headers["retry-after"] = str(min(math.ceil(error.retry_after), RETRY_AFTER_LIMIT))
    return headers
