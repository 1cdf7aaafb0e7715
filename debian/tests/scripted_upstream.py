"""A provider that says what it is asked to, over TLS: for the tests that run in a booted Debian, where nothing but
Debian's own Python is.

It speaks OpenAI's chat dialect. What it says is told by the model's name: `steps` counts to five, `slow` does so in as
many seconds, `tools` asks for a tool first and ends once it has the result, and `key` says which key it was shown.
"""

import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

HOST = "provider.test"
PORT = 8443
TOOLS = ("tools", "qwen/qwen3-coder")
"""Models that ask for a tool; the second is the one that administration.md configures."""
AUTHORITIES = Path("/usr/local/share/ca-certificates")


def certify(directory: Path, host: str) -> tuple[Path, Path]:
    """A key and a certificate for a host, which this machine trusts from now on."""
    key, certificate = directory / f"{host}.key", directory / f"{host}.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    words += ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host},IP:127.0.0.1"]
    subprocess.run([*words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    (AUTHORITIES / f"{host}.crt").write_text(certificate.read_text())
    subprocess.run(["update-ca-certificates"], check=True, capture_output=True)
    return key, certificate


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """One piece of a streamed answer."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


class Provider(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answers a chat request, streamed."""
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in self._answer(request):
            self._send(f"data: {json.dumps(piece)}\n\n")
        self._send("data: [DONE]\n\n")
        self._send("")

    def _answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield chunk({"role": "assistant", "content": ""})
        model, messages = request["model"], request["messages"]
        if model in TOOLS and request.get("tools") and messages[-1]["role"] != "tool":
            call = {"name": "Bash", "arguments": json.dumps({"command": "hostname", "description": "Says who I am"})}
            yield chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": call}]})
            yield chunk({}, "tool_calls")
            return
        if model in TOOLS:
            said = messages[-1]["content"]
            yield chunk({"content": f"The machine is called {said if isinstance(said, str) else said[0]['text']}"})
        elif model == "key":
            yield chunk({"content": self.headers["authorization"]})
        else:
            for step in range(1, 6):
                yield chunk({"content": f"step {step} "})
                time.sleep(1.0 if model == "slow" else 0.0)
        yield chunk({}, "stop")

    def _send(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Nothing is said of requests."""


def serve(directory: Path, host: str = HOST, port: int = PORT) -> ThreadingHTTPServer:
    """Serves as this host from now on, in threads of its own."""
    key, certificate = certify(directory, host)
    hosts = Path("/etc/hosts")
    if host not in hosts.read_text():
        hosts.write_text(hosts.read_text() + f"127.0.0.1 {host}\n")
    server = ThreadingHTTPServer(("127.0.0.1", port), Provider)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    serve(Path("/tmp"))
    print(f"https://{HOST}:{PORT}/v1", flush=True)
    while True:
        time.sleep(3600)
