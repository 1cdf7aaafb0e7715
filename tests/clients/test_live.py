"""The ground of the live tests itself."""

import os

from twisted.trial.unittest import FailTest, SkipTest, SynchronousTestCase

from tests.clients.live import unavailable


class Unavailable(SynchronousTestCase):
    """A client that cannot be had here."""

    def test_skips(self) -> None:
        """On a developer's machine the test is skipped, and says why."""
        self.patch(os, "environ", {})
        reason = unavailable("npm is not installed")
        self.assertIsInstance(reason, SkipTest)
        self.assertEqual(str(reason), "npm is not installed")

    def test_fails_in_ci(self) -> None:
        """Where everything must run, it fails."""
        self.patch(os, "environ", {"CCPROXY_CI": "1"})
        reason = unavailable("npm is not installed")
        self.assertIsInstance(reason, FailTest)
        self.assertIn("npm is not installed", str(reason))
