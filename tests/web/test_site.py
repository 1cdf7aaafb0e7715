"""The end of a site: no request is lost, and none is waited for that never came."""

import json

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from ccproxy.web.site import GRACE_SECONDS
from tests.support.wire import ClientConnection, Wire, chat

BODY = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}).encode()
REQUEST = b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Slow(Resource):
    """A page that answers when the test does."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    def render_GET(self, request: Request) -> int:
        self.asked.append(request)
        return NOT_DONE_YET


class Retiring(SynchronousTestCase):
    """A site that takes no more requests."""

    def setUp(self) -> None:
        self.wire = Wire()
        self.client = self.wire.connect()

    def answer(self) -> None:
        """The upstream answers."""
        self.wire.upstream().whole(b"".join(chat({"content": "Hello"})), content_type="text/event-stream")

    def lose(self, client: ClientConnection) -> None:
        """A connection that is being closed is closed."""
        self.assertTrue(client.closed)
        client.leave()

    def grace(self) -> None:
        """The time in which one may ask once more passes."""
        self.wire.clock.advance(GRACE_SECONDS)

    def test_idle(self) -> None:
        """A connection that waits for its next request may ask once more; then it is closed before anything is read:
        its client asks elsewhere."""
        self.client.send(REQUEST)
        self.answer()
        answered = self.client.received
        settled = self.wire.site.retire()
        self.assertFalse(self.client.closed)
        self.grace()
        self.successResultOf(settled)
        self.assertTrue(self.client.closed)
        self.client.send(REQUEST)
        self.assertEqual((self.client.received, self.wire.upstreams.pending), (answered, []))
        self.assertEqual(len(self.wire.records), 1)

    def test_about_to_ask(self) -> None:
        """Who was about to ask, on a new connection or one used before, has an answer, which says that it is the last;
        nothing is read behind it."""
        for used in (False, True):
            wire = self.wire = Wire()
            client = wire.connect()
            if used:
                client.send(REQUEST)
                self.answer()
                wire.pool.close()
            before = len(client.received)
            settled = wire.site.retire()
            wire.clock.advance(GRACE_SECONDS / 2)
            client.send(REQUEST + REQUEST)
            self.answer()
            said = client.received[before:]
            self.assertTrue(said.startswith(b"HTTP/1.1 200"), used)
            self.assertIn(b"connection: close", said.lower())
            self.assertTrue(client.closed)
            self.assertEqual((said.count(b"HTTP/1.1"), wire.upstreams.pending), (1, []))
            self.assertNoResult(settled)
            client.leave()
            self.successResultOf(settled)

    def test_coming(self) -> None:
        """A request that has begun to come, be it one byte of its body that is missing, is read and answered; then its
        connection is closed, and its client is told so."""
        for cut in (len(REQUEST) - 1, len(REQUEST) - len(BODY), REQUEST.index(b"Content-Length")):
            wire = self.wire = Wire()
            client = wire.connect()
            client.send(REQUEST[:cut])
            settled = wire.site.retire()
            self.grace()
            self.assertFalse(client.closed, cut)
            self.assertNoResult(settled)
            client.send(REQUEST[cut:])
            self.answer()
            self.successResultOf(settled)
            self.assertEqual((client.answer.status, client.answer.headers["connection"]), (200, "close"), cut)
            self.assertTrue(client.closed, cut)

    def test_being_answered(self) -> None:
        """What is being answered is not waited for here, and goes on to its end."""
        client = self.wire.ask()
        up = self.wire.upstream()
        up.head()
        words = chat({"content": "Hel"}, {"content": "lo"})
        up.say(words[0])
        settled = self.wire.site.retire()
        self.grace()
        self.successResultOf(settled)
        self.assertFalse(client.closed)
        up.say(b"".join(words[1:]))
        up.end()
        self.assertIn(b"message_stop", client.received)
        self.assertTrue(client.closed)

    def test_thought_about(self) -> None:
        """A request that is being thought about is answered, though no exchange has begun."""
        page = Slow()
        self.wire.site.answer_from(page, 1000)
        client = self.wire.request("GET", "/")
        settled = self.wire.site.retire()
        self.grace()
        self.assertFalse(client.closed)
        self.assertNoResult(settled)
        page.asked[0].write(b"well")
        self.successResultOf(settled)
        page.asked[0].finish()
        self.assertEqual(client.answer.body, b"well")
        self.assertTrue(client.closed)

    def test_client_leaves(self) -> None:
        """A client that leaves in the middle of its request is waited for no longer; when nobody is left, nor is the
        time in which one may ask."""
        self.client.send(REQUEST[:40])
        settled = self.wire.site.retire()
        self.assertNoResult(settled)
        self.client.leave()
        self.successResultOf(settled)

    def test_not_waited_for(self) -> None:
        """Whoever gives up the waiting hears nothing later, and hanging up leaves no timer."""
        self.client.send(REQUEST[:40])
        settled = self.wire.site.retire()
        settled.cancel()
        self.failureResultOf(settled)
        self.wire.site.hang_up()
        self.lose(self.client)
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])

    def test_too_late(self) -> None:
        """A connection that was in the queue when it began may ask as well, and is closed at once when the time is
        over."""
        self.wire.site.retire()
        late = self.wire.connect()
        self.assertFalse(late.closed)
        self.grace()
        self.assertTrue(late.closed)
        self.assertTrue(self.wire.connect().closed)

    def test_just_connected(self) -> None:
        """Clients that have connected just before, or were in the queue, get their first request answered, each when it
        comes; then nothing is waited for any longer."""
        settled = self.wire.site.retire()
        for client in (self.client, self.wire.connect()):
            self.wire.clock.advance(GRACE_SECONDS / 3)
            self.assertFalse(client.closed)
            self.assertNoResult(settled)
            client.send(REQUEST)
            self.answer()
            self.assertEqual((client.answer.status, client.answer.headers["connection"]), (200, "close"))
            self.lose(client)
            self.wire.pool.close()
        self.successResultOf(settled)
        self.wire.clock.advance(GRACE_SECONDS)
        self.assertTrue(self.wire.at_rest)

    def test_silent(self) -> None:
        """Whoever says nothing is not waited for any longer than that; nor is who leaves."""
        other = self.wire.connect()
        settled = self.wire.site.retire()
        other.leave()
        self.assertNoResult(settled)
        self.grace()
        self.successResultOf(settled)
        self.lose(self.client)
        self.assertTrue(self.wire.at_rest)

    def test_nobody(self) -> None:
        """Where nobody is connected nothing is waited for."""
        self.client.leave()
        self.successResultOf(self.wire.site.retire())
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])

    def test_hang_up(self) -> None:
        """In the end all connections are closed, and it fires with the last of them."""
        other = self.wire.connect()
        hung_up = self.wire.site.hang_up()
        for client in (self.client, other):
            self.assertNoResult(hung_up)
            self.lose(client)
        self.successResultOf(hung_up)
        self.successResultOf(self.wire.site.hang_up())
