"""Commands that send a request again, as a real shell reads them: what curl is given is what was sent."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures.captured import Asked, Body, Captured, Leg, Message
from ccproxy.captures.curl import ARGUMENT_LIMIT, EXPECT_FROM, CannotSend, client, upstream

URL = "https://api.test/v1/chat?beta=true&key=<redacted>&it's=`$HOME`"
HEADERS = {
    "content-type": "application/json",
    "authorization": "Bearer <redacted>",
    "x-team-token": "<redacted>",
    "x-note": 'it\'s "quoted" $HOME `x` \\n !',
    "x-empty": "",
    "content-length": "5",
    "accept-encoding": "gzip",
}
SPY = "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done\nprintf '\\0'\n[ -t 0 ] || cat\n"
KEYS = {"GROQ_API_KEY": "the-key", "X_TEAM_TOKEN": "the-team", "CCPROXY_API_KEY": "our-key"}


def captured(body: bytes = b"{}", headers: Mapping[str, str] = HEADERS, url: str = URL) -> tuple[Captured, Leg]:
    """An exchange whose client asked what its upstream was asked."""
    asked = Asked("POST", url, Message(headers, Body(body, len(body), whole=True)))
    leg = Leg(1, "groq,m", "openai_chat", {"vendor": "groq"}, asked)
    return Captured("req_1", 0.0, "openai_chat", "m", False, "me", evolve(asked, url="/v1/chat"), (leg,)), leg


class CurlTests(SynchronousTestCase):
    """A shell with another program in curl's place, which tells what it was given."""

    def setUp(self) -> None:
        self.place = Path(self.mktemp()).absolute()
        self.place.mkdir(parents=True)
        spy = self.place / "curl"
        spy.write_text(SPY)
        spy.chmod(0o755)

    def given(self, command: str) -> tuple[list[str], bytes]:
        """The words that curl gets, and its standard input."""
        path = f"{self.place}:{os.environ['PATH']}"
        script = self.place / "script"
        script.write_bytes(command.encode())
        ended = subprocess.run(
            ["sh", str(script)],
            env={"PATH": path, "HOME": "/nobody", **KEYS},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        self.assertEqual(ended.stderr, b"")
        words, _, said = ended.stdout.partition(b"\0\0")
        return [word.decode() for word in words.split(b"\0")], said

    def headers(self, words: list[str]) -> list[str]:
        return [words[number + 1] for number, word in enumerate(words) if word == "-H"]

    def test_words(self) -> None:
        """URL, headers and body reach curl as they were sent, but for keys, which are those of the variables; what
        belongs to a connection does not."""
        body = b'{"text": "it\'s \\"quoted\\" $HOME `x` \\\\n !"}\n@file'
        words, said = self.given(upstream(*captured(body)))
        self.assertIn("https://api.test/v1/chat?beta=true&key=the-key&it's=`$HOME`", words)
        self.assertEqual(
            self.headers(words),
            [
                "content-type: application/json",
                "authorization: Bearer the-key",
                "x-team-token: the-team",
                f"x-note: {HEADERS['x-note']}",
                "x-empty;",
            ],
        )
        self.assertEqual(words[words.index("--data-raw") + 1].encode(), body)
        self.assertEqual(said, b"")

    def test_long_bodies(self) -> None:
        """What is too long for a word comes by standard input, whatever lines are in it."""
        body = (b"x" * 100 + b"\nEND\nEND_\n$HOME `x`\n") * (ARGUMENT_LIMIT // 100)
        words, said = self.given(upstream(*captured(body)))
        self.assertEqual(words[-2:], ["--data-binary", "@-"])
        self.assertEqual(said, body)
        words, _ = self.given(upstream(*captured(b"x" * (EXPECT_FROM + 1))))
        self.assertIn("expect:", self.headers(words))

    def test_any_bytes(self) -> None:
        """A body that is no text comes as it is, too."""
        body = bytes(range(256)) * 3
        _, said = self.given(upstream(*captured(body)))
        self.assertEqual(said, body)

    def test_the_clients(self) -> None:
        """What the client sent goes to ccproxy, with its key."""
        found, _ = captured(b"{}")
        words, _ = self.given(client(found, "http://127.0.0.1:3456"))
        self.assertIn("http://127.0.0.1:3456/v1/chat", words)
        self.assertIn("authorization: Bearer our-key", self.headers(words))

    def test_without_a_content_type(self) -> None:
        """Curl adds none of its own."""
        words, _ = self.given(upstream(*captured(headers={})))
        self.assertEqual(self.headers(words), ["content-type:"])

    def test_what_is_masked(self) -> None:
        """How much of a body is masked is told in a comment; no key is in any command."""
        found, leg = captured()
        message = evolve(leg.asked.message, body=Body(b"{}", 2, masked=2, whole=True))
        command = upstream(found, evolve(leg, asked=evolve(leg.asked, message=message)))
        self.assertIn("# In its body 2 places are masked", command)
        self.assertNotIn("<redacted>", command)

    def test_what_is_not_whole(self) -> None:
        """A request that was cut, or whose end is missing, makes no command."""
        found, leg = captured()
        for body, told in (
            (Body(b"{", 5000, cut=True, whole=True), "1 of its 5,000 bytes"),
            (Body(b"{", 1), "its end"),
        ):
            asked = evolve(leg.asked, message=evolve(leg.asked.message, body=body))
            self.assertIn(told, str(self.assertRaises(CannotSend, upstream, found, evolve(leg, asked=asked))))
