"""The scripted upstream keeps to its script, and the wiretap before it sees what was asked."""

from io import BytesIO

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool, ResponseFailed, readBody
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse

from tests.support.scripted_upstream import Answer, Ending, ScriptedUpstream
from tests.support.scripted_vendors import ANTHROPIC, CHAT, GEMINI, KEY, RESPONSES
from tests.support.wires import reply
from tests.support.wiretap import Wiretap, requests


class ScriptedUpstreamTests(TestCase):
    """Over real sockets, as the daemon meets it."""

    timeout = 10

    def setUp(self) -> None:
        self.upstream = ScriptedUpstream(reactor)
        self.addCleanup(self.upstream.stop)
        self.wiretap = Wiretap(reactor, self.upstream.port)
        self.addCleanup(self.wiretap.stop)
        self.agent = Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False))

    def post(self, data: bytes = b"{}") -> "Deferred[IResponse]":
        """Sends a request by way of the wiretap."""
        url = f"http://127.0.0.1:{self.wiretap.port}/v1/messages?beta=true"
        body = FileBodyProducer(BytesIO(data))
        return self.agent.request(b"POST", url.encode(), Headers({b"X-Probe": [b"yes"]}), body)

    async def test_answers_in_order(self) -> None:
        """Each request gets the next answer, with its status and headers, and is kept."""
        self.upstream.script(Answer([b"a", b"b"], gap=0.01), Answer([b"no"], 429, headers={"retry-after": "3"}))
        first = await self.post(b'{"n": 1}')
        self.assertEqual((first.code, await readBody(first)), (200, b"ab"))
        second = await self.post(b'{"n": 2}')
        self.assertEqual((second.code, await readBody(second)), (429, b"no"))
        self.assertEqual(second.headers.getRawHeaders(b"retry-after"), [b"3"])
        self.assertEqual([request.json() for request in self.upstream.received], [{"n": 1}, {"n": 2}])
        self.assertEqual(self.upstream.received[0].headers["x-probe"], "yes")
        self.upstream.check()

    async def test_wiretap(self) -> None:
        """The wiretap has the same requests as the upstream, and the bytes of the answers."""
        self.upstream.script(Answer([b"first answer"]), Answer([b"second answer"]))
        for number in (b"1", b"2"):
            await readBody(await self.post(number))
        self.assertEqual([request.body for request in self.wiretap.posted("/v1/messages")], [b"1", b"2"])
        self.assertIn(b"first answer", self.wiretap.answered)
        self.assertIn(b"second answer", self.wiretap.answered)

    async def test_beyond_the_script(self) -> None:
        """A request without an answer is refused, and the check says so."""
        refused = await self.post()
        await readBody(refused)
        self.assertEqual(refused.code, 403)
        self.assertIn("1 requests more", str(self.assertRaises(AssertionError, self.upstream.check)))

    def test_unused(self) -> None:
        """An answer that nobody fetched fails the check."""
        self.upstream.script(Answer([b"unheard"]))
        self.assertIn("never asked for", str(self.assertRaises(AssertionError, self.upstream.check)))

    async def test_cut(self) -> None:
        """A cut is no end: the client sees a broken body."""
        self.upstream.script(Answer([b"half"], ending=Ending.CUT))
        response = await self.post()
        await self.assertFailure(readBody(response), ResponseFailed)
        self.assertEqual(self.upstream.left, [])

    async def test_left(self) -> None:
        """A client who goes while the answer still runs is remembered."""
        self.upstream.script(Answer([b"word"], ending=Ending.SILENCE))
        response = await self.agent.request(b"POST", f"http://127.0.0.1:{self.upstream.port}/".encode())
        self.assertEqual(self.upstream.left, [])
        response.deliverBody(_Leaving())
        request = await self.upstream.when_left()
        self.assertEqual((request.path, len(self.upstream.left)), ("/", 1))


class _Leaving(Protocol):
    """Reads a little and goes."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.stopProducing()


class VendorTests(TestCase):
    """Vendors tell a wish for a stream from one for a whole reply, and find the key."""

    timeout = 10

    def test_asked_as_the_sdks_ask(self) -> None:
        """Each vendor answers in the form that is asked for, and shows the key where it wants it."""
        bearer = {"authorization": f"Bearer {KEY}"}
        rows = [
            (CHAT, "/v1/chat/completions", bearer, b'{"stream": true}', b'{"stream": false}'),
            (RESPONSES, "/v1/responses", bearer, b'{"stream": true}', b"{}"),
            (ANTHROPIC, "/v1/messages", {"x-api-key": KEY}, b'{"stream": true}', b"{}"),
        ]
        for vendor, path, headers, streamed, whole in rows:
            for body, expected in ((streamed, "text/event-stream"), (whole, "application/json")):
                [request] = requests(_post(path, headers, body))
                self.assertEqual(vendor.says(reply("Hello."))(request).content_type, expected)
                self.assertEqual(vendor.key_of(request), KEY)
        methods = {"streamGenerateContent?alt=sse": "text/event-stream", "generateContent": "application/json"}
        for method, expected in methods.items():
            [request] = requests(_post(f"/v1beta/models/m:{method}", {"x-goog-api-key": KEY}, b"{}"))
            self.assertEqual(GEMINI.says(reply("Hello."))(request).content_type, expected)
            self.assertEqual(GEMINI.key_of(request), KEY)

    def test_half_a_request(self) -> None:
        """The wiretap counts whole requests only, however many came over one connection."""
        one, two = (_post("/v1/messages", {}, body) for body in (b"first", b"second"))
        self.assertEqual([request.body for request in requests(one + two[:-1])], [b"first"])
        self.assertEqual([request.body for request in requests(one + two)], [b"first", b"second"])


def _post(target: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in {**headers, "Content-Length": str(len(body))}.items()]
    return f"POST {target} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body
