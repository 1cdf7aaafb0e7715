"""Commands that ask providers themselves, where a proxy is the only way out."""

import json
import os
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.main import main
from tests.support.certificates import self_signed
from tests.support.servers import serving

HOST = "provider.test"


class Provider(BaseHTTPRequestHandler):
    """Has a model, and answers what it is asked."""

    def do_GET(self) -> None:
        self._answer({"data": [{"id": "m"}]})

    def do_POST(self) -> None:
        message = {"role": "assistant", "content": "Hello by proxy"}
        self._answer({"id": "x", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}]})

    def _answer(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Lending(StreamRequestHandler):
    """A proxy that lends connections to the one provider, whatever is asked for."""

    heads: list[str]
    provider: int
    refuses = False

    def handle(self) -> None:
        head = ""
        while (line := self.rfile.readline().decode()).strip():
            head += line
        self.heads.append(head)
        if self.refuses:
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self.provider)) as there:
            back = threading.Thread(target=_pump, args=(there, self.connection))
            back.start()
            _pump(self.connection, there)
            back.join()


def _pump(source: socket.socket, into: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            into.sendall(data)
        into.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class ProxiedTests(SynchronousTestCase):
    """A provider by https behind a proxy, and one by plain http."""

    def setUp(self) -> None:
        self.home = Path(self.mktemp()).absolute()
        (self.home / ".ccproxy").mkdir(parents=True)
        key, certificate = self_signed(HOST)
        trusted = self.home / "trusted.pem"
        trusted.write_bytes(certificate)
        (self.home / "own.pem").write_bytes(key + certificate)
        self.provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.home / "own.pem")
        self.provider.socket = context.wrap_socket(self.provider.socket, server_side=True)

        class Proxy(Lending):
            heads: list[str] = []  # noqa: RUF012
            provider = self.provider.server_port

        self.proxy = Proxy
        proxies = ThreadingTCPServer(("127.0.0.1", 0), Proxy)
        self.plain = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        for server in (self.provider, proxies, self.plain):
            serving(self, server)
        self.url = f"http://me:the%20word@127.0.0.1:{proxies.server_address[1]}"
        self.environ: dict[str, str | None] = {
            **dict.fromkeys(os.environ),
            "HOME": str(self.home),
            "NO_COLOR": "1",
            "SSL_CERT_FILE": str(trusted),
        }

    def run_with(self, *arguments: str, **settings: Any) -> Result:
        """The command, with the one provider and these settings."""
        provider = {"name": "p", "api_base_url": f"https://{HOST}/v1", "dialect": "openai_chat", "api_key": "k"}
        document = {"providers": [provider], "routes": {"default": "p,m"}, **settings}
        (self.home / ".ccproxy" / "config.json").write_text(json.dumps(document))
        return CliRunner().invoke(main, arguments, env=self.environ, catch_exceptions=False)

    def test_through_it(self) -> None:
        """`check --online`, `models --online`, `doctor` and `ask` go through the configured proxy, with its login."""
        for words, *command in (
            ("answers (200), and has 1 models", "check", "--online"),
            ("p,m", "models", "--online"),
            ("p answers (200)", "doctor", "--json"),
            ("Hello by proxy", "ask", "hi", "--direct"),
        ):
            self.proxy.heads.clear()
            result = self.run_with(*command, proxy_url=self.url)
            self.assertIn(words, result.output)
            (head,) = self.proxy.heads
            self.assertTrue(head.startswith(f"CONNECT {HOST}:443 HTTP/1."), head)
            self.assertIn("Proxy-Authorization: Basic bWU6dGhlIHdvcmQ=", head)

    def test_environment(self) -> None:
        """Without a proxy in the configuration it is the environment's, which `direct` overrules, and hosts that are
        exempt."""
        self.environ["HTTPS_PROXY"] = self.url
        self.assertEqual(self.run_with("check", "--online").exit_code, 0)
        self.assertEqual(len(self.proxy.heads), 1)
        for settings in ({"proxy_url": "direct"}, {"no_proxy": [HOST]}):
            self.assertIn(
                f"cannot be reached at https://{HOST}/v1: ", self.run_with("check", "--online", **settings).output
            )
        self.assertEqual(len(self.proxy.heads), 1)

    def test_no_proxy_at_all(self) -> None:
        """What of the environment is no proxy is told, and not used."""
        self.environ["HTTPS_PROXY"] = "socks5://127.0.0.1:1"
        result = self.run_with("check", "--online")
        self.assertIn("HTTPS_PROXY is not used: expected a URL such as http://proxy", result.stderr)
        self.assertIn("cannot be reached", result.stdout)

    def test_refused(self) -> None:
        """A proxy that refuses, or is not there, is named; its password is not."""
        self.proxy.refuses = True
        for url, why in ((self.url, "407"), ("http://me:the%20word@127.0.0.1:1", "refused")):
            for command in (["check", "--online"], ["ask", "hi", "--direct"]):
                said = self.run_with(*command, proxy_url=url).output
                port = url.rpartition(":")[2]
                self.assertIn(f"cannot be reached at https://{HOST}/v1 through the proxy 127.0.0.1:{port}: ", said)
                self.assertIn(why, said)
                self.assertNotIn("word", said)

    def test_proxy_by_https(self) -> None:
        """A proxy that only the daemon can speak to is told as such."""
        for command in (["check", "--online"], ["ask", "hi", "--direct"]):
            said = self.run_with(*command, proxy_url="https://127.0.0.1:1").output
            self.assertIn("only the daemon can speak to a proxy that is itself reached by https", said)

    def test_plain_http(self) -> None:
        """No proxy leads to a provider of plain http: it is on this machine or near it."""
        near = {
            "name": "p",
            "api_base_url": f"http://127.0.0.1:{self.plain.server_port}/v1",
            "dialect": "openai_chat",
            "api_key": "k",
        }
        result = self.run_with("check", "--online", proxy_url=self.url, providers=[near])
        self.assertIn("answers (200)", result.output)
        self.assertEqual(self.proxy.heads, [])
