"""Asking one target: from the request that it is sent to the first content of its answer.

What is sent is as near as can be to what the client sent; what comes back is an error that says whether another target
may help, or a relay that is under way.
"""

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from attrs import evolve, frozen
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.iweb import IResponse

from ccproxy.dialects.dialect import Dialect, Headers, Outgoing
from ccproxy.dialects.repairs import Repair
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.continuing import Bodies
from ccproxy.exchange.hooks import Hooks
from ccproxy.exchange.lanes import pipe_for
from ccproxy.exchange.meter import Meter
from ccproxy.exchange.naming import exchange_headers
from ccproxy.exchange.relay import Head, Relay
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.room import fitted
from ccproxy.exchange.voice import Voice
from ccproxy.headers import back_to_client, joined
from ccproxy.model.messages import Request
from ccproxy.providers.repairs import Remembered, cure, repaired
from ccproxy.providers.target import Target
from ccproxy.routing.plans import Plan, plan
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.wire.tracecontext import Traced

STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""So that no proxy between us and the client holds a stream back."""

log = Logger()


@frozen
class Errand:
    """One client's call and its answer, for whichever target is asked. `voice` has said the beginning of the answer,
    which another target could not end."""

    call: Call
    reply: Reply
    meter: Meter
    may_be_resumed: bool = False
    voice: Voice | None = None


class Opener:
    """Asks targets. One for the daemon."""

    def __init__(
        self,
        dialects: Mapping[str, Dialect],
        client: Client,
        clock: IReactorTime,
        deadlines: Deadlines,
        remembered: Remembered,
        hooks: Hooks,
        traced: Traced,
    ) -> None:
        self._dialects = dialects
        self._client = client
        self._clock = clock
        self._deadlines = deadlines
        self._remembered = remembered
        self._hooks = hooks
        self._traced = traced

    async def open(self, errand: Errand, target: Target) -> Relay:
        """Ask one target; once more where a pooled connection was stale, or where the refusal named a cure. Returns
        when its first content is on the way to the client; raises when none will come."""
        meter = errand.meter
        cures: list[Repair] = []
        try:
            return await self._open(errand, target, cures)
        except ApiError as first:
            meter.refused(first)
            if not cures and not first.same_target_may_help:
                raise
            error = first
        meter.trying(target)
        try:
            relay = await self._open(errand, target, cures)
        except ApiError as second:
            meter.refused(second)
            # Another complaint means that the first was met.
            self._learn(target, cures, second.kind is Kind.INVALID and second.message != error.message)
            raise
        self._learn(target, cures, True)
        return relay

    async def _open(self, errand: Errand, target: Target, cures: list[Repair]) -> Relay:
        """`cures` are done to a request that is translated, besides what is remembered of the target; where there are
        none and the target refuses a field by name, the repair for it is added."""
        call, meter, voice = errand.call, errand.meter, errand.voice
        goes_on = voice is not None and voice.heard.said_text
        meter.plan = how = Plan.TRANSLATED if goes_on else plan(call.dialect.name, call.model, target)
        upstream = self._dialects[target.dialect]
        if how is not Plan.TRANSLATED:
            outgoing = self._as_it_came(call, target, how)
            return await self._ask(errand, self._for_renderer(errand), target, how, outgoing)
        request = target.parameters.in_request(call.facts.request)
        request, lost = fitted(request, target.quirks, len(call.body), lambda: call.facts.tokens)
        if voice is not None:
            request = voice.heard.going_on(request, upstream.prefills(target.quirks))
        outgoing = upstream.render_request(request, target.quirks)
        outgoing = evolve(outgoing, losses=(*outgoing.losses, *lost))
        outgoing = repaired(outgoing, (*self._remembered.of(target.name), *cures))
        try:
            return await self._ask(errand, request, target, how, outgoing)
        except ApiError as error:
            if not cures and (found := cure(outgoing, error)):
                log.warn("repaired {repair} for {target}", repair=found.name, target=target.name, exchange=call.id)
                cures.append(found)
            raise

    def _learn(self, target: Target, cures: list[Repair], proved: bool) -> None:
        for found in cures if proved else ():
            self._remembered.add(target.name, found)

    async def _ask(self, errand: Errand, request: Request, target: Target, how: Plan, outgoing: Outgoing) -> Relay:
        call, meter = errand.call, errand.meter
        upstream = self._dialects[target.dialect]
        meter.losses = outgoing.losses
        outgoing = await self._hooks.sending(call, target, outgoing)
        if trace := self._traced(call.id, call.headers, meter.attempts):
            outgoing = evolve(outgoing, headers={**outgoing.headers, **trace})
        response = await self._client.open(target, outgoing, call.principal.passes)
        meter.answered()
        said = joined(response.headers.getAllRawHeaders())
        try:
            await self._hooks.answering(call, target, response.code, said)
        except BaseException:
            self._client.discard(response)  # Nobody else will read its body, and its connection would stay open.
            raise
        if response.code != 200:
            raise await self._refusal(response, said, target, upstream)

        async def again(fields: Mapping[str, Any]) -> IResponse:
            """The same request, for the rest of its answer."""
            further = await self._client.open(target, outgoing.with_fields(fields), call.principal.passes)
            if further.code != 200:
                raise await self._refusal(further, joined(further.headers.getAllRawHeaders()), target, upstream)
            return further

        watch = self._hooks.watching(call, meter.see)
        voice, may_be_resumed = errand.voice, errand.may_be_resumed
        pipe = pipe_for(call, request, how, upstream, target.quirks, outgoing, said, watch, may_be_resumed, voice)
        head = Head(200, self._headers(call, target, said, meter))
        goes_on = voice is not None
        relay = Relay(
            target.provider, pipe, errand.reply, head, self._clock, self._deadlines, meter.wrote, goes_on=goes_on
        )
        response.deliverBody(Bodies(relay, pipe, again) if upstream.continues else relay)
        await relay.opened
        return relay

    @staticmethod
    def _for_renderer(errand: Errand) -> Request:
        """What the renderer must know of a request that is passed on as it came: nothing, unless it writes the
        answer."""
        call = errand.call
        if errand.may_be_resumed:
            return call.facts.request
        return Request(model=call.model, turns=())

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
