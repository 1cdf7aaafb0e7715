"""The addresses of a name, without waiting for them."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from zope.interface import implementer

LOOKUP_SECONDS = 5.0


@implementer(IResolutionReceiver)
class _Found:
    """Collects what the resolver finds."""

    def __init__(self) -> None:
        self.done: Deferred[tuple[str, ...]] = Deferred()
        self._addresses: list[str] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Nothing to do: it goes on."""

    def addressResolved(self, address: IAddress) -> None:
        self._addresses.append(str(getattr(address, "host", "")))

    def resolutionComplete(self) -> None:
        if not self.done.called:
            self.done.callback(tuple(self._addresses))


class Names:
    """Asks the reactor's resolver."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    async def addresses(self, name: str) -> tuple[str, ...]:
        """All addresses that a name has now; none for a name that has none, or about which nothing is heard in
        time."""
        found = _Found()
        self._reactor.nameResolver.resolveHostName(found, name)
        deadline = self._reactor.callLater(LOOKUP_SECONDS, found.resolutionComplete)
        try:
            return await found.done
        finally:
            if deadline.active():
                deadline.cancel()
