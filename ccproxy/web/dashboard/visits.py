"""Browsers that signed in with a key, and the cookie by which each is known.

The cookie is a random name for the visit and nothing else; the key stays here, in memory. It stands for the key below
`/dashboard` alone, so no page of another site can use it against the API, and each request is judged by the key as if
it had been sent: a key that is taken back, or may not be used from an address, ends the visit at once.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

from attrs import define
from twisted.web.server import Request

COOKIE = b"ccproxy_visit"
PATH = "/dashboard"

VISIT_SECONDS = 7 * 86400.0
"""How long a browser that is not used stays signed in."""

VISITS_LIMIT = 1000
"""Visits at a time; the one that was quiet for longest ends first."""


@define
class _Visit:
    key: str
    seen: float


class Visits:
    """All of them. They outlive configurations, and end with the daemon. `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, _Visit] = OrderedDict()

    def begin(self, request: Request, key: str) -> None:
        """A browser showed a key that is good: its answer brings the cookie."""
        name = secrets.token_urlsafe(32).encode()
        self._known[_digest(name)] = _Visit(key, self._clock())
        if len(self._known) > VISITS_LIMIT:
            self._known.popitem(last=False)
        _set(request, name, int(VISIT_SECONDS))

    def end(self, request: Request) -> None:
        """Signed out."""
        self._known.pop(_digest(request.getCookie(COOKIE) or b""), None)
        _set(request, b"", 0)

    def knows(self, request: Request) -> bool:
        """Whether this browser is signed in."""
        return _digest(request.getCookie(COOKIE) or b"") in self._known

    def present(self, request: Request) -> None:
        """Whoever comes with the cookie comes with its key; those who bring a key of their own come with that."""
        name = request.getCookie(COOKIE) if request.path.startswith(PATH.encode()) else None
        if not name or any(request.requestHeaders.hasHeader(header) for header in (b"authorization", b"x-api-key")):
            return
        visit = self._known.get(_digest(name))
        if visit is None:
            return
        now = self._clock()
        if now - visit.seen > VISIT_SECONDS:
            del self._known[_digest(name)]
            return
        visit.seen = now
        self._known.move_to_end(_digest(name))
        request.requestHeaders.setRawHeaders(b"authorization", [f"Bearer {visit.key}".encode()])


def _digest(name: bytes) -> bytes:
    """How long it takes to look up a digest tells nothing of the name."""
    return sha256(name).digest()


def _set(request: Request, name: bytes, seconds: int) -> None:
    request.addCookie(
        COOKIE,
        name,
        path=PATH.encode(),
        max_age=b"%d" % seconds,
        httpOnly=True,
        secure=request.isSecure(),
        sameSite=b"strict",
    )
