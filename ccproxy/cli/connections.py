"""Connections to providers without Twisted, by the way out that the daemon takes: through a proxy where one is.

Commands ask little and wait for it, and start faster so.
"""

import http.client
import os
import socket
import ssl
from urllib.parse import urlsplit

import click

from ccproxy.config.resolve import way_out
from ccproxy.config.settings import Settings
from ccproxy.providers.wayout import BadProxy, Proxy, WayOut, refusal

FAILURES = (OSError, http.client.HTTPException)
"""What a connection fails with."""


HEAD_LIMIT = 16 * 1024
"""Bytes of a proxy's answer."""


def configured_way_out(settings: Settings) -> WayOut:
    """How providers are reached, by the configuration and this environment. What is no proxy is told, and not used, as
    the daemon does it."""
    try:
        return way_out(settings, os.environ)
    except BadProxy as error:
        click.echo(f"HTTPS_PROXY is not used: expected {error}", err=True)
        return WayOut()


def connection(base_url: str, way: WayOut, seconds: float) -> http.client.HTTPConnection:
    """A connection to the server of a URL; made already where a proxy lends it, else by the first request."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, parts.port, timeout=seconds)
    context = ssl.create_default_context()
    port = parts.port or 443
    proxy = way.to(host, port)
    made = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    if proxy is not None:
        made.sock = context.wrap_socket(_lent(proxy, host, port, seconds), server_hostname=host)
    return made


def _lent(proxy: Proxy, host: str, port: int, seconds: float) -> socket.socket:
    """A connection to a host that a proxy lends."""
    if proxy.tls:
        raise OSError("only the daemon can speak to a proxy that is itself reached by https")
    lent = socket.create_connection((proxy.host, proxy.port), seconds)
    try:
        lent.sendall(proxy.request(host, port))
        head = b""
        # By single bytes, since what comes behind the head is not ours to read.
        while len(head) < HEAD_LIMIT and not head.endswith(b"\r\n\r\n") and (byte := lent.recv(1)):
            head += byte
        if why := refusal(head):
            raise OSError(f"the proxy lends no connection: {why}")
    except BaseException:
        lent.close()
        raise
    return lent


def told(base_url: str, way: WayOut, error: Exception) -> str:
    """That the server of a URL cannot be reached: where, by which way, and why."""
    parts = urlsplit(base_url)
    proxy = way.to(parts.hostname or "", parts.port or 443) if parts.scheme == "https" else None
    through = f" through the proxy {proxy.host}:{proxy.port}" if proxy else ""
    return f"cannot be reached at {base_url}{through}: {error or type(error).__name__}"
