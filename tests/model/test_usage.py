"""How usages that were told at several times, or by several targets, become one."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.model.usage import Usage


class Merged(SynchronousTestCase):
    """Of one target, at several times."""

    def test_replaces(self) -> None:
        """Reports are cumulative: a later figure takes the place of an earlier one, what it does not tell stays."""
        told = Usage(input=10, output=1, tier="flex").merge(Usage(output=20, reasoning=5))
        self.assertEqual(told, Usage(input=10, output=20, reasoning=5, tier="flex"))

    def test_placeholder(self) -> None:
        """A zero behind a real figure changes nothing; where there was none it is one."""
        told = Usage(input=10).merge(Usage(input=0, cache_read=0))
        self.assertEqual(told, Usage(input=10, cache_read=0))


class Added(SynchronousTestCase):
    """Of several targets, one after the other."""

    def test_sum(self) -> None:
        """Usages add up; what nobody told stays unknown."""
        both = Usage(input=1, output=2).plus(Usage(input=3, cache_read=4))
        self.assertEqual(both, Usage(input=4, output=2, cache_read=4))

    def test_tier(self) -> None:
        """The last one's service is named, or the first one's where it said nothing."""
        self.assertEqual(Usage(tier="flex").plus(Usage(tier="priority")).tier, "priority")
        self.assertEqual(Usage(tier="flex").plus(Usage()).tier, "flex")
