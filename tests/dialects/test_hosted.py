"""Tools that only their own vendor runs, on their way to others."""

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Choose, Opaque, Request, Role, Text, ToolChoice, Turn, WebSearch
from tests.support.cases import UPSTREAMS, WEATHER

THEIRS = Opaque("elsewhere", {"type": "web_fetch_20250910", "name": "web_fetch"})
ASKED = Request("m", (Turn(Role.USER, (Text("Hi"),)),))


class HostedTests(SynchronousTestCase):
    """A tool of another vendor."""

    def test_beside_others(self) -> None:
        """Beside others it is left out, and named."""
        for name, dialect in DIALECTS.items():
            outgoing = dialect.render_request(evolve(ASKED, tools=(WEATHER, THEIRS)), UPSTREAMS[name])
            self.assertIn("the tool web_fetch, which only its own vendor knows", outgoing.losses, name)
            self.assertNotIn(b"web_fetch", outgoing.body, name)
            self.assertIn(b"weather", outgoing.body, name)

    def test_indispensable(self) -> None:
        """Alone, or where it must be called, it is refused with its name: never is an answer made up without it."""
        for name, dialect in DIALECTS.items():
            for request in (
                evolve(ASKED, tools=(THEIRS,)),
                evolve(ASKED, tools=(WEATHER, THEIRS), tool_choice=ToolChoice(Choose.NAMED, "web_fetch")),
            ):
                with self.assertRaises(ApiError) as caught:
                    dialect.render_request(request, UPSTREAMS[name])
                self.assertIs(caught.exception.kind, Kind.UNTRANSLATABLE, name)
                self.assertIn("web_fetch", caught.exception.message)
                self.assertTrue(caught.exception.another_target_may_help)

    def test_no_search(self) -> None:
        """A web search goes to no vendor that has none, in either of OpenAI's dialects."""
        for name, lacking in (("openai_chat", {"web_plugin": False}), ("openai_responses", {"web_search": False})):
            quirks = evolve(UPSTREAMS[name], **lacking)
            with self.assertRaises(ApiError) as caught:
                DIALECTS[name].render_request(evolve(ASKED, tools=(WebSearch(),)), quirks)
            self.assertIn("web_search", caught.exception.message)
            outgoing = DIALECTS[name].render_request(evolve(ASKED, tools=(WEATHER, WebSearch())), quirks)
            self.assertIn("the tool web_search, which only its own vendor knows", outgoing.losses)
