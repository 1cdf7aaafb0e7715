"""The story of an exchange: choose a target, ask it, relay its answer, and record what happened.

How one target is asked is told in `opening`, which of them is next in `tries`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from attrs import evolve
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ccproxy.access.limits import Admission
from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.cache import MISSED, NO_CACHE, Cache
from ccproxy.exchange.call import Call
from ccproxy.exchange.errand import Errand
from ccproxy.exchange.fitness import Fitness
from ccproxy.exchange.hooks import NO_HOOKS, Hooks
from ccproxy.exchange.intermission import Intermission
from ccproxy.exchange.meter import Cost, Meter, Record, unpriced
from ccproxy.exchange.naming import error_headers, exchange_headers
from ccproxy.exchange.opening import Opener
from ccproxy.exchange.question import Questions
from ccproxy.exchange.relay import Outcome, Relay
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.running import Running
from ccproxy.exchange.tries import Bounds, Tries
from ccproxy.exchange.turnstile import Turnstile
from ccproxy.exchange.voice import Interrupted
from ccproxy.model.events import Failed
from ccproxy.providers.repairs import Remembered
from ccproxy.providers.target import Target
from ccproxy.routing.names import plain
from ccproxy.routing.routes import Routes
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.wire.tracecontext import Traced, untraced

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
        self._routes = routes
        self._opener = Opener(Questions(dialects, remembered or Remembered()), client, clock, deadlines, hooks, traced)
        self._clock = clock
        self._deadlines = deadlines
        self._running = running
        self._observe = observe
        self._cost = cost
        self._turnstile = Turnstile(Admission(), clock) if turnstile is None else turnstile
        self._fitness = Fitness(clock) if fitness is None else fitness
        self._bounds = Bounds() if bounds is None else bounds
        self._hooks = hooks
        self._cache = cache

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
                resume = chosen.resume and _can_be_written_anew(call)
                outcome = await self._answer(Errand(call, reply, meter, resume), targets)
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

    async def _answer(self, errand: Errand, targets: Sequence[Target]) -> Outcome:
        """Answer from what was kept, or from the first target that does."""
        call, reply, meter = errand.call, errand.reply, errand.meter
        key = self._cache.key(call, targets)
        if kept := self._cache.find(key, call, self._clock.seconds()):
            meter.told |= kept.headers(self._clock.seconds())
            reply.answer(kept.answer, exchange_headers(call, meter))
            return Outcome.FINISHED
        if key:
            meter.told |= MISSED
        tries = Tries(targets, lambda: call.facts.conversation, self._fitness, self._bounds, self._clock)
        relay = await self._first_to_answer(errand, tries)
        outcome = await self._to_the_end(errand, tries, relay)
        if outcome is Outcome.FINISHED:
            self._cache.keep(key, reply.answered, self._clock.seconds())
        return outcome

    async def _first_to_answer(self, errand: Errand, tries: Tries) -> Relay:
        """The relay of the first target that answers. Raises what is of most use to the client where none does."""
        while (target := tries.next()) is not None:
            if pause := tries.pause(target):
                await deferLater(self._clock, pause)
            try:
                return await self._try(errand, target)
            except ApiError as error:
                tries.failed(error)
                if not error.another_target_may_help:
                    raise
        raise tries.verdict()

    async def _try(self, errand: Errand, target: Target) -> Relay:
        """Ask one target, and tell whoever keeps account of targets what came of it."""
        call, meter = errand.call, errand.meter
        meter.trying(target)
        try:
            asking = await self._fitness.ask(target, lambda: call.facts.conversation)
        except ApiError as busy:
            meter.refused(busy)
            raise
        try:
            relay = await self._opener.open(errand, target)
        except Exception as error:
            left = not isinstance(error, ApiError) or error.kind is Kind.CANCELLED
            asking.refused(None if left else cast(ApiError, error))
            raise
        asking.answers()
        relay.when_over(asking.over)
        return relay

    async def _to_the_end(self, errand: Errand, tries: Tries, relay: Relay) -> Outcome:
        """From here on failures are told in-band, if no other target can go on with the answer."""
        while True:
            try:
                return await relay.finished
            except Interrupted as cut:
                errand.meter.broke_off(cut.error)
                tries.broke_off(cut.error)
                following = await self._next_to_go_on(evolve(errand, voice=cut.voice), tries)
                if following is None:
                    errand.meter.see(Failed(cut.error))
                    errand.reply.write(cut.voice.say(Failed(cut.error)))
                    errand.reply.finish()
                    return Outcome.BROKEN
                relay = following

    async def _next_to_go_on(self, errand: Errand, tries: Tries) -> Relay | None:
        """The relay of the target that goes on; None where there is none, or no time left."""
        total = self._deadlines.total
        if total is not None and self._clock.seconds() >= errand.meter.began + total:
            return None
        with Intermission(errand, self._clock):
            try:
                return await self._first_to_answer(errand, tries)
            except ApiError as error:
                if error.kind is Kind.CANCELLED:
                    raise
                return None


def _can_be_written_anew(call: Call) -> bool:
    """Whether we could put the request to another target in words of our own, with what was said of the answer."""
    try:
        return call.stream and call.facts.request is not None
    except ApiError:
        return False
