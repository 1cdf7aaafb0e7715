"""`GET /sessions/NAME`: what a conversation has used so far, for its client's status line."""

from twisted.web.server import Request

from ccproxy.access.principals import Keyring
from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.sessions import Sessions
from ccproxy.web.answers import page
from ccproxy.web.live import Guarded
from ccproxy.web.site import NewId

PATH = "/sessions/"


class SessionPage(Guarded):
    """What is known of one conversation: its name is told to nobody, and is not to be guessed."""

    def __init__(self, keyring: Keyring, dialect: Dialect, new_id: NewId, sessions: Sessions) -> None:
        super().__init__(keyring, dialect, new_id)
        self._sessions = sessions

    def show(self, request: Request) -> bytes:
        name = request.path.decode("latin-1").removeprefix(PATH)
        known = self._sessions.told(name)
        if known is None:
            raise ApiError(Kind.NO_ROUTE, "no conversation of that name was held here lately")
        return page(request, known)
