"""Which hosts are reached through a proxy."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.providers.wayout import BadProxy, Proxy, WayOut


class ProxyTests(SynchronousTestCase):
    """A proxy's URL."""

    def test_read(self) -> None:
        """Host, port and login are read; a bare host and port will do; a login is never shown."""
        for url, proxy in (
            ("http://proxy.test:8080", Proxy("proxy.test", 8080)),
            ("proxy.test:8080", Proxy("proxy.test", 8080)),
            ("http://proxy.test", Proxy("proxy.test", 3128)),
            ("https://proxy.test", Proxy("proxy.test", 443, tls=True)),
            ("http://[::1]:3128", Proxy("::1", 3128)),
            ("http://me:p%40ss@proxy.test:1", Proxy("proxy.test", 1, authorization=b"Basic bWU6cEBzcw==")),
        ):
            self.assertEqual(Proxy.of(url), proxy)
        self.assertNotIn("bWU6", repr(Proxy.of("http://me:p%40ss@proxy.test:1")))

    def test_asked(self) -> None:
        """It is asked for a connection to a host and port, with the login that its URL has, and with none else."""
        lines = Proxy.of("http://anna:pass%20word@proxy.test").request("api.test", 443).split(b"\r\n")
        self.assertEqual(lines[:2], [b"CONNECT api.test:443 HTTP/1.1", b"Host: api.test:443"])
        self.assertEqual(lines[2:], [b"Proxy-Authorization: Basic " + b64encode(b"anna:pass word"), b"", b""])
        self.assertEqual(
            Proxy.of("http://proxy.test").request("::1", 8443),
            b"CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n",
        )

    def test_bad(self) -> None:
        """What is no proxy's URL is told so."""
        for url in ("socks5://proxy.test", "http://", "http://proxy.test:port", "ftp://x"):
            with self.assertRaises(BadProxy):
                Proxy.of(url)


class WayOutTests(SynchronousTestCase):
    """The way to a host."""

    def through(self, host: str, port: int = 443, exempt: str = "") -> bool:
        return WayOut.of("http://proxy.test:1", exempt.split(), {}).to(host, port) is not None

    def test_this_machine(self) -> None:
        """This machine is always reached directly."""
        for host in ("localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"):
            self.assertFalse(self.through(host), host)
        self.assertTrue(self.through("api.test"))

    def test_exempt(self) -> None:
        """Domains with all below them, ports, addresses and networks are exempt, and nothing that only looks alike."""
        for entry, host, through in (
            ("api.test", "api.test", False),
            ("api.test", "x.api.test", False),
            (".api.test", "x.api.test", False),
            ("*.api.test", "x.api.test", False),
            ("api.test", "notapi.test", True),
            ("API.test", "api.TEST", False),
            ("api.test:443", "api.test", False),
            ("api.test:8443", "api.test", True),
            ("10.0.0.0/8", "10.1.2.3", False),
            ("10.1.2.3", "10.1.2.3", False),
            ("10.0.0.0/8", "11.1.2.3", True),
            ("*", "api.test", False),
        ):
            self.assertIs(self.through(host, exempt=entry), through, (entry, host))

    def test_environment(self) -> None:
        """HTTPS_PROXY and NO_PROXY count where the configuration says nothing, in either case of letters."""
        environ = {"https_proxy": "http://proxy.test:1", "no_proxy": "a.test, b.test"}
        way = WayOut.of("", (), environ)
        self.assertEqual(way.proxy, Proxy("proxy.test", 1))
        self.assertIsNone(way.to("b.test", 443))
        self.assertIsNone(WayOut.of("direct", (), environ).proxy)
        self.assertEqual(WayOut.of("http://own.test:2", (), environ).to("b.test", 443), Proxy("own.test", 2))
        self.assertIsNone(WayOut.of("", (), {}).proxy)
