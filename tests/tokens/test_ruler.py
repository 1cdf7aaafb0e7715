"""Which ruler texts are measured with."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.tokens.ranks import RANKS, NoRanks
from ccproxy.tokens.ruler import ESTIMATE, best


class Choice(SynchronousTestCase):
    """By what is provisioned."""

    def setUp(self) -> None:
        self.home = Path(self.mktemp())
        self.home.mkdir()

    def test_nothing_provisioned(self) -> None:
        """Without ranks it is the estimate, and no network is asked for anything."""
        self.assertIs(best({}, self.home, self.home / "nowhere"), ESTIMATE)

    def test_wrong_file(self) -> None:
        """A file that is not the right one is an error to be told, not a reason to count otherwise in silence."""
        (self.home / RANKS.name).write_bytes(b"x" * RANKS.size)
        self.assertRaises(NoRanks, best, {"CCPROXY_TOKENS_DIR": str(self.home)}, self.home)
