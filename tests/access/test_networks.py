"""Addresses: who may come, and whose a request is behind proxies."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.networks import HOP_LIMIT, BadNetwork, Networks, Proxies, address, network

ADMITTED = [
    # allow, deny, address, whether it may come
    ((), (), "203.0.113.5", True),
    ((), (), None, True),
    ((), (), "no address", True),
    (("10.0.0.0/8",), (), "10.1.2.3", True),
    (("10.0.0.0/8",), (), "11.0.0.1", False),
    (("10.0.0.0/8",), (), "::ffff:10.1.2.3", True),
    (("10.0.0.0/8",), (), "::1", False),
    (("10.0.0.0/8",), (), None, True),
    (("10.0.0.0/8",), (), "no address", False),
    ((), ("10.0.0.0/8",), "10.1.2.3", False),
    ((), ("10.0.0.0/8",), "::ffff:10.1.2.3", False),
    ((), ("10.0.0.0/8",), "11.0.0.1", True),
    ((), ("10.0.0.0/8",), None, True),
    (("10.0.0.0/8",), ("10.0.0.7",), "10.0.0.7", False),
    (("10.0.0.7",), ("10.0.0.0/8",), "10.0.0.7", False),
    (("2001:db8::/32", "10.0.0.0/8"), (), "2001:db8:1::1", True),
    (("2001:db8::/32",), (), "2001:db9::1", False),
    (("2001:db8::/32",), (), "fe80::1%eth0", False),
    (("fe80::/10",), (), "fe80::1%eth0", True),
    (("0.0.0.0/0",), (), "203.0.113.5", True),
    (("0.0.0.0/0",), (), "2001:db8::1", False),
]

BEHIND = [
    # trusted, peer, X-Forwarded-For, whose it is
    ((), "203.0.113.5", "10.0.0.1", "203.0.113.5"),
    (("10.0.0.0/8",), "203.0.113.5", "1.2.3.4", "203.0.113.5"),
    (("10.0.0.0/8",), "10.0.0.1", "", "10.0.0.1"),
    (("10.0.0.0/8",), "10.0.0.1", "203.0.113.5", "203.0.113.5"),
    (("10.0.0.0/8",), "10.0.0.1", "127.0.0.1, 203.0.113.5", "203.0.113.5"),
    (("10.0.0.0/8",), "10.0.0.1", "203.0.113.5, 10.0.0.2", "203.0.113.5"),
    (("10.0.0.0/8",), "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    (("10.0.0.0/8",), "10.0.0.1", "203.0.113.5, unknown, 10.0.0.2", "10.0.0.2"),
    (("10.0.0.0/8",), "10.0.0.1", "203.0.113.5:4711", "203.0.113.5"),
    (("10.0.0.0/8",), "10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
    (("10.0.0.0/8",), "10.0.0.1", '"2001:db8::1"', "2001:db8::1"),
    (("10.0.0.0/8",), "::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
    (("10.0.0.0/8",), None, "203.0.113.5", None),
    (("unix",), None, "203.0.113.5", "203.0.113.5"),
    (("unix", "203.0.113.0/24"), None, "198.51.100.7, 203.0.113.5", "198.51.100.7"),
    (("10.0.0.0/8",), "10.0.0.1", ", ,", "10.0.0.1"),
]


class NetworksTests(SynchronousTestCase):
    """The tables above, and whatever anyone writes."""

    def test_admit(self) -> None:
        """Whoever is denied may not come; where some are allowed, nobody else may."""
        for allow, deny, peer, expected in ADMITTED:
            self.assertIs(Networks.of(allow, deny).admit(peer), expected, (allow, deny, peer))

    def test_client_of(self) -> None:
        """Only what a trusted proxy wrote is believed, back to the first address that is none of theirs."""
        for trusted, peer, forwarded, expected in BEHIND:
            self.assertEqual(Proxies.of(trusted).client_of(peer, forwarded), expected, (trusted, peer, forwarded))

    def test_bad_networks(self) -> None:
        """A slip of the pen is told with what was probably meant."""
        for text, expected in (("10.0.0.1/8", "10.0.0.0/8"), ("2001:db8::1/32", "2001:db8::/32")):
            with self.assertRaises(BadNetwork) as caught:
                network(text)
            self.assertIn(expected, str(caught.exception))
        for text in ("", "localhost", "10.0.0.0/33", "10.0.0", "unix", "10.0.0.0-10.0.0.9"):
            with self.assertRaises(BadNetwork):
                network(text)

    def test_no_proxies(self) -> None:
        """Without any there is nothing to do for a request."""
        self.assertFalse(Proxies.of(()))
        self.assertTrue(Proxies.of(("unix",)))
        self.assertTrue(Proxies.of(("::1",)))

    @settings(max_examples=300, deadline=None)
    @given(st.text(max_size=200), st.sampled_from(["10.0.0.1", "203.0.113.5", "::1", None]))
    def test_any_header(self, forwarded: str, peer: str | None) -> None:
        """Whatever a header says, the client has an address, and an untrusted peer's is its own."""
        client = Proxies.of(("10.0.0.0/8", "unix")).client_of(peer, forwarded)
        if peer in ("203.0.113.5", "::1"):
            self.assertEqual(client, peer)
        elif client is not None:
            self.assertIsNotNone(address(client))

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.ip_addresses(), max_size=50), st.ip_addresses())
    def test_nobody_becomes_a_proxy(self, written: list[object], heard: object) -> None:
        """Whatever a client writes before it, the address that the nearest proxy heard stands, unless it is trusted."""
        proxies = Proxies.of(("10.0.0.0/8",))
        header = ", ".join(map(str, [*written, heard]))
        client = proxies.client_of("10.0.0.1", header)
        if not proxies.trust(str(heard)):
            self.assertEqual(client, str(address(str(heard))))

    def test_endless_header(self) -> None:
        """Of a chain without end only the nearest hops are looked at."""
        header = ", ".join(["203.0.113.5", *["10.0.0.2"] * HOP_LIMIT])
        self.assertEqual(Proxies.of(("10.0.0.0/8",)).client_of("10.0.0.1", header), "10.0.0.2")
