"""HTTP with our own daemon, in the version of it in which an answer ends with its connection.

So little of it is needed that whatever speaks all of HTTP would take longer to import than the daemon to answer.
"""

import socket
from typing import BinaryIO

LINE_LIMIT = 64 * 1024


def say(connection: socket.socket, request: str, host: str, key: str = "") -> tuple[int, BinaryIO]:
    """Send a request, such as `GET /status`, without a body. The status of the answer, and its body to be read. Raises
    `OSError`, or `ValueError` for what is no HTTP."""
    lines = [f"{request} HTTP/1.0", f"Host: {host}", "Content-Length: 0"]
    if key:
        lines.append(f"x-api-key: {key}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))
    answer = connection.makefile("rb")
    version, _, rest = answer.readline(LINE_LIMIT).partition(b" ")
    if not version.startswith(b"HTTP/"):
        raise ValueError("what answers there does not speak HTTP")
    while answer.readline(LINE_LIMIT).strip():
        pass  # Headers, of which none is of interest.
    return int(rest[:3]), answer
