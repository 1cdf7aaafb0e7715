"""One connection to an upstream, between two strings: what is asked, and the answer in every form and cut."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH, IResponse
from zope.interface.verify import verifyObject

from ccproxy.upstream.connections import Connection, NotHttp
from ccproxy.upstream.framing import CHUNK_LINE_LIMIT, HEAD_LIMIT
from tests.support.transports import Abortable

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Receiver(Protocol):
    """Takes a body: the pieces as they came, and the end. `on_data` and `on_start` are what a test wants done then."""

    def __init__(
        self, on_data: Callable[["Receiver"], None] | None = None, on_start: Callable[["Receiver"], None] | None = None
    ) -> None:
        self.pieces: list[bytes] = []
        self.ends: list[Failure] = []
        self._on_data = on_data
        self._on_start = on_start

    def connectionMade(self) -> None:
        if self._on_start is not None:
            self._on_start(self)

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)
        if self._on_data is not None:
            self._on_data(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ends.append(reason)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def end(self) -> type[BaseException] | None:
        """The kind of its end, which is told once."""
        (end,) = self.ends or [None]
        return None if end is None else end.type


class Upstream:
    """A connection of ours and the transport below it."""

    def __init__(self) -> None:
        self.idle: list[Connection] = []
        self.lost: list[Connection] = []
        self.transport = Abortable()
        self.connection = Connection(self.idle.append, self.lost.append)
        self.connection.makeConnection(self.transport)

    def ask(self) -> "Deferred[IResponse]":
        return self.connection.ask(b"POST / HTTP/1.1\r\n\r\n")

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.dataReceived(piece)

    def drop(self, error: Exception | None = None) -> None:
        self.connection.connectionLost(Failure(error or ConnectionLost()))

    @property
    def state(self) -> str:
        """What became of it: kept for the next request, closed (at once or in good order), or still at work."""
        if self.transport.aborting:
            return "aborted"
        if self.transport.disconnecting:
            return "closed"
        return "kept" if self.idle else "busy"

    def receive(self, *pieces: bytes, receiver: Receiver | None = None) -> Receiver:
        """The body of an answer that comes in these pieces, taken as soon as its head is in."""
        receiver = receiver or Receiver()
        self.ask().addCallback(lambda response: response.deliverBody(receiver))
        self.say(*pieces)
        return receiver


def outcome(pieces: list[bytes], close: Exception | None) -> tuple[object, ...]:
    """All that can be known of an answer that comes in these pieces, behind which the upstream closes if it does."""
    upstream = Upstream()
    receiver = Receiver()
    heads: list[object] = []

    def take(response: IResponse) -> None:
        headers = sorted(response.headers.getAllRawHeaders())
        heads.append((response.version, response.code, response.phrase, headers, response.length))
        response.deliverBody(receiver)

    failures: list[Failure] = []
    upstream.ask().addCallbacks(take, failures.append)
    upstream.say(*pieces)
    state = upstream.state
    if close is not None:
        upstream.drop(close)
    failed = [(failure.type, str(failure.value.reasons[0].value)) for failure in failures]
    return heads, failed, receiver.body, receiver.end, state


def every_cut(case: SynchronousTestCase, data: bytes, close: Exception | None = None) -> tuple[object, ...]:
    """The outcome of an answer, after showing that no cut of its bytes changes it."""
    whole = outcome([data], close)
    case.assertEqual(outcome([data[i : i + 1] for i in range(len(data))], close), whole, "byte by byte")
    for i in range(1, len(data)):
        case.assertEqual(outcome([data[:i], data[i:]], close), whole, f"cut at {i}")
    return whole


class FramingTests(SynchronousTestCase):
    """Where a body ends, however its bytes are cut."""

    def test_bodies(self) -> None:
        """Each way to frame a body gives the same bytes and the same end, and tells whether to ask again."""
        done = ConnectionDone()
        cases: list[tuple[str, bytes, Exception | None, bytes, object, str]] = [
            ("length", OK + b"Content-Length: 5\r\n\r\nhello", None, b"hello", ResponseDone, "kept"),
            ("no body", OK + b"Content-Length: 0\r\n\r\n", None, b"", ResponseDone, "kept"),
            (
                "same length twice",
                OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
                None,
                b"hi",
                ResponseDone,
                "kept",
            ),
            ("204", b"HTTP/1.1 204 No Content\r\n\r\n", None, b"", ResponseDone, "kept"),
            ("304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", None, b"", ResponseDone, "kept"),
            (
                "chunks",
                CHUNKED + b"5\r\nhello\r\n6\r\n\r\nrld!\r\n0\r\n\r\n",
                None,
                b"hello\r\nrld!",
                ResponseDone,
                "kept",
            ),
            (
                "extensions",
                CHUNKED + b"2;a=b\r\nhi\r\n0A ; c\r\n0123456789\r\n000\r\n\r\n",
                None,
                b"hi0123456789",
                ResponseDone,
                "kept",
            ),
            ("trailers", CHUNKED + b"2\r\nhi\r\n0\r\nA: b\r\nC: d\r\n\r\n", None, b"hi", ResponseDone, "kept"),
            ("no chunks", CHUNKED + b"0\r\n\r\n", None, b"", ResponseDone, "kept"),
            (
                "other case",
                OK + b"transfer-encoding: gzip, Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                None,
                b"x",
                ResponseDone,
                "kept",
            ),
            (
                "identity",
                OK + b"Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx",
                None,
                b"x",
                ResponseDone,
                "closed",
            ),
            (
                "both",
                OK + b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                None,
                b"x",
                ResponseDone,
                "closed",
            ),
            ("until close", OK + b"\r\nhello", done, b"hello", PotentialDataLoss, "busy"),
            ("reset, not closed", OK + b"\r\nhello", ConnectionLost(), b"hello", ResponseFailed, "busy"),
            ("too short", OK + b"Content-Length: 9\r\n\r\nhello", done, b"hello", ResponseFailed, "busy"),
            ("too few chunks", CHUNKED + b"5\r\nhello\r\n", done, b"hello", ResponseFailed, "busy"),
            ("end within trailers", CHUNKED + b"1\r\nx\r\n0\r\n", done, b"x", ResponseFailed, "busy"),
            ("close", OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", None, b"hi", ResponseDone, "closed"),
            (
                "Close, among others",
                OK + b"Connection: x, Close\r\nContent-Length: 1\r\n\r\nx",
                None,
                b"x",
                ResponseDone,
                "closed",
            ),
            ("1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", None, b"hi", ResponseDone, "closed"),
            ("1.0 until close", b"HTTP/1.0 200 OK\r\n\r\nhi", done, b"hi", PotentialDataLoss, "busy"),
            (
                "1.0 kept",
                b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx",
                None,
                b"x",
                ResponseDone,
                "kept",
            ),
            (
                "1xx first",
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n"
                + OK
                + b"Content-Length: 1\r\n\r\nx",
                None,
                b"x",
                ResponseDone,
                "kept",
            ),
        ]
        for name, data, close, body, end, state in cases:
            heads, failed, found_body, found_end, found_state = every_cut(self, data, close)
            self.assertEqual((failed, found_body, found_end, found_state), ([], body, end, state), name)
            self.assertEqual(len(heads), 1, name)

    def test_bytes_behind_an_answer(self) -> None:
        """What comes behind an answer belongs to none: the answer is whole, and its connection is not asked again."""
        for data in (
            OK + b"Content-Length: 2\r\n\r\nhimore",
            CHUNKED + b"2\r\nhi\r\n0\r\n\r\nmore",
            b"HTTP/1.1 204 No\r\n\r\nmore",
        ):
            for cut in range(1, len(data)):
                upstream = Upstream()
                receiver = upstream.receive(data[:cut], data[cut:])
                self.assertIs(receiver.end, ResponseDone)
                self.assertNotIn(b"more", receiver.body)
                self.assertIn(upstream.state, ("closed", "aborted"))
                self.assertEqual(upstream.lost, [upstream.connection])

    def test_what_is_no_chunk(self) -> None:
        """Where the chunks go wrong the body ends as a failure, with all that came before, however it was cut."""
        for name, wrong in (
            ("no size", b"\r\nhi\r\n"),
            ("no hex", b"2x\r\nhi\r\n"),
            ("negative", b"-1\r\nhi\r\n"),
            ("sign", b"+2\r\nhi\r\n"),
            ("prefix", b"0x2\r\nhi\r\n"),
            ("only an extension", b";a\r\n"),
            ("longer than its size", b"2\r\nhix\r\n"),
        ):
            heads, failed, body, end, state = every_cut(self, CHUNKED + b"4\r\ngood\r\n" + wrong, ConnectionLost())
            expected = b"goodhi" if name == "longer than its size" else b"good"
            self.assertEqual((len(heads), failed, body, end, state), (1, [], expected, ResponseFailed, "aborted"), name)

    def test_long_lines(self) -> None:
        """A chunk's size, a trailer and what is in place of a chunk's end have limits, in one read and in many."""
        for before, limit in ((b"", CHUNK_LINE_LIMIT), (b"0\r\n", HEAD_LIMIT), (b"1\r\nx", CHUNK_LINE_LIMIT)):
            line = b"1;" + b"x" * limit
            for pieces in ([before + line + b"\r\n"], [before + line[:-1], line[-1:] + b"yy"]):
                upstream = Upstream()
                self.assertIs(upstream.receive(CHUNKED, *pieces).end, ResponseFailed)
                self.assertEqual(upstream.state, "aborted")

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
    def test_any_body(self, parts: list[bytes], draw: st.DataObject) -> None:
        """Any bytes, in any framing, cut anywhere, arrive as they were."""
        body = b"".join(parts)
        way = draw.draw(st.sampled_from(["length", "chunks", "close"]))
        if way == "length":
            data = OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        elif way == "chunks":
            data = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        else:
            data = OK + b"\r\n" + body
        cuts = sorted(draw.draw(st.sets(st.integers(0, len(data)), max_size=8)))
        pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        _, failed, found, end, state = outcome([piece for piece in pieces if piece], ConnectionDone())
        expected = (PotentialDataLoss, "busy") if way == "close" else (ResponseDone, "kept")
        self.assertEqual((failed, found, end, state), ([], body, *expected))


class HeadTests(SynchronousTestCase):
    """The head of an answer."""

    def test_response(self) -> None:
        """A response is what Twisted's clients take: version, code, phrase, headers, length."""
        upstream = Upstream()
        asked = upstream.ask()
        self.assertEqual(upstream.transport.value(), b"POST / HTTP/1.1\r\n\r\n")
        upstream.say(b"HTTP/1.1 429 Too  Many\r\nA:  b \r\na: c\r\nContent-Length: 7\r\n\r\n")
        response = self.successResultOf(asked)
        verifyObject(IResponse, response)
        self.assertEqual((response.version, response.code, response.phrase), ((b"HTTP", 1, 1), 429, b"Too  Many"))
        self.assertEqual(response.headers.getRawHeaders(b"A"), [b"b", b"c"])
        self.assertEqual(response.length, 7)
        receiver = Receiver()
        response.deliverBody(receiver)
        verifyObject(IPushProducer, receiver.transport)

    def test_unknown_length(self) -> None:
        """A body in chunks has a length that nobody knows yet."""
        upstream = Upstream()
        asked = upstream.ask()
        upstream.say(CHUNKED)
        self.assertIs(self.successResultOf(asked).length, UNKNOWN_LENGTH)

    def test_no_phrase(self) -> None:
        """A status line needs no phrase."""
        for line in (b"HTTP/1.1 200\r\n\r\n", b"HTTP/1.1 200 \r\n\r\n"):
            upstream = Upstream()
            asked = upstream.ask()
            upstream.say(line)
            self.assertEqual(self.successResultOf(asked).phrase, b"")

    def test_bare_line_ends(self) -> None:
        """A head whose lines end in LF alone is read, however it is cut; what is no blank line ends no head."""
        head = b"HTTP/1.1 200 OK\nContent-Type: text/plain\nX: a\n b\nContent-Length: 6\n\n"
        data = head + b"a\n\nb\r\n"
        for cut in range(1, len(data)):
            upstream = Upstream()
            heard: list[IResponse] = []
            receiver = Receiver()
            upstream.ask().addCallback(lambda response, heard=heard: heard.append(response) or response)
            upstream.say(data[:cut], data[cut:])
            heard[0].deliverBody(receiver)
            self.assertEqual(heard[0].headers.getRawHeaders(b"x"), [b"a b"])
            self.assertEqual((receiver.body, receiver.end, upstream.state), (b"a\n\nb\r\n", ResponseDone, "kept"), cut)

    def test_folded_header(self) -> None:
        """A header that goes on in the next line, as old servers write it, is one header."""
        heads, *_ = every_cut(self, OK + b"A: b\r\n  c: d\r\n\te\r\nContent-Length: 0\r\n\r\n")
        self.assertIn((b"A", [b"b c: d e"]), heads[0][3])

    def test_not_http(self) -> None:
        """What is not a head is refused, with its reason, and the connection is closed."""
        for data, reason in (
            (b"SSH-2.0-OpenSSH\r\n\r\n", "status line"),
            (b"HTTP/2 200 OK\r\n\r\n", "status line"),
            (b"HTTP/1.1 2000 OK\r\n\r\n", "status line"),
            (b"HTTP/1.1 20 OK\r\n\r\n", "status line"),
            (b"HTTP/1.1 099 OK\r\n\r\n", "status line"),
            (b"HTTP/1.1 -20 OK\r\n\r\n", "status line"),
            (OK + b"no colon\r\n\r\n", "no name"),
            (OK + b": no name\r\n\r\n", "no name"),
            (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "length"),
            (OK + b"Content-Length: 2, 3\r\n\r\nhi", "length"),
            (OK + b"Content-Length: -2\r\n\r\nhi", "length"),
            (OK + b"Content-Length: +2\r\n\r\nhi", "length"),
            (OK + b"Content-Length: 0x2\r\n\r\nhi", "length"),
            (OK + b"Content-Length:\r\n\r\nhi", "length"),
        ):
            heads, failed, _, _, state = every_cut(self, data, ConnectionLost())
            self.assertEqual((heads, state, len(failed)), ([], "aborted", 1), data)
            self.assertIs(failed[0][0], ResponseNeverReceived)
            self.assertIn(reason, failed[0][1], data)

    def test_absurd_length(self) -> None:
        """A length of thousands of digits is refused too."""
        upstream = Upstream()
        asked = upstream.ask()
        upstream.say(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n")
        self.failureResultOf(asked, ResponseNeverReceived)

    def test_too_long(self) -> None:
        """A head has a limit, whether or not its end is in the same read."""
        for end in (b"", b"\r\n\r\n"):
            upstream = Upstream()
            asked = upstream.ask()
            upstream.say(OK, b"A: " + b"x" * HEAD_LIMIT + end)
            failure = self.failureResultOf(asked, ResponseNeverReceived)
            self.assertIs(failure.value.reasons[0].type, NotHttp)
            self.assertEqual(upstream.state, "aborted")


class DeliveryTests(SynchronousTestCase):
    """How a body reaches its receiver."""

    def test_chunks_of_a_read_come_joined(self) -> None:
        """The chunks of one read are handed on at once, those behind the head too."""
        upstream = Upstream()
        receiver = upstream.receive(
            CHUNKED + b"1\r\na\r\n1\r\nb\r\n2\r\nc", b"d\r\n1\r\ne\r\n", b"1\r\n", b"f\r\n1\r\ng\r\n0\r\n\r\n"
        )
        self.assertEqual(receiver.pieces, [b"abc", b"de", b"fg"])

    def test_held_until_taken(self) -> None:
        """A body that nobody takes is held, and no more of it is read."""
        upstream = Upstream()
        asked = upstream.ask()
        upstream.say(OK + b"Content-Length: 6\r\n\r\nab")
        self.assertEqual(upstream.transport.producerState, "paused")
        upstream.say(b"cd")  # TLS may have it in hand already.
        receiver = Receiver()
        self.successResultOf(asked).deliverBody(receiver)
        self.assertEqual(receiver.pieces, [b"abcd"])
        self.assertEqual(upstream.transport.producerState, "producing")
        upstream.say(b"ef")
        self.assertEqual((receiver.body, receiver.end), (b"abcdef", ResponseDone))

    def test_taken_after_its_end(self) -> None:
        """A body that is all there before somebody takes it does not keep its connection from the next request."""
        upstream = Upstream()
        asked = upstream.ask()
        upstream.say(OK + b"Content-Length: 2\r\n\r\nab")
        self.assertEqual((upstream.state, upstream.transport.producerState), ("kept", "producing"))
        upstream.ask()
        receiver = Receiver()
        self.successResultOf(asked).deliverBody(receiver)
        self.assertEqual((receiver.body, receiver.end), (b"ab", ResponseDone))

    def test_close_is_seen_though_nobody_takes(self) -> None:
        """A connection that is closed behind an answer reads on: TLS would never hear that the upstream closes too."""
        upstream = Upstream()
        upstream.ask()
        upstream.transport.loseConnection = lambda: states.append(upstream.transport.producerState)  # type: ignore[method-assign]
        states: list[str] = []
        upstream.say(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nab")
        self.assertEqual(states, ["producing"])

    def test_pause_and_resume(self) -> None:
        """The receiver's pauses reach the transport, and end with the body."""
        upstream = Upstream()
        receiver = upstream.receive(OK + b"Content-Length: 4\r\n\r\nab")
        body = receiver.transport
        body.pauseProducing()
        self.assertEqual(upstream.transport.producerState, "paused")
        body.resumeProducing()
        self.assertEqual(upstream.transport.producerState, "producing")
        body.pauseProducing()
        upstream.say(b"cd")
        self.assertEqual((receiver.end, upstream.transport.producerState), (ResponseDone, "producing"))
        body.pauseProducing()
        self.assertEqual(upstream.transport.producerState, "producing")

    def test_pause_while_taking(self) -> None:
        """A receiver that pauses while it gets what was held is not resumed behind its back."""
        for receiver in (
            Receiver(on_data=lambda receiver: receiver.transport.pauseProducing()),
            Receiver(on_start=lambda receiver: receiver.transport.pauseProducing()),
        ):
            upstream = Upstream()
            asked = upstream.ask()
            upstream.say(OK + b"Content-Length: 4\r\n\r\nab")
            self.successResultOf(asked).deliverBody(receiver)
            self.assertEqual(upstream.transport.producerState, "paused")

    def test_stop(self) -> None:
        """A receiver that stops gets nothing more than the end, and the connection is closed at once."""
        for end in (b"", b"4\r\nmore\r\n0\r\n\r\n"):
            upstream = Upstream()
            receiver = Receiver(on_data=lambda receiver: receiver.transport.stopProducing())
            upstream.receive(CHUNKED, b"1\r\na\r\n", end, b"1\r\nb\r\n", receiver=receiver)
            upstream.drop()
            self.assertEqual((receiver.pieces, receiver.end), ([b"a"], ResponseFailed))
            self.assertEqual((upstream.state, upstream.idle), ("aborted", []))
            receiver.transport.resumeProducing()

    def test_stop_at_the_start(self) -> None:
        """A receiver that stops before its first byte gets none of those that were held."""
        upstream = Upstream()
        asked = upstream.ask()
        upstream.say(CHUNKED + b"1\r\na\r\n", b"1\r\nb\r\n")
        receiver = Receiver(on_start=lambda receiver: receiver.transport.stopProducing())
        self.successResultOf(asked).deliverBody(receiver)
        self.assertEqual((receiver.pieces, upstream.state), ([], "aborted"))

    def test_no_chunk_after_a_stop(self) -> None:
        """Who stopped hears of no end but the one, though the chunks of the same read went wrong."""
        upstream = Upstream()
        receiver = Receiver(on_data=lambda receiver: receiver.transport.stopProducing())
        upstream.receive(CHUNKED + b"1\r\na\r\nno chunk\r\n", receiver=receiver)
        upstream.drop()
        self.assertEqual(
            (receiver.pieces, receiver.end, upstream.lost), ([b"a"], ResponseFailed, [upstream.connection])
        )

    def test_stop_at_the_last_byte(self) -> None:
        """Who stops with the last byte has the whole body; the connection is gone all the same."""
        upstream = Upstream()
        receiver = Receiver(on_data=lambda receiver: receiver.transport.stopProducing())
        upstream.receive(OK + b"Content-Length: 1\r\n\r\na", receiver=receiver)
        self.assertEqual((receiver.end, upstream.state, upstream.idle), (ResponseDone, "aborted", []))

    def test_words_of_an_old_receiver(self) -> None:
        """Whoever had the last body cannot pause or stop the next."""
        upstream = Upstream()
        old = upstream.receive(OK + b"Content-Length: 0\r\n\r\n")
        new = upstream.receive(OK + b"Content-Length: 2\r\n\r\na")
        old.transport.stopProducing()
        old.transport.pauseProducing()
        self.assertEqual((upstream.transport.aborting, upstream.transport.producerState), (False, "producing"))
        upstream.say(b"b")
        self.assertEqual((new.body, new.end), (b"ab", ResponseDone))

    def test_asked_again_from_the_end_of_a_body(self) -> None:
        """The connection is free when its receiver hears the end: the next request may go out right there."""
        upstream = Upstream()
        free: list[bool] = []
        receiver = Receiver()
        receiver.connectionLost = lambda reason=connectionDone: free.append(bool(upstream.idle))  # type: ignore[method-assign]
        upstream.receive(OK + b"Content-Length: 1\r\n\r\na", receiver=receiver)
        self.assertEqual(free, [True])


class LossTests(SynchronousTestCase):
    """Connections that end, and requests that are given up, in each state."""

    def test_idle(self) -> None:
        """An upstream that closes an idle connection is told once."""
        upstream = Upstream()
        upstream.drop(ConnectionDone())
        self.assertEqual(upstream.lost, [upstream.connection])

    def test_words_while_idle(self) -> None:
        """What an upstream says unasked would be taken for the next answer: the connection is left at once."""
        upstream = Upstream()
        upstream.receive(OK + b"Content-Length: 0\r\n\r\n")
        upstream.say(OK + b"Content-Length: 0\r\n\r\n")
        self.assertEqual((upstream.state, upstream.lost), ("aborted", [upstream.connection]))
        upstream.say(b"more")
        upstream.drop()
        self.assertEqual(upstream.lost, [upstream.connection])

    def test_waiting(self) -> None:
        """An upstream that never said a word did not answer: such a request may be sent anew. One that began to answer
        failed."""
        for said, kind in (
            (b"", ResponseNeverReceived),
            (b"HTTP/1.1 2", ResponseFailed),
            (b"HTTP/1.1 100 Continue\r\n\r\n", ResponseFailed),
        ):
            upstream = Upstream()
            asked = upstream.ask()
            upstream.say(*[said] if said else [])
            upstream.drop()
            failure = self.failureResultOf(asked, ResponseNeverReceived, ResponseFailed)
            self.assertIs(failure.type, kind, said)
            self.assertIs(failure.value.reasons[0].type, ConnectionLost)
            self.assertEqual(upstream.lost, [upstream.connection])

    def test_waiting_on_a_connection_used_before(self) -> None:
        """What was said to the last request says nothing of this one."""
        upstream = Upstream()
        upstream.receive(OK + b"Content-Length: 0\r\n\r\n")
        asked = upstream.ask()
        upstream.drop()
        self.failureResultOf(asked, ResponseNeverReceived)

    def test_body_not_taken_yet(self) -> None:
        """A body that broke off before anybody took it tells so to who does."""
        upstream = Upstream()
        asked = upstream.ask()
        upstream.say(OK + b"Content-Length: 9\r\n\r\nab")
        upstream.drop()
        receiver = Receiver()
        self.successResultOf(asked).deliverBody(receiver)
        self.assertEqual((receiver.body, receiver.end), (b"ab", ResponseFailed))
        self.assertIs(receiver.ends[0].value.reasons[0].type, ConnectionLost)

    def test_cancel_while_waiting(self) -> None:
        """Giving up a request closes its connection at once; what comes later is nobody's."""
        for said in (b"", b"HTTP/1.1 200 O"):
            upstream = Upstream()
            asked = upstream.ask()
            upstream.say(*[said] if said else [])
            asked.cancel()
            self.failureResultOf(asked, CancelledError)
            self.assertEqual((upstream.state, upstream.lost), ("aborted", [upstream.connection]))
            upstream.say(OK + b"\r\n")
            upstream.drop()
            self.assertEqual((upstream.lost, upstream.idle), ([upstream.connection], []))

    def test_abort_as_the_head_comes(self) -> None:
        """Who closes when the head is in gets none of the body that came with it."""
        upstream = Upstream()
        responses: list[IResponse] = []

        def refuse(response: IResponse) -> None:
            responses.append(response)
            upstream.connection.abort()

        upstream.ask().addCallback(refuse)
        upstream.say(OK + b"Content-Length: 2\r\n\r\nab")
        upstream.drop()
        receiver = Receiver()
        responses[0].deliverBody(receiver)
        self.assertEqual((receiver.pieces, receiver.end, upstream.idle), ([], ResponseFailed, []))
