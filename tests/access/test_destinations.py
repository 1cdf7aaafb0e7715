"""Where a provider that was named over HTTP may be."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.destinations import is_forbidden, is_metadata_host, literal

FORBIDDEN = (
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "0xa9.0xfe.43518",
    "169.254.43518",
    "169.254.169.254.",
    "169.254.1.1",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fe80::1",
    "[fe80::1%eth0]",
    "::ffff:169.254.169.254",
    "[::ffff:a9fe:a9fe]",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fd00:ec2::254",
    "224.0.0.1",
    "ff02::1",
)
ALLOWED = ("127.0.0.1", "10.0.0.1", "192.168.1.7", "::1", "fd00::1", "203.0.113.5", "2001:db8::1", "2130706433")
NAMES = ("localhost", "api.openai.com", "169.254.169.254.nip.io", "")


class DestinationsTests(SynchronousTestCase):
    """The tables above."""

    def test_forbidden(self) -> None:
        """Link-local and metadata addresses are seen in every spelling."""
        for host in FORBIDDEN:
            found = literal(host)
            assert found is not None, host
            self.assertTrue(is_forbidden(found), host)

    def test_allowed(self) -> None:
        """This machine, private networks and the world are places where models run."""
        for host in ALLOWED:
            found = literal(host)
            assert found is not None, host
            self.assertFalse(is_forbidden(found), host)

    def test_names(self) -> None:
        """A name is no address; some names are known."""
        for host in NAMES:
            self.assertIsNone(literal(host), host)
            self.assertFalse(is_metadata_host(host))
        for host in ("metadata.google.internal", "METADATA.google.internal.", "metadata"):
            self.assertTrue(is_metadata_host(host))
