"""Looking every so often: as long as it is wanted, and while the service runs."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.daemon.looking import Looking


class Counted(Looking):
    """Counts its looks, and how often it began."""

    looks = begun = 0

    def _begin(self) -> None:
        self.begun += 1

    def _look(self) -> None:
        self.looks += 1


class LookingTests(SynchronousTestCase):
    """A service with a clock of its own."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.looking = Counted(self.clock, 10)

    def test_while_it_runs(self) -> None:
        """The first look is after the first pause; there is none before the start, nor after the end."""
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.looking.startService()
        self.assertEqual(self.looking.looks, 0)
        self.clock.pump([10, 10])
        self.assertEqual(self.looking.looks, 2)
        self.looking.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_other_pauses(self) -> None:
        """Another pause begins anew; the same one goes on undisturbed."""
        self.looking.startService()
        self.clock.advance(9)
        self.looking.look_every(10)
        self.clock.advance(1)
        self.assertEqual((self.looking.looks, self.looking.begun), (1, 1))
        self.looking.look_every(3)
        self.clock.advance(3)
        self.assertEqual((self.looking.looks, self.looking.begun), (2, 2))

    def test_not_at_all(self) -> None:
        """Nobody looks where that is not wanted, until it is again."""
        self.looking.startService()
        self.looking.look_every(None)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.looking.look_every(10)
        self.clock.advance(10)
        self.assertEqual(self.looking.looks, 1)
