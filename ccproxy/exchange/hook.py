"""One hook: a function of the operator's own, and the point of an exchange where it is called."""

import enum
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.view import Exchange
from ccproxy.routing.extensions import has_starbased_form
from ccproxy.routing.extensions import hook as hook_function
from ccproxy.routing.patience import Patience


class Point(enum.Enum):
    """Where hooks are called, and what they may change there."""

    REQUEST = "request"
    """A request has come in: `model`, `headers`, `body`."""
    ROUTED = "routed"
    """It is known who will be asked: `targets`, by name, in their order."""
    SENDING = "sending"
    """A request is about to go to `target`: `upstream_headers`, `upstream_body`. Once for each try."""
    ANSWERING = "answering"
    """The upstream has answered with `status` and `answer_headers`: nothing."""
    EVENT = "event"
    """The answer goes on: the hook's second argument is an event of `ccproxy.model.events`. Nothing may be changed.
    Each target that goes on with an answer tells a beginning of its own."""
    FINISHED = "finished"
    """The exchange has ended well, or the client left: `record` tells all. Nothing."""
    FAILED = "failed"
    """It has not: likewise."""


class Refuse(Exception):
    """Raised by a hook that does not let a request pass. The client gets the message, with this status."""

    def __init__(self, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.message = message
        self.status = status

    @property
    def error(self) -> ApiError:
        """What the client is told."""
        return ApiError(_KINDS.get(self.status, Kind.FORBIDDEN), self.message, status=self.status)


_KINDS = {400: Kind.INVALID, 401: Kind.AUTH, 404: Kind.NO_ROUTE, 429: Kind.RATE, 503: Kind.BUSY}


@frozen
class Hook:
    """One hook: what is called, where, with what besides, and how long it may take."""

    name: str
    point: Point
    call: Callable[..., Any]
    parameters: Mapping[str, Any] = field(factory=dict)
    timeout: float = 5.0
    threaded: bool = True
    required: bool = False
    patience: Patience = field(factory=Patience, eq=False)

    @classmethod
    def of(
        cls,
        name: str,
        point: str,
        directory: str,
        parameters: Mapping[str, Any],
        timeout: float = 5.0,
        reactor: bool = False,
        required: bool = False,
    ) -> "Hook":
        """The hook that is configured so. Raises `BadExtension`."""
        function = hook_function(name, point, directory)
        where = Point(point)
        is_async = inspect.iscoroutinefunction(function)
        if has_starbased_form(function):
            function = in_starbased_form(function)
        threaded = not (is_async or reactor or where is Point.EVENT)
        return cls(name, where, function, parameters, timeout, threaded, required)


def in_starbased_form(function: Callable[..., Any]) -> Callable[..., Any]:
    """A hook of starbased's form, `fn(data, user_api_key_dict, **kwargs) -> data`, in ours."""

    def adapted(exchange: Exchange, **parameters: Any) -> None:
        body = exchange.body
        own = {"url": exchange.id, "method": "POST", "headers": dict(exchange.headers), "body": dict(body)}
        given = {**body, "metadata": dict(body.get("metadata") or {}), "proxy_server_request": own}
        data = function(given, {"user_id": exchange.client}, **parameters)
        if not isinstance(data, dict):
            return
        kept = {key: value for key, value in data.items() if key not in _STARBASED_OWN}
        metadata = {key: value for key, value in kept.pop("metadata", {}).items() if not key.startswith("ccproxy_")}
        if metadata.keys() & body.get("metadata", {}).keys() or "user_id" in metadata:
            kept["metadata"] = {key: metadata[key] for key in ("user_id",) if key in metadata}
        exchange.body = kept

    return adapted


_STARBASED_OWN = ("proxy_server_request", "secret_fields", "provider_specific_header", "litellm_call_id")
