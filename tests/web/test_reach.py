"""Where a provider may be that is named over HTTP."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.web.reach import Reach

NAMES = {"good.test": ("203.0.113.5",), "inner.test": ("10.0.0.7",), "trick.test": ("203.0.113.5", "169.254.169.254")}


class ReachTests(SynchronousTestCase):
    """With a resolver that knows three names."""

    async def addresses(self, name: str) -> tuple[str, ...]:
        return NAMES.get(name, ())

    def check(self, url: str, everywhere: bool = False) -> "Deferred[None]":
        return Deferred.fromCoroutine(Reach(self.addresses, everywhere).check(url))

    def test_allowed(self) -> None:
        """Services, this machine and private networks, where local models run; a name that has no address harms
        nobody."""
        for url in (
            "https://good.test/v1",
            "http://inner.test",
            "http://127.0.0.1:11434/v1",
            "http://[::1]:8000",
            "http://192.168.1.5",
            "http://unknown.test",
        ):
            self.successResultOf(self.check(url))

    def test_forbidden(self) -> None:
        """Metadata services and link-local addresses, in all their spellings, and names that lead there."""
        for url in (
            "http://169.254.169.254/v1",
            "http://2852039166/v1",
            "http://[::ffff:169.254.169.254]/v1",
            "http://[fe80::1]/v1",
            "http://metadata.google.internal/v1",
            "http://trick.test/v1",
        ):
            error = self.failureResultOf(self.check(url), ApiError).value
            self.assertIs(error.kind, Kind.INVALID)
            self.assertIn("metadata services", error.message)

    def test_everywhere(self) -> None:
        """Unless the configuration allows them."""
        self.successResultOf(self.check("http://169.254.169.254/v1", everywhere=True))

    def test_no_url(self) -> None:
        """What is no URL is refused, wherever it might lead."""
        for everywhere in (True, False):
            error = self.failureResultOf(self.check("ftp://good.test", everywhere), ApiError).value
            self.assertIn("http:// or https://", error.message)
