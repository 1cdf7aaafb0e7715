"""Tool call ids: each vendor gets ids it takes, the same in every request."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.dialects.toolids import ClientIds, own_id, wire_id
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Request, Role, ToolUse, Turn
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage
from tests.support.streams import parse, render

ANY = "[a-zA-Z0-9_-]{1,64}"
MISTRAL = "[a-zA-Z0-9]{9}"
PATTERNS = [(ANY, 64), (MISTRAL, 64), ("[a-zA-Z0-9_-]{1,40}", 40), ("call_[a-z0-9A-Z]+", 64), ("[0-9a-zA-Z]{1,8}", 20)]


class OwnIdTests(SynchronousTestCase):
    """The calls of one answer."""

    def test_own(self) -> None:
        """The first has the vendor's id; one that comes again, or none, becomes another, the same whenever the answer
        is read and no other answer's."""
        taken: set[str] = set()
        ids = [own_id(id, taken, "msg_1") for id in ("a", "a", "", "b", "a")]
        self.assertEqual((ids[0], ids[3]), ("a", "b"))
        self.assertEqual(len(set(ids)), 5)
        again: set[str] = set()
        self.assertEqual([own_id(id, again, "msg_1") for id in ("a", "a", "", "b", "a")], ids)
        self.assertNotEqual(own_id("", set(), "msg_1"), own_id("", set(), "msg_2"))
        self.assertNotEqual(own_id("", set(), ""), own_id("", set(), ""))


class ClientIdTests(SynchronousTestCase):
    """The calls of one conversation."""

    def test_own(self) -> None:
        """An id that an earlier call has becomes another, the same whenever it is asked for."""
        request = Request("m", (Turn(Role.ASSISTANT, (ToolUse("call_0", "A", "{}"),)),))
        ids = ClientIds(request)
        told = [ids.own(id) for id in ("call_0", "call_0", "call_1")]
        self.assertEqual((told[2], len({"call_0", *told})), ("call_1", 4))
        self.assertEqual(ClientIds(request).own("call_0"), told[0])
        self.assertRegex(told[0], r"^call_[0-9a-f]{24}$")

    def test_every_client(self) -> None:
        """An upstream that counts its calls anew in each answer does not make two calls one, for clients of no dialect:
        streamed or whole."""
        request = Request("m", (Turn(Role.ASSISTANT, (ToolUse("call_0", "A", "{}"),)),))
        reply = Response("r", "m", (ToolUse("call_0", "A", "{}"),), Stop(Reason.TOOLS), Usage(1, 1))
        for name in ("anthropic", "openai_chat", "openai_responses"):
            dialect, quirks = DIALECTS[name], Quirks()
            streamed = fold(
                parse(dialect.parse_stream(quirks), [render(dialect.render_stream(request), unfold(reply))])
            )
            whole = dialect.parse_response(dialect.render_response(reply, request), quirks)
            for told in (streamed, whole):
                (call,) = told.blocks
                assert isinstance(call, ToolUse)
                self.assertNotEqual(call.id, "call_0", name)


class WireIdTests(SynchronousTestCase):
    """One id at one vendor."""

    def test_fitting(self) -> None:
        """An id that the vendor takes is not touched."""
        self.assertEqual(wire_id("toolu_01AbC", ANY), "toolu_01AbC")
        self.assertEqual(wire_id("abcDEF123", MISTRAL), "abcDEF123")

    def test_look(self) -> None:
        """Where there is room, a replaced id looks as OpenAI's do."""
        self.assertRegex(wire_id("functions.Read:0", ANY), r"^call_[a-zA-Z0-9]{24}$")

    def test_limit(self) -> None:
        """A limit below the pattern's own counts."""
        self.assertLessEqual(len(wire_id("x" * 60, ANY, 40)), 40)

    def test_impossible(self) -> None:
        """A pattern that no id matches is told as the wrong quirk it is."""
        with self.assertRaises(ApiError) as caught:
            wire_id("a b", "[äöü]{3}")
        self.assertIs(caught.exception.kind, Kind.UNTRANSLATABLE)
        self.assertIn("tool_id_pattern", caught.exception.message)

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(PATTERNS))
    def test_any(self, one: str, other: str, rule: tuple[str, int]) -> None:
        """Every id becomes one that the vendor takes, always the same, and two ids stay two."""
        pattern, limit = rule
        rewritten = wire_id(one, pattern, limit)
        self.assertTrue(re.fullmatch(pattern, rewritten))
        self.assertLessEqual(len(rewritten), limit)
        self.assertEqual(rewritten, wire_id(one, pattern, limit))
        if one != other:
            self.assertNotEqual(rewritten, wire_id(other, pattern, limit))
