"""What a failed connection means, in one table."""

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet.error import (
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
    TimeoutError,
)
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web._newclient import ParseError
from twisted.web.client import RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived

from ccproxy.errors import ApiError, Kind
from ccproxy.upstream.failures import explain


def failed(kind: type[Exception], *causes: Exception) -> Exception:
    """A failure of Twisted's client with these causes."""
    return kind([Failure(cause) for cause in causes])


class ExplainTests(SynchronousTestCase):
    """Each failure, its kind and its words."""

    def test_table(self) -> None:
        """Failures become kinds, and the message names the provider in words a person can use."""
        cases: list[tuple[Exception, Kind, str]] = [
            (ConnectionRefusedError("10.0.0.1:443"), Kind.UNREACHABLE, "acme refused the connection"),
            (DNSLookupError("internal.host"), Kind.UNREACHABLE, "cannot be resolved"),
            (NoRouteError(), Kind.UNREACHABLE, "no route"),
            (TimeoutError(), Kind.UNREACHABLE, "in time"),
            (TCPTimedOutError(), Kind.UNREACHABLE, "in time"),
            (failed(ResponseNeverReceived, ConnectionLost()), Kind.UNREACHABLE, "before it answered"),
            (failed(RequestTransmissionFailed, ConnectionDone()), Kind.UNREACHABLE, "before it answered"),
            (failed(ResponseNeverReceived, ParseError("x", b"y")), Kind.BROKEN, "not HTTP"),
            (failed(ResponseFailed, ConnectionLost()), Kind.BROKEN, "in the middle"),
            (
                failed(ResponseNeverReceived, TlsError([("ssl", "f", "certificate verify failed")])),
                Kind.UNREACHABLE,
                "verify failed",
            ),
            (failed(ResponseNeverReceived, VerificationError([])), Kind.UNREACHABLE, "another host"),
            (RuntimeError("secret at 10.0.0.1"), Kind.BROKEN, "RuntimeError"),
        ]
        for error, kind, words in cases:
            explained = explain(Failure(error), "acme")
            self.assertIs(explained.kind, kind, error)
            self.assertIn(words, explained.message)
            self.assertIn("acme", explained.message)
            self.assertNotIn("10.0.0.1", explained.message)
            self.assertNotIn("internal.host", explained.message)

    def test_what_a_same_target_may_help(self) -> None:
        """Only a connection that died before any answer is worth a second try at the same target."""
        self.assertTrue(explain(Failure(failed(ResponseNeverReceived, ConnectionLost())), "a").same_target_may_help)
        for error in (ConnectionRefusedError(), failed(ResponseFailed, ConnectionLost()), TimeoutError()):
            self.assertFalse(explain(Failure(error), "a").same_target_may_help)

    def test_our_own_errors_stay(self) -> None:
        """What is explained already is not explained again."""
        error = ApiError(Kind.OVERFLOW, "too long")
        self.assertIs(explain(Failure(error), "a"), error)
