"""`GET /exchanges/ID`: all that is known of one exchange; word for word only for whoever administers us.

Whoever is on this machine may know what happened. What was said is another matter: prompts are shown to those who could
read the files themselves, or could have them written.
"""

from typing import Any
from urllib.parse import unquote

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request

from ccproxy.access.principals import Keyring
from ccproxy.captures.captured import Captured
from ccproxy.captures.seen import told
from ccproxy.captures.spool import Spool
from ccproxy.dialects.dialect import Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.feed import Feed
from ccproxy.ledger.database import LedgerError
from ccproxy.ledger.ledger import Ledger
from ccproxy.ledger.queries import exchange
from ccproxy.web.answers import page, peer_address, request_headers, tell
from ccproxy.web.live import Guarded
from ccproxy.web.site import NewId

PATH = "/exchanges/"

log = Logger()


@frozen
class Known:
    """Where exchanges are found: among those that run or ended lately, in the ledger, among the captures."""

    feed: Feed
    ledger: Ledger
    spool: Spool

    def running(self, wanted: str) -> dict[str, Any] | None:
        """One that runs, as far as it has come."""
        return next((one for one in self.feed.running() if one["id"] == wanted), None)

    async def over(self, wanted: str) -> dict[str, Any] | None:
        """The record of one that is over."""
        for one in self.feed.recent():
            if one["id"] == wanted:
                return one
        try:
            kept = await self.ledger.ask(exchange, wanted)
        except LedgerError:
            return None
        return next((one for one in kept if one["id"] == wanted), None)


class OneExchange(Guarded):
    """The page, as JSON."""

    def __init__(self, keyring: Keyring, dialect: Dialect, new_id: NewId, known: Known) -> None:
        super().__init__(keyring, dialect, new_id)
        self._known = known

    def show(self, request: Request) -> int:
        wanted = unquote(request.path.decode("latin-1").removeprefix(PATH))
        answering = Deferred.fromCoroutine(self._answer(request, wanted))
        request.notifyFinish().addErrback(lambda _: answering.cancel())
        answering.addErrback(self._failed, request)
        return NOT_DONE_YET

    async def _answer(self, request: Request, wanted: str) -> None:
        known = self._known
        found = known.running(wanted) or await known.over(wanted)
        captured = await known.spool.ask(wanted, _told) if self._may_read(request) else None
        if found is None and captured is None:
            error = ApiError(Kind.NO_ROUTE, f"no exchange {wanted[:100]!r} is known; perhaps it is too old")
            tell(request, self._dialect, error, self._new_id())
            return
        record, words = captured or (None, None)
        request.write(page(request, {**(found or record or {"id": wanted}), "capture": words}))
        request.finish()

    def _may_read(self, request: Request) -> bool:
        try:
            self._keyring.trusted(request_headers(request), peer_address(request))
        except ApiError:
            return False
        return True

    def _failed(self, failure: Failure, request: Request) -> None:
        if failure.check(CancelledError):
            return
        log.failure("showing {path} failed: a fault of ours", failure, path=request.path.decode("latin-1"))
        fault = ApiError(Kind.BROKEN, "ccproxy failed; its log has the details", status=500)
        tell(request, self._dialect, fault, self._new_id())


def _told(captured: Captured) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    record = captured.record
    return None if record is None else dict(record), told(captured)
