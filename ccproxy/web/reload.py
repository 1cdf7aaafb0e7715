"""`POST /reload`: read the configuration again, and tell how that went."""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from ccproxy.access.principals import Keyring
from ccproxy.dialects.dialect import Answer, Dialect
from ccproxy.errors import ApiError
from ccproxy.exchange.reply import Reply
from ccproxy.web.answers import peer_address, request_headers, tell_by
from ccproxy.web.site import BoundedRequest, NewId
from ccproxy.wire import jsontext


class Result(Protocol):
    """How a reload went: `daemon.reload.Reloaded`."""

    @property
    def number(self) -> int: ...
    @property
    def ok(self) -> bool: ...
    @property
    def message(self) -> str: ...


class ReloadPage(Resource):
    """For whoever administers us. 200 where the configuration was taken over, 400 where it stays as it was."""

    isLeaf = True

    def __init__(self, keyring: Keyring, reload: Callable[[], Deferred[Any]], dialect: Dialect, new_id: NewId) -> None:
        super().__init__()
        self._keyring = keyring
        self._reload = reload
        self._dialect = dialect
        self._new_id = new_id

    def render_POST(self, request: BoundedRequest) -> int:
        reply = Reply(request)
        try:
            self._keyring.trusted(request_headers(request), peer_address(request))
        except ApiError as error:
            tell_by(reply, self._dialect, error, self._new_id())
            return NOT_DONE_YET

        def tell(result: Result) -> None:
            value = {"ok": result.ok, "message": result.message, "reloads": result.number}
            reply.answer(Answer(200 if result.ok else 400, jsontext.dumps(value)), {"cache-control": "no-store"})

        self._reload().addCallback(tell)
        return NOT_DONE_YET
