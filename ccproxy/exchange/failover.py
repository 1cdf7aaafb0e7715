"""From one target to the next: until one answers, and where its answer breaks off, until another goes on with it.

Who is next is told in `tries`, how one is asked in `opening`.
"""

from collections.abc import Sequence
from typing import cast

from attrs import evolve
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.errand import Errand
from ccproxy.exchange.fitness import Fitness
from ccproxy.exchange.intermission import Intermission
from ccproxy.exchange.opening import Opener
from ccproxy.exchange.record import Outcome
from ccproxy.exchange.relay import Relay
from ccproxy.exchange.tries import Bounds, Tries
from ccproxy.exchange.voice import Interrupted
from ccproxy.model.events import Failed
from ccproxy.providers.target import Target


class Failover:
    """Runs errands, within `bounds`. Nobody goes on with an answer that has taken `total` seconds."""

    def __init__(
        self, opener: Opener, fitness: Fitness, bounds: Bounds, clock: IReactorTime, total: float | None = None
    ) -> None:
        self._opener = opener
        self._fitness = fitness
        self._bounds = bounds
        self._clock = clock
        self._total = total

    async def answer(self, errand: Errand, targets: Sequence[Target]) -> Outcome:
        """Answer from the first target that does. Raises what is of most use to the client where none does; from the
        first word on failures are told in-band, if no other target can go on with the answer."""
        facts = errand.call.facts
        tries = Tries(targets, lambda: facts.conversation, self._fitness, self._bounds, self._clock)
        relay = await self._first_to_answer(errand, tries)
        if not errand.may_be_resumed:
            facts.forget()  # Nobody else will be asked, and an answer may take an hour.
        while True:
            try:
                return await relay.finished
            except Interrupted as cut:
                errand.meter.broke_off(cut.error)
                tries.broke_off(cut.error)
                following = await self._next_to_go_on(evolve(errand, voice=cut.voice), tries)
                if following is None:
                    _tell(errand, cut)
                    return Outcome.BROKEN
                relay = following

    async def _first_to_answer(self, errand: Errand, tries: Tries) -> Relay:
        """The relay of the first target that answers."""
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

    async def _next_to_go_on(self, errand: Errand, tries: Tries) -> Relay | None:
        """The relay of the target that goes on; None where there is none, or no time left."""
        if self._total is not None and self._clock.seconds() >= errand.meter.began + self._total:
            return None
        with Intermission(errand, self._clock):
            try:
                return await self._first_to_answer(errand, tries)
            except ApiError as error:
                if error.kind is Kind.CANCELLED:
                    raise
                return None


def _tell(errand: Errand, cut: Interrupted) -> None:
    """The client hears that its answer broke off."""
    errand.meter.see(Failed(cut.error))
    errand.reply.write(b"".join(map(cut.voice.say, (*cut.held, Failed(cut.error)))))
    errand.reply.finish()
