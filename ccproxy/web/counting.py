"""`POST /v1/messages/count_tokens` and `/v1/responses/input_tokens`: how many tokens a request would be.

It always answers: by the upstream's own counter where it has one, else by counting here. Claude Code asks 26 times
within 150 ms to draw its `/context`, other clients 50 times at their start: what was counted once is remembered.
"""

import hashlib
import math
from collections import OrderedDict

from attrs import evolve, frozen
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ccproxy.access.principals import Keyring
from ccproxy.dialects.dialect import Answer, Dialect, Peek
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.naming import told_of
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.witness import Witness, Witnessing
from ccproxy.providers.target import Target
from ccproxy.routing.names import plain
from ccproxy.routing.routes import Routes
from ccproxy.tokens.factors import Factors
from ccproxy.web.answers import tell_by
from ccproxy.web.counters import Ours, Theirs
from ccproxy.web.endpoint import Endpoint, Serving
from ccproxy.web.site import NewId
from ccproxy.wire import fields, jsontext

REMEMBERED = 2048
"""Counts: a client may ask for any text it likes."""

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
        routes: Routes,
        theirs: Theirs,
        ours: Ours,
        factors: Factors,
        clock: IReactorTime,
        witnessing: Witnessing | None = None,
    ) -> None:
        self._routes = routes
        self._theirs = theirs
        self._ours = ours
        self._factors = factors
        self._clock = clock
        self._witnessing = witnessing
        self._remembered: OrderedDict[bytes, Counted] = OrderedDict()

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
        exact = await self._theirs.count(call, target, witness)
        counted = Counted(await self._ours.count(call), self._ours.name) if exact is None else Counted(exact, _UPSTREAM)
        self._remembered[key] = counted
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return counted


class Counting(Endpoint):
    """The resource. Who may ask, how large a body may be and how it may be packed is as for every endpoint."""

    def __init__(self, dialect: Dialect, keyring: Keyring, counts: Serving, body_limit: int, new_id: NewId) -> None:
        super().__init__(evolve(dialect, peek=peek), keyring, counts, body_limit, new_id)


def peek(body: bytes) -> Peek:
    """The model of a request to be counted. It has no `max_tokens`, and it is never a stream. Raises INVALID."""
    root = fields.read_body(body)
    return Peek(fields.text(root, "model", ""), False)
