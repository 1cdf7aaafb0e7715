"""Asking a daemon over HTTP, as any client does."""

import http.client
import json
import re
import socket
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

SECONDS = 3.0
"""A daemon that serves answers at once."""

_SOCKET = re.compile(r"unix:(?:address=)?((?:[^:\\]|\\.)+)")


class NoDaemon(Exception):
    """Nothing answers; `str()` says where."""


@frozen
class Answer:
    """What was answered; `content` is empty where it is no JSON object."""

    status: int
    content: dict[str, Any]

    @property
    def is_ours(self) -> bool:
        """Whether a status page of ccproxy's answers there."""
        return "exchanges" in self.content and "version" in self.content


class _Socket(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(
    url: str, listen: tuple[str, ...], path: str, key: str = "", method: str = "GET", seconds: float = SECONDS
) -> Answer | None:
    """The answer at `path`; None where nothing listens, or it says nothing that can be read in time. A daemon without a
    `url` is asked at its unix socket, if it has one."""
    asked = connection(url, listen, seconds)
    if asked is None:
        return None
    try:
        asked.request(method, path, headers={"x-api-key": key} if key else {})
        response = asked.getresponse()
        return Answer(response.status, _object(response.read()))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        asked.close()


def connection(url: str, listen: tuple[str, ...], seconds: float) -> http.client.HTTPConnection | None:
    """A way to a daemon, not yet gone; None where it listens at nothing that can be reached."""
    if url:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=seconds)
    for description in listen:
        if match := _SOCKET.match(description):
            return _Socket(re.sub(r"\\(.)", r"\1", match[1]), seconds)
    return None


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
