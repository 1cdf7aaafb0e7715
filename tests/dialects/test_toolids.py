"""Tool call ids: each vendor gets ids it takes, the same in every request."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.toolids import own_id, wire_id
from ccproxy.errors import ApiError, Kind

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
