"""How many tokens a whole request is."""

from collections.abc import Callable

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.model.messages import (
    Inline,
    Media,
    Medium,
    Opaque,
    Output,
    Part,
    Remote,
    Request,
    Role,
    Searched,
    Source,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Turn,
    WebSearch,
)
from ccproxy.tokens.counting import TOOLS, count
from ccproxy.tokens.estimate import estimate
from ccproxy.tokens.media import UNKNOWN_PICTURE

LONG = "the quick brown fox jumps over the lazy dog " * 50
"""About 450 tokens."""

PLAIN = Request("m", (Turn(Role.USER, (Text("hello"),)),))

PICTURE = Media(Medium.IMAGE, Remote("http://x/y.png"))


def words(text: str) -> int:
    """A ruler that is easily foreseen."""
    return len(text.split())


def saying(*parts: Part, role: Role = Role.USER) -> Request:
    """A request of one turn."""
    return Request("m", (Turn(role, parts),))


class Everything(SynchronousTestCase):
    """Whatever the model reads is counted."""

    def test_texts_wherever_they_are(self) -> None:
        """A long text costs its tokens in every place that may hold one."""
        places: dict[str, Callable[[str], Request]] = {
            "user": lambda text: saying(Text(text)),
            "system": lambda text: saying(Text(text), role=Role.SYSTEM),
            "thinking": lambda text: saying(Thinking(text, seal="x")),
            "withheld thinking": lambda text: saying(Thinking("", seal=text, withheld=True)),
            "call": lambda text: saying(ToolUse("1", "run", text)),
            "result": lambda text: saying(ToolResult("1", (Text(text),))),
            "search": lambda text: saying(Searched("1", text, (Source("http://x"),))),
            "found page": lambda text: saying(Searched("1", "", (Source("http://x", text),))),
            "title": lambda text: saying(Media(Medium.DOCUMENT, Inline("application/pdf", ""), text)),
            "unknown part": lambda text: saying(Opaque("anthropic", {"type": "new", "text": text})),
            "unknown part of a result": lambda text: saying(ToolResult("1", (Opaque("anthropic", {"text": text}),))),
            "tool's description": lambda text: evolve(PLAIN, tools=(Tool("run", text, {}),)),
            "tool's schema": lambda text: evolve(PLAIN, tools=(Tool("run", "", {"description": text}),)),
            "unknown tool": lambda text: evolve(PLAIN, tools=(Opaque("anthropic", {"type": "new", "text": text}),)),
            "wanted schema": lambda text: evolve(PLAIN, output=Output({"description": text})),
        }
        for place, request in places.items():
            cost = count(request(LONG), words) - count(request(""), words)
            self.assertTrue(abs(cost - words(LONG)) <= 2, (place, cost))

    def test_pictures_wherever_they_are(self) -> None:
        """A picture costs the same in a turn and in a tool's result."""
        for part in (PICTURE, ToolResult("1", (PICTURE,))):
            self.assertGreaterEqual(count(saying(part), words), UNKNOWN_PICTURE)

    def test_base64_is_no_text(self) -> None:
        """A picture's bytes are not counted as words."""
        picture = Media(Medium.IMAGE, Inline("image/png", "QUJD" * 100_000))
        self.assertLess(count(saying(picture), estimate), 2 * UNKNOWN_PICTURE)

    def test_tools_cost_a_preamble(self) -> None:
        """Having tools costs what Anthropic's own system prompt for them does, once."""
        one = count(evolve(PLAIN, tools=(WebSearch(),)), words) - count(PLAIN, words)
        two = count(evolve(PLAIN, tools=(WebSearch(), WebSearch())), words) - count(PLAIN, words)
        self.assertGreaterEqual(one, TOOLS)
        self.assertLess(two - one, 20)

    def test_turns_cost_something(self) -> None:
        """The words of who speaks are not free."""
        many = Request("m", tuple(Turn(Role.USER, (Text("a b c"),)) for _ in range(10)))
        self.assertGreater(count(many, words), count(saying(Text("a b c " * 10)), words))

    def test_empty(self) -> None:
        """A request of nothing is a few tokens, not none."""
        self.assertTrue(0 < count(Request("m", ()), estimate) < 20)
