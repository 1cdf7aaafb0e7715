"""A reactor that finds no address for a name where nobody should be sent.

A provider's URL is judged when it comes over HTTP (`web.reach`). Its name may lead elsewhere later: whoever owns it can
point it at the address by which a cloud tells a machine its secrets. So names are judged once more whenever somebody
connects. An address that stands in a URL as such was judged for good, or is the operator's own word.
"""

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from zope.interface import implementer

from ccproxy.access.destinations import is_forbidden, is_metadata_host, literal


@implementer(IReactorPluggableNameResolver)
class Wary:
    """That reactor; in all else it is the one that it is given."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.nameResolver = _Resolver(reactor.nameResolver)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """That of the reactor itself."""
        former: IHostnameResolver = self._reactor.installNameResolver(resolver)
        self.nameResolver = _Resolver(resolver)
        return former


@implementer(IHostnameResolver)
class _Resolver:
    def __init__(self, resolver: IHostnameResolver) -> None:
        self._resolver = resolver

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        receiver = resolutionReceiver if literal(hostName) else _Sieve(resolutionReceiver, is_metadata_host(hostName))
        return self._resolver.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _Sieve:
    """Passes on the addresses where anybody may be sent; none at all where `shut`."""

    def __init__(self, receiver: IResolutionReceiver, shut: bool) -> None:
        self._receiver = receiver
        self._shut = shut

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: IAddress) -> None:
        found = literal(str(getattr(address, "host", "")))
        if not self._shut and (found is None or not is_forbidden(found)):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()
