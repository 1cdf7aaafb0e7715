"""Whether a provider answers and takes its key, asked over a real socket."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.reaching import reach
from ccproxy.config.settings import Settings
from ccproxy.providers.provider import Provider
from ccproxy.secret import Secret
from tests.support.servers import serving

ANSWERS = {"/ok": 200, "/refusing": 401, "/without": 404, "/broken": 500, "/elsewhere": 302}


class Listing(BaseHTTPRequestHandler):
    """A provider's list of models; the first step of the path says how it answers."""

    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("authorization") or self.headers.get("x-api-key")))
        self.send_response(ANSWERS["/" + self.path.split("/")[1]])
        self.send_header("location", "http://127.0.0.1:1/stolen")
        body = b'{"data": [{"id": "one"}, {"id": "two"}]}'
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class ReachTests(SynchronousTestCase):
    """One provider of each kind."""

    def setUp(self) -> None:
        class Handler(Listing):
            asked: list[tuple[str, str | None]] = []  # noqa: RUF012

        self.handler = Handler
        self.server = serving(self, ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def provider(self, path: str, dialect: str = "openai_chat", url: str = "") -> Provider:
        return Provider.of("mine", base_url=f"{url or self.url}{path}", dialect=dialect, key=Secret("the-key"))

    def test_answers(self) -> None:
        """Each answer is told in words; a refused key, a failure and silence are not good."""
        for path, good, words in (
            ("/ok", True, "answers (200), and has 2 models"),
            ("/refusing", False, "refuses the key (401)"),
            ("/without", True, "no list of models (404)"),
            ("/broken", False, "status 500"),
            ("/elsewhere", True, "status 302"),
        ):
            (result,) = reach([self.provider(path)], Settings())
            self.assertEqual(result.good, good, path)
            self.assertIn(words, result.words)
        self.assertEqual([path for path, _ in self.handler.asked].count("/elsewhere/models"), 1)

    def test_keys(self) -> None:
        """The key goes along as the dialect wants it, to the list of the dialect."""
        reach([self.provider("/ok"), self.provider("/ok", "anthropic")], Settings())
        self.assertEqual(sorted(self.handler.asked), [("/ok/models", "Bearer the-key"), ("/ok/v1/models", "the-key")])

    def test_unreachable(self) -> None:
        """Where nobody listens, the address is named."""
        self.server.shutdown()
        self.server.server_close()
        (result,) = reach([self.provider("/ok")], Settings())
        self.assertFalse(result.good)
        self.assertIn(f"cannot be reached at {self.url}/ok", result.words)
