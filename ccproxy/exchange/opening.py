"""Asking one target: from the question that it is put to the first content of its answer.

What comes back is an error that says whether another target may help, or a relay that is under way.
"""

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from attrs import evolve
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.iweb import IResponse

from ccproxy.dialects.dialect import Dialect, Headers
from ccproxy.dialects.repairs import Repair
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.continuing import Bodies
from ccproxy.exchange.errand import Errand
from ccproxy.exchange.hooks import Hooks
from ccproxy.exchange.lanes import pipe_for
from ccproxy.exchange.naming import exchange_headers
from ccproxy.exchange.question import Question, Questions
from ccproxy.exchange.relay import Head, Relay
from ccproxy.headers import back_to_client, joined
from ccproxy.providers.target import Target
from ccproxy.routing.plans import Plan
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.wire.tracecontext import Traced

STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""So that no proxy between us and the client holds a stream back."""

log = Logger()


class Opener:
    """Asks targets. One for the daemon."""

    def __init__(
        self,
        questions: Questions,
        client: Client,
        clock: IReactorTime,
        deadlines: Deadlines,
        hooks: Hooks,
        traced: Traced,
    ) -> None:
        self._questions = questions
        self._client = client
        self._clock = clock
        self._deadlines = deadlines
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
            if second.kind is Kind.INVALID and second.message != error.message:
                self._questions.learn(target, cures)  # Another complaint means that the first was met.
            raise
        self._questions.learn(target, cures)
        return relay

    async def _open(self, errand: Errand, target: Target, cures: list[Repair]) -> Relay:
        """Where a question is refused for a field by name, and there are no `cures` yet, the repair for it is added to
        them."""
        question = self._questions.put(errand, target, cures)
        try:
            return await self._ask(errand, question)
        except ApiError as error:
            if not cures and (found := self._questions.cure(question, error)):
                log.warn(
                    "repaired {repair} for {target}", repair=found.name, target=target.name, exchange=errand.call.id
                )
                cures.append(found)
            raise

    async def _ask(self, errand: Errand, question: Question) -> Relay:
        call, meter, target = errand.call, errand.meter, question.target
        meter.losses = question.outgoing.losses
        outgoing = await self._hooks.sending(call, target, question.outgoing)
        if trace := self._traced(call.id, call.headers, meter.attempts):
            outgoing = evolve(outgoing, headers={**outgoing.headers, **trace})
        if outgoing is not question.outgoing:
            question = evolve(question, outgoing=outgoing)
        response = await self._client.open(target, outgoing, call.principal.passes, errand.witness)
        meter.answered()
        said = joined(response.headers.getAllRawHeaders())
        try:
            await self._hooks.answering(call, target, response.code, said)
        except BaseException:
            self._client.discard(response)  # Nobody else will read its body, and its connection would stay open.
            raise
        if response.code != 200:
            raise await self._refusal(response, target, question.dialect)
        relay = self._relay(errand, question, response, said)
        await relay.opened
        return relay

    def _relay(self, errand: Errand, question: Question, response: IResponse, said: Headers) -> Relay:
        """What moves the answer, under way."""
        call, meter, target = errand.call, errand.meter, question.target
        outgoing, dialect = question.outgoing, question.dialect

        async def again(fields: Mapping[str, Any]) -> IResponse:
            """The same request, for the rest of its answer."""
            asked = outgoing.with_fields(fields)
            further = await self._client.open(target, asked, call.principal.passes, errand.witness)
            if further.code != 200:
                raise await self._refusal(further, target, dialect)
            return further

        pipe = pipe_for(errand, question, said, self._hooks.watching(call, meter.see))
        head = None if errand.voice is not None else _head(errand, question, said)
        relay = Relay(target.provider, pipe, errand.reply, head, self._clock, self._deadlines, meter.wrote)
        response.deliverBody(Bodies(relay, pipe, again) if dialect.continues else relay)
        return relay

    async def _refusal(self, response: IResponse, target: Target, dialect: Dialect) -> ApiError:
        """What an answer that is not 200 means."""
        body = await self._client.read_error(response)
        if 200 <= response.code < 400:
            return ApiError(Kind.BROKEN, f"{target.provider} answered with status {response.code} and no reply")
        said = joined(response.headers.getAllRawHeaders())
        said.setdefault("date", formatdate(usegmt=True))  # What a date in `retry-after` is held against.
        error = dialect.parse_error(response.code, said, body)
        if error.kind is Kind.REFUSED_CREDENTIAL and not target.key:
            # The credential was the client's own, so it is the client's to mend.
            error = ApiError(Kind.AUTH, error.message, status=response.code, original=error.original)
        elif error.kind is Kind.REFUSED_CREDENTIAL:
            told = f"{target.provider} refused the key that ccproxy has for it (its api_key): {error.message}"
            error = ApiError(error.kind, told, retry_after=error.retry_after, original=error.original)
        error.headers = back_to_client(said, own_login=not target.key)
        return error


def _head(errand: Errand, question: Question, said: Headers) -> Head:
    """What the client is told before the answer to a question that came with the headers `said`."""
    call = errand.call
    headers = exchange_headers(call, errand.meter)
    if question.plan is not Plan.TRANSLATED:
        headers |= back_to_client(said, own_login=not question.target.key)
    if call.stream:
        return Head(call.dialect.content_type, headers | STREAM_HEADERS)
    return Head("application/json", headers)
