"""Asking a daemon over HTTP, as any client does."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from attrs import frozen

from ccproxy.cli.process.speaking import say

SECONDS = 3.0
"""A daemon that serves answers at once."""

ANSWER_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer."""

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


def ask(
    url: str, listen: tuple[str, ...], path: str, key: str = "", method: str = "GET", seconds: float = SECONDS
) -> Answer | None:
    """The answer at `path`; None where nothing listens, or it says nothing that can be read in time. A daemon without a
    `url` is asked at its unix socket, if it has one."""
    try:
        with asked(url, listen, f"{method} {path}", key, seconds) as (status, body):
            return Answer(status, _object(body.read(ANSWER_LIMIT)))
    except NoDaemon:
        return None


def listens(url: str, listen: tuple[str, ...]) -> bool:
    """Whether anything at all listens there, whatever it speaks."""
    try:
        _connected(url, listen, SECONDS).close()
    except (NoDaemon, OSError):
        return False
    return True


@contextmanager
def asked(
    url: str, listen: tuple[str, ...], request: str, key: str = "", seconds: float = SECONDS, silence: float = SECONDS
) -> Iterator[tuple[int, BinaryIO]]:
    """The status of the answer to a request such as `GET /status`, and its body, which may be silent for a while.
    Raises `NoDaemon`, also where it breaks off."""
    there = url or ", ".join(listen)
    try:
        with _connected(url, listen, seconds) as connection:
            status, body = say(connection, request, urlsplit(url).netloc or "localhost", key)
            connection.settimeout(silence)
            with body:
                yield status, body
    except (OSError, ValueError) as error:
        raise NoDaemon(f"ccproxy does not run, or does not answer at {there} ({error}): ccproxy start") from None


def _connected(url: str, listen: tuple[str, ...], seconds: float) -> socket.socket:
    """A way to a daemon. Raises `NoDaemon` where it listens at nothing that can be reached."""
    if url:
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        host = parts.hostname or ""
        connection = socket.create_connection((host, parts.port or (443 if is_tls else 80)), seconds)
        return _in_tls(connection, host) if is_tls else connection
    for description in listen:
        if match := _SOCKET.match(description):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(seconds)
            connection.connect(re.sub(r"\\(.)", r"\1", match[1]))
            return connection
    raise NoDaemon("ccproxy listens at no address that this program can reach")


def _in_tls(connection: socket.socket, host: str) -> socket.socket:
    """The same connection, encrypted."""
    import ssl

    return ssl.create_default_context().wrap_socket(connection, server_hostname=host)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
