"""Sending one request to one target, until its headers are in.

treq over Twisted's Agent and one pool. What treq would add by default is left out: it keeps no cookies, follows no
redirects (a redirect loses the body, and could carry a key to another host), and buffers no body. The deadlines are
ours: treq's own ends when the headers arrive.
"""

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast

from attrs import frozen
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from ccproxy.dialects.dialect import Outgoing
from ccproxy.errors import ApiError, Kind
from ccproxy.providers.target import Auth, Target
from ccproxy.upstream.failures import explain, was_cancelled
from ccproxy.upstream.reads import Joined, Noted, Reads

IDLE_CONNECTIONS_PER_HOST = 256
"""Kept open for the next request. Twisted keeps 2, so that most requests of a busy proxy would shake hands anew."""

IDLE_SECONDS = 55
"""How long a connection is kept idle: most servers and balancers close theirs after 60 s or more."""

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


def make_agent(reactor: object, endpoints: IAgentEndpointFactory, reads: Reads) -> tuple[IAgent, HTTPConnectionPool]:
    """The one Agent, and its pool for closing; `reads` gets to know the reads of its connections."""
    pool = HTTPConnectionPool(reactor, persistent=True)
    pool.maxPersistentPerHost = IDLE_CONNECTIONS_PER_HOST
    pool.cachedConnectionTimeout = IDLE_SECONDS
    pool.retryAutomatically = False
    return Agent.usingEndpointFactory(reactor, Noted(endpoints, reads), pool=pool), pool


@implementer(IBodyProducer)
class Body:
    """A request body that is all there: written at once, the transport does the rest."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Nothing is held back: there is nothing to pause."""

    def resumeProducing(self) -> None:
        """See `pauseProducing`."""

    def stopProducing(self) -> None:
        """See `pauseProducing`."""


@implementer(IAgent)
class _Unencoded:
    """The agent below treq, which would ask for gzip: on a stream that costs latency and buys nothing."""

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        headers = Headers() if headers is None else headers
        headers.setRawHeaders(b"Accept-Encoding", [b"identity"])
        return self._agent.request(method, uri, headers, bodyProducer)


class Client:
    """Opens exchanges with upstreams. One for the daemon; `clock` moves its deadlines."""

    def __init__(self, agent: IAgent, reads: Reads, clock: Any, deadlines: Deadlines) -> None:
        self._reads = reads
        self._clock = clock
        self._deadlines = deadlines
        no_cookies = IndexableCookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._http = HTTPClient(_Unencoded(agent), cookiejar=no_cookies, data_to_body_producer=lambda body: body)

    async def open(self, target: Target, outgoing: Outgoing, login: Mapping[str, str]) -> IResponse:
        """Send, and wait for the headers: a response whose body nobody has read yet.

        `login` is the client's own credential, sent where the target has no key and takes it. Cancelling closes the
        connection. Raises UNREACHABLE, TIMEOUT or BROKEN; any status is a success here.
        """
        url = f"{target.base_url}{outgoing.path}" + (f"?{outgoing.query}" if outgoing.query else "")
        headers = Headers({name: [value] for name, value in outgoing.headers.items()})
        for name, value in credential(target, login).items():
            headers.setRawHeaders(name, [value])
        answer = self._http.request(
            "POST",
            url,
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
            return await answer
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

    def deliver(self, response: IResponse, receiver: Protocol) -> None:
        """The body goes to this protocol, all that one read brought at once."""
        response.deliverBody(Joined(receiver, self._reads))

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
