"""The story of an exchange: let it in, find who may answer, have it answered, and record what happened.

How it is answered by one target or another is told in `failover`.
"""

from collections.abc import Sequence

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.cache import MISSED, NO_CACHE, Cache
from ccproxy.exchange.call import Call
from ccproxy.exchange.errand import Errand
from ccproxy.exchange.failover import Failover
from ccproxy.exchange.hooks import NO_HOOKS, Hooks
from ccproxy.exchange.naming import error_headers, exchange_headers
from ccproxy.exchange.onlookers import Onlookers
from ccproxy.exchange.record import Outcome
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.turnstile import Turnstile
from ccproxy.providers.target import Target
from ccproxy.routing.names import plain
from ccproxy.routing.routes import Routes

log = Logger()


class Dispatch:
    """Serves calls. One for each configuration."""

    def __init__(
        self,
        turnstile: Turnstile,
        routes: Routes,
        failover: Failover,
        clock: IReactorTime,
        onlookers: Onlookers,
        hooks: Hooks = NO_HOOKS,
        cache: Cache = NO_CACHE,
    ) -> None:
        self._turnstile = turnstile
        self._routes = routes
        self._failover = failover
        self._clock = clock
        self._onlookers = onlookers
        self._hooks = hooks
        self._cache = cache

    async def serve(self, call: Call, reply: Reply) -> None:
        """Answer one call, from the first target that does. Cancelled when the client leaves; never raises."""
        meter = self._onlookers.meter(call, self._clock)
        witness = self._onlookers.witness(call, reply)
        outcome, told = Outcome.ABANDONED, None
        try:
            with self._turnstile.during(meter):
                call = meter.call = await self._hooks.request(call)
                chosen = self._routes.candidates(call.facts, self._clock.seconds())
                meter.rule, meter.why = chosen.rule, chosen.why
                call.principal.client.check(plain(call.model), chosen.rule)
                targets = await self._hooks.routed(call, chosen.targets)
                may_be_resumed = chosen.resume and _can_be_written_anew(call)
                errand = Errand(call, reply, meter, may_be_resumed, witness=witness)
                outcome = await self._answer(errand, targets)
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
        self._onlookers.over(call, record, witness)
        self._hooks.over(call, record)

    async def _answer(self, errand: Errand, targets: Sequence[Target]) -> Outcome:
        """Answer from what was kept, or from a target."""
        call, reply, meter = errand.call, errand.reply, errand.meter
        key = self._cache.key(call, targets)
        if kept := self._cache.find(key, call, self._clock.seconds()):
            meter.told |= kept.headers(self._clock.seconds())
            reply.answer(kept.answer, exchange_headers(call, meter))
            return Outcome.FINISHED
        if key:
            meter.told |= MISSED
        outcome = await self._failover.answer(errand, targets)
        if outcome is Outcome.FINISHED:
            self._cache.keep(key, reply.answered, self._clock.seconds())
        return outcome


def _can_be_written_anew(call: Call) -> bool:
    """Whether we could put the request to another target in words of our own, with what was said of the answer."""
    try:
        return call.stream and call.facts.request is not None
    except ApiError:
        return False
