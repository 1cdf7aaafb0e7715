"""URLs that are taken apart once."""

from hyperlink import EncodedURL
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.upstream.urls import ready


class ReadyTests(SynchronousTestCase):
    """What treq makes of them."""

    def test_same_as_taken_apart_each_time(self) -> None:
        """The text that treq sends is the one it would have made itself, in each of its steps."""
        for text in (
            "http://127.0.0.1:8080/v1/chat/completions",
            "https://bücher.example/v1",
            "https://a.test/models/x%2Fy:streamGenerateContent?alt=sse",
            "http://localhost:80/v1?a=b c",
        ):
            expected = EncodedURL.from_text(text).to_uri().to_text()
            self.assertEqual(ready(text).to_uri().to_text(), expected)
            self.assertEqual(ready(text).host, EncodedURL.from_text(expected).host)

    def test_ipv6(self) -> None:
        """An upstream may have an address of IPv6, which treq could not normalise."""
        url = ready("http://[::1]:11434/v1/chat/completions")
        self.assertEqual(url.to_uri().to_text(), "http://[::1]:11434/v1/chat/completions")
        self.assertEqual(url.host, "::1")

    def test_remembered(self) -> None:
        """The same text is the same URL."""
        self.assertIs(ready("http://a.test/x"), ready("http://a.test/x"))
