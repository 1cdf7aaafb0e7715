"""Web pages of other sites: which may ask, and what their browsers hear."""

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.support.wire import ClientConnection, Wire, chat

APP = "https://app.example"
KEY = {"x-api-key": "ours"}


def wire(*origins: str) -> Wire:
    """Wants a key, and lets these origins ask."""
    return Wire(apikey="ours", origins=origins)


def preflight(wire: Wire, path: str = "/v1/messages", origin: str = APP) -> ClientConnection:
    """What a browser asks before it sends a page's request."""
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-api-key"}
    more = {"access-control-request-private-network": "true"}
    return wire.request("OPTIONS", path, headers={"origin": origin, **wanted, **more})


class Allowed(SynchronousTestCase):
    """A page of an origin that is allowed."""

    def test_preflight(self) -> None:
        """The browser hears that the page may send what it wants to, without a key: it has none to show yet."""
        for allowed in (APP, "*"):
            answer = preflight(wire(allowed)).answer
            self.assertEqual((answer.status, answer.body), (204, b""))
            said = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
            self.assertEqual(
                said,
                {
                    "access-control-allow-origin": APP,
                    "access-control-expose-headers": "*",
                    "access-control-allow-methods": "GET, POST",
                    "access-control-allow-headers": "content-type,x-api-key",
                    "access-control-allow-private-network": "true",
                    "access-control-max-age": "86400",
                },
            )
            self.assertEqual(answer.headers["vary"], "origin")

    def test_answers(self) -> None:
        """Answers, streamed or not, and errors may be read by the page; a key is wanted as ever."""
        asking = wire(APP)
        streamed = asking.ask({"origin": APP, **KEY})
        up = asking.upstream()
        up.head()
        up.say(b"".join(chat({"content": "Hi"})))
        up.end()
        refused = asking.ask({"origin": APP})
        listed = asking.request("POST", "/v1/chat/completions", b"{}", {"origin": APP, **KEY})
        for client, status in ((streamed, 200), (refused, 401), (listed, 400)):
            self.assertEqual(client.answer.status, status)
            self.assertEqual(client.answer.headers["access-control-allow-origin"], APP)


class Others(SynchronousTestCase):
    """Everybody else."""

    def test_other_origins(self) -> None:
        """A page of another origin is told nothing, and by default there is none that is allowed."""
        for origins, origin in (((), APP), ((APP,), "https://app.example:444"), ((APP,), "null")):
            answer = preflight(wire(*origins), origin=origin).answer
            self.assertEqual(answer.status, 405)
            self.assertFalse([name for name in answer.headers if name.startswith("access-control-")])

    def test_pages_about_us(self) -> None:
        """What is not for clients no page of another site may read."""
        for path in ("/status", "/dashboard", "/exchanges", "/"):
            self.assertEqual(preflight(wire("*"), path).answer.status, 405, path)

    def test_programs(self) -> None:
        """A client that is no browser hears nothing of it."""
        answer = wire("*").request("POST", "/v1/messages", json.dumps({}).encode(), KEY).answer
        self.assertNotIn("vary", answer.headers)
