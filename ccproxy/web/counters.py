"""Who counts tokens: the upstream's own counter where it has one, and ours."""

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.witness import Witness
from ccproxy.providers.target import Target
from ccproxy.tokens.counting import count
from ccproxy.tokens.exact import Question, question
from ccproxy.tokens.ruler import Ruler
from ccproxy.upstream.client import Client

UPSTREAM_SECONDS = 3.0
"""How long an upstream's counter may take. Then we count ourselves: the client waits for a number to go on."""

REST_SECONDS = 300.0
"""How long an upstream is not asked again that did not answer, or has no counter."""

RESTING_LIMIT = 2048
"""Targets that rest: a client may name any model it likes."""

INLINE_BYTES = 100_000
"""A larger body is counted off the reactor's thread; this much takes about 10 ms."""

InThread = Callable[[Callable[[], int]], "Deferred[int]"]
"""Runs a function in a thread: `lambda call: deferToThreadPool(reactor, reactor.getThreadPool(), call)`."""

log = Logger()


class Theirs:
    """The counters of upstreams. One that does not answer in time, or is none, rests for a while."""

    def __init__(self, dialects: Mapping[str, Dialect], client: Client, clock: IReactorTime) -> None:
        self._dialects = dialects
        self._client = client
        self._clock = clock
        self._resting: dict[str, float] = {}

    async def count(self, call: Call, target: Target, witness: Witness | None) -> int | None:
        """The upstream's own count; None where it has no counter, or gives no number in time."""
        login = call.principal.passes
        if not target.key and not (target.passes_login and login):
            return None
        if self._clock.seconds() < self._resting.get(target.name, 0.0):
            return None
        try:
            upstream = self._dialects[target.dialect]
            asked = question(upstream, call.dialect, call.headers, call.body, target.model, target.quirks)
        except ApiError:
            return None
        if asked is None:
            return None

        def give_up(_cancelled: int | Failure | None, _seconds: float) -> None:
            self._rest(target, f"no answer within {UPSTREAM_SECONDS:g} s")

        answer: Deferred[int | None] = Deferred.fromCoroutine(self._answer(asked, target, login, witness))
        return await answer.addTimeout(UPSTREAM_SECONDS, self._clock, onTimeoutCancel=give_up)

    async def _answer(
        self, asked: Question, target: Target, login: Mapping[str, str], witness: Witness | None
    ) -> int | None:
        try:
            response = await self._client.open(target, asked.outgoing, login, witness)
        except ApiError as error:
            self._rest(target, error.message)
            return None
        body = await self._client.read_error(response)
        if response.code in (401, 403) and not target.key:
            # A count would hide from the client that its login does not work.
            message = f"{target.provider} refused the login that came with the request"
            raise ApiError(Kind.AUTH, message, status=response.code)
        tokens = asked.read(body) if response.code == 200 else None
        if tokens is None and response.code != 400:  # A 400 is about this one request.
            self._rest(target, f"status {response.code}")
        return tokens

    def _rest(self, target: Target, reason: str) -> None:
        if len(self._resting) >= RESTING_LIMIT:
            self._resting.clear()
        log.info("the counter of {target} is not asked for a while: {reason}", target=target.name, reason=reason)
        self._resting[target.name] = self._clock.seconds() + REST_SECONDS


class Ours:
    """Counts with a `ruler`, which is `name`d."""

    def __init__(self, ruler: Ruler, in_thread: InThread) -> None:
        self._ruler = ruler
        self._in_thread = in_thread
        self.name = ruler.name

    async def count(self, call: Call) -> int:
        """The tokens of a request, as the ruler measures."""
        if len(call.body) <= INLINE_BYTES:
            return self._measured(call)
        return await self._in_thread(lambda: self._measured(call))

    def _measured(self, call: Call) -> int:
        """What cannot be said in our model is still text that somebody reads."""
        try:
            request = call.dialect.parse_request(call.headers, call.body)
        except ApiError as error:
            if error.kind is not Kind.UNTRANSLATABLE:
                raise
            return self._ruler.measure(call.body.decode("utf-8", "replace"))
        return count(request, self._ruler.measure)
