"""One POST path of one dialect: from a request of HTTP to a call."""

from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from ccproxy.access.principals import Keyring
from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.reply import Reply
from ccproxy.web.answers import peer_address, request_headers, tell_by
from ccproxy.web.site import BoundedRequest, NewId
from ccproxy.wire.compression import decode

MODEL_LIMIT = 2048
"""Characters of a model's name, which is remembered in many places. The longest known are ARNs of Amazon's."""

log = Logger()


class Serving(Protocol):
    """Whoever answers calls: `exchange.dispatch.Dispatch`, or `web.counting.Counts`."""

    async def serve(self, call: Call, reply: Reply) -> None:
        """Answer one call, and tell its errors. Cancelled when the client leaves."""


class Endpoint(Resource):
    """Serves the calls of one dialect. Who asks is settled before anything of the body is read."""

    isLeaf = True

    def __init__(self, dialect: Dialect, keyring: Keyring, serving: Serving, body_limit: int, new_id: NewId) -> None:
        super().__init__()
        self._dialect = dialect
        self._keyring = keyring
        self._serving = serving
        self._body_limit = body_limit
        self._new_id = new_id

    def render_POST(self, request: BoundedRequest) -> int:
        reply = Reply(request)
        serving = Deferred.fromCoroutine(self._serve(request, reply))
        reply.when_gone().addCallback(lambda _: serving.cancel())
        serving.addErrback(_left)
        return NOT_DONE_YET

    async def _serve(self, request: BoundedRequest, reply: Reply) -> None:
        exchange = self._new_id()
        try:
            call = self._read(request, exchange)
            await self._serving.serve(call, reply)
        except ApiError as error:
            log.info(
                "request refused with {status}: {reason}", exchange=exchange, status=error.status, reason=error.message
            )
            tell_by(reply, self._dialect, error, exchange)
        except CancelledError:
            raise
        except Exception:
            log.failure("serving {exchange} failed: a fault of ours", exchange=exchange)
            told = ApiError(Kind.BROKEN, "ccproxy failed; its log has the details")
            tell_by(reply, self._dialect, told, exchange)

    def _read(self, request: BoundedRequest, exchange: str) -> Call:
        headers = request_headers(request)
        principal = self._keyring.identify(headers, peer_address(request))
        body = decode(request.body, headers.get("content-encoding", ""), self._body_limit)
        peek = self._dialect.peek(body)
        if len(peek.model) > MODEL_LIMIT:
            raise ApiError(Kind.INVALID, f"model: expected a name of at most {MODEL_LIMIT} characters")
        return Call(exchange, self._dialect, headers, body, peek.model, peek.stream, principal, request.uri)


def _left(failure: Failure) -> None:
    """The client left, and there is nobody to be told."""
    failure.trap(CancelledError)
