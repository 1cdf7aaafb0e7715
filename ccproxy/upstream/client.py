"""Sending one request to one target, until its headers are in.

treq over a `Pool`. What treq would add by default is left out: it keeps no cookies, follows no redirects (a redirect
loses the body, and could carry a key to another host), and buffers no body. The deadlines are ours: treq's own ends
when the headers arrive.
"""

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast

from attrs import evolve, frozen
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse

from ccproxy.dialects.dialect import Outgoing
from ccproxy.errors import ApiError, Kind
from ccproxy.headers import joined
from ccproxy.providers.target import Auth, Target
from ccproxy.secret import Sought
from ccproxy.upstream.body import Body
from ccproxy.upstream.credentials import Credentials
from ccproxy.upstream.failures import explain, was_cancelled
from ccproxy.upstream.urls import ready
from ccproxy.upstream.witness import Witness

ERROR_BODY_LIMIT = 256 * 1024
"""Bytes read of an answer that is an error."""

ERROR_BODY_SECONDS = 10.0


@frozen
class Deadlines:
    """How long an upstream may take, in seconds. `total` None: as long as it takes."""

    connect: float = 10.0
    first_byte: float = 120.0
    stall: float = 300.0
    total: float | None = None
    commit_grace: float = 15.0


class Client:
    """Opens exchanges with upstreams. One for the daemon; `clock` moves its deadlines."""

    def __init__(self, agent: IAgent, clock: Any, deadlines: Deadlines, credentials: Credentials | None = None) -> None:
        self._clock = clock
        self._deadlines = deadlines
        self._credentials = Credentials(clock) if credentials is None else credentials
        no_cookies = IndexableCookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._http = HTTPClient(agent, cookiejar=no_cookies, data_to_body_producer=lambda body: body)

    async def open(
        self, target: Target, outgoing: Outgoing, login: Mapping[str, str], witness: Witness | None = None
    ) -> IResponse:
        """Send, as `_open` does. A key that is found out at need is looked for first; where it is refused it is looked
        for once more, and if it is another by now the request is sent again."""
        sought = target.key
        if not isinstance(sought, Sought):
            return await self._open(target, outgoing, login, witness)
        key = await self._credentials.key(sought, target.provider)
        response = await self._open(evolve(target, key=key), outgoing, login, witness)
        if response.code == 401:
            try:
                renewed = await self._credentials.renewed(sought, key, target.provider)
            except BaseException:
                self.discard(response)
                raise
            if renewed != key:
                self.discard(response)
                return await self._open(evolve(target, key=renewed), outgoing, login, witness)
        return response

    def discard(self, response: IResponse) -> None:
        """Let go of an answer whose body nobody has read."""
        collector = _ErrorBody()
        response.deliverBody(collector)
        if not collector.done.called:
            collector.stop()

    async def _open(
        self, target: Target, outgoing: Outgoing, login: Mapping[str, str], witness: Witness | None
    ) -> IResponse:
        """Send, and wait for the headers: a response whose body nobody has read yet.

        `login` is the client's own credential, sent where the target has no key and takes it. Cancelling closes the
        connection. Raises UNREACHABLE, TIMEOUT or BROKEN; any status is a success here.
        """
        url = f"{target.base_url}{outgoing.path}" + (f"?{outgoing.query}" if outgoing.query else "")
        headers = Headers({name: [value] for name, value in outgoing.headers.items()})
        for name, value in credential(target, login).items():
            headers.setRawHeaders(name, [value])
        sent = None
        if witness is not None:
            sent = witness.sent(target, outgoing.method, url, joined(headers.getAllRawHeaders()), outgoing.body)
        answer = self._http.request(
            outgoing.method,
            ready(url),
            headers=headers,
            data=Body(outgoing.body),
            allow_redirects=False,
            unbuffered=True,
            reactor=self._clock,
        )
        late = False

        def give_up() -> None:
            nonlocal late
            late = True
            answer.cancel()

        deadline = self._clock.callLater(self._deadlines.first_byte, give_up)
        try:
            response = await answer
            return response if sent is None else sent.answered(response)
        except Exception:
            failure = Failure()
            if late:
                raise self._late(target) from None
            if was_cancelled(failure):
                raise CancelledError from None
            raise explain(failure, target.provider) from None
        finally:
            if deadline.active():
                deadline.cancel()

    def _late(self, target: Target) -> ApiError:
        waited = f"{self._deadlines.first_byte:g} s"
        return ApiError(Kind.TIMEOUT, f"{target.provider} sent no answer within {waited}")

    async def read_error(self, response: IResponse) -> bytes:
        """The body of an answer that is an error, or as much of it as comes in time and within the limit: the status
        alone is an answer too."""
        collector = _ErrorBody()
        response.deliverBody(collector)
        deadline = self._clock.callLater(ERROR_BODY_SECONDS, collector.stop)
        try:
            return await collector.done
        finally:
            if deadline.active():
                deadline.cancel()


class _ErrorBody(Protocol):
    """Collects a body up to the limit. `done` fires with what there is at the end, whatever the end was."""

    def __init__(self) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _: self._stop_transport())
        self._parts: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > ERROR_BODY_LIMIT:
            self.stop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.done.called:
            self.done.callback(b"".join(self._parts)[:ERROR_BODY_LIMIT])

    def stop(self) -> None:
        """That is enough."""
        self._stop_transport()
        self.connectionLost()

    def _stop_transport(self) -> None:
        cast(IPushProducer, self.transport).stopProducing()


def credential(target: Target, login: Mapping[str, str]) -> Mapping[str, str]:
    """The headers that say who we are to this target."""
    if not target.key:
        return login if target.passes_login else {}
    key = target.key.reveal()
    match target.auth:
        case Auth.BEARER:
            return {"authorization": f"Bearer {key}"}
        case Auth.X_API_KEY | Auth.GOOGLE | Auth.AZURE:
            return {target.auth.value: key}
