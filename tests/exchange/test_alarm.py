"""One delayed call for all that may become due."""

from collections.abc import Callable

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.exchange.alarm import Alarm, Due


class Alarms(SynchronousTestCase):
    """An alarm, and what is due as the test has it."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.done: list[tuple[str, float]] = []
        self.due: dict[str, float] = {}
        self.acts: dict[str, Callable[[], None]] = {}
        self.alarm = Alarm(self.clock)

    def dues(self) -> list[Due]:
        return [(when, self.act(name)) for name, when in self.due.items()]

    def act(self, name: str) -> Callable[[], None]:
        """Once for each name, so that the same thing is the same."""

        def act() -> None:
            self.done.append((name, self.clock.seconds()))
            del self.due[name]

        return self.acts.setdefault(name, act)

    def test_nearest(self) -> None:
        """It rings for the nearest, then for the next, and is silent when nothing is left."""
        self.due = {"b": 5.0, "a": 2.0}
        self.alarm.arm(self.dues)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.pump([1.9, 0.1, 2.9, 0.1])
        self.assertEqual([(name, round(when, 3)) for name, when in self.done], [("a", 2.0), ("b", 5.0)])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_put_off(self) -> None:
        """What was put off meanwhile is not done when it rings; no timer was moved for it."""
        self.due = {"a": 2.0}
        self.alarm.arm(self.dues)
        self.due["a"] = 3.0
        self.clock.advance(2.5)
        self.assertEqual(self.done, [])
        self.clock.advance(0.5)
        self.assertEqual(self.done, [("a", 3.0)])

    def test_earlier(self) -> None:
        """What is due earlier than was known must be told."""
        self.due = {"a": 20.0}
        self.alarm.arm(self.dues)
        self.due["b"] = 1.0
        self.alarm.arm(self.dues)
        self.clock.advance(1.0)
        self.assertEqual(self.done, [("b", 1.0)])

    def test_settled_by_another(self) -> None:
        """What is done first may settle what is due with it."""

        def both() -> None:
            self.due.clear()

        self.due = {"a": 1.0, "b": 2.0}
        self.acts["a"] = both
        self.alarm.arm(self.dues)
        self.clock.advance(2.0)
        self.assertEqual((self.done, self.clock.getDelayedCalls()), ([], []))

    def test_disarmed(self) -> None:
        """It does not ring when nothing is due any more; disarming twice does no harm."""
        self.due = {"a": 1.0}
        self.alarm.arm(self.dues)
        self.alarm.disarm()
        self.alarm.disarm()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.alarm.arm(self.dues)
        self.clock.advance(1.0)
        self.assertEqual(self.done, [("a", 1.0)])

    def test_nothing(self) -> None:
        """Where nothing is due there is no delayed call."""
        self.alarm.arm(self.dues)
        self.assertEqual(self.clock.getDelayedCalls(), [])
