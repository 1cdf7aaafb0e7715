"""A request's body, in the form that treq takes."""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer


@implementer(IBodyProducer)
class Body:
    """A body that is all there: it is written at once, and the transport does the rest."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """For agents that know no better."""
        consumer.write(self.body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Nothing is held back: there is nothing to pause."""

    def resumeProducing(self) -> None:
        """See `pauseProducing`."""

    def stopProducing(self) -> None:
        """See `pauseProducing`."""
