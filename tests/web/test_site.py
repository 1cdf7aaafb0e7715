"""The end of a site: no request is lost, and none is waited for that never came."""

import json

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from ccproxy.web.site import FIRST_REQUEST_SECONDS
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

    def test_idle(self) -> None:
        """A connection that waits for its next request is closed before it is read: its client asks elsewhere."""
        self.client.send(REQUEST)
        self.answer()
        answered = self.client.received
        self.successResultOf(self.wire.site.retire())
        self.assertTrue(self.client.closed)
        self.client.send(REQUEST)
        self.assertEqual((self.client.received, self.wire.upstreams.pending), (answered, []))
        self.assertEqual(len(self.wire.records), 1)

    def test_coming(self) -> None:
        """A request that has begun to come, be it one byte of its body that is missing, is read and answered; then its
        connection is closed, and its client is told so."""
        for cut in (len(REQUEST) - 1, len(REQUEST) - len(BODY), REQUEST.index(b"Content-Length")):
            wire = self.wire = Wire()
            client = wire.connect()
            client.send(REQUEST[:cut])
            settled = wire.site.retire()
            self.assertFalse(client.closed, cut)
            self.assertNoResult(settled)
            client.send(REQUEST[cut:])
            self.answer()
            self.successResultOf(settled)
            self.assertEqual((client.answer.status, client.answer.headers["connection"]), (200, "close"), cut)
            self.assertTrue(client.closed, cut)

    def test_being_answered(self) -> None:
        """What is being answered is not waited for here, and goes on to its end."""
        self.client.leave()
        client = self.wire.ask()
        up = self.wire.upstream()
        up.head()
        words = chat({"content": "Hel"}, {"content": "lo"})
        up.say(words[0])
        self.successResultOf(self.wire.site.retire())
        self.assertFalse(client.closed)
        up.say(b"".join(words[1:]))
        up.end()
        self.assertIn(b"message_stop", client.received)
        self.assertTrue(client.closed)

    def test_thought_about(self) -> None:
        """A request that is being thought about is answered, though no exchange has begun."""
        self.client.leave()
        page = Slow()
        self.wire.site.answer_from(page, 1000)
        client = self.wire.request("GET", "/")
        settled = self.wire.site.retire()
        self.assertFalse(client.closed)
        self.assertNoResult(settled)
        page.asked[0].write(b"well")
        self.successResultOf(settled)
        page.asked[0].finish()
        self.assertEqual(client.answer.body, b"well")
        self.assertTrue(client.closed)

    def test_client_leaves(self) -> None:
        """A client that leaves in the middle of its request is waited for no longer."""
        self.client.send(REQUEST[:40])
        settled = self.wire.site.retire()
        self.assertNoResult(settled)
        self.client.leave()
        self.successResultOf(settled)

    def test_not_waited_for(self) -> None:
        """Whoever gives up the waiting hears nothing later."""
        self.client.send(REQUEST[:40])
        settled = self.wire.site.retire()
        settled.cancel()
        self.failureResultOf(settled)
        self.client.leave()

    def test_just_connected(self) -> None:
        """A client that has connected just before, or was in the queue, gets its first request answered."""
        settled = self.wire.site.retire()
        for client in (self.client, self.wire.connect()):
            self.wire.clock.advance(FIRST_REQUEST_SECONDS / 3)
            self.assertFalse(client.closed)
            self.assertNoResult(settled)
            client.send(REQUEST)
            self.answer()
            self.assertEqual((client.answer.status, client.answer.headers["connection"]), (200, "close"))
            self.lose(client)
            self.wire.pool.close()
        self.successResultOf(settled)
        self.wire.clock.advance(FIRST_REQUEST_SECONDS)
        self.assertTrue(self.wire.at_rest)

    def test_silent(self) -> None:
        """Whoever has connected and says nothing is not waited for any longer than that; nor is who leaves."""
        other = self.wire.connect()
        settled = self.wire.site.retire()
        other.leave()
        self.wire.clock.advance(FIRST_REQUEST_SECONDS)
        self.assertNoResult(settled)
        self.lose(self.client)
        self.successResultOf(settled)
        self.assertTrue(self.wire.at_rest)

    def test_hang_up(self) -> None:
        """In the end all connections are closed, and it fires with the last of them."""
        other = self.wire.connect()
        hung_up = self.wire.site.hang_up()
        for client in (self.client, other):
            self.assertNoResult(hung_up)
            self.lose(client)
        self.successResultOf(hung_up)
        self.successResultOf(self.wire.site.hang_up())
