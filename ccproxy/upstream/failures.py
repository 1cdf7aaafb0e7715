"""What Twisted says when a connection fails, told as an `ApiError`.

One table, so that a failure means the same before the headers and in the middle of a body. The messages name the
provider and never an address: they reach the client.
"""

from collections.abc import Iterable

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet.defer import CancelledError
from twisted.internet.error import (
    ConnectError,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
    TimeoutError,
)
from twisted.internet.error import (
    ConnectionClosed as ConnectionEnded,
)
from twisted.python.failure import Failure
from twisted.web.client import (
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http import PotentialDataLoss

from ccproxy.errors import ApiError, Kind
from ccproxy.upstream.tunnels import ProxyRefused

_CONNECTING: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "refused the connection: check its api_base_url, and that it runs"),
    (DNSLookupError, "has a host name that cannot be resolved: check its api_base_url"),
    (NoRouteError, "cannot be reached: there is no route to its host"),
    (TimeoutError, "did not accept a connection in time"),
    (TCPTimedOutError, "did not accept a connection in time"),
    (ConnectError, "cannot be reached"),
)


def ended_well(reason: Failure) -> bool:
    """Whether a body's end is one: with its last chunk or its last byte, or by closing where it had no length."""
    return reason.check(ResponseDone, PotentialDataLoss) is not None


def was_cancelled(failure: Failure) -> bool:
    """Whether a request failed because we gave it up: Twisted tells it in different ways, by how far it had come."""
    return failure.check(CancelledError) is not None or _first(_causes(failure.value), (CancelledError,)) is not None


def explain(failure: Failure, provider: str) -> ApiError:
    """The error that a failed request or a broken body means. `provider` is what the message calls the upstream.

    A failure that is already an `ApiError` stays what it is. What no table knows is BROKEN, with its type named.
    """
    error = failure.value
    if isinstance(error, ApiError):
        return error
    if isinstance(error, ProxyRefused):
        return ApiError(Kind.UNREACHABLE, f"{provider}: the proxy on the way there did not connect it ({error.why})")
    for kind, words in _CONNECTING:
        if isinstance(error, kind):
            return ApiError(Kind.UNREACHABLE, f"{provider} {words}")
    causes = tuple(_causes(error))
    tls = _first(causes, (TlsError, VerificationError))
    if tls is not None:
        return ApiError(Kind.UNREACHABLE, f"{provider}: the TLS connection failed ({_tls_words(tls)})")
    if isinstance(error, (ResponseNeverReceived, RequestTransmissionFailed)):
        if _first(causes, (ConnectionEnded,)) is not None:
            return ApiError(
                Kind.UNREACHABLE,
                f"{provider} closed the connection before it answered",
                same_target_may_help=True,
            )
        return ApiError(Kind.BROKEN, f"{provider} answered with something that is not HTTP")
    if isinstance(error, RequestGenerationFailed):
        return ApiError(Kind.UNREACHABLE, f"{provider}: the request could not be sent")
    if isinstance(error, (ResponseFailed, ConnectionEnded)):
        return ApiError(Kind.BROKEN, f"{provider} closed the connection in the middle of its answer")
    return ApiError(Kind.BROKEN, f"{provider} failed ({type(error).__name__})")


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    for reason in getattr(error, "reasons", ()):
        yield reason.value
        yield from _causes(reason.value)


def _first(causes: Iterable[BaseException], kinds: tuple[type[BaseException], ...]) -> BaseException | None:
    return next((cause for cause in causes if isinstance(cause, kinds)), None)


def _tls_words(error: BaseException) -> str:
    if isinstance(error, VerificationError):
        return "its certificate is for another host"
    stack = error.args[0] if error.args else ()
    words = [entry[-1] for entry in stack if isinstance(entry, tuple) and entry]
    return "; ".join(words) or "no reason given"
