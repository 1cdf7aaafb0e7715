"""A daemon that cannot start, before somebody's eyes and in the background."""

from twisted.application.service import MultiService, Service
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.daemon.foreground import CannotServe, Foreground
from ccproxy.daemon.listening import CannotListen


class Refused(Service):
    """Cannot have its socket."""

    def privilegedStartService(self) -> None:
        raise CannotListen("no such socket")

    def startService(self) -> None:
        raise CannotListen("no such socket")


class ForegroundTests(SynchronousTestCase):
    """`Foreground`, around a service that starts or does not."""

    def test_ends(self) -> None:
        """What cannot listen ends the process with 1, by whichever of the two steps; its reason goes along."""
        for step in ("privilegedStartService", "startService"):
            top = MultiService()
            Refused().setServiceParent(top)
            with self.assertRaises(CannotServe) as caught:
                getattr(Foreground(top), step)()
            self.assertEqual((caught.exception.code, str(caught.exception.reason)), (1, "no such socket"))

    def test_starts(self) -> None:
        """What starts is started and stopped as without it."""
        inner = MultiService()
        outer = Foreground(inner)
        outer.privilegedStartService()
        outer.startService()
        self.assertTrue(inner.running)
        self.successResultOf(outer.stopService())
        self.assertFalse(inner.running)
