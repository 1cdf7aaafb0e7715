"""Tool names: what fits stays, what does not is shortened, and every call comes back under the client's own name."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.toolnames import Names
from ccproxy.model.messages import Opaque, Tool, WebSearch

LONG = "mcp__plugin_0f8fad5b-d9cb-469f-a165-70867728950e__" + "search_everything_in_the_archive"


def tool(name: str) -> Tool:
    """A tool of this name, and nothing more."""
    return Tool(name, "", {})


class ShorteningTests(SynchronousTestCase):
    """What the vendor sees."""

    def test_fitting(self) -> None:
        """A legal name of at most the limit is sent as it is."""
        for name in ("Read", "mcp__a__b-c", "_x", "x" * 64):
            self.assertEqual(Names([tool(name)]).shorten(name), name)

    def test_long(self) -> None:
        """A name over the limit keeps its beginning and ends in eight digits of its own hash, the same every time."""
        short = Names([tool(LONG)]).shorten(LONG)
        self.assertEqual(len(short), 64)
        self.assertEqual(short[:55], LONG[:55])
        self.assertRegex(short[55:], r"^_[0-9a-f]{8}$")
        self.assertEqual(short, Names([]).shorten(LONG))

    def test_alike(self) -> None:
        """Two long names with the same beginning stay two names."""
        names = Names([tool(LONG + "1"), tool(LONG + "2")])
        self.assertNotEqual(names.shorten(LONG + "1"), names.shorten(LONG + "2"))

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.text(min_size=1, max_size=100), st.sampled_from([32, 64, 128]))
    def test_any(self, name: str, limit: int) -> None:
        """Whatever a tool is called, the vendor sees a legal name within the limit, and the client its own again."""
        names = Names([tool(name), tool("other")], limit)
        short = names.shorten(name)
        self.assertTrue(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_-]*", short), short)
        self.assertLessEqual(len(short), limit)
        self.assertEqual(Names([tool(name), tool("other")]).restore(short), name)


class RestoringTests(SynchronousTestCase):
    """What the client sees."""

    def test_limit_unknown(self) -> None:
        """A name comes back in full whatever limit it was shortened to."""
        for limit in (40, 64):
            self.assertEqual(Names([tool(LONG)]).restore(Names([], limit).shorten(LONG)), LONG)

    def test_case(self) -> None:
        """A model that changes the case calls the tool it meant."""
        names = Names([tool("Glob"), tool("Bash")])
        self.assertEqual(names.restore("glob"), "Glob")
        self.assertEqual(names.restore("BASH"), "Bash")

    def test_case_exact(self) -> None:
        """Where two tools differ only in case, each is called by its exact name and by no other."""
        names = Names([tool("glob"), tool("Glob")])
        self.assertEqual(names.restore("glob"), "glob")
        self.assertEqual(names.restore("Glob"), "Glob")
        self.assertEqual(names.restore("GLOB"), "GLOB")

    def test_prefix(self) -> None:
        """`functions.` in front of a declared name is the model's habit; in front of others it stays."""
        names = Names([tool("Read"), tool("functions.own")])
        self.assertEqual(names.restore("functions.read"), "Read")
        self.assertEqual(names.restore("functions.own"), "functions.own")
        self.assertEqual(names.restore("functions.unknown"), "functions.unknown")

    def test_unknown(self) -> None:
        """A tool that nobody declared is told as the model named it, whatever it ends in."""
        names = Names([tool("Read"), WebSearch(), Opaque("anthropic", {"type": "mcp_toolset"})])
        self.assertEqual(names.restore("Write"), "Write")
        self.assertEqual(names.restore("x_0123abcd"), "x_0123abcd")
        self.assertEqual(names.restore("WEB_SEARCH"), "web_search")
