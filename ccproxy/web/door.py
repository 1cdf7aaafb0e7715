"""What is settled of a request before any page sees it: where it comes from, and whose a key is that was never seen.

Pages ask `answers.peer_address` and their keyring, which then know.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.protocols.policies import ProtocolWrapper

from ccproxy.access.clients import Client
from ccproxy.access.keys import Proof
from ccproxy.access.networks import Proxies
from ccproxy.access.principals import Keyring
from ccproxy.errors import ApiError, Kind
from ccproxy.headers import joined
from ccproxy.web.site import BoundedRequest

PROOFS = 64
"""Keys that may wait to be proven. Each takes 40 ms of one core."""

PROOFS_OF_ONE = 8
"""Of them, those from one address: a stranger who guesses does not keep the others waiting."""

InThread = Callable[[Callable[[], Any]], "Deferred[Any]"]


class Door:
    """Stands before the root. `in_thread` runs slow work elsewhere; `present` adds what a browser that signed in does
    not send again."""

    def __init__(
        self,
        keyring: Keyring,
        proxies: Proxies,
        in_thread: InThread,
        present: Callable[[BoundedRequest], None] = lambda _: None,
    ) -> None:
        self._present = present
        self._keyring = keyring
        self._proxies = proxies
        self._in_thread = in_thread
        self._proving: Counter[str | None] = Counter()

    def settle(self, request: BoundedRequest) -> "Deferred[None] | None":
        """Settle it. None where that is done at once, as for nearly all; else fires when it is. Fails with BUSY where
        too many wait already."""
        if self._proxies:
            request.came_from = self._origin(request)
        self._present(request)
        if not self._keyring.has_hashes:
            return None
        proofs = self._keyring.proofs(joined(request.requestHeaders.getAllRawHeaders()))
        return Deferred.fromCoroutine(self.prove(proofs, request.came_from)) if proofs else None

    def _origin(self, request: BoundedRequest) -> str | None:
        """The client's address. Who speaks the PROXY protocol stands nearer to us than who writes headers."""
        peer = _host(_bare(request.channel.transport).getPeer())
        if self._proxies.trust(peer):
            peer = _host(request.getClientAddress())
        forwarded = request.requestHeaders.getRawHeaders(b"x-forwarded-for", [])
        return self._proxies.client_of(peer, b",".join(forwarded).decode("latin-1"))

    async def prove(self, proofs: Sequence[Proof[Client]], origin: str | None) -> None:
        """Have these keys looked at, for whoever is at this address. Raises BUSY."""
        if self._proving.total() >= PROOFS or self._proving[origin] >= PROOFS_OF_ONE:
            raise ApiError(Kind.BUSY, "ccproxy is busy looking at other keys: ask again in a second", retry_after=1)
        self._proving[origin] += 1
        try:
            for proof in proofs:
                proof.settle(await self._in_thread(proof.run))
        finally:
            self._proving[origin] -= 1
            if not self._proving[origin]:
                del self._proving[origin]


def _bare(transport: Any) -> Any:
    """The connection itself, under TLS and the PROXY protocol."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    return transport


def _host(address: Any) -> str | None:
    return getattr(address, "host", None)
