"""Whole replies of generateContent."""

import json

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.gemini.dialect import GEMINI
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Opaque, Request, Text, Thinking, Tool, ToolUse
from ccproxy.model.replies import Response, fold
from ccproxy.model.usage import Reason, Stop, Usage
from tests.dialects.gemini.pieces import MODEL, USAGE, array, called, piece, said, sse, thought
from tests.support.streams import parse

QUIRKS = Quirks(vendor="gemini", model=MODEL)
PARTS = (thought("Hm."), said("Trying."), called("Bash", {"command": "ls"}, "c1", "c2ln"))


class Reading(SynchronousTestCase):
    """Replies as Gemini gives them."""

    def test_same_as_stream(self) -> None:
        """A whole reply says what the stream of it says; so does an array of pieces."""
        whole = GEMINI.parse_response(json.dumps(piece(*PARTS, finish="STOP", usage=USAGE)).encode(), QUIRKS)
        pieces = [*(piece(part) for part in PARTS), piece(finish="STOP", usage=USAGE)]
        streamed = fold(parse(GEMINI.parse_stream(QUIRKS), [sse(*pieces)]))
        self.assertEqual(whole, streamed)
        self.assertEqual(GEMINI.parse_response(array(*pieces), QUIRKS), streamed)
        self.assertEqual(whole.stop.reason, Reason.TOOLS)
        self.assertEqual([type(block) for block in whole.blocks], [Thinking, Text, Thinking, ToolUse])

    def test_broken(self) -> None:
        """No JSON, no candidates and an error within are raised as what they are."""
        for body, kind in (
            (b"<html>", Kind.BROKEN),
            (b"{}", Kind.BROKEN),
            (b"[]", Kind.BROKEN),
            (b'{"error":{"code":429,"message":"Slow down"}}', Kind.OVERLOADED),
        ):
            self.assertEqual(self.assertRaises(ApiError, GEMINI.parse_response, body, QUIRKS).kind, kind)


class Writing(SynchronousTestCase):
    """Replies for a client of this dialect."""

    def test_round_trip(self) -> None:
        """A reply is read back as it was written, with the client's own name of the tool."""
        usage = Usage(input=60, output=12, cache_read=40, reasoning=5)
        blocks = (Thinking("Hm."), Text("Yes."), ToolUse("c1", "bash", '{"a":1}'), Opaque("gemini", {"new": 1}))
        response = Response("resp-1", MODEL, blocks, Stop(Reason.TOOLS, "STOP"), usage)
        request = Request("", (), (Tool("Bash", "", {}),))
        found = GEMINI.parse_response(GEMINI.render_response(response, request), QUIRKS)
        expected = (*blocks[:2], ToolUse("c1", "Bash", '{"a":1}'), blocks[3])
        self.assertEqual(found, Response("resp-1", MODEL, expected, response.stop, usage))

    def test_foreign_parts(self) -> None:
        """What only another dialect knows is left out, and a refusal keeps its words."""
        stop = Stop(Reason.REFUSED, "refusal", explanation="No.")
        response = Response("r", "m", (Opaque("anthropic", {"type": "x"}),), stop, Usage())
        found = GEMINI.parse_response(GEMINI.render_response(response, Request("m", ())), QUIRKS)
        self.assertEqual((found.blocks, found.stop.reason, found.stop.explanation), ((), Reason.REFUSED, "No."))
