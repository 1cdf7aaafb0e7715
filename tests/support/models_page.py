"""A vendor of which only the list of models is there: enough for whoever tries a key."""

import json
import threading
from collections.abc import Iterable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ModelsPage:
    """Lists `models` to whoever presents one of `keys`; serves in a thread, for tests that block. `presented` holds the
    keys that came; `now` is the time by its clock, None for ours."""

    def __init__(self, keys: Iterable[str], models: Iterable[str], now: float | None = None) -> None:
        self.keys, self.models, self.now = set(keys), list(models), now
        self.presented: list[str] = []
        page = self

        class Answer(BaseHTTPRequestHandler):
            """One answer."""

            def do_GET(self) -> None:
                key = self.headers.get("authorization", "").removeprefix("Bearer ")
                page.presented.append(key)
                right = self.path == "/v1/models" and key in page.keys
                body = json.dumps({"data": [{"id": name} for name in page.models]} if right else {}).encode()
                self.send_response_only(200 if right else 401)
                self.send_header("date", formatdate(page.now, usegmt=True))
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody wants to know."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        """Ends it, and its thread."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
