"""Web pages of other sites that may ask us, and what their browsers want to hear first (CORS).

A browser lets a page read an answer of another site's only where that names the page's origin, and asks beforehand
(OPTIONS) whether the page may send what it wants to. Nothing here identifies anybody: a page that is let in still needs
a key, and no answer may be read that a browser's own login was given for.
"""

from collections.abc import Iterable

from twisted.web.http import NO_CONTENT
from twisted.web.server import Request

ANY = "*"
"""In a configuration: pages of every origin."""

REMEMBERED_SECONDS = 86400
"""How long browsers need not ask again; they have a shorter limit of their own."""


class Origins:
    """Those that are `allowed`, as browsers name them: `https://app.example:8443`."""

    __slots__ = ("_allowed",)

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(allowed)

    def greet(self, request: Request) -> bool:
        """Put what the page's browser wants to hear into the answer's headers. True where that is all it asked."""
        origin = request.getHeader("origin")
        if not origin or not (ANY in self._allowed or origin in self._allowed):
            return False
        headers = request.responseHeaders
        headers.setRawHeaders("access-control-allow-origin", [origin])
        headers.setRawHeaders("access-control-expose-headers", ["*"])
        headers.addRawHeader("vary", "origin")
        if request.method != b"OPTIONS" or request.getHeader("access-control-request-method") is None:
            return False
        headers.setRawHeaders("access-control-allow-methods", ["GET, POST"])
        headers.setRawHeaders("access-control-max-age", [str(REMEMBERED_SECONDS)])
        if wanted := request.getHeader("access-control-request-headers"):
            headers.setRawHeaders("access-control-allow-headers", [wanted])
        if request.getHeader("access-control-request-private-network") == "true":
            headers.setRawHeaders("access-control-allow-private-network", ["true"])
        request.setResponseCode(NO_CONTENT)
        return True
