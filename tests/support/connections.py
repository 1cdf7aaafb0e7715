"""Server connections that a test can end, and wait for the end of: trial refuses to leave any behind."""

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory


class Tallied(WrappingFactory):
    """Any server factory, with its connections counted."""

    noisy = False

    def __init__(self, wrapped: object) -> None:
        super().__init__(wrapped)
        self._when_none: list[Deferred[None]] = []

    def unregisterProtocol(self, p: ProtocolWrapper) -> None:
        super().unregisterProtocol(p)
        if not self.protocols:
            waiting, self._when_none = self._when_none, []
            for deferred in waiting:
                deferred.callback(None)

    def close(self, port: IListeningPort) -> Deferred[None]:
        """Stops listening and aborts what is connected; fires when nothing is left."""
        none: Deferred[None] = Deferred()
        if self.protocols:
            self._when_none.append(none)
        else:
            none.callback(None)
        for protocol in list(self.protocols):
            protocol.transport.abortConnection()
        both = DeferredList([maybeDeferred(port.stopListening), none], fireOnOneErrback=True)
        return both.addCallback(lambda _: None)
