"""`POST /v1/messages/count_tokens` and `/v1/responses/input_tokens`: how many tokens a request would be.

It always answers: by the upstream's own counter where it has one, else by counting here. Claude Code asks 26 times
within 150 ms to draw its `/context`, other clients 50 times at their start: what was counted once is remembered.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping

from attrs import evolve, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.access.principals import Keyring
from ccproxy.dialects.dialect import Answer, Dialect, Headers, Peek
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.naming import told_of
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.witness import Witness, Witnessing
from ccproxy.providers.target import Target
from ccproxy.routing.names import plain
from ccproxy.routing.routes import Routes
from ccproxy.tokens.counting import count
from ccproxy.tokens.exact import Question, question
from ccproxy.tokens.factors import Factors
from ccproxy.tokens.ruler import Ruler
from ccproxy.upstream.client import Client
from ccproxy.web.answers import tell_by
from ccproxy.web.endpoint import Endpoint, Serving
from ccproxy.web.site import NewId
from ccproxy.wire import fields, jsontext

UPSTREAM_SECONDS = 3.0
"""How long an upstream's counter may take. Then we count ourselves: the client waits for a number to go on."""

REST_SECONDS = 300.0
"""How long an upstream is not asked again that did not answer, or has no counter."""

INLINE_BYTES = 100_000
"""A larger body is counted off the reactor's thread; this much takes about 10 ms."""

REMEMBERED = 2048
"""Counts, and resting targets: a client may name any model it likes."""

InThread = Callable[[Callable[[], int]], "Deferred[int]"]
"""Runs a function in a thread: `lambda call: deferToThreadPool(reactor, reactor.getThreadPool(), call)`."""

log = Logger()


@frozen
class Counted:
    """A number of tokens, and who counted: `upstream`, or the name of a ruler. What a ruler counted is as it measured:
    the model's factor is not in it."""

    tokens: int
    by: str


_UPSTREAM = "upstream"

_BESIDE = {"openai_responses": {"object": "response.input_tokens"}}
"""What a dialect says besides the number."""


class Counts:
    """Serves calls that ask for a count. One for the daemon."""

    def __init__(
        self,
        dialects: Mapping[str, Dialect],
        routes: Routes,
        client: Client,
        ruler: Ruler,
        factors: Factors,
        clock: IReactorTime,
        in_thread: InThread,
        witnessing: Witnessing | None = None,
    ) -> None:
        self._dialects = dialects
        self._routes = routes
        self._client = client
        self._ruler = ruler
        self._factors = factors
        self._clock = clock
        self._in_thread = in_thread
        self._witnessing = witnessing
        self._remembered: OrderedDict[bytes, Counted] = OrderedDict()
        self._resting: dict[str, float] = {}

    async def serve(self, call: Call, reply: Reply) -> None:
        """Answer one call. Cancelled when the client leaves."""
        witness = reply.hearing = None if self._witnessing is None else self._witnessing(call)
        await self._serve(call, reply, witness)
        if witness is not None:
            witness.over(None)

    async def _serve(self, call: Call, reply: Reply, witness: Witness | None) -> None:
        told = told_of(call.id)
        try:
            chosen = self._routes.candidates(call.facts, self._clock.seconds(), take=False)
            target = chosen.targets[0]
            told = told_of(call.id, chosen.rule, target.name)
            call.principal.client.check(plain(call.model), chosen.rule)
            counted = await self._count(call, target, witness)
        except CancelledError:
            return
        except ApiError as error:
            tell_by(reply, call.dialect, error, call.id, told)
            return
        except Exception:
            log.failure("counting tokens for {exchange} failed: a fault of ours", exchange=call.id)
            fault = ApiError(Kind.BROKEN, "ccproxy failed; its log has the details")
            tell_by(reply, call.dialect, fault, call.id, told)
            return
        tokens = counted.tokens
        if counted.by != _UPSTREAM:
            tokens = math.ceil(tokens * self._factors.factor(target.name))
        told |= {"x-ccproxy-token-count": counted.by, "x-ccproxy-attempts": str(int(counted.by == _UPSTREAM))}
        value = {**_BESIDE.get(call.dialect.name, {}), "input_tokens": tokens}
        reply.answer(Answer(200, jsontext.dumps(value)), told)

    async def _count(self, call: Call, target: Target, witness: Witness | None) -> Counted:
        key = hashlib.sha256(f"{target.name}\n".encode("utf-8", "surrogatepass") + call.body).digest()
        known = self._remembered.get(key)
        if known is not None:
            self._remembered.move_to_end(key)
            return known
        exact = await self._ask(call, target, witness)
        counted = Counted(exact, _UPSTREAM) if exact is not None else await self._count_here(call)
        self._remembered[key] = counted
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return counted

    async def _count_here(self, call: Call) -> Counted:
        def measured() -> int:
            return _measured(call.dialect, call.headers, call.body, self._ruler)

        tokens = measured() if len(call.body) <= INLINE_BYTES else await self._in_thread(measured)
        return Counted(tokens, self._ruler.name)

    async def _ask(self, call: Call, target: Target, witness: Witness | None) -> int | None:
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
        if len(self._resting) >= REMEMBERED:
            self._resting.clear()
        log.info("the counter of {target} is not asked for a while: {reason}", target=target.name, reason=reason)
        self._resting[target.name] = self._clock.seconds() + REST_SECONDS


class Counting(Endpoint):
    """The resource. Who may ask, how large a body may be and how it may be packed is as for every endpoint."""

    def __init__(self, dialect: Dialect, keyring: Keyring, counts: Serving, body_limit: int, new_id: NewId) -> None:
        super().__init__(evolve(dialect, peek=peek), keyring, counts, body_limit, new_id)


def peek(body: bytes) -> Peek:
    """The model of a request to be counted. It has no `max_tokens`, and it is never a stream. Raises INVALID."""
    root = fields.read_body(body)
    return Peek(fields.text(root, "model", ""), False)


def _measured(dialect: Dialect, headers: Headers, body: bytes, ruler: Ruler) -> int:
    """Our own count. What cannot be said in our model is still text that somebody reads."""
    try:
        request = dialect.parse_request(headers, body)
    except ApiError as error:
        if error.kind is not Kind.UNTRANSLATABLE:
            raise
        return ruler.measure(body.decode("utf-8", "replace"))
    return count(request, ruler.measure)
